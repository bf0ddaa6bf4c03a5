"""Searching and filtering the courses that are offered: from closed lists, nothing typed reaches the database."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.study.queries import CourseView, Year

REQUIREMENTS = ("required", "elective")
STATES = ("todo", "begun", "done")
SORTS = ("need", "new", "short")
PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; unknown values are as if they were not there."""

    q: str = ""
    requirement: str = ""
    bucket: str = ""
    state: str = ""
    sort: str = "need"
    page: int = 1

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Wanted:
        """From query arguments."""
        number = args.get("page", "1")
        return cls(
            q=args.get("q", "").strip()[:100],
            requirement=args.get("requirement", "") if args.get("requirement") in REQUIREMENTS else "",
            bucket=args.get("bucket", "")[:40],
            state=args.get("state", "") if args.get("state") in STATES else "",
            sort=args.get("sort", "need") if args.get("sort") in SORTS else "need",
            page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1,
        )

    def address(self, **changes: Any) -> dict[str, Any]:
        """Query arguments of this search with changes; a changed filter begins at page 1."""
        after = replace(self, **({"page": 1} | changes))
        given = {name: getattr(after, name) for name in ("q", "requirement", "bucket", "state", "sort", "page")}
        return {name: value for name, value in given.items() if value not in ("", 1, "need")}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the result, and how many each filter would show."""

    courses: tuple[CourseView, ...]
    total: int
    pages: int
    page: int
    requirements: tuple[tuple[str, int], ...]
    buckets: tuple[tuple[str, int], ...]
    states: tuple[tuple[str, int], ...]


def state_of(course: CourseView) -> str:
    """todo, begun or done."""
    return "done" if course.done else "begun" if course.begun else "todo"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _says(course: CourseView, words: list[str]) -> bool:
    row = course.row
    lessons = [text for lesson in course.lessons for text in (lesson.row.title, lesson.row.title_en)]
    text = _plain("\n".join((
        row.title, row.title_en, row.summary, row.summary_en, row.lecturer, row.provider_name, row.provider_name_en,
        *lessons,
    )))  # fmt: skip
    return all(word in text for word in words)


def search(year: Year, wanted: Wanted) -> Found:
    """The courses that fit, sorted, one page of them."""
    words = _plain(wanted.q).split()
    said = [course for course in year.courses if _says(course, words)]

    def fits(course: CourseView, but: str = "") -> bool:
        return (
            (but == "requirement" or wanted.requirement in ("", course.offer.requirement_class))
            and (but == "bucket" or wanted.bucket in ("", course.bucket))
            and (but == "state" or wanted.state in ("", state_of(course)))
        )

    found = sorted((course for course in said if fits(course)), key=_order(wanted.sort))
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(wanted.page, pages)
    buckets = sorted({course.bucket for course in year.courses})

    def counts(
        name: str, values: tuple[str, ...], value_of: Callable[[CourseView], str]
    ) -> tuple[tuple[str, int], ...]:
        there = [value_of(course) for course in said if fits(course, name)]
        return tuple((value, there.count(value)) for value in values)

    return Found(
        courses=tuple(found[(page - 1) * PER_PAGE : page * PER_PAGE]),
        total=len(found),
        pages=pages,
        page=page,
        requirements=counts("requirement", REQUIREMENTS, lambda c: c.offer.requirement_class),
        buckets=counts("bucket", tuple(buckets), lambda c: c.bucket),
        states=counts("state", STATES, state_of),
    )


def _order(sort: str) -> Callable[[CourseView], Any]:
    if sort == "new":
        return lambda c: (-c.offer.since.toordinal(), c.row.id)
    if sort == "short":
        return lambda c: (c.length_ms, c.row.id)
    return lambda c: (c.done, not c.required, (c.offer.due.toordinal() if c.offer.due else 10**7), c.row.id)
