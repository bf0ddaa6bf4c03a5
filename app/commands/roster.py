"""`duxue roster`: import a file of people, undo an import, export everybody."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from app.base import settings as reading
from app.commands import importing
from app.commands.common import database
from app.commands.common import say as line
from app.commands.importing import Asked
from app.roster import export


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
    importing.import_(
        Asked(
            "roster", file, source, dry_run, sheet, day.date() if day else None, login, confirm_leaving,
            "--confirm-leaving", as_json,
        )
    )  # fmt: skip


@roster.command("undo")
@click.argument("import_id", type=click.IntRange(1, 2**63 - 1), metavar="ID")
@click.option("--by", "login", default=None, metavar="LOGIN", help="Who does it, for the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def undo(import_id: int, login: str | None, as_json: bool) -> None:
    """Undo import ID: what has not changed since is put back, the rest is listed as conflicts. Exits 2 when refused."""
    importing.undo("roster", import_id, login, as_json=as_json)


@roster.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_(file: Path) -> None:
    """Write everybody into FILE: .xlsx or .csv, as the import reads it again. Exits 2 for another ending."""
    forms = {".xlsx": export.as_xlsx, ".csv": export.as_csv}
    form = forms.get(file.suffix.casefold())
    if form is None:
        importing.useless(f"{file}: name the file .xlsx or .csv")
    db = database(reading.load())
    with db.reading() as session:
        raw = form(session)
    db.engine.dispose()
    try:
        file.write_bytes(raw)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error}") from error
    line(f"{file}: {len(raw)} bytes")
