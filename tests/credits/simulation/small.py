"""Small random academies, and drafts that change this and that in them."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import Database
from app.credits import service
from app.credits.models import LearnerPeriod, RuleVersion
from app.credits.rulebook import text_hash
from app.credits.simulation.service import simulate
from app.people.models import Person
from app.rules.credit.document import load
from tests import services
from tests.credits import samples

LEARNERS = 6
START = date(2026, 1, 1)
DRAFT = samples.next_rules(2, "2027-01-01", **{"length / 45": "length / 50", "limit = 8": "limit = 3"})
# What a draft puts in the place of what.
CHANGES = {
    "length / 45": "length / 50",
    'at_least = "0.9"': 'at_least = "0.8"',
    'limit = 8\nper = "day"': 'limit = 2\nper = "day"',
    "at_least = 50": "at_least = 3",
    'bucket_field = "subject_bucket"': 'bucket = "professional"',
    'within = "period"': 'within = "day"',
    'when = {kind = "watched"}\namount': 'when = {kind = "watched", requirement_class = "required"}\namount',
}


def draft(chance: random.Random, version: int = 2, effective: str = "2027-01-01") -> str:
    """The samples' rules with some of the changes."""
    chosen = {old: new for old, new in CHANGES.items() if chance.random() < 0.4}
    return samples.next_rules(version, effective, **chosen)


def people(session: Session, seed: int, rules: list[str]) -> None:
    """An academy with these rules; its learners and their evidence depend on the seed alone."""
    for text in rules:
        _published(session, text)
    chance = random.Random(seed)
    for number in range(1, LEARNERS + 1):
        learner = samples.new_learner(session, number)
        for place in range(chance.randrange(0, 12)):
            _piece(session, learner, chance, place)
        service.settle(session, learner)


def _published(session: Session, text: str) -> None:
    """As a publishing at another time would have left it: the day of a version need not lie ahead here."""
    rules = load(text)
    session.add(
        RuleVersion(
            ruleset=rules.id, version=rules.version, effective=rules.effective, text=text, text_hash=text_hash(text),
            published_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()


def _piece(session: Session, learner: int, chance: random.Random, place: int) -> None:
    at = datetime(2025, 11, 1, 4, tzinfo=UTC) + timedelta(days=chance.randrange(120), minutes=chance.randrange(600))
    if place and chance.random() < 0.15:
        samples.withdraw(session, learner, f"piece:{place - 1}", at)
        return
    lesson, hours = chance.randrange(1, 6), chance.randrange(1, 5)
    seen = hours * samples.HOUR_MS * chance.choice((100, 100, 85, 50)) // 100
    samples.watch(
        session, learner, lesson, hours=hours, at=at, key=f"piece:{place}", seen_ms=seen,
        subject_bucket=chance.choice(("general", "professional")),
        requirement_class=chance.choice(("required", "elective")),
    )  # fmt: skip


def stored(session: Session) -> dict[str, LearnerPeriod]:
    """The rows of the present period by the learner's key."""
    rows = session.execute(select(Person.key, LearnerPeriod).join_from(LearnerPeriod, Person)).all()
    return {key: row for key, row in rows if row.period.isoformat() == "2026-01-01"}


def scratch(template: Path, folder: Path, seed: int, rules: list[str]) -> dict[str, tuple[int, bool]]:
    """The same people under these rules, in a database of their own: countable thousandths, and is the duty met."""
    path = folder / "scratch" / "duxue.sqlite"
    services.copy_sqlite(template, path)
    db = Database(f"sqlite:///{path}")
    with db.writing() as session:
        people(session, seed, rules)
        found = {key: (row.countable, row.met) for key, row in stored(session).items()}
    db.engine.dispose()
    path.unlink()
    return found


def told(done: int, total: int) -> None:
    """Nobody looks."""


def simulated(db: Database, draft: str, **options: Any) -> dict[str, Any]:
    """Without what differs from run to run; as JSON would bring it."""
    found = simulate(db, draft, told, **{"processes": 0, **options})
    assert found.pop("seconds") >= 0
    assert json.loads(json.dumps(found)) == found
    return found
