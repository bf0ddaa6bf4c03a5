"""What comes next: required courses by due date, and the plan that closes the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.classes.standing import StandingRow, lesson_facts
from app.credits.known import known
from app.rules.planning.offers import Offer, Step
from app.rules.planning.planner import plan as planned
from app.rules.planning.plans import Chosen, Plan
from app.study.queries import CourseView, Year

MOST = 5
NEAR_DAYS = 14


@dataclass(frozen=True, slots=True)
class Due:
    """A required course that is not done; `near`: within two weeks or past."""

    course: CourseView
    due: date | None
    near: bool


@dataclass(frozen=True, slots=True)
class Then:
    """A test now and when the plan is done; thousandths of its measure. `short`: what is missing then."""

    test: str
    before: int
    after: int
    quota: int
    short: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A plan with the courses as their learner sees them, in the order in which they are proposed."""

    plan: Plan
    courses: tuple[tuple[CourseView, Chosen], ...]
    offered: Mapping[str, CourseView]

    @property
    def gives(self) -> int:
        """What the courses give in all, to earlier periods too; countable thousandths."""
        return sum(chosen.gives + chosen.earlier for _, chosen in self.courses)

    @property
    def requirements(self) -> tuple[str, ...]:
        """The clauses that hold for this learner."""
        words = self.plan.before.requirements
        return tuple(name for name, word in words.items() if word != "does not apply")

    @property
    def tests(self) -> tuple[Then, ...]:
        """What these clauses ask for."""
        named = [r.meets.names() for r in self.plan.version.requirements if r.id in self.requirements]
        asked = frozenset[str]().union(*named)
        before, after = self.plan.before.tests, self.plan.after.tests
        return tuple(
            Then(name, before[name].got, test.got, test.quota, 0 if test.met else test.short)
            for name, test in after.items()
            if name in asked and (test.quota > 0 or not test.met)
        )

    def named(self, codes: Sequence[str], english: bool) -> list[str]:
        """The titles of courses."""
        rows = [self.offered[code].row for code in codes]
        return [(row.title_en if english else "") or row.title for row in rows]


def due(year: Year) -> list[Due]:
    """Required courses not done, the nearest due date first; those without a date last."""
    found = [
        Due(
            course,
            course.offer.due,
            course.offer.due is not None and (course.offer.due - year.day).days <= NEAR_DAYS,
        )
        for course in year.required
        if not course.done and course.lessons
    ]
    return sorted(found, key=lambda each: (each.due or date.max, each.course.row.id))


def offers(courses: Sequence[CourseView], standing: StandingRow) -> list[Offer]:
    """What the courses that are not done would leave as evidence, lesson by lesson."""
    return [
        Offer(course.row.code, _steps(course, standing), course.required, course.offer.due)
        for course in courses
        if not course.done and course.lessons
    ]


def _steps(course: CourseView, standing: StandingRow) -> tuple[Step, ...]:
    """The lessons still to be done, with the facts that watching them records (`viewing.snapshot`)."""
    facts = lesson_facts(course.row, course.offer.requirement_class, standing)
    return tuple(
        Step(
            {
                **facts,
                "length_ms": lesson.row.length_ms,
                "item": f"lesson:{lesson.row.id}",
                "edition": str(lesson.row.version),
            },
            max(0, lesson.row.length_ms - lesson.seen.counted_ms),
        )
        for lesson in course.lessons
        if not lesson.done
    )


def plan_of(session: Session, person_id: int, year: Year) -> Gap | None:
    """How the gap of a learner's present period closes; None before there are rules or anything is known. One query."""
    if year.book is None:
        return None
    pieces, seals = known(session, person_id, year.book)
    if not pieces:
        return None
    found = planned(year.book, pieces, year.day, offers(year.courses, year.standing), seals)
    if found is None:
        return None
    by_code = {course.row.code: course for course in year.courses}
    return Gap(found, tuple((by_code[chosen.code], chosen) for chosen in found.courses), by_code)
