"""Evidence is recorded once, whoever comes first: the same again is no news, anything else under its key is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from app.base.db import Database
from app.credits import service
from app.credits.models import Evidence, LedgerTransaction
from app.credits.recording import payload_hash_of
from app.credits.verify import verify
from tests.credits.samples import RULES, new_learner, watch

THREADS = 6


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
