"""Opening, takeover, evidence at the marks, the sweep: over real databases, with real rules."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from app.base import clock, events
from app.base.errors import Forbidden, NotFound
from app.classes import queries as class_queries
from app.classes import service as classes
from app.courses import service as courses
from app.courses.models import MediaVersion
from app.credits.models import Evidence
from app.people import service as people
from app.rules.viewing import spans
from app.rules.viewing.lease import verify
from app.viewing import evidence, now, service
from app.viewing.models import Coverage, Viewing
from tests.viewing.academy import LENGTH, Academy


def _watch(academy: Academy, upto_ms: int, due: int | None = None) -> None:
    """As a batch of beats would have left the coverage."""
    with academy.db.writing() as session:
        session.execute(
            update(Coverage).values(
                counted_ms=upto_ms, spans=spans.pack([0, upto_ms]), due_mark_ms=due,
                due_at_ms=None if due is None else now.time_ms(session) - 60_000,
            )
        )  # fmt: skip


def test_an_opening_says_all_that_a_player_needs(academy: Academy) -> None:
    opened = academy.open()
    claims = verify((service.lease_key(academy.settings),), opened.lease)
    assert (claims.learner, claims.media_version, claims.length_ms) == (academy.learner, academy.version, LENGTH)
    assert (opened.coverage, opened.resume_ms, opened.rate_m, opened.credited) == ([], 0, 2000, False)


def test_the_newest_device_wins(academy: Academy) -> None:
    first, second = academy.open(), academy.open()
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
    academy.open()
    _watch(academy, 324_000, due=324_000)
    with academy.db.writing() as session:
        assert evidence.sweep_due(session, academy.settings) == 1
    with academy.db.writing() as session:
        assert evidence.sweep_due(session, academy.settings) == 0
        (piece,) = session.scalars(select(Evidence).where(Evidence.kind == "watched"))
        assert piece.key == f"watched:{academy.version}:324000"
        assert '"requirement_class":"required"' in piece.facts
        assert '"class":"c"' in piece.facts
    assert academy.credit() == 133  # 6 minutes of 45, to the nearest thousandth


def test_a_mark_passed_before_is_credited_at_the_next_opening(academy: Academy) -> None:
    academy.open()
    _watch(academy, 330_000)
    assert academy.open().credited is True
    assert academy.open().credited is False
    assert academy.credit() == 133


def test_marks_stand_in_the_viewing_and_are_exact(academy: Academy) -> None:
    from app.viewing.marks import unpack

    opened = academy.open()
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
    opened = academy.open()
    with academy.db.writing() as session:
        events.announce(session, event, **{name: getattr(academy, value) for name, value in facts.items()})
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason == reason


def test_of_many_who_leave_their_classes_those_who_watch_stop(academy: Academy) -> None:
    opened = academy.open()
    with academy.db.writing() as session:
        events.announce(session, events.LEARNERS_LEFT, person_ids=[academy.learner + 1000])
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason is None
        events.announce(session, events.LEARNERS_LEFT, person_ids=[academy.learner, academy.learner + 1000])
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason == "left_class"


def test_disabling_a_person_ends_it_in_the_same_transaction(academy: Academy) -> None:
    opened = academy.open()
    with academy.db.writing() as session:
        people.disable(session, academy.learner, None)
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).end_reason == "disabled"


@pytest.mark.parametrize(
    ("change", "reason"),
    [("withdrawn", "withdrawn"), ("one of two", None), ("another day", "withdrawn"), ("elective", None)],
)
def test_an_offer_ends_what_it_alone_allowed(academy: Academy, change: str, reason: str | None) -> None:
    opened, since = academy.open(), date(clock.now().year, 1, 1)
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


def test_rules_that_ask_for_less_make_no_second_watching(academy: Academy, monkeypatch: pytest.MonkeyPatch) -> None:
    academy.open()
    _watch(academy, LENGTH)
    assert academy.open().credited is True
    monkeypatch.setattr(evidence, "watch_marks", lambda *_facts: (209_920,))
    assert academy.open().credited is False
    with academy.db.reading() as session:
        assert len(session.scalars(select(Evidence).where(Evidence.kind == "watched")).all()) == 1


def test_another_classes_offer_ends_nothing_here(academy: Academy) -> None:
    opened = academy.open()
    with academy.db.writing() as session:
        other = classes.open_class(session, "d", "二班", "Class 2")
        events.announce(session, events.OFFER_WITHDRAWN, course_id=academy.course, class_id=other.id)
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, opened.viewing)).ended_ms is None


def test_a_clock_that_stepped_back_gives_no_time_twice(academy: Academy) -> None:
    first = academy.open()
    ahead = now.EMBEDDED_CLOCK.now_ms() + int(timedelta(hours=1).total_seconds() * 1000)
    with academy.db.writing() as session:
        session.execute(update(Viewing).where(Viewing.id == first.viewing).values(clock_ms=ahead))
    second = academy.open()
    with academy.db.reading() as session:
        assert session.get_one(Viewing, (academy.learner, second.viewing)).clock_ms == ahead


def test_of_two_openings_at_the_same_moment_one_stays_open(academy: Academy) -> None:
    """Different lessons, so that no row of theirs makes them wait for each other."""
    with academy.db.writing() as session:
        other = courses.add_lesson(session, academy.course, "video", "二讲", "Talk 2")
        session.add(
            MediaVersion(
                lesson_id=other.id, version=1, sha256="1" * 64, bytes=1, mime="video/mp4", length_ms=LENGTH,
                original_name="y.mp4", created_at=clock.now(),
            )
        )  # fmt: skip
        wanted = [academy.lesson, other.id]
    start = threading.Barrier(4)

    def opening(lesson: int) -> None:
        start.wait(10)
        for _i in range(5):
            with academy.db.writing() as session:
                service.open_viewing(session, academy.settings, academy.learner, lesson, None)

    threads = [threading.Thread(target=opening, args=(wanted[number % 2],)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with academy.db.reading() as session:
        rows = session.scalars(select(Viewing).order_by(Viewing.id)).all()
        assert len(rows) == 20
        assert [row.ended_ms is None for row in rows] == [False] * 19 + [True]
        assert all(new.clock_ms >= (old.ended_ms or 0) for old, new in pairwise(rows))
