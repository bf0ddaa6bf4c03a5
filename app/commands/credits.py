"""`duxue credits`: prove the ledger, export its heads."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click
from rich.progress import Progress as Bar
from sqlalchemy.exc import SQLAlchemyError

from app.base import settings as reading
from app.commands.common import Useless, console, database, say
from app.credits import heads as chain
from app.credits import verify as verifying


@click.group()
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
    db = database(reading.load())
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
        say(json.dumps(told, ensure_ascii=False, default=str))
    else:
        say(f"evidence {found.evidence}  transactions {found.transactions}  differences {len(found.differences)}")
        for each in found.differences:
            say(f"  {each.learner_key} {each.what} {each.row}: expected {each.expected}, found {each.found}")
    sys.exit(1 if found.differences else 0)


@credits.command("heads")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of stdout.")
def heads_(out: Path | None) -> None:
    """Export the head of every learner's chain and the rule versions, to be kept outside the database."""
    db = database(reading.load())
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


def _read_heads(file: Path) -> chain.Heads:
    try:
        return chain.read(file.read_bytes())
    except (chain.HeadsError, OSError) as error:
        raise Useless(f"{file}: {error}") from error
