"""What ends viewings: in the transaction that takes the right away, so that no later second counts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from app.base import clock
from app.classes import queries as classes
from app.courses import queries as courses
from app.credits import service as credits
from app.viewing.models import Viewing
from app.viewing.now import time_ms


def end_all(session: Session, which: ColumnElement[bool], reason: str) -> int:
    """End the open viewings that fit, in the caller's transaction."""
    rows = session.execute(
        select(Viewing.learner_id, Viewing.id, Viewing.clock_ms, Viewing.expires_ms)
        .where(which, Viewing.ended_ms.is_(None))
        .order_by(Viewing.learner_id, Viewing.id)
        .with_for_update()
    ).all()
    now_ms = time_ms(session) if rows else 0
    for learner_id, viewing_id, at, expires in rows:
        ended = max(at, min(now_ms, expires))
        session.execute(
            update(Viewing)
            .where(Viewing.learner_id == learner_id, Viewing.id == viewing_id)
            .values(ended_ms=ended, end_reason=reason if now_ms < expires else "lease_ended")
        )
    return len(rows)


def end_of_person(session: Session, *, person_id: int, **_facts: object) -> None:
    """A disabled or un-enrolled learner's viewings end in that same transaction."""
    end_all(session, Viewing.learner_id == person_id, "disabled")


def end_of_membership(session: Session, *, person_id: int, **_facts: object) -> None:
    """A learner who left the class: the viewings end in that same transaction."""
    end_all(session, Viewing.learner_id == person_id, "left_class")


def end_of_memberships(session: Session, *, person_ids: Sequence[int], **_facts: object) -> None:
    """The same for many at once; one statement while none of them watches."""
    watching = session.scalars(select(Viewing.learner_id).where(Viewing.ended_ms.is_(None)).distinct()).all()
    leaving = sorted(set(watching) & set(person_ids))
    if leaving:
        end_all(session, Viewing.learner_id.in_(leaving), "left_class")


def end_of_lesson(session: Session, *, lesson_id: int, **_facts: object) -> None:
    """A withdrawn lesson's viewings end in that same transaction."""
    end_all(session, Viewing.lesson_id == lesson_id, "withdrawn")


def end_of_course(session: Session, *, course_id: int, **_facts: object) -> None:
    """All open viewings of a withdrawn course."""
    end_all(session, Viewing.lesson_id.in_(_lessons(session, course_id)), "withdrawn")


def end_of_offer(session: Session, *, course_id: int, **_facts: object) -> None:
    """An offer was taken back or replaced: the viewings of those end to whom none is left.

    Somebody who may still study the course by another offer loses no second.
    """
    book = credits.book(session)
    today = clock.now().date() if book is None else clock.local_day(clock.now(), book.zone)
    left = classes.learners_offered(course_id, today)
    end_all(
        session, and_(Viewing.lesson_id.in_(_lessons(session, course_id)), Viewing.learner_id.not_in(left)), "withdrawn"
    )


def _lessons(session: Session, course_id: int) -> list[int]:
    return [row.id for row in courses.lessons_of(session, course_id)]
