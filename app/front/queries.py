"""Reads of the front door: announcements, and the courses that are offered to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.classes import queries as classes
from app.classes.standing import StandingRow, lesson_worth
from app.courses import queries as courses
from app.courses.queries import CourseRow
from app.credits import service as credits
from app.front.models import Announcement

NOBODY = StandingRow(*[""] * 7)  # a visitor stands in no class and no unit


@dataclass(frozen=True, slots=True)
class Headline:
    """An announcement without its text. `until` is the last day on which it is shown."""

    id: int
    title: str
    title_en: str
    pinned: bool
    since: date
    until: date | None
    published_at: datetime | None
    edition: int
    changed_at: datetime

    def state(self, day: date) -> str:
        """draft, coming (its first day lies ahead), shown or over."""
        if self.published_at is None:
            return "draft"
        if day < self.since:
            return "coming"
        return "over" if self.until is not None and day > self.until else "shown"


@dataclass(frozen=True, slots=True)
class AnnouncementRow(Headline):
    """An announcement with its Markdown."""

    body: str
    body_en: str


@dataclass(frozen=True, slots=True)
class PublicCourse:
    """A course offered to everybody: its lessons, their length together in ms, what it gives in thousandths."""

    row: CourseRow
    since: date
    lessons: int
    length_ms: int
    bucket: str
    worth: int


_DAY: BindParameter[date] = bindparam("day")
_HEADLINES: Select[Any] = select(
    Announcement.id, Announcement.title, Announcement.title_en, Announcement.pinned, Announcement.since,
    Announcement.until, Announcement.published_at, Announcement.edition, Announcement.changed_at,
)  # fmt: skip
_IS_SHOWN = (
    Announcement.published_at.is_not(None),
    Announcement.since <= _DAY,
    or_(Announcement.until.is_(None), Announcement.until >= _DAY),
)
_SHOWN = (
    _HEADLINES.where(*_IS_SHOWN)
    .order_by(Announcement.pinned.desc(), Announcement.since.desc(), Announcement.id.desc())
    .limit(bindparam("limit", type_=None))
    .offset(bindparam("offset", type_=None))
)
_COUNT = select(func.count()).select_from(Announcement).where(*_IS_SHOWN)
_EVERY = _HEADLINES.order_by(Announcement.published_at.is_not(None), Announcement.since.desc(), Announcement.id.desc())
_ONE = _HEADLINES.add_columns(Announcement.body, Announcement.body_en).where(Announcement.id == bindparam("id"))


def shown(session: Session, day: date, limit: int, offset: int = 0) -> list[Headline]:
    """What everybody may read on a day: the pinned first, then the newest."""
    return [Headline(*row) for row in session.execute(_SHOWN, {"day": day, "limit": limit, "offset": offset})]


def count_shown(session: Session, day: date) -> int:
    """How many of them there are."""
    return session.scalar(_COUNT, {"day": day}) or 0


def every(session: Session) -> list[Headline]:
    """All announcements for who writes them: the drafts first, then the newest."""
    return [Headline(*row) for row in session.execute(_EVERY)]


def find_announcement(session: Session, announcement_id: int) -> AnnouncementRow | None:
    """One announcement in whatever state; None when there is none."""
    row = session.execute(_ONE, {"id": announcement_id}).first()
    return None if row is None else AnnouncementRow(*row)


def public_courses(session: Session, day: date) -> list[PublicCourse]:
    """The courses offered to everybody that have lessons to open, the newest first.

    What is offered to single classes is not told. Worth is by the rules of the day for somebody of whom nothing is
    known. Three queries however many courses there are.
    """
    offers = classes.offers_to_all(session, day)
    lessons = courses.lessons_of_courses(session, [offer.course_id for offer in offers])
    book, found = credits.book(session), []
    for offer in sorted(offers, key=lambda each: (each.since, each.course_id), reverse=True):
        row = offer.course
        own = lessons[row.id]
        if not own:
            continue
        amounts = [
            amount for each in own
            for amount in lesson_worth(book, day, row, each, offer.requirement_class, NOBODY).amounts[:1]
        ]  # fmt: skip
        bucket = amounts[0][0] if amounts else row.subject_bucket
        length = sum(each.length_ms for each in own)
        found.append(PublicCourse(row, offer.since, len(own), length, bucket, sum(amount for _name, amount in amounts)))
    return found
