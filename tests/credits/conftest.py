"""A database with published rules and one learner, at noon of 2 March 2026."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.settings import load
from app.classes import queries as classes
from app.credits import reach, service
from app.credits.closing import wired
from app.factory import create_app
from app.wiring import listen
from tests import factories
from tests.credits import samples
from tests.credits.samples import NOON, RULES, new_learner, watch, withdraw

if TYPE_CHECKING:
    from pathlib import Path

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
def rooms() -> Iterator[None]:
    """Sealing asks the rooms above."""
    listen()
    yield
    wired._wired.clear()


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


@pytest.fixture
def app(any_database: DatabaseUrls, tmp_path: Path) -> Iterator[Flask]:
    """The academy over this test's database, no threads."""
    made = create_app(
        load(
            {
                "DUXUE_DATA_DIR": str(tmp_path),
                "DUXUE_DATABASE_URL": any_database.app_url,
                "DUXUE_SECRET": "s" * 32,
                "DUXUE_EMBEDDED": "0",
                "DUXUE_SECOND_FACTOR": "offered",
            }
        )
    )
    made.config["WTF_CSRF_ENABLED"] = False
    reach.wire(classes.class_of)
    yield made
    made.extensions["duxue.db"].engine.dispose()


@pytest.fixture
def people_of(db: Database) -> dict[str, str]:
    """An academy of two learners in one class; login by role, and the learners' keys."""
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        made = factories.academy(session, learners=2, rules=False)
        for number, person in enumerate(made.learners):
            for lesson in range(1, 4):
                at = NOON - timedelta(hours=lesson)
                watch(session, person.id, lesson, hours=3, at=at, title=f"课{lesson}", title_en=f"Lesson {lesson}")
            watch(session, person.id, 1, key="again", at=NOON, title="=1+1")
            service.settle(session, person.id)
            if number == 0:
                withdraw(session, person.id, "watched:2")
                service.settle(session, person.id)
        found = {
            "learner": made.learner.login,
            "teacher": made.teacher.login,
            "other_teacher": made.other_teacher.login,
            "editor": made.editor.login,
            "admin": made.admin.login,
            "key": made.learner.key,
        }
    return found
