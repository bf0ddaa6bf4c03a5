"""Domain events: a lower slice announces, the factory wires who listens; nothing imports up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

Listener = Callable[..., None]
_listeners: dict[str, list[Listener]] = {}

PERSON_DISABLED = "person_disabled"  # person_id
LEARNER_LEFT = "learner_left"  # person_id, class_id
LEARNERS_LEFT = "learners_left"  # person_ids, many at once, each out of a class
UNIT_CLOSED = "unit_closed"  # unit_id, actor_id
COURSE_WITHDRAWN = "course_withdrawn"  # course_id
LESSON_WITHDRAWN = "lesson_withdrawn"  # lesson_id
RUN_ENDED = "run_ended"  # run: Run, done or failed, that somebody asked for
OFFER_WITHDRAWN = "offer_withdrawn"  # course_id, class_id (None: all): taken back or replaced


def listen(event: str, listener: Listener) -> None:
    """Call `listener(session, **facts)` in the announcing transaction; wiring twice is harmless."""
    known = _listeners.setdefault(event, [])
    if listener not in known:
        known.append(listener)


def announce(session: Session, event: str, **facts: Any) -> None:
    """Tell all listeners, in the caller's transaction: they succeed or fail together."""
    for listener in _listeners.get(event, []):
        listener(session, **facts)
