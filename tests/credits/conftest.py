"""A database with published rules and one learner, at noon of 2 March 2026."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import service
from tests.credits import samples
from tests.credits.samples import NOON, new_learner, watch, withdraw

if TYPE_CHECKING:
    from tests.services import DatabaseUrls


@pytest.fixture(autouse=True)
def traveller() -> Iterator[time_machine.Traveller]:
    """The day of these tests."""
    with time_machine.travel(samples.NOON, tick=False) as now:
        yield now


@pytest.fixture
def db(any_database: DatabaseUrls) -> Iterator[Database]:
    """The migrated database, as the application's role."""
    found = Database(any_database.app_url)
    yield found
    found.engine.dispose()


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """A writing session; what a test leaves is rolled back."""
    with db._writers() as found:
        yield found


@pytest.fixture
def learner(session: Session) -> int:
    """A learner of an academy whose first rules are published."""
    service.publish_rules(session, samples.RULES, None)
    return samples.new_learner(session)


@pytest.fixture
def kept(session: Session, learner: int) -> Session:
    """Two learners with postings, a reversal, a piece that gave nothing, and a cut."""
    other = new_learner(session, 2)
    for person in (learner, other):
        for lesson in (1, 2, 3):
            watch(session, person, lesson, hours=3, at=NOON + timedelta(minutes=lesson))
        service.settle(session, person)
        withdraw(session, person, "watched:1")
        service.settle(session, person)
        watch(session, person, 2, key="watched:2:again", at=NOON + timedelta(minutes=9))
        watch(session, person, 4, hours=1, at=NOON + timedelta(minutes=10))
        service.settle(session, person)
    session.commit()
    return session
