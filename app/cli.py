"""`duxue`: everything an operator does."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress as Bar
from sqlalchemy.exc import SQLAlchemyError

from app import backup as backups
from app import jobs, sample, wiring
from app import serve as serving
from app.base import migrate as migrating
from app.base import settings as reading
from app.base import tasks
from app.base.db import Database
from app.base.settings import SettingError, Settings
from app.credits import heads as chain
from app.credits import verify as verifying
from app.rules.credit import evaluate as evaluating

console = Console(stderr=True)


def _database(settings: Settings) -> Database:
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
    jobs.run(_database(reading.load()), queues)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")
def backup(file: Path, as_json: bool) -> None:
    """Write every row and every file into one archive FILE."""
    settings = reading.load()
    _database(settings)
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


@main.group()
def credits() -> None:
    """The credit ledger: verify it, export its heads."""


@credits.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--heads", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Compare with exported heads."
)
def verify(as_json: bool, heads: Path | None) -> None:
    """Replay all evidence and compare it with the ledger; exits 1 for differences, 2 for a useless heads file."""
    expected = _read_heads(heads) if heads else None
    db = _database(reading.load())
    with Bar(console=console, transient=True) as bar, db.reading() as session:
        job = bar.add_task("learners", total=None)
        found = verifying.verify(
            session, progress=lambda done, total: bar.update(job, completed=done, total=total), heads=expected
        )
    if as_json:
        told = {
            "learners": found.learners,
            "evidence": found.evidence,
            "transactions": found.transactions,
            "differences": len(found.differences),
            "found": [dataclasses.asdict(each) for each in found.differences],
        }
        _say(json.dumps(told, ensure_ascii=False, default=str))
    else:
        _say(f"evidence {found.evidence}  transactions {found.transactions}  differences {len(found.differences)}")
        for each in found.differences:
            _say(f"  {each.learner_key} {each.what} {each.row}: expected {each.expected}, found {each.found}")
    sys.exit(1 if found.differences else 0)


@credits.command("heads")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of stdout.")
def heads_(out: Path | None) -> None:
    """Export the head of every learner's chain and the rule versions, to be kept outside the database."""
    db = _database(reading.load())
    try:
        with db.reading() as session:
            text = json.dumps(chain.export(session), indent=1, sort_keys=True)
        chain.read(text.encode())  # SQLite keeps anything in any column: what is exported must be of use later
    except (SQLAlchemyError, ValueError, TypeError) as error:
        said = str(error).splitlines()[0]
        raise click.ClickException(f"the ledger cannot be read ({said}): see duxue credits verify") from error
    if out:
        try:
            out.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"{out} cannot be written: {error}") from error
    else:
        click.echo(text)


@main.group()
def rules() -> None:
    """Rule sets: evaluate them on evidence."""


@rules.command()
@click.argument("rules_files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Canonical JSON (the only form so far).")
@click.option("--as-known", default=None, help="Only what was known by the end of this day (YYYY-MM-DD).")
@click.option("--until", default=None, help="Close empty periods up to this day (YYYY-MM-DD).")
def evaluate(rules_files: tuple[Path, ...], as_json: bool, as_known: str | None, until: str | None) -> None:
    """RULES.toml … EVIDENCE.json: what the rules make of the evidence. Exits 2 when either does not load."""
    *sets, evidence = rules_files
    try:
        last = date.fromisoformat(until) if until else None
        texts = [path.read_text(encoding="utf-8") for path in sets]
        known = date.fromisoformat(as_known) if as_known else None
        click.echo(
            evaluating.evaluate(texts, evidence.read_text(encoding="utf-8"), as_known=known, until=last), nl=False
        )
    except ValueError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


class _Useless(click.ClickException):
    """What was given cannot be used; nothing was compared, so nothing is said about the ledger."""

    exit_code = 2


def _read_heads(file: Path) -> chain.Heads:
    try:
        return chain.read(file.read_bytes())
    except (chain.HeadsError, OSError) as error:
        raise _Useless(f"{file}: {error}") from error


def _say(line: str) -> None:
    # What was found may hold characters that are none.
    click.echo(line.encode("utf-8", "backslashreplace").decode())


def _tell(name: str, count: int) -> None:
    console.print(f"· {name}: {count}")


def _print(value: backups.Manifest, as_json: bool, line: str) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, sort_keys=True) if as_json else line)


if __name__ == "__main__":
    main()
