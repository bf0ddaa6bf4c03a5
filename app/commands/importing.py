"""What `duxue roster` and `duxue opening` share: look at a file, apply it, undo it, and say what came of it."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import click

from app import tables as tables  # all of them: an undo asks each which rows name a person
from app import wiring
from app.base import settings as reading
from app.base.db import Database
from app.base.errors import Refused
from app.base.numbers import hours
from app.commands.common import database
from app.commands.common import say as line
from app.people import queries as people
from app.roster import service, words
from app.roster.looking import File, NoHeadings, Understood
from app.roster.opening import report
from app.roster.opening.report import Checked
from app.roster.subjects import SUBJECTS

NAMED = 20  # wrong rows that the plain form shows


@dataclasses.dataclass(frozen=True)
class Asked:
    """What somebody typed. `confirm`: the option that lets more be closed than usual, by its name."""

    what: str
    file: Path
    source: str
    dry_run: bool
    sheet: str
    day: date | None
    login: str | None
    many_may_leave: bool
    confirm: str
    as_json: bool


def import_(asked: Asked) -> None:
    """Look at a file or apply it, and say what came of it. Exits 2 when it cannot be read or is not applied."""
    asked = dataclasses.replace(asked, source=asked.source.strip())  # as the desk keeps it
    settings = reading.load()
    db = database(settings)
    wiring.listen()
    subject = SUBJECTS[asked.what]
    given = File(asked.file.read_bytes(), asked.file.name, asked.sheet)
    checked: list[Checked] = []
    try:
        with db.reading() as session:
            understood = subject.understand(given, service.remembered(session, asked.source, asked.what))
            actor_id = None if asked.login is None else _person(session, asked.login)
        order = service.order_of(settings, given, asked.source, asked.day, actor_id)
        order = dataclasses.replace(order, many_may_leave=asked.many_may_leave)
        if asked.dry_run:
            with db.reading() as session:
                found, made = subject.difference(session, understood, asked.source), None
        else:
            with db.writing() as session:
                done = service.apply(session, understood, order, asked.what)
                found, made = done.difference, done.import_id
        if asked.what == service.OPENING:
            checked = _checked(db, found, made)
    except NoHeadings as error:
        useless(f"{asked.file}: {error.text}")
    except service.ManyLeave as error:
        useless(f"{error.text} ({asked.confirm})")
    except Refused as error:
        useless(f"{asked.file}: {error.text}" if error.field == "file" else error.text)
    finally:
        db.engine.dispose()
    _told(understood, found, made, checked, asked)


def _checked(db: Database, found: Any, made: int | None) -> list[Checked]:
    """The reconciliation; what was applied is settled first."""
    if made is None:
        return report.before(found.sums)
    service.settle(db, made)
    with db.reading() as session:
        return report.after(session, made)


def _person(session: Any, login: str) -> int:
    found = people.person_by_login(session, login.casefold())
    if found is None:
        raise click.ClickException(f"there is nobody with the login {login}")
    return found.id


def _told(understood: Understood, found: Any, made: int | None, checked: Sequence[Checked], asked: Asked) -> None:
    wrong = [{k: v for k, v in each.items() if k != "shown"} for each in words.wrong(understood, found.faults)]
    counts = found.counts()
    if asked.as_json:
        told: dict[str, Any] = {**counts, "wrong": wrong}
        if asked.what == service.ROSTER:
            told["new_units"] = len(found.units)
            told["duplicates"] = [dataclasses.asdict(twin) for twin in found.twins]
        else:
            told["reconciliation"] = _reconciled(checked)
        told["held"] = found.held
        told["sheets_not_read"] = list(understood.table.others)
        if made is not None:
            told["import"] = made
        line(json.dumps(told, ensure_ascii=False))
        return
    line("  ".join(f"{kind} {count}" for kind, count in counts.items()) + f"  wrong {len(wrong)}")
    for each in wrong[:NAMED]:
        sheet = f"{each['sheet']} " if each.get("sheet") else ""
        line(f"  {sheet}row {each['row']} {each['column']}: {each['problem']} {each['suggestion']}")
    if len(wrong) > NAMED:
        line(f"  … {len(wrong) - NAMED} more: --json names all")
    if understood.table.others:
        line(f"sheets not read: {', '.join(understood.table.others)}")
    if asked.what == service.OPENING:
        _plain_sums(checked)
    if made is not None:
        line(f"import {made}")


def _amounts(each: Checked) -> dict[str, str]:
    numbers = {
        "said": each.said, "file": each.file, "taken": each.taken, "earned": each.earned, "countable": each.countable,
    }  # fmt: skip
    return {name: hours(number) for name, number in numbers.items() if number is not None}


def _reconciled(checked: Sequence[Checked]) -> dict[str, Any]:
    """Hours are texts, so that nobody's program makes binary fractions of them."""
    apart = [each for each in checked if each.apart]
    return {
        "equal": not apart, "hours": _amounts(report.whole(checked)), "sums": len(checked),
        "differences": [{"unit": each.unit, "year": each.year, **_amounts(each)} for each in apart],
    }  # fmt: skip


def _plain_sums(checked: Sequence[Checked]) -> None:
    apart = [each for each in checked if each.apart]
    whole = "  ".join(f"{name} {number}" for name, number in _amounts(report.whole(checked)).items())
    line(f"hours: {whole}  units and years {len(checked)}  apart {len(apart)}")
    for each in apart[:NAMED]:
        line(f"  {each.unit} {each.year}: " + "  ".join(f"{k} {v}" for k, v in _amounts(each).items()))
    if len(apart) > NAMED:
        line(f"  … {len(apart) - NAMED} more: --json names all")


def undo(what: str, import_id: int, login: str | None, *, as_json: bool) -> None:
    """Undo an import of this sort, and say what was left. Exits 2 when refused."""
    db = database(reading.load())
    wiring.listen()
    try:
        with db.writing() as session:
            actor_id = None if login is None else _person(session, login)
            found = service.undo(session, import_id, actor_id, what)
        if what == service.OPENING:
            service.settle(db, import_id)
        with db.reading() as session:
            left = service.conflicts(session, import_id)
    except Refused as error:
        useless(error.text)
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


def useless(text: str) -> NoReturn:
    """Say why not, and exit 2."""
    click.echo(text, err=True)
    sys.exit(2)
