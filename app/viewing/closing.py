"""What viewing knows of a period that is to be closed: seconds that wait, and evidence that is due."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.credits.closing.wired import Concerned, Open
from app.people.models import Person
from app.rules.viewing import waiting
from app.viewing import held
from app.viewing.models import Coverage

MOST_SHOWN = 5


def pending(session: Session, end_ms: int) -> Open:
    """Seconds that wait for an answer in lessons last watched before a moment. Two queries."""
    found = (Coverage.pending_ms > 0, Coverage.watched_at_ms < end_ms)
    count, people, length = session.execute(
        select(
            func.count(), func.count(Coverage.learner_id.distinct()), func.coalesce(func.sum(Coverage.pending_ms), 0)
        ).where(*found)
    ).one()
    waits = func.sum(Coverage.pending_ms)
    rows = session.execute(
        select(Person.name, Person.key, waits)
        .join(Coverage, Coverage.learner_id == Person.id)
        .where(*found)
        .group_by(Person.id, Person.name, Person.key)
        .order_by(waits.desc(), Person.key)
        .limit(MOST_SHOWN)
    )
    return Open(count, people, int(length), [Concerned(name, key, int(length)) for name, key, length in rows])


def lapse(session: Session, end_ms: int) -> int:
    """Let the seconds go that `pending` tells of; how many learners had any.

    They were never credited; the allowances spent on them stay spent, and to count they have to be watched again.
    """
    rows = session.scalars(
        select(Coverage)
        .where(Coverage.pending_ms > 0, Coverage.watched_at_ms < end_ms)
        .order_by(Coverage.learner_id, Coverage.media_version_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        state = held.state_of(row)
        held.keep_state(row, waiting.lapse(state, state.pending))
    session.flush()
    return len({row.learner_id for row in rows})
