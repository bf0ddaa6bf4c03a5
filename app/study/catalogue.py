"""Searching and filtering the courses that are offered: from closed lists, nothing typed reaches the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.base import finding, labels
from app.study.queries import CourseView, Year

REQUIREMENTS = ("required", "elective")
STATES = ("todo", "begun", "done")
# Up to so many minutes; the last one is longer.
LENGTHS = ("5", "15", "45", "90", "more")
SORTS = ("need", "new", "short", "hours")
PER_PAGE = 20
MOST_CHOSEN = 20
_NOTHING = finding.Said("", ())
CLOSED = {"requirement": REQUIREMENTS, "length": LENGTHS, "state": STATES}


def state_of(course: CourseView) -> str:
    """todo, begun or done."""
    return "done" if course.done else "begun" if course.begun else "todo"


def length_of(course: CourseView) -> str:
    """One of `LENGTHS`."""
    return next((code for code in LENGTHS[:-1] if course.length_ms <= int(code) * 60_000), LENGTHS[-1])


# By which one may filter, in the order of the page.
FACETS: Mapping[str, Callable[[CourseView], str]] = {
    "requirement": lambda course: course.offer.requirement_class,
    "bucket": lambda course: course.bucket,
    "category": lambda course: course.row.category,
    "provider": lambda course: course.row.provider_code,
    "length": length_of,
    "state": state_of,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; unknown values are as if they were not there. `gap`: only what closes it."""

    q: str = ""
    chosen: Mapping[str, tuple[str, ...]] | None = None
    gap: bool = False
    sort: str = "need"
    page: int = 1

    @classmethod
    def read(cls, args: Mapping[str, Sequence[str]]) -> Wanted:
        """From query arguments, each with all its values."""

        def first(name: str) -> str:
            return (args.get(name) or [""])[0]

        number = first("page")
        return cls(
            q=first("q").strip()[:100],
            chosen={name: found for name in FACETS if (found := _values(name, args.get(name) or ()))},
            gap=first("gap") == "1",
            sort=first("sort") if first("sort") in SORTS else "need",
            page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1,
        )

    def of(self, name: str) -> tuple[str, ...]:
        """What is chosen of a facet; empty: anything."""
        return (self.chosen or {}).get(name, ())

    @property
    def filtered(self) -> bool:
        """Is anything filtered, beside the search?"""
        return bool(self.chosen) or self.gap

    def among(self, courses: Sequence[CourseView]) -> Wanted:
        """Without the values of open lists that none of the courses has."""
        there = {name: {*CLOSED.get(name, ()), *map(value, courses)} for name, value in FACETS.items()}
        kept = {name: tuple(v for v in values if v in there[name]) for name, values in (self.chosen or {}).items()}
        return replace(self, chosen={name: values for name, values in kept.items() if values})

    def address(self, **changes: Any) -> dict[str, Any]:
        """Query arguments of this search with changes (a facet: all its values); it then begins at page 1."""
        facets = {name: tuple(changes.pop(name, self.of(name))) for name in FACETS}
        after = replace(self, **({"page": 1} | changes))
        found: dict[str, Any] = {"q": after.q, **facets, "gap": 1 if after.gap else "", "sort": after.sort}
        found["page"] = after.page if after.page > 1 else ""
        return {name: value for name, value in found.items() if value not in ("", (), "need")}

    def toggled(self, name: str, value: str) -> dict[str, Any]:
        """The same with one value of a facet chosen, or no longer."""
        now = self.of(name)
        return self.address(**{name: [v for v in now if v != value] if value in now else [*now, value]})


def _values(name: str, given: Iterable[str]) -> tuple[str, ...]:
    found = dict.fromkeys(value[:40] for value in given if value and value in CLOSED.get(name, (value,)))
    return tuple(found)[:MOST_CHOSEN]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet, and how many courses there are with it, all other filters as they are."""

    code: str
    number: int
    on: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the result, and how many each filter would show.

    `near`: no course says all that was asked for, these come close. `gap`: how many would close the gap (None: there
    is none). `ways`: what may be taken off where nothing is found ("q", "gap" or a facet), and what is found then.
    """

    wanted: Wanted
    courses: tuple[CourseView, ...]
    total: int
    pages: int
    page: int
    near: bool
    facets: Mapping[str, tuple[Choice, ...]]
    gap: int | None
    ways: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Card:
    """A course with all that is asked about it."""

    course: CourseView
    values: Mapping[str, str]
    closes: bool
    said: finding.Said
    title: finding.Said

    def fits(self, wanted: Wanted, but: str = "") -> bool:
        """Do the filters let it through, one of them left out?"""
        chosen = wanted.chosen or {}
        return (but == "gap" or not wanted.gap or self.closes) and all(
            name == but or self.values[name] in values for name, values in chosen.items()
        )


def search(year: Year, wanted: Wanted) -> Found:
    """The courses that fit, sorted, one page of them."""
    wanted = wanted.among(year.courses)
    short = buckets_short(year)
    asked = finding.terms(wanted.q)
    cards = [_card(course, short, bool(asked)) for course in year.courses]
    said, near = _said(cards, asked)
    found = [card for card in said if card.fits(wanted)]
    found.sort(key=_order(wanted.sort, asked, near))
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(wanted.page, pages)
    return Found(
        wanted=wanted,
        courses=tuple(card.course for card in found[(page - 1) * PER_PAGE : page * PER_PAGE]),
        total=len(found),
        pages=pages,
        page=page,
        near=near and bool(found),
        facets={name: _choices(name, cards, said, wanted) for name in FACETS},
        gap=sum(card.closes and card.fits(wanted, "gap") for card in said) if short is not None else None,
        ways=() if found else _ways(cards, said, wanted),
    )


def buckets_short(year: Year) -> frozenset[str] | None:
    """The buckets in which hours are missing; "" among them: any will do. None while nothing is missing."""
    duty = year.duty
    if duty is None or not duty.short:
        return None
    parts = {part.bucket: part.short for part in duty.parts if part.short}
    whole = duty.quota - duty.got > sum(parts.values())
    return frozenset(parts) | ({""} if whole else frozenset())


def _card(course: CourseView, short: frozenset[str] | None, asked: bool) -> _Card:
    values = {name: value(course) for name, value in FACETS.items()}
    gives = values["state"] != "done" and course.worth > 0
    closes = gives and bool(short and not short.isdisjoint({values["bucket"], ""}))
    return _Card(course, values, closes, *(_texts(course) if asked else (_NOTHING, _NOTHING)))


def _texts(course: CourseView) -> tuple[finding.Said, finding.Said]:
    """Where a word is looked for: everywhere, and in the title alone."""
    row = course.row
    names = (
        row.title, row.slip, row.lecturer, row.provider_name, labels.label("category", row.category),
        *(lesson.row.title for lesson in course.lessons),
    )  # fmt: skip
    texts = (
        row.title_en, row.summary, row.summary_en, row.lecturer_en, row.provider_name_en,
        *(lesson.row.title_en for lesson in course.lessons),
    )  # fmt: skip
    return finding.said(names, texts), finding.said((row.title,), (row.title_en,))


def _said(cards: list[_Card], asked: Sequence[str]) -> tuple[list[_Card], bool]:
    """Those that say all that was asked for; where there are none, those that come close, and True."""
    exact = [card for card in cards if all(finding.fits(term, card.said) for term in asked)]
    if exact or not asked:
        return exact, False
    return [card for card in cards if finding.closeness(asked, card.said)], True


def _choices(name: str, cards: list[_Card], said: list[_Card], wanted: Wanted) -> tuple[Choice, ...]:
    """The values of a facet that are there at all: those of a closed list in its order, others as the labels stand."""
    numbers = Counter(card.values[name] for card in said if card.fits(wanted, name))
    there = {card.values[name] for card in cards} | set(wanted.of(name))
    order = list(CLOSED.get(name) or labels.codes(name))
    codes = sorted(there, key=lambda code: (order.index(code) if code in order else len(order), code))
    return tuple(Choice(code, numbers[code], code in wanted.of(name)) for code in codes)


def _ways(cards: list[_Card], said: list[_Card], wanted: Wanted) -> tuple[tuple[str, int], ...]:
    """What to take off so that something is found."""
    chosen = [*(wanted.chosen or {}), *(["gap"] if wanted.gap else [])]
    found = [(name, sum(card.fits(wanted, name) for card in said)) for name in chosen]
    if wanted.q:
        found.append(("q", sum(card.fits(wanted) for card in cards)))
    return tuple((name, number) for name, number in found if number)


def _order(sort: str, asked: Sequence[str], near: bool) -> Callable[[_Card], Any]:
    """What was asked for in the title, or comes closest, goes first, unless another order was asked for."""

    def need(card: _Card) -> Any:
        course = card.course
        due = course.offer.due.toordinal() if course.offer.due else 10**7
        if near:
            hit = -finding.closeness(asked, card.said)
        else:
            hit = 0 if all(finding.fits(term, card.title) for term in asked) else 1
        rank = (not course.required, due if course.required else 0, not card.closes, due, course.row.id)
        return hit, course.done, *rank

    orders: dict[str, Callable[[_Card], Any]] = {
        "need": need,
        "new": lambda card: (-card.course.offer.since.toordinal(), -card.course.row.id),
        "short": lambda card: (card.course.length_ms, card.course.row.id),
        "hours": lambda card: (-card.course.worth, card.course.row.id),
    }
    return orders[sort]
