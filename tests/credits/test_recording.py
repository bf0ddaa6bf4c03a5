"""Evidence is recorded once, whoever comes first: the same again is no news, anything else under its key is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from sqlalchemy import select

from app.base.db import Database
from app.credits import service
from app.credits.models import Evidence, LedgerTransaction
from app.credits.recording import payload_hash_of
from app.credits.verify import verify
from app.rules.credit.errors import EvidenceError
from tests.credits.samples import RULES, new_learner, watch

THREADS = 6
FIRST, LATER = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.fixture
def learner(db: Database) -> int:
    """A learner whose rules are published, for others to see."""
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        return new_learner(session)


def at_once(db: Database, learner: int, lengths: list[int]) -> list[object]:
    """Record the same key in as many threads, with these lengths; what each was told."""
    together = Barrier(len(lengths))

    def one(hours: int) -> object:
        together.wait(20)
        try:
            with db.writing() as session:
                new = watch(session, learner, 1, hours=hours)
                service.settle(session, learner)
            return new
        except service.Conflict as error:
            return error.text

    with ThreadPoolExecutor(len(lengths)) as pool:
        return list(pool.map(one, lengths))


def test_the_same_at_once_is_recorded_once(db: Database, learner: int) -> None:
    told = at_once(db, learner, [2] * THREADS)
    assert sorted(map(str, told)) == ["False"] * (THREADS - 1) + ["True"]
    with db.reading() as session:
        assert len(session.scalars(select(Evidence)).all()) == 1
        assert len(session.scalars(select(LedgerTransaction)).all()) == 1
        assert verify(session).differences == []


def test_of_different_ones_at_once_the_first_stands_and_the_others_are_told(db: Database, learner: int) -> None:
    told = at_once(db, learner, list(range(1, THREADS + 1)))
    assert told.count(True) == 1
    refused = [each for each in told if each is not True]
    assert len(refused) == THREADS - 1
    assert all(isinstance(each, str) and "watched:1" in each for each in refused)
    with db.reading() as session:
        row = session.scalars(select(Evidence)).one()
        assert row.payload_hash == payload_hash_of(row)
        assert verify(session).differences == []


def piece(key: str, hours: int, known_at: datetime = FIRST) -> service.Told:
    """A piece of so many hours from an earlier platform."""
    facts = {"hours_m": hours * 1000, "subject_bucket": "general", "item": key}
    return service.Told(key, "opening", FIRST, known_at, "test", facts)


def test_many_at_once_are_recorded_like_one_after_the_other(db: Database, learner: int) -> None:
    with db.writing() as session:
        assert service.record_all(session, learner, [piece("b", 1), piece("a", 2), piece("b", 1)]) == 2
        assert service.record_all(session, learner, [piece("a", 2, LATER), piece("c", 3)]) == 1
        assert service.record_all(session, learner, []) == 0
    with db.reading() as session:
        rows = session.scalars(select(Evidence).order_by(Evidence.id)).all()
        assert [row.key for row in rows] == ["b", "a", "c"]
        assert all(row.payload_hash == payload_hash_of(row) for row in rows)
        assert {row.known_at for row in rows} == {FIRST}


def test_of_many_none_is_recorded_where_one_is_refused(db: Database, learner: int) -> None:
    with db.writing() as session:
        service.record_all(session, learner, [piece("a", 1)])
    for wrong in (piece("a", 2), service.Told("n", "nothing", FIRST, FIRST, "test", {})):
        with pytest.raises((service.Conflict, EvidenceError)), db.writing() as session:
            service.record_all(session, learner, [piece("before", 1), wrong, piece("behind", 1)])
    with db.reading() as session:
        assert session.scalars(select(Evidence.key)).all() == ["a"]
