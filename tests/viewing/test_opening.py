"""Opening, takeover, evidence at the marks, the sweep: over real databases, with real rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from app.base import clock, events
from app.base.db import Database
from app.base.errors import Forbidden, NotFound, Refused
from app.base.settings import Settings, load
from app.classes import queries as class_queries
from app.classes import service as classes
from app.courses import service as courses
from app.courses.models import MediaVersion
from app.credits import service as credits
from app.credits.models import Evidence, LedgerEntry
from app.people import service as people
from app.rules.viewing import spans
from app.rules.viewing.lease import verify
from app.viewing import now, service
from app.viewing.models import Coverage, Viewing
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


@pytest.fixture
def academy(any_database: DatabaseUrls, tmp_path: Path) -> Iterator[Academy]:
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


def _open(academy: Academy) -> service.Opened:
    with academy.db.writing() as session:
        return service.open_viewing(session, academy.settings, academy.learner, academy.lesson, None)


def _watch(academy: Academy, upto_ms: int, due: int | None = None) -> None:
    """As a batch of beats would have left the coverage."""
    with academy.db.writing() as session:
        session.execute(
            update(Coverage).values(
                counted_ms=upto_ms, spans=spans.pack([0, upto_ms]), due_mark_ms=due,
                due_at_ms=None if due is None else now.time_ms(session) - 60_000,
            )
        )  # fmt: skip


def _credit(academy: Academy) -> int:
    with academy.db.reading() as session:
        rows = session.scalars(select(LedgerEntry.amount).where(LedgerEntry.account.endswith("/countable")))
        return sum(rows)


def test_an_opening_says_all_that_a_player_needs(academy: Academy) -> None:
    opened = _open(academy)
    claims = verify((service.lease_key(academy.settings),), opened.lease)
    assert (claims.learner, claims.media_version, claims.length_ms) == (academy.learner, academy.version, LENGTH)
    assert (opened.coverage, opened.resume_ms, opened.rate_m, opened.credited) == ([], 0, 2000, False)


def test_the_newest_device_wins(academy: Academy) -> None:
    first, second = _open(academy), _open(academy)
    with academy.db.reading() as session:
        old = session.get_one(Viewing, (academy.learner, first.viewing))
        new = session.get_one(Viewing, (academy.learner, second.viewing))
        assert (old.end_reason, new.ended_ms) == ("taken_over", None)
        assert old.ended_ms is not None
        assert new.clock_ms >= old.ended_ms  # viewings of a learner never overlap in time
        assert new.id > old.id


def test_what_is_not_offered_is_not_opened(academy: Academy) -> None:
    with academy.db.writing() as session:
        stranger = people.create_person(session, "l2", "外人")
        with pytest.raises(Forbidden):
            service.open_viewing(session, academy.settings, stranger.id, academy.lesson, None)
        with pytest.raises(NotFound):
            service.open_viewing(session, academy.settings, academy.learner, 999, None)


def test_the_sweep_writes_what_a_crash_left(academy: Academy) -> None:
    _open(academy)
    _watch(academy, 324_000, due=324_000)
    with academy.db.writing() as session:
        assert service.sweep_due(session, academy.settings) == 1
    with academy.db.writing() as session:
        assert service.sweep_due(session, academy.settings) == 0
        (piece,) = session.scalars(select(Evidence).where(Evidence.kind == "watched"))
        assert piece.key == f"watched:{academy.version}:324000"
        assert '"requirement_class":"required"' in piece.facts
        assert '"class":"c"' in piece.facts
    assert _credit(academy) == 133  # 6 minutes of 45, to the nearest thousandth


def test_a_mark_passed_before_is_credited_at_the_next_opening(academy: Academy) -> None:
    _open(academy)
    _watch(academy, 330_000)
    assert _open(academy).credited is True
    assert _open(academy).credited is False
    assert _credit(academy) == 133


def test_marks_stand_in_the_viewing_and_are_exact(academy: Academy) -> None:
    from app.viewing.marks import unpack

    opened = _open(academy)
    with academy.db.reading() as session:
        row = session.get_one(Viewing, (academy.learner, opened.viewing))
        assert unpack(row.marks) == (324_000,)


@pytest.mark.parametrize(
    ("event", "facts", "reason"),
    [
        (events.PERSON_DISABLED, {"person_id": "learner"}, "disabled"),
        (events.LEARNER_LEFT, {"person_id": "learner", "class_id": "group"}, "left_class"),
        (events.LESSON_WITHDRAWN, {"lesson_id": "lesson"}, "withdrawn"),
        (events.COURSE_WITHDRAWN, {"course_id": "course"}, "withdrawn"),
    ],
)
def test_what_ends_a_right_ends_the_viewing(academy: Academy, event: str, facts: dict[str, str], reason: str) -> None:
    opened = _open(academy)
    with academy.db.writing() as session:
        events.announce(session, event, **{name: getattr(academy, value) for name, value in facts.items()})
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason == reason


def test_disabling_a_person_ends_it_in_the_same_transaction(academy: Academy) -> None:
    opened = _open(academy)
    with academy.db.writing() as session:
        people.disable(session, academy.learner, None)
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason == "disabled"


@pytest.mark.parametrize(
    ("change", "reason"),
    [("withdrawn", "withdrawn"), ("one of two", None), ("another day", "withdrawn"), ("elective", None)],
)
def test_an_offer_ends_what_it_alone_allowed(academy: Academy, change: str, reason: str | None) -> None:
    opened, since = _open(academy), date(clock.now().year, 1, 1)
    with academy.db.writing() as session:
        if change == "one of two":
            classes.offer_course(session, academy.course, None, "elective", since, None, None)
        if change in ("withdrawn", "one of two"):
            (own,) = (o for o in class_queries.offers_of_course(session, academy.course) if o.class_id is not None)
            classes.withdraw_offer(session, own.offer_id, None)
        else:
            later = clock.now().date() + timedelta(days=40) if change == "another day" else since
            kind = "elective" if change == "elective" else "required"
            classes.offer_course(session, academy.course, academy.group, kind, later, None, None)
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason == reason


def test_what_is_to_be_read_opens_no_viewing(academy: Academy) -> None:
    with academy.db.writing() as session:
        lesson = courses.add_lesson(session, academy.course, "article", "文", "Text")
        courses.set_article(session, lesson.id, "# 文\n\n字", 6)
        with pytest.raises(Refused, match="does not count yet"):
            service.open_viewing(session, academy.settings, academy.learner, lesson.id, None)


def test_rules_that_ask_for_less_make_no_second_watching(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    _open(academy)
    _watch(academy, LENGTH)
    assert _open(academy).credited is True
    monkeypatch.setattr(service, "watch_marks", lambda *_facts: (209_920,))
    assert _open(academy).credited is False
    with academy.db.reading() as session:
        assert len(session.scalars(select(Evidence).where(Evidence.kind == "watched")).all()) == 1


def test_another_classes_offer_ends_nothing_here(academy: Academy) -> None:
    opened = _open(academy)
    with academy.db.writing() as session:
        other = classes.open_class(session, "d", "二班", "Class 2")
        events.announce(session, events.OFFER_WITHDRAWN, course_id=academy.course, class_id=other.id)
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).ended_ms is None


def test_a_clock_that_stepped_back_gives_no_time_twice(academy: Academy) -> None:
    first = _open(academy)
    ahead = now.EMBEDDED_CLOCK.now_ms() + int(timedelta(hours=1).total_seconds() * 1000)
    with academy.db.writing() as session:
        session.execute(update(Viewing).where(Viewing.id == first.viewing).values(clock_ms=ahead))
    second = _open(academy)
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, second.viewing)).clock_ms == ahead
