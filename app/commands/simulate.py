"""`duxue rules simulate`: what a draft would make of everybody, before it is published."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.progress import Progress as Bar

from app.base import settings as reading
from app.base.numbers import hours
from app.commands.common import console, database
from app.credits.simulation.service import simulate as simulating

NAMED = 20  # learners that the plain form shows


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="RULES.toml")
@click.option("--as-if", "as_if", default=None, metavar="DAY", help="As if it held from this day (YYYY-MM-DD).")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
def simulate(file: Path, as_if: str | None, as_json: bool) -> None:
    """RULES.toml: what it would make of everybody's present period, if it were published after the rules in force.

    Nothing is written to the ledger. Exits 2 with every mistake and its line when the file cannot be published.
    """
    try:
        day = date.fromisoformat(as_if) if as_if else None
        text = file.read_text(encoding="utf-8")
    except ValueError as error:
        _useless(f"{file}: {error}" if isinstance(error, UnicodeDecodeError) else f"--as-if: {error}")
    db = database(reading.load())
    try:
        with Bar(console=console, transient=True) as bar:
            job = bar.add_task("learners", total=None)
            found = simulating(
                db, text, lambda done, total: bar.update(job, completed=done, total=total or None), as_if=day
            )
    except ValueError as error:
        _useless(str(error))
    finally:
        db.engine.dispose()
    click.echo(json.dumps(found, ensure_ascii=False, sort_keys=True) if as_json else _plain(found))


def _useless(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)


def _plain(found: dict[str, Any]) -> str:
    since = found["as_if"] or found["effective"]
    lines = [
        f"{found['ruleset']} version {found['version']}, taken to hold from {since};"
        f" period {found['period']} to {found['period_end']}, as far as it is known today",
        f"learners {found['learners']}  changed {found['changed']}  gain {found['gain']}  lose {found['lose']}"
        + (f"  unreadable {found['unreadable']}" if found["unreadable"] else ""),
        f"duty met {found['met_before']} of {found['bound_before']} before,"
        f" {found['met_after']} of {found['bound_after']} after",
    ]
    for each in found["by_clause"]:
        lines.append(
            f"  {each['clause'] or '(no clause)':<24} gain {each['gain']:>6}  lose {each['lose']:>6}"
            f"  {hours(each['amount_m']):>12}"
        )
    for each in found["changed_learners"][:NAMED]:
        lines.append(
            f"  {each['key']} {each['name']}: {hours(each['before_m'])} → {hours(each['after_m'])},"
            f" missing {hours(each['short_before_m'])} → {hours(each['short_after_m'])} ({', '.join(each['clauses'])})"
        )
    if found["changed"] > NAMED:
        lines.append(f"  … {found['changed'] - NAMED} more: --json names up to 500")
    return "\n".join([*lines, f"{found['seconds']} s"])
