"""`duxue backup`, `restore`: all that there is, in one archive."""

from __future__ import annotations

import json
from pathlib import Path

import click

from app import backup as backups
from app.base import settings as reading
from app.commands.common import console, database


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def backup(file: Path, as_json: bool) -> None:
    """Write every row and every file into one archive FILE."""
    settings = reading.load()
    database(settings)
    try:
        manifest = backups.backup(settings, file, _tell)
    except backups.CannotBackUp as error:
        raise click.ClickException(str(error)) from error
    _print(manifest, as_json, f"{file}: {sum(manifest['tables'].values())} rows, {manifest['files']} files")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def restore(file: Path, as_json: bool) -> None:
    """Fill an empty academy from the archive FILE."""
    try:
        manifest = backups.restore(reading.load(), file, _tell)
    except backups.CannotRestore as error:
        raise click.ClickException(str(error)) from error
    _print(manifest, as_json, f"{sum(manifest['tables'].values())} rows, {manifest['files']} files restored")


def _tell(name: str, count: int) -> None:
    console.print(f"· {name}: {count}")


def _print(value: backups.Manifest, as_json: bool, line: str) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, sort_keys=True) if as_json else line)
