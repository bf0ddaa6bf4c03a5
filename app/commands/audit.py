"""`duxue audit`: prove the audit log's chain, keep its end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.auditing import service
from app.base import audit_chain
from app.base import settings as reading
from app.commands.common import Useless, database
from app.commands.common import say as line


@click.group()
def audit() -> None:
    """The audit log: prove its chain, export its end."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--head", "kept", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="Also compare with this end of the chain, kept earlier; may be repeated.",
)  # fmt: skip
def verify(as_json: bool, kept: tuple[Path, ...]) -> None:
    """Bind what waits, recompute the chain and compare it with every end that was kept; exits 1 for differences."""
    settings = reading.load()
    db = database(settings)
    try:
        found = service.prove(db, settings, tuple(service.read_head(path) for path in kept))
    except service.HeadError as error:
        raise Useless(str(error)) from error
    finally:
        db.engine.dispose()
    if as_json:
        line(json.dumps(service.told(found, audit_chain.MOST_NAMED), ensure_ascii=False))
    else:
        line(f"entries {found.entries}  head {found.head.seq} {found.head.hash}  differences {len(found.problems)}")
        for each in found.problems:
            line(f"  link {each.seq or '-'} entry {each.entry or '-'}: {each.what}: {each.text}")
    sys.exit(1 if found.problems else 0)


@audit.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of stdout.")
def head(out: Path | None) -> None:
    """Bind what waits and export the end of the chain, to be kept where the academy cannot write."""
    db = database(reading.load())
    audit_chain.seal(db, everything=True)
    with db.reading() as session:
        text = service.head_text(audit_chain.head(session))
    db.engine.dispose()
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="ascii")
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error}") from error
