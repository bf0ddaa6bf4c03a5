"""The course page: a course as its learner sees it, how its hours are reckoned, and who of the unit has finished it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import BigInteger, BindParameter, bindparam, cast, func, select
from sqlalchemy.orm import Session, aliased

from app.base.db import holds
from app.classes.standing import StandingRow, lesson_facts
from app.courses import queries as courses
from app.courses.models import MediaVersion
from app.credits.reckoning import clause_text, conversion, exact_text
from app.people.models import UnitMembership
from app.rules.credit.marks import seen_whole, watched_plan
from app.rules.credit.plan import Plan
from app.study import queries
from app.study.queries import CourseView, Opened
from app.study.words import listed
from app.viewing.models import Coverage

# A smaller number would say who it was.
FEWEST = 5
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the rules as it is printed; `name` is its anchor on their page."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CoursePage:
    """`reckoned`: how what each lesson gives comes about (in the order of the lessons; "" where it gives nothing);
    `clauses` of version `version` judge it. `unit_done`: how many others of the unit have finished it, 0 while they
    are fewer than five. `languages` of its captions.
    """

    course: CourseView
    standing: StandingRow
    reckoned: tuple[str, ...]
    clauses: tuple[Clause, ...]
    version: int
    unit_done: int
    languages: tuple[str, ...]

    @property
    def changed_at(self) -> datetime | None:
        """When the newest file of its lessons came; None without lessons."""
        return max((lesson.row.made_at for lesson in self.course.lessons), default=None)


def course_page(session: Session, person_id: int, code: str, day: date) -> CoursePage | None:
    """All of it, in eight queries; None when there is no such course, or it is not offered to this learner."""
    found = queries.course(session, person_id, code, day)
    if found is None:
        return None
    course, plan = found.course, _plan(found, day)
    versions = [lesson.row.media_version_id for lesson in course.lessons]
    return CoursePage(
        course=course,
        standing=found.standing,
        reckoned=tuple(_reckoned(plan, each.row.length_ms) if plan and each.worth else "" for each in course.lessons),
        clauses=_clauses(plan) if plan is not None else (),
        version=plan.version.version if plan is not None else 0,
        unit_done=_unit_done(session, person_id, course, day),
        languages=tuple(courses.caption_languages(session, versions)) if versions else (),
    )


def _plan(found: Opened, day: date) -> Plan | None:
    if found.book is None:
        return None
    course = found.course
    return watched_plan(found.book, day, lesson_facts(course.row, course.offer.requirement_class, found.standing))


def _reckoned(plan: Plan, length_ms: int) -> str:
    """`length 45:00 ÷ 45 minutes × 0.5`."""
    how = conversion(plan.convert, seen_whole(length_ms // 1000 * 1000))
    return how + "".join(f" × {exact_text(weight.times)}" for weight in plan.weights)


def _clauses(plan: Plan) -> tuple[Clause, ...]:
    """Those that are applied to such lessons and have a text, in the order of the reckoning."""
    applied = [plan.convert, *plan.weights, plan.mark, *plan.needs, *plan.duplicates, *plan.caps]
    names = dict.fromkeys(clause.id for clause in applied if clause is not None)
    found = [Clause(name, clause_text(plan.version, name)) for name in names]
    return tuple(clause for clause in found if clause.text)


_PERSON: BindParameter[int] = bindparam("person")
_DAY: BindParameter[date] = bindparam("day")
_OWN = aliased(UnitMembership)
_FINISHED = (
    select(Coverage.learner_id)
    .join(UnitMembership, UnitMembership.person_id == Coverage.learner_id)
    .join(MediaVersion, MediaVersion.id == Coverage.media_version_id)
    .where(
        UnitMembership.unit_id.in_(select(_OWN.unit_id).where(_OWN.person_id == _PERSON, holds(_OWN, _DAY))),
        holds(UnitMembership, _DAY),
        Coverage.learner_id != _PERSON,
        Coverage.media_version_id.in_(bindparam("versions", expanding=True)),
        cast(Coverage.counted_ms, BigInteger) * _MILLION
        >= cast(MediaVersion.length_ms, BigInteger) * bindparam("share", type_=BigInteger),
    )
    .group_by(Coverage.learner_id)
    .having(func.count(Coverage.media_version_id.distinct()) == bindparam("lessons"))
    .subquery()
)
_UNIT_DONE = select(func.count()).select_from(_FINISHED)


def _unit_done(session: Session, person_id: int, course: CourseView, day: date) -> int:
    """How many others of the learner's unit have seen enough of every lesson; 0 for fewer than five.

    What is enough is what is enough for this learner; where lessons differ in it, the largest share holds for all.
    """
    lessons = course.lessons
    if not lessons:
        return 0
    given = {
        "person": person_id,
        "day": day,
        "versions": [lesson.row.media_version_id for lesson in lessons],
        "share": max(lesson.enough_ms * _MILLION // lesson.row.length_ms for lesson in lessons),
        "lessons": len(lessons),
    }
    number = session.scalar(_UNIT_DONE, given) or 0
    return number if number >= FEWEST else 0


def length(ms: int) -> str:
    """A length as it is said: whole minutes, to the nearest; seconds below one."""
    if ms < 60_000:
        return str(_("%(number)s s", number=max(1, round(ms / 1000))))
    minutes = (ms + 30_000) // 60_000
    if minutes < 120:
        return str(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    hours, rest = divmod(minutes, 60)
    return (
        str(_("%(hours)d h %(minutes)d min", hours=hours, minutes=rest)) if rest else str(_("%(hours)d h", hours=hours))
    )


def languages(found: Sequence[str]) -> str:
    """The languages of captions, in words."""
    names = {"zh": _("Chinese"), "en": _("English")}
    return str(listed([str(names.get(code, code)) for code in found]))
