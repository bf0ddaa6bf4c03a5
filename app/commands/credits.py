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
from app.base.db import Database
from app.base.settings import Settings
from app.commands.common import Useless, console, database
from app.commands.common import say as line
from app.credits import heads as chain
from app.credits import verify as verifying
from app.credits.books import daily, traced


@click.group()
def credits() -> None:
    """The credit ledger: verify it, export its heads."""


@credits.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--heads", metavar="FILE", help="Compare with exported heads; `latest`: with the newest daily file.")
@click.option(
    "--viewing", "share", type=click.FloatRange(0, 1), metavar="SHARE",
    help="Replay the traces of this share (0 to 1) of what was watched.",
)  # fmt: skip
def verify(as_json: bool, heads: str | None, share: float | None) -> None:
    """Replay all evidence and compare it with the ledger; exits 1 for differences, 2 for a useless heads file."""
    settings = reading.load()
    expected = _read_heads(heads, settings) if heads else None
    db = database(settings)
    found, sampled = _proved(db, expected, share)
    db.engine.dispose()
    differences = [*found.differences, *(sampled.differences if sampled else ())]
    if as_json:
        told = {
            "learners": found.learners,
            "evidence": found.evidence,
            "transactions": found.transactions,
            "differences": len(differences),
            "found": [dataclasses.asdict(each) for each in differences],
            "balance": found.balance,
            **({"viewing": sampled.counts()} if sampled else {}),
        }
        line(json.dumps(told, ensure_ascii=False, default=str))
    else:
        line(f"evidence {found.evidence}  transactions {found.transactions}  differences {len(differences)}")
        if sampled:
            line("viewing " + "  ".join(f"{name} {count}" for name, count in sampled.counts().items()))
        for each in differences:
            line(f"  {each.learner_key} {each.what} {each.row}: expected {each.expected}, found {each.found}")
    sys.exit(1 if differences else 0)


def _proved(
    db: Database, expected: chain.Heads | None, share: float | None
) -> tuple[verifying.Verified, traced.Sampled | None]:
    """The whole proof, and that of the traces if a share of them is asked for."""
    with Bar(console=console, transient=True) as bar:
        job = bar.add_task("learners", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(job, completed=done, total=total)

        found = verifying.everything(db, tell, expected)
        if share is None:
            return found, None
        bar.update(job, description="viewings", completed=0, total=None)
        with db.reading() as session:
            return found, traced.sample(session, share, tell)


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


def _read_heads(name: str, settings: Settings) -> chain.Heads:
    """The heads of a file, or of the newest daily one."""
    try:
        if name != "latest":
            return chain.read(Path(name).read_bytes())
        newest = daily.latest(settings.heads_dir)
    except (chain.HeadsError, OSError) as error:
        raise Useless(f"{name}: {error}") from error
    if newest is None:
        raise Useless(f"there is no daily heads file in {settings.heads_dir} (DUXUE_HEADS_DIR)")
    return newest[1]
