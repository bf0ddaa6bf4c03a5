"""An academy with one class, one learner and one required video of six minutes, with real rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from app.base import clock
from app.base.db import Database
from app.base.settings import Settings, load
from app.classes import service as classes
from app.courses import service as courses
from app.courses.models import MediaVersion
from app.credits import service as credits
from app.credits.models import LedgerEntry
from app.people import service as people
from app.viewing import service
from app.wiring import listen
from tests.services import DatabaseUrls

RULES = (Path(__file__).parents[2] / "content/rules/yunting-2026.toml").read_text(encoding="utf-8")
LENGTH = 360_000


@dataclass
class Academy:
    """One class with one learner and one required video of six minutes."""

    db: Database
    settings: Settings
    learner: int = 0
    lesson: int = 0
    version: int = 0
    course: int = 0
    group: int = 0

    def open(self) -> service.Opened:
        """The learner opens the lesson."""
        with self.db.writing() as session:
            return service.open_viewing(session, self.settings, self.learner, self.lesson, None)

    def credit(self) -> int:
        """What counts in the ledger, thousandths."""
        with self.db.reading() as session:
            rows = session.scalars(select(LedgerEntry.amount).where(LedgerEntry.account.endswith("/countable")))
            return sum(rows)


@pytest.fixture
def academy(any_database: DatabaseUrls, tmp_path: Path) -> Iterator[Academy]:
    """On both databases."""
    settings = load({"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url})
    made = Academy(Database(settings.database_url), settings)
    listen()
    since = date(clock.now().year, 1, 1)
    with made.db.writing() as session:
        credits.publish_rules(session, RULES, None)
        unit = people.create_unit(session, "u", "单位", "Unit", "school")
        person = people.create_person(session, "l1", "学员")
        people.join_unit(session, person.id, unit.id, "staff", since)
        group = classes.open_class(session, "c", "一班", "Class 1")
        classes.enrol(session, person.id, group.id, since, None)
        provider = courses.create_provider(session, "own", "本院", "Own")
        course = courses.create_course(
            session, title="课", title_en="Course", summary="", summary_en="", provider_id=provider.id,
            category="law", subject_bucket="general", lecturer="", max_rate_m=2000, actor_id=None,
        )  # fmt: skip
        lesson = courses.add_lesson(session, course.id, "video", "讲", "Talk")
        version = MediaVersion(
            lesson_id=lesson.id, version=1, sha256="0" * 64, bytes=1, mime="video/mp4", length_ms=LENGTH,
            original_name="x.mp4", created_at=clock.now(),
        )  # fmt: skip
        session.add(version)
        session.flush()
        classes.offer_course(session, course.id, group.id, "required", since, None, None)
        made.learner, made.lesson, made.version, made.course = person.id, lesson.id, version.id, course.id
        made.group = group.id
    yield made
    made.db.engine.dispose()
