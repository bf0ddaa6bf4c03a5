"""`python -m bench faults [N]`: N random faults in the books of a small academy, each of which `verify` must name.

One at a time, in a transaction that is taken back. A heads file from before the fault is at hand, as it is in an
academy that exports it daily. Named means: the learner, and the table or the row.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import Database
from app.base.settings import load
from app.credits import heads, service
from app.credits.closing import service as closing
from app.credits.heads import Heads
from app.credits.verify import Difference, verify
from app.people.models import Person
from bench.damage import Damage, Rows, Vandal, rows_now
from bench.databases import empty
from bench.ledgers import RULES
from tests import factories

LEARNERS, PIECES = 8, 24
# By what a difference may name the table of a fault: lines are named by their transaction, and a transaction's
# hash is over its lines too.
WORDS = {
    "evidence": ("evidence",),
    "ledger_transaction": ("transaction", "ledger_entry"),
    "ledger_entry": ("transaction", "ledger_entry"),
    "chain_head": ("chain_head",),
    "rule_version": ("rule_version",),
    "period_seal": ("period_seal",),
    "closing_record": ("period_seal", "closing_record"),
}


@dataclass
class Books:
    """A small academy whose triggers are gone, its heads, and every learner's rows at an earlier time."""

    kind: str
    db: Database
    heads: Heads
    before: Rows
    keys: Mapping[int, str]


@dataclass
class Outcome:
    """How many faults were named, of which kinds, and those that were not, with what was found instead."""

    named: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[Damage, list[Difference]]] = field(default_factory=list)


def measure(kinds: tuple[str, ...], count: int) -> bool:
    """Print how many of `count` faults on each database were named; False when any was not."""
    fine = True
    for kind in kinds:
        with books(kind) as made:
            outcome = faults(made, count, seed=count)
        named = sum(outcome.named.values())
        told = ", ".join(f"{number} {what}" for what, number in sorted(outcome.named.items()))
        print(f"· faults, {kind}: {named} of {count} named ({told})", flush=True)
        for damage, found in outcome.missed:
            print(f"    NOT NAMED: {damage}\n      found: {[str(each)[:200] for each in found[:5]]}")
        fine = fine and not outcome.missed
    return fine


def faults(made: Books, count: int, seed: int) -> Outcome:
    """Do them one by one and ask `verify` each time."""
    outcome, chance = Outcome(), random.Random(seed)
    for _number in range(count):
        with made.db._writers() as session:
            if not made.db.sqlite:
                session.execute(text("SET LOCAL session_replication_role = replica"))
            damage = Vandal(session, chance, made.keys, made.before).do()
            found = verify(session, heads=made.heads).differences
            session.rollback()
        if names(damage, found):
            outcome.named[damage.kind] += 1
        else:
            outcome.missed.append((damage, found))
    return outcome


def names(damage: Damage, found: list[Difference]) -> bool:
    """Does a difference name whose it is, and the table?"""
    told = [each for each in found if each.learner_key in damage.learners or not damage.learners]
    return any(word in each.row or word in each.what for each in told for word in WORDS[damage.table])


@contextmanager
def books(kind: str) -> Iterator[Books]:
    """A fresh small academy on "sqlite" or "postgresql"."""
    with empty(kind, "faults") as where:
        admin = where.admin.replace("postgresql:", "postgresql+psycopg:", 1)
        yield unguarded(kind, admin or where.urls.app_url, where.folder)


def unguarded(kind: str, url: str, folder: Path) -> Books:
    """Fill the migrated database, then take its guards away. `url`: on PostgreSQL the superuser's."""
    db = Database(url)
    before = _fill(db, folder)
    if db.sqlite:
        # Keys that point nowhere are faults too.
        event.listen(db.engine, "connect", lambda raw, _entry: raw.execute("PRAGMA foreign_keys=OFF").fetchall())
        db.engine.dispose()
        with db.writing() as session:
            for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                session.execute(text(f"DROP TRIGGER {name}"))
    with db.reading() as session:
        people = session.execute(select(Person.id, Person.key).where(Person.id.in_(before["evidence"])))
        keys = {row.id: row.key for row in people}
        made = Books(kind, db, heads.export(session), before, keys)
        found = verify(session, heads=made.heads).differences
    assert not found, found
    return made


def _fill(db: Database, folder: Path) -> Rows:
    """Two and a half years of learning: settled now and then, corrected, a year sealed, and something late."""
    chance, settings = random.Random(8), load({"DUXUE_DATA_DIR": str(folder)})
    this = clock.local_day(clock.now(), factories.ZONE).year
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        learners = [person.id for person in factories.academy(session, LEARNERS, rules=False).learners]
        ahead = clock.local_day(clock.now(), factories.ZONE) + timedelta(days=40)
        service.publish_rules(
            session, RULES.replace("version = 1", "version = 2").replace("2024-01-01", ahead.isoformat(), 1), None
        )
    before: Rows = {}
    for part, years in enumerate([(2024, this), (this - 1, this), (this, this)]):
        with db.writing() as session:
            for learner in learners:
                _learn(session, chance, learner, part, years)
        if part == 0:
            closing.seal(db, settings, lambda _done, _total: None, date(2024, 1, 1), None, "")
        if part == 1:
            with db.reading() as session:
                before = rows_now(session)
    with db.writing() as session:  # late: after the seal of its year
        _record(session, chance, learners[0], "late", datetime(2024, 5, 6, 3, tzinfo=UTC))
        service.settle(session, learners[0])
    return before


def _learn(session: Session, chance: random.Random, learner: int, part: int, years: tuple[int, int]) -> None:
    for number in range(PIECES // 3):
        year = chance.randrange(years[0], years[1] + 1)
        at = datetime(year, 1, 2, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(300 * 24))
        key = f"piece:{part}:{number}"
        _record(session, chance, learner, key, min(at, clock.now() - timedelta(minutes=90 - part * 30 - number)))
        if chance.random() < 0.15:
            now = clock.now()
            service.record(
                session, learner, key=f"correction:{key}", kind="correction", happened_at=now, known_at=now,
                recorded_by="academy_admin", facts={"reason": "登记有误"}, names=key,
            )  # fmt: skip
        if chance.random() < 0.4:
            service.settle(session, learner)
    service.settle(session, learner)


def _record(session: Session, chance: random.Random, learner: int, key: str, at: datetime) -> None:
    kind = chance.choice(("watched", "watched", "session", "recognised"))
    own: dict[str, Any] = {"subject_bucket": chance.choice(("general", "professional")), "title": "防汛抗旱应急处置"}
    if kind == "watched":
        item = chance.randrange(12)
        own |= {"item": f"lesson:{item}", "length_ms": factories.HOUR_MS, "seen_ms": factories.HOUR_MS * 9 // 10}
    elif kind == "session":
        own |= {"half_days": chance.randrange(1, 3), "run": key}
    else:
        own |= {"hours_m": chance.randrange(500, 9000)}
    service.record(
        session, learner, key=key, kind=kind, happened_at=at, known_at=clock.now(), recorded_by="bench", facts=own
    )
