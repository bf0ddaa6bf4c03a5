"""What a learner still has to do: five things at most, each with a date, one verb and a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.base import clock, labels
from app.base.numbers import clock as length
from app.study import wired
from app.study.plan import MOST, Due, Gap
from app.study.queries import CourseView, LessonView, Year
from app.study.words import all_lacking

ANSWER_DAYS = 14  # an answer that is older than this is no longer a thing to do
_APART = 2  # more lessons than these with something to confirm are one line


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing. `day` is its date, None where it has none; `when` says it again in words; `near`: within two weeks
    or past."""

    what: str | Markup
    meta: str
    label: str
    url: str
    day: date | None = None
    when: str = ""
    near: bool = False

    def item(self) -> dict[str, Any]:
        """As the component `due_list` takes it."""
        return {
            "iso": self.day.isoformat() if self.day else "",
            "date": labels.list_day(self.day, self.day) if self.day else str(_("no date")),
            "when": self.when, "near": self.near, "what": self.what, "meta": self.meta, "label": self.label,
            "url": self.url,
        }  # fmt: skip


def todos(session: Session, person_id: int, year: Year, gap: Gap | None, due: Sequence[Due]) -> list[Todo]:
    """What presses first: courses that are due soon, what waits to be confirmed, tickets that were answered, the other
    courses by date; the plan, where something is missing, is the last. One query."""
    near = [_course(each, year.day) for each in due if each.near]
    later = [_course(each, year.day) for each in due if not each.near]
    rest = [*near, *_confirmations(year), *_answers(session, person_id, year.day), *later]
    plan = _plan(gap, year.day)
    return [*rest[: MOST - len(plan)], *plan]


def _course(due: Due, today: date) -> Todo:
    course = due.course
    counted, whole = length(course.counted_ms), length(course.length_ms)
    meta = _("Counted %(counted)s of %(length)s", counted=counted, length=whole) if course.begun else _about(course)
    return Todo(
        _named(course.row.title, course.row.title_en), str(meta), str(_("Go on") if course.begun else _("Begin")),
        url_for("study.course", code=course.row.code), due.due, _when(due.due, today, due.near), due.near,
    )  # fmt: skip


def _about(course: CourseView) -> str:
    lessons = ngettext("%(num)d lesson", "%(num)d lessons", len(course.lessons))
    return f"{_('Required')} · {lessons} · {length(course.length_ms)}"


def _confirmations(year: Year) -> list[Todo]:
    """What was watched and waits for an answer, the latest first."""
    waiting = [lesson for course in year.courses for lesson in course.lessons if lesson.seen.pending_ms > 0]
    waiting.sort(key=lambda lesson: lesson.seen.watched_at_ms, reverse=True)
    if len(waiting) > _APART:
        names = ngettext(
            "Confirm what you watched in %(num)d lesson", "Confirm what you watched in %(num)d lessons", len(waiting)
        )
        return [_confirmation(waiting[0], names, sum(lesson.seen.pending_ms for lesson in waiting), year.day)]
    return [
        _confirmation(
            lesson, _("Confirm what you watched: %(lesson)s", lesson=_named(lesson.row.title, lesson.row.title_en)),
            lesson.seen.pending_ms, year.day,
        )
        for lesson in waiting
    ]  # fmt: skip


def _confirmation(lesson: LessonView, what: str, pending_ms: int, today: date) -> Todo:
    day = labels.local_day_of(clock.from_ms(lesson.seen.watched_at_ms))
    meta = _("%(time)s wait; once you have answered they count", time=length(pending_ms))
    address = f"{url_for('viewing.lesson', lesson_id=lesson.row.id)}#checks"
    return Todo(str(what), str(meta), str(_("Answer it")), address, day, _when(day, today))


def _answers(session: Session, person_id: int, today: date) -> list[Todo]:
    since: datetime = clock.now() - timedelta(days=ANSWER_DAYS)
    return [
        Todo(
            str(_("Your ticket was answered: %(lesson)s", lesson=_named(title, title_en))),
            str(_("You can write once more")), str(_("Read the answer")), url_for("tickets.one", ticket=key),
            labels.local_day_of(at), _when(labels.local_day_of(at), today),
        )
        for key, title, title_en, at in wired.answered(session, person_id, since)
    ]  # fmt: skip


def _plan(gap: Gap | None, today: date) -> list[Todo]:
    """The gap itself, due when the period ends."""
    if gap is None or gap.plan.state not in ("closes", "open") or not gap.plan.lacks:
        return []
    plan, count = gap.plan, len(gap.courses)
    if plan.state == "closes":
        meta = ngettext("%(num)d course closes the gap", "%(num)d courses close the gap", count)
    else:
        meta = _("The courses offered now are not enough")
    what = Markup(_("Make up %(lacks)s")) % {"lacks": all_lacking(plan.version, plan.lacks)}
    near = plan.days_left <= ANSWER_DAYS
    return [
        Todo(
            what, str(meta), str(_("See the plan")), url_for("study.gap"), plan.end, _when(plan.end, today, near), near
        )
    ]


def _when(day: date | None, today: date, near: bool = False) -> str:
    """`2027年 · 周二 · 8天后`: the year where it is another one, the day of the week where it is near."""
    if day is None:
        return ""
    parts = (labels.year_of(day, today), labels.weekday(day) if near else "", labels.distance(day, today))
    return " · ".join(part for part in parts if part)


def _named(chinese: str, english: str) -> str:
    return english if labels.english() and english else chinese
