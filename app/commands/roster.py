"""`duxue roster`: import a file of people, undo an import, export everybody."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from app import wiring
from app.base import settings as reading
from app.base.errors import Refused
from app.commands.common import database
from app.commands.common import say as line
from app.people import queries as people
from app.roster import export, looking, service, words
from app.roster.looking import File, NoHeadings, Understood
from app.rules.roster.difference import Difference

NAMED = 20  # wrong rows that the plain form shows


@click.group()
def roster() -> None:
    """People who arrive as spreadsheets: import, undo, export."""


@roster.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="main", show_default=True, help="Who sends it: leaving is reckoned source by source.")
@click.option("--dry-run", is_flag=True, help="Show what it would change, and change nothing.")
@click.option("--sheet", default="", help="The sheet to read; the first one with headings otherwise.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day from which it holds; today otherwise.")
@click.option("--by", "login", default=None, metavar="LOGIN", help="Who does it, for the audit log.")
@click.option("--confirm-leaving", is_flag=True, help="Close more accounts than a roster may close unasked.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_(
    file: Path, source: str, dry_run: bool, sheet: str, day: datetime | None, login: str | None,
    confirm_leaving: bool, as_json: bool,
) -> None:  # fmt: skip
    """FILE (.xlsx, .xls, .csv): what it would change, or apply it, in one transaction.

    Rows that are wrong are told and left out. Exits 2 when the file cannot be read or is not applied.
    """
    settings = reading.load()
    db = database(settings)
    wiring.listen()
    given = File(file.read_bytes(), file.name, sheet)
    try:
        with db.reading() as session:
            understood = looking.understand(given, service.remembered(session, source))
            actor_id = None if login is None else _person(session, login)
        order = service.order_of(settings, given, source, day.date() if day else None, actor_id)
        order = dataclasses.replace(order, many_may_leave=confirm_leaving)
        if dry_run:
            with db.reading() as session:
                found, made = looking.difference(session, understood.reading, source), None
        else:
            with db.writing() as session:
                done = service.apply(session, understood, order)
                found, made = done.difference, done.import_id
    except NoHeadings as error:
        _useless(f"{file}: {error.text}")
    except service.ManyLeave as error:
        _useless(f"{error.text} (--confirm-leaving)")
    except Refused as error:
        _useless(f"{file}: {error.text}" if error.field == "file" else error.text)
    finally:
        db.engine.dispose()
    _told(understood, found, made, as_json)


def _person(session: Any, login: str) -> int:
    found = people.person_by_login(session, login.casefold())
    if found is None:
        raise click.ClickException(f"there is nobody with the login {login}")
    return found.id


def _told(understood: Understood, found: Difference, made: int | None, as_json: bool) -> None:
    wrong = [{k: v for k, v in each.items() if k != "shown"} for each in words.wrong(understood, found.faults)]
    counts = found.counts()
    if as_json:
        told: dict[str, Any] = {**counts, "wrong": wrong, "new_units": len(found.units)}
        told["duplicates"] = [dataclasses.asdict(twin) for twin in found.twins]
        told["held"] = found.held
        if made is not None:
            told["import"] = made
        line(json.dumps(told, ensure_ascii=False))
        return
    line("  ".join(f"{kind} {count}" for kind, count in counts.items()) + f"  wrong {len(wrong)}")
    for each in wrong[:NAMED]:
        line(f"  row {each['row']} {each['column']}: {each['problem']} {each['suggestion']}")
    if len(wrong) > NAMED:
        line(f"  … {len(wrong) - NAMED} more: --json names all")
    if made is not None:
        line(f"import {made}")


@roster.command("undo")
@click.argument("import_id", type=int, metavar="ID")
@click.option("--by", "login", default=None, metavar="LOGIN", help="Who does it, for the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def undo(import_id: int, login: str | None, as_json: bool) -> None:
    """Undo import ID: what has not changed since is put back, the rest is listed as conflicts. Exits 2 when refused."""
    db = database(reading.load())
    wiring.listen()
    try:
        with db.writing() as session:
            actor_id = None if login is None else _person(session, login)
            found = service.undo(session, import_id, actor_id)
        with db.reading() as session:
            left = service.conflicts(session, import_id)
    except Refused as error:
        _useless(error.text)
    finally:
        db.engine.dispose()
    told = [{"kind": c.kind, "staff_number": c.staff_number, "name": c.name, "why": words.conflict(c.conflict or "")}
            for c in left]  # fmt: skip
    if as_json:
        line(json.dumps({"import": import_id, **found, "conflicts": told}, ensure_ascii=False))
        return
    line(f"undone {found['undone']}  conflicts {len(told)}")
    for each in told[:NAMED]:
        line(f"  {each['kind']} {each['staff_number']} {each['name']}: {each['why']}")


@roster.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_(file: Path) -> None:
    """Write everybody into FILE: .xlsx or .csv, as the import reads it again. Exits 2 for another ending."""
    forms = {".xlsx": export.as_xlsx, ".csv": export.as_csv}
    form = forms.get(file.suffix.casefold())
    if form is None:
        _useless(f"{file}: name the file .xlsx or .csv")
    db = database(reading.load())
    with db.reading() as session:
        raw = form(session)
    db.engine.dispose()
    try:
        file.write_bytes(raw)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error}") from error
    line(f"{file}: {len(raw)} bytes")


def _useless(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)
