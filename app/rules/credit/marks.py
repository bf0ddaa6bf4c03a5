"""What watching a lesson is worth, and how much must be seen for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Snapshot
from app.rules.credit.kinds import FLAG_FIELDS, NUMBERS, TEXT_FIELDS
from app.rules.credit.plan import Plan

_SEEN, _LENGTH = NUMBERS.index("seen_ms"), NUMBERS.index("length_ms")
_NOON = 720  # minutes
_MOST_MARKS = 200


@dataclass(frozen=True, slots=True)
class Worth:
    """What the whole lesson gives: (bucket, thousandths), and the coverage (ms) that is first credited.

    `at_least_ms` is None where nothing is credited however much is seen.
    """

    amounts: tuple[tuple[str, int], ...]
    at_least_ms: int | None


NOTHING = Worth((), None)


def watch_marks(book: RuleBook, day: date, facts: Mapping[str, Any], length_ms: int) -> tuple[int, ...]:
    """The rising coverages (ms) at which a new watched piece with these facts gives credit, or more of it.

    Exact: one millisecond less gives less. A rising series (`series = "increase"`) has a mark at each step
    that its rounding lets through, thinned out evenly to about 200; the last one always gives the whole.
    """
    plan = watched_plan(book, day, facts)
    if plan is None:
        return ()
    gives = _credited(plan, length_ms)
    whole = gives(length_ms)
    if whole == 0:
        return ()
    first = _least(gives, 1, 0, length_ms)
    if plan.series == "first":
        return (first,)
    stride = -(-whole // _MOST_MARKS)
    marks, reached = [first], gives(first)
    while reached < whole:
        mark = _least(gives, min(reached + stride, whole), marks[-1], length_ms)
        marks.append(mark)
        reached = gives(mark)
    return tuple(marks)


def worth(book: RuleBook, day: date, facts: Mapping[str, Any], length_ms: int) -> Worth:
    """What a lesson of this length gives to who sees all of it on that day, before repeats and caps."""
    plan = watched_plan(book, day, facts)
    return NOTHING if plan is None else _worth(plan, length_ms)


@lru_cache(maxsize=1 << 14)
def _worth(plan: Plan, length_ms: int) -> Worth:
    # Every course page and every row of a class asks for it.
    gives = _credited(plan, length_ms)
    whole = gives(length_ms)
    return Worth(((plan.bucket, whole),), _least(gives, 1, 0, length_ms)) if whole else NOTHING


def seen_whole(length_ms: int) -> tuple[int, ...]:
    """The numbers that formulas read of a lesson of this length that was seen to its end."""
    numbers = [0] * len(NUMBERS)
    numbers[_LENGTH] = numbers[_SEEN] = length_ms
    return tuple(numbers)


def watched_plan(book: RuleBook, day: date, facts: Mapping[str, Any]) -> Plan | None:
    """The clauses for a watched piece at noon of that day; facts as for evidence, without id and times. None where
    none converts it."""
    version = book.version_on(day)
    if version is None or book.period.index(day) < 0:
        return None
    snapshot: Snapshot = (
        "watched",
        *(facts.get(field) or None for field in TEXT_FIELDS),
        *(facts.get(field) for field in FLAG_FIELDS),
    )
    return book.plan(version, snapshot, book.part(_NOON))


def _credited(plan: Plan, length_ms: int) -> Callable[[int], int]:
    """Coverage (ms) → thousandths for a first piece; never falls, which loading has made sure of."""

    numbers = [0] * len(NUMBERS)
    numbers[_LENGTH] = length_ms

    def gives(seen_ms: int) -> int:
        numbers[_SEEN] = seen_ms
        now = tuple(numbers)
        if plan.mark is not None and not plan.mark.reached(now):
            return 0
        return plan.rounded(*plan.exact(now))

    return gives


def _least(gives: Callable[[int], int], wanted: int, below: int, enough: int) -> int:
    """The smallest coverage in (below, enough] that gives what is wanted."""
    while below + 1 < enough:
        middle = (below + enough) // 2
        if gives(middle) >= wanted:
            enough = middle
        else:
            below = middle
    return enough
