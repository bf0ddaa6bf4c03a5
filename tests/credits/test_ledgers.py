"""The bench's academies are such as the academy itself would have written: they prove, and settling changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import func, select

from app.base.db import Database
from app.credits import service
from app.credits.models import ChainHead, Evidence, LedgerTransaction
from app.credits.verify import verify
from bench import ledgers
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from tests.services import PostgresServer

LEARNERS, PIECES = 12, 40


@pytest.fixture
def filled(request: pytest.FixtureRequest, any_database: DatabaseUrls) -> Database:
    """A dozen learners by the fast way."""
    admin = ""
    if any_database.app_role:
        server: PostgresServer = request.getfixturevalue("postgres")
        admin = f"postgresql://postgres@127.0.0.1:{server.port}/{any_database.app_url.rpartition('/')[2]}"
    ledgers.fill(any_database, admin, LEARNERS, PIECES, processes=1)
    return Database(any_database.app_url)


def test_nothing_differs_and_settling_again_posts_nothing(filled: Database, traveller: time_machine.Traveller) -> None:
    with filled.reading() as session:
        found = verify(session)
    assert (found.learners, found.evidence, found.differences) == (LEARNERS, LEARNERS * PIECES, [])
    assert found.transactions > LEARNERS * PIECES / 2
    with filled.writing() as session:
        kinds = set(session.scalars(select(Evidence.kind).distinct()))
        before = session.scalar(select(func.count()).select_from(LedgerTransaction))
        for learner in session.scalars(select(ChainHead.learner_id)).all():
            done = service.settle(session, learner)
            assert (done.posted, done.reversed) == ([], [])
        assert session.scalar(select(func.count()).select_from(LedgerTransaction)) == before
    assert kinds == {"standing", "watched", "session", "recognised", "correction"}
    filled.engine.dispose()


def test_evidence_goes_on_after_it(filled: Database, traveller: time_machine.Traveller) -> None:
    """Numbers that the database gives do not collide with those it was given."""
    with filled.writing() as session:
        learner = session.scalars(select(ChainHead.learner_id).limit(1)).one()
        at = session.scalars(select(func.max(Evidence.known_at))).one()
        assert service.record(
            session, learner, key="new", kind="recognised", happened_at=at, known_at=at, recorded_by="test",
            facts={"hours_m": 1000, "subject_bucket": "general"},
        )  # fmt: skip
        service.settle(session, learner)
    with filled.reading() as session:
        assert verify(session).differences == []
    filled.engine.dispose()
