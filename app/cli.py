"""`duxue`: everything an operator does."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from app import backup as backups
from app import jobs, sample, wiring
from app import serve as serving
from app.base import migrate as migrating
from app.base import settings as reading
from app.base import tasks
from app.base.settings import SettingError
from app.commands.accounts import appoint, slip
from app.commands.audit import audit
from app.commands.classes import classes
from app.commands.common import console, database
from app.commands.credits import credits
from app.commands.opening import opening
from app.commands.roster import roster
from app.commands.rules import rules
from app.commands.scim import scim


class Commands(click.Group):
    """A setting that cannot be used ends any command with its text, not with a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SettingError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Duxue 笃学: an online academy whose every credit can be proved."""
    wiring.listen()


@main.command()
@click.option("--sample", "with_sample", is_flag=True, help="Load the sample academy into an empty database first.")
@click.option("--workers", default=2, show_default=True, help="Academy processes on PostgreSQL (SQLite: always one).")
def serve(with_sample: bool, workers: int) -> None:
    """Serve the academy and its content origin on this machine."""
    settings = reading.load()
    serving.check_ports(settings)
    console.print("· database")
    migrating.upgrade(settings)
    accounts = sample.ensure(settings, console) if with_sample else []
    if with_sample:
        os.environ["DUXUE_SAMPLE"] = "1"
    lines = [f"\n笃学 Duxue  http://{settings.host}:{settings.port}\n"]
    lines += [f"  {each['role']:<18} {each['username']:<12} {each['password']}" for each in accounts]
    sys.exit(serving.serve(settings, workers, "\n".join(lines)))


@main.command()
def migrate() -> None:
    """Bring the database to this release's schema."""
    settings = reading.load()
    migrating.upgrade(settings)
    console.print(f"schema {migrating.latest()}")


@main.command("jobs")
@click.option(
    "--queue", "queues", multiple=True, default=tasks.QUEUES, show_default=True, type=click.Choice(tasks.QUEUES),
    help="Run the tasks of this queue only; may be repeated. Films have a queue of their own.",
)  # fmt: skip
def run_jobs(queues: tuple[str, ...]) -> None:
    """Run the timetable and the waiting tasks (a process of its own on PostgreSQL)."""
    jobs.run(database(reading.load()), queues)


@main.command()
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


@main.command()
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


main.add_command(audit)
main.add_command(classes)
main.add_command(credits)
main.add_command(rules)
main.add_command(roster)
main.add_command(opening)
main.add_command(appoint)
main.add_command(slip)
main.add_command(scim)

if __name__ == "__main__":
    main()
