"""The close of a period: tests against quotas, requirements from tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet, Test
from app.rules.credit.evidence import Snapshot
from app.rules.credit.formula import divide
from app.rules.credit.settlement import PeriodResult, TestResult
from app.rules.credit.standing import Duty, Line

Group: TypeAlias = tuple[Snapshot, int, str]  # snapshot, part of the day, bucket
# earned, countable, half-days, milliseconds, pieces
Sums: TypeAlias = list[int]
_PLACE = {"earned": 0, "countable": 1, "days": 2, "minutes": 3, "count": 4}
_UNIT = {
    "earned": Fraction(1),
    "countable": Fraction(1),
    "days": Fraction(500),
    "minutes": Fraction(1, 60),
    "count": Fraction(1000),
}


def period_result(book: RuleBook, index: int, groups: Mapping[int, Mapping[Group, Sums]], line: Line) -> PeriodResult:
    """Judge one period by the version of its last day."""
    rule = book.period
    start, end = rule.start(index), rule.end(index)
    version = book.version_on(end) or book.versions[0]
    duty = line.duty(start, end, version.period)
    buckets: dict[str, tuple[int, int]] = {}
    for (_, _, bucket), sums in groups.get(index, {}).items():
        earned, countable = buckets.get(bucket, (0, 0))
        buckets[bucket] = earned + sums[0], countable + sums[1]
    tests = _tests(book, version, index, groups, duty)
    return PeriodResult(
        start,
        end,
        version.version,
        duty.word,
        sum(b[0] for b in buckets.values()),
        sum(b[1] for b in buckets.values()),
        dict(sorted(buckets.items())),
        tests,
        _requirements(version, duty, tests),
    )


def _tests(
    book: RuleBook, version: RuleSet, index: int, groups: Mapping[int, Mapping[Group, Sums]], duty: Duty
) -> dict[str, TestResult]:
    cycle = book.period.cycle_of(index)
    earlier = [i for i in groups if i <= index and book.period.cycle_of(i) == cycle]
    here = _sums(book, version, groups, [index])
    whole = _sums(book, version, groups, earlier)
    got = {t.id: (whole if t.cycle else here)[t.id][_PLACE[t.measure]] * _UNIT[t.measure] for t in version.tests}
    quotas = {t.id: _quota(version, t, duty) for t in version.tests if t.share_of is None}
    results = {}
    for test in version.tests:
        if test.share_of is None:
            quota = Fraction(quotas[test.id])
        else:
            basis = got[test.share_of] if test.share_basis == "got" else Fraction(quotas[test.share_of])
            quota = test.quota.of(duty.facts) * basis
        due = not test.cycle or book.period.closes_cycle(index)
        results[test.id] = _against(test, got[test.id], quota, due)
    return results


def _quota(version: RuleSet, test: Test, duty: Duty) -> int:
    if test.at_most or test.cycle:
        exact = test.quota.of(duty.facts) * 1000
        return divide(exact.numerator, exact.denominator, "nearest")
    return duty.quota(test.quota, version.period)


def _against(test: Test, got: Fraction, quota: Fraction, due: bool) -> TestResult:
    met = got <= quota if test.at_most else got >= quota
    short = abs(quota - got) if not met else Fraction(0)
    return TestResult(
        divide(got.numerator, got.denominator, "floor"),
        divide(quota.numerator, quota.denominator, "ceil"),
        divide(short.numerator, short.denominator, "ceil"),
        met,
        due,
        test.blocking,
    )


def _sums(
    book: RuleBook, version: RuleSet, groups: Mapping[int, Mapping[Group, Sums]], periods: Sequence[int]
) -> dict[str, Sums]:
    found = {test.id: [0, 0, 0, 0, 0] for test in version.tests}
    for index in periods:
        for (snapshot, minute, bucket), sums in groups.get(index, {}).items():
            for name in book.counted_by(version, snapshot, minute, bucket):
                found[name] = [a + b for a, b in zip(found[name], sums, strict=True)]
    return found


def _requirements(version: RuleSet, duty: Duty, tests: Mapping[str, TestResult]) -> dict[str, str]:
    met = {name: result.met or not result.blocking for name, result in tests.items()}
    hoped = {name: met[name] or not result.due for name, result in tests.items()}
    words = {}
    for requirement in version.requirements:
        if duty.word == "none" or not requirement.who.fits(duty.facts):
            words[requirement.id] = "does not apply"
        elif duty.word == "exempt":
            words[requirement.id] = "exempt"
        elif requirement.meets.holds(met):
            words[requirement.id] = "met"
        else:
            words[requirement.id] = "not due" if requirement.meets.holds(hoped) else "not met"
    return words
