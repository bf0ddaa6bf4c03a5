"""What has to be reached: the requirements that hold, the ways in which each may be met, what each way lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import islice, product
from typing import TypeAlias, TypeVar

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import Meets, RuleSet, Test
from app.rules.credit.periods import months_later
from app.rules.credit.settlement import PeriodResult, Settlement

# A test of the period that begins on this day.
Goal: TypeAlias = tuple[date, str]
# A requirement of the period that begins on this day.
Duty: TypeAlias = tuple[date, str]
Way: TypeAlias = frozenset[Goal]
FINE = frozenset({"met", "not due", "exempt", "does not apply"})
_MOST_WAYS = 12
_T = TypeVar("_T")


def version_of(book: RuleBook, result: PeriodResult) -> RuleSet:
    """The version that judged a period."""
    return next(v for v in book.versions if v.version == result.version)


def named_test(book: RuleBook, settlement: Settlement, goal: Goal) -> Test:
    """The test that a goal is about."""
    start, name = goal
    return next(test for test in version_of(book, settlement.periods[start]).tests if test.id == name)


def one_bucket(test: Test) -> str | None:
    """The one bucket that a test counts; "" where it counts everything; None where it is about something else."""
    sets = test.when.sets
    if set(sets) == {"bucket"} and not sets["bucket"].negated and len(sets["bucket"].values) == 1:
        return str(next(iter(sets["bucket"].values)))
    return None if sets else ""


def ways(meets: Meets) -> tuple[frozenset[str], ...]:
    """The smallest sets of tests with which it is met, in the order in which they are written; at most twelve."""
    parts = [(frozenset((part,)),) if isinstance(part, str) else ways(part) for part in meets.parts]
    if meets.every:
        found = [frozenset[str]().union(*each) for each in islice(product(*parts), _MOST_WAYS * 4)]
    else:
        found = [way for part in parts for way in part]
    unique = list(dict.fromkeys(found))
    return tuple(way for way in unique if not any(other < way for other in unique))[:_MOST_WAYS]


def together(each: Iterable[Iterable[frozenset[_T]]]) -> tuple[frozenset[_T], ...]:
    """Every way to meet all of these: one way of each, joined; at most twelve."""
    found = (frozenset[_T]().union(*joined) for joined in islice(product(*each), _MOST_WAYS))
    return tuple(dict.fromkeys(found))


def duties(book: RuleBook, settlement: Settlement, start: date, day: date, sealed: Iterable[date]) -> tuple[Duty, ...]:
    """What must be fine: all that is required in the period that begins on `start`, and of earlier ones what is
    short and may still be made up on `day`. The oldest first."""
    found: list[Duty] = []
    closed = set(sealed)
    for first, result in settlement.periods.items():
        if first == start:
            found += [(first, name) for name in result.requirements]
        elif first < start and first not in closed:
            found += _curable(book, result, day)
    return tuple(sorted(found, key=lambda duty: duty[0]))


def _curable(book: RuleBook, result: PeriodResult, day: date) -> list[Duty]:
    version = version_of(book, result)
    after = book.period.start(book.period.index(result.start) + 1)
    cured = {name for rule in version.make_ups if day < months_later(after, rule.months) for name in rule.tests}
    if not cured:
        return []
    lacking = {name for name, test in result.tests.items() if not test.met and test.blocking and test.due}
    return [
        (result.start, requirement.id)
        for requirement in version.requirements
        if result.requirements.get(requirement.id) not in FINE
        and any(way & lacking <= cured for way in ways(requirement.meets))
    ]


def fine(settlement: Settlement, wanted: Iterable[Duty]) -> bool:
    """Is all of this met, or not due yet?"""
    return all(settlement.periods[start].requirements[name] in FINE for start, name in wanted)


def open_ways(
    book: RuleBook, settlement: Settlement, wanted: Sequence[Duty], lost: Collection[Duty] = ()
) -> tuple[Way, ...]:
    """Every way to meet all of this that is not met, or `lost` by what is tried: sets of tests; none where nothing is
    short."""
    each: list[tuple[Way, ...]] = []
    for start, name in wanted:
        result = settlement.periods[start]
        if result.requirements[name] not in FINE or (start, name) in lost:
            requirement = next(r for r in version_of(book, result).requirements if r.id == name)
            each.append(tuple(frozenset((start, test) for test in way) for way in ways(requirement.meets)))
    return together(each) if each else ()


def shorts(settlement: Settlement, way: Iterable[Goal]) -> dict[Goal, int]:
    """What each test of a way lacks, thousandths; those that lack nothing that matters are left out."""
    found = {}
    for start, name in way:
        test = settlement.periods[start].tests[name]
        if not test.met and test.blocking and test.due:
            found[start, name] = test.short
    return found


def share_short(settlement: Settlement, way: Iterable[Goal]) -> float:
    """How far a way is from being met: what it lacks, as parts of its quotas. Only to compare ways by."""
    return sum(
        short / max(1, settlement.periods[start].tests[name].quota)
        for (start, name), short in shorts(settlement, way).items()
    )
