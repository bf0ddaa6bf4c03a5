"""What only shows when rows are seen together: overlaps, missing roundings and marks, names of tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from math import lcm
from typing import Protocol

from app.rules.credit.clauses import Convert, Duplicate, Mark, Round, Weight
from app.rules.credit.errors import Said, say
from app.rules.credit.kinds import CREDITABLE, NUMBERS
from app.rules.credit.selector import Selector, ValueSet

Wrong = Callable[[str, str, Said], None]  # table, id, message
_CREDITABLE = Selector({"kind": ValueSet(frozenset(CREDITABLE))})
_NOTHING = (0,) * len(NUMBERS)
_SEEN = tuple(10**9 if name in ("seen_ms", "length_ms") else 0 for name in NUMBERS)
_WATCHED = Selector({"kind": ValueSet(frozenset({"watched"}))})


class _Row(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def when(self) -> Selector: ...


def overlaps(table: str, rows: Sequence[_Row], lines: dict[str, int], wrong: Wrong) -> None:
    """Refuse two rows that can fit one piece."""
    for first, second in combinations(rows, 2):
        if first.when.meet(second.when) is not None:
            early, late = sorted((first, second), key=lambda row: lines.get(row.id, 0))
            wrong(
                table,
                late.id,
                say(
                    "overlaps [[%(table)s]] %(id)r (line %(line)s): "
                    "a piece must match at most one; add a key that tells them apart",
                    table=table,
                    id=early.id,
                    line=lines.get(early.id, 1),
                ),
            )


def boxes(convert: Convert, converts: Sequence[Convert]) -> list[Selector]:
    """Which pieces a conversion really gets (`otherwise`: what the others leave)."""
    whole = convert.when.meet(_CREDITABLE)
    if whole is None:
        return []
    return whole.minus_all(c.when for c in converts if not c.otherwise) if convert.otherwise else [whole]


def _weighed(box: Selector, axes: Sequence[Sequence[Weight]]) -> Iterator[tuple[Selector, Fraction]]:
    """A box cut by the weights: (part, product of the factors)."""
    if not axes:
        yield box, Fraction(1)
        return
    for rest, times in _weighed(box, axes[1:]):
        for weight in axes[0]:
            both = rest.meet(weight.when)
            if both is not None:
                yield both, times * weight.times
        for left in rest.minus_all(weight.when for weight in axes[0]):
            yield left, times


def rounding(converts: Sequence[Convert], weights: Sequence[Weight], rounds: Sequence[Round], wrong: Wrong) -> None:
    """Refuse a conversion whose result may be something else than a whole thousandth, unrounded."""
    axes = [[w for w in weights if w.axis == axis] for axis in sorted({w.axis for w in weights})]
    for convert in converts:
        worst = 1
        for box in boxes(convert, converts):
            for part, times in _weighed(box, axes):
                exact = [case.gives.coeff * times for case in convert.cases]
                loose = any((each * 1000).denominator != 1 for each in exact)
                if loose and part.minus_all(r.when for r in rounds):
                    worst = lcm(worst, *(each.denominator for each in exact))
        if worst > 1:
            wrong(
                "convert",
                convert.id,
                say(
                    "the result has denominator %(number)s and may not be a whole thousandth: "
                    "a [[round]] must cover every piece this matches",
                    number=worst,
                ),
            )


def _of_watching(convert: Convert) -> bool:
    """Does it say that it converts watched facts, or give anything for what they carry?

    One for all kinds that only reads days or hours gives nothing for watching and needs no mark.
    """
    kinds = convert.when.sets.get("kind")
    if kinds is not None and kinds.has("watched") and not convert.otherwise:
        return True
    for numbers in (_NOTHING, _SEEN):
        for case in convert.cases:
            if case.test is None or case.test(numbers):
                if case.gives.value(numbers) > 0:
                    return True
                break
    return False


def watching(converts: Sequence[Convert], marks: Sequence[Mark], wrong: Wrong) -> None:
    """Watched facts grow: the first second must not give all, and nothing may fall as more is seen."""
    for convert in converts:
        if not _of_watching(convert):
            continue
        found = [both for box in boxes(convert, converts) if (both := box.meet(_WATCHED)) is not None]
        if not found:
            continue
        if not all(case.gives.rises for case in convert.cases):
            wrong(
                "convert",
                convert.id,
                say("the result may fall while more is watched: use 'seen' only where more of it gives more"),
            )
        if convert.series != "increase" and any(box.minus_all(m.when for m in marks) for box in found):
            wrong(
                "convert",
                convert.id,
                say(
                    'matches watched facts with neither a [[mark]] nor series = "increase": the'
                    " first second would give the whole amount"
                ),
            )
    for mark in marks:
        if mark.when.meet(_WATCHED) is not None and not mark.measure.rises:
            wrong(
                "mark",
                mark.id,
                say("the measure may fall while more is watched: use 'seen' only where more of it gives more"),
            )


def repeats(duplicates: Sequence[Duplicate], wrong: Wrong) -> None:
    """Refuse a key that names one field twice."""
    for duplicate in duplicates:
        if len(set(duplicate.key)) != len(duplicate.key):
            wrong("duplicate", duplicate.id, say("'key' names a field twice"))
