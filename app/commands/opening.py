"""`duxue opening`: take over what an older platform kept, or take it back."""

from __future__ import annotations

from pathlib import Path

import click

from app.commands import importing
from app.commands.importing import Asked


@click.group()
def opening() -> None:
    """Hours, half-watched courses and certificates of an older platform."""


@opening.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="main", show_default=True, help="The platform; what is gone is reckoned by source.")
@click.option("--dry-run", is_flag=True, help="Show what it would change, and change nothing.")
@click.option("--sheet", default="", help="The one sheet to read; all that have headings otherwise.")
@click.option("--by", "login", default=None, metavar="LOGIN", help="Who does it, for the audit log.")
@click.option("--confirm-missing", is_flag=True, help="Withdraw more than a file may withdraw unasked.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_(
    file: Path, source: str, dry_run: bool, sheet: str, login: str | None, confirm_missing: bool, as_json: bool
) -> None:
    """FILE (.xlsx, .xls, .csv): what it would change, or record it as evidence and post it.

    Rows that are wrong are told and left out. Hours by unit and year are reconciled. Exits 2 when the file cannot be
    read or is not applied.
    """
    importing.import_(
        Asked(
            "opening", file, source, dry_run, sheet, None, login, confirm_missing, "--confirm-missing", as_json
        )
    )  # fmt: skip


@opening.command("undo")
@click.argument("import_id", type=click.IntRange(1, 2**63 - 1), metavar="ID")
@click.option("--by", "login", default=None, metavar="LOGIN", help="Who does it, for the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def undo(import_id: int, login: str | None, as_json: bool) -> None:
    """Undo import ID: withdraw by new evidence what it recorded. Exits 2 when refused."""
    importing.undo("opening", import_id, login, as_json=as_json)
