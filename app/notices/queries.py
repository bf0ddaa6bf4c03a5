"""Reads of messages: one's own, and nobody else's. Statements are built once: every page asks for the count."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from app.base import labels
from app.notices import kinds
from app.notices.kinds import Said
from app.notices.models import Notice


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a page shows it; `url` is what it is about, a path of the academy."""

    id: int
    kind: str
    url: str
    at: datetime
    unread: bool
    said: Said

    @property
    def time(self) -> str:
        """The time of its day."""
        return labels.clock_time(self.at)

    @property
    def when(self) -> str:
        """When it came, in a list of the latest: the time today, `yesterday`, the day of the week, then the day."""
        day, today = labels.local_day_of(self.at), labels.this_day()
        if day >= today:
            return labels.clock_time(self.at)
        if day == today - timedelta(days=1):
            return str(_("yesterday"))
        return labels.weekday(day) if day > today - timedelta(days=7) else labels.list_day(day)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages a person has; `newest` is the highest number among them, 0 without any."""

    every: int
    unread: int
    newest: int


_MINE = Notice.person_id == bindparam("person")
_WAITS = Notice.read_at.is_(None)
_COUNTS = select(
    func.count(), func.count().filter(_WAITS), func.coalesce(func.max(Notice.id), 0)
).where(_MINE)  # fmt: skip
_ROWS = (
    select(Notice.id, Notice.kind, Notice.url, Notice.at, Notice.read_at, Notice.facts)
    .where(_MINE)
    .order_by(Notice.at.desc(), Notice.id.desc())
    .limit(bindparam("limit", type_=None))
    .offset(bindparam("skip", type_=None))
)
_ROWS_UNREAD = _ROWS.where(_WAITS)


def unread_of(person_id: ColumnElement[int]) -> ColumnElement[int]:
    """How many messages of a person are unread, as part of a statement that knows the person."""
    return select(func.count()).where(Notice.person_id == person_id, _WAITS).scalar_subquery()


def counts(session: Session, person_id: int) -> Counts:
    """How many there are, how many unread, and the newest number. One query."""
    return Counts(*session.execute(_COUNTS, {"person": person_id}).one())


def latest(session: Session, person_id: int, limit: int, *, skip: int = 0, only_unread: bool = False) -> list[Message]:
    """A person's messages, the newest first. One query."""
    rows = session.execute(_ROWS_UNREAD if only_unread else _ROWS, {"person": person_id, "limit": limit, "skip": skip})
    return [
        Message(id_, kind, url, at, read_at is None, kinds.say(kind, json.loads(facts)))
        for id_, kind, url, at, read_at, facts in rows
    ]
