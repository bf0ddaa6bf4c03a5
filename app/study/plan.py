"""What comes next: required courses by due date, and courses that close the gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

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
class Plan:
    """Courses not done, in the order in which they help; thousandths.

    `total`: what these give, `offered`: what all offered ones that help give; `enough`: does that close the gap;
    `more`: how many others are needed for it beside these.
    """

    courses: tuple[CourseView, ...]
    total: int
    short: int
    offered: int
    enough: bool
    more: int


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


def closing(year: Year) -> Plan | None:
    """Courses which close what is short: for the bucket that is short most first, until it is enough.

    None when nothing is owed or nothing is short.
    """
    if year.duty is None or year.duty.short == 0:
        return None
    short = {part.bucket: part.short for part in year.duty.parts}
    anything = short.pop("", year.duty.short if not short else 0)
    chosen: list[CourseView] = []
    open_ = [course for course in year.courses if not course.done and course.left > 0]
    # Required ones first, then what helps a bucket that is short, then the shorter way.
    open_.sort(key=lambda c: (not c.required, short.get(c.bucket, 0) == 0, c.length_ms - c.counted_ms, c.row.id))
    for course in open_:
        if sum(short.values()) + anything <= 0:
            break
        left = short.get(course.bucket, 0)
        if left + anything <= 0 and not course.required:
            continue
        chosen.append(course)
        given = min(left, course.left)
        if course.bucket in short:
            short[course.bucket] = left - given
        anything = max(0, anything - (course.left - given))
    near = chosen[:MOST]
    return Plan(
        courses=tuple(near),
        total=sum(course.left for course in near),
        short=year.duty.short,
        offered=sum(course.left for course in chosen),
        enough=sum(short.values()) + anything <= 0,
        more=len(chosen) - len(near),
    )
