"""`duxue classes`: put people into classes by rule."""

from __future__ import annotations

import json
import sys

import click

from app.base import clock
from app.base import settings as reading
from app.base.errors import Refused
from app.classes import applying, assigning
from app.classes.assigning import Plan, Wanted
from app.commands.common import database
from app.commands.common import say as line

NAMED = 20  # unplaced people that the plain form shows
WHY = {
    "no_rule": "fits no rule",
    "too_few": "too few for a class by this rule",
    "no_room": "no class of this rule has room",
}


@click.group()
def classes() -> None:
    """Virtual classes: put people into them by rule."""


@classes.command()
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--take-in", is_flag=True, help="Take in people of classes without a rule, and these classes.")
@click.option("--year", type=click.IntRange(1900, 9000), help="Close classes of earlier years, make them anew.")
def assign(dry_run: bool, as_json: bool, take_in: bool, year: int | None) -> None:
    """Put everybody into a class by the rules of the academy; only who must moves.

    Where there are no rules yet it goes by one for each nature of units, 200 to 600 people, and keeps them.
    """
    settings = reading.load()
    db, wanted = database(settings), Wanted(take_in, year)
    day = clock.local_day(clock.now(), settings.timezone)
    try:
        if dry_run:
            with db.reading() as session:
                plan = assigning.plan(session, day, wanted, propose=True)
        else:
            with db.writing() as session:
                plan = applying.assign(session, day, wanted, None, propose=True)
    except Refused as refused:
        click.echo(refused.text, err=True)
        sys.exit(1)
    finally:
        db.engine.dispose()
    if as_json:
        click.echo(json.dumps(assigning.told(plan), ensure_ascii=False))
    else:
        _plain(plan)


def _plain(plan: Plan) -> None:
    told = assigning.told(plan)
    line("  ".join(f"{name} {value}" for name, value in told.items() if isinstance(value, int)))
    for class_id, size in sorted(plan.sizes.items(), key=lambda pair: plan.code_of(pair[0])):
        line(f"  {plan.code_of(class_id):<12} {size:>6}  {group.name if (group := plan.group(class_id)) else ''}")
    for each in plan.unplaced[:NAMED]:
        line(f"  unplaced: {each.person.login} {each.person.name}: {WHY[each.why]}")
    if len(plan.unplaced) > NAMED:
        line(f"  … {len(plan.unplaced) - NAMED} more: --json names all")
