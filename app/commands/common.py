"""What commands share: the database at hand, plain output, endings."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from app.base import migrate as migrating
from app.base.db import Database
from app.base.settings import Settings

console = Console(stderr=True)


def database(settings: Settings) -> Database:
    """The academy's database; ends the command where there is none, or of another release."""
    file = Path(settings.database_url.removeprefix("sqlite:///"))
    if settings.sqlite and not file.exists():
        raise click.ClickException(f"there is no academy at {file} (DUXUE_DATA_DIR); duxue migrate makes an empty one")
    db = Database(settings.database_url)
    with db.engine.connect() as connection:
        found = migrating.current(connection)
    if found != migrating.latest():
        raise click.ClickException(
            f"the database has schema {found}, this release needs {migrating.latest()}: duxue migrate"
        )
    return db


class Useless(click.ClickException):
    """What was given cannot be used; nothing was compared, so nothing is said about the ledger."""

    exit_code = 2


def say(line: str) -> None:
    """Print a line; what was found may hold characters that are none."""
    click.echo(line.encode("utf-8", "backslashreplace").decode())
