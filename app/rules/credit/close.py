"""The close of a period: tests against quotas, requirements from tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import TypeAlias

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import Requirement, RuleSet, Test
from app.rules.credit.formula import divide
from app.rules.credit.order import Order
from app.rules.credit.periods import months_later
from app.rules.credit.settlement import PeriodResult, TestResult
from app.rules.credit.standing import Duty, Line
from app.rules.credit.tally import COUNTABLE, EARNED, HALF_DAYS, MONTHS, MS, PIECES, Sums, Tally

_PLACE = {
    "earned": EARNED,
    "countable": COUNTABLE,
    "days": HALF_DAYS,
    "minutes": MS,
    "count": PIECES,
    "months": MONTHS,
}
# What one of these sums is worth in thousandths, as a numerator and a denominator: integers, for speed.
_UNIT = {
    "earned": (1, 1),
    "countable": (1, 1),
    "days": (500, 1),
    "minutes": (1, 60),
    "count": (1000, 1),
    "months": (1, 1),
}
_Exact: TypeAlias = tuple[int, int]
_DAY = timedelta(days=1)


class Closing:
    """One period being judged by the version of its last day, and by what was known of it."""

    def __init__(self, book: RuleBook, order: Order, tally: Tally, index: int, *, late: bool = False) -> None:
        """A sealed period is told as it stood at its seal, unless `late` asks for what came after it too."""
        self.late = late or order.sealed(index) is None
        self.book, self.index, self._tally = book, index, tally
        self.rule = book.period
        self.start, self.end = self.rule.start(index), self.rule.end(index)
        self.version: RuleSet = book.version_on(self.end) or book.versions[0]
        self.line: Line = order.line(index)
        # Standing, reduce and rounding are the version's own: only the shape of periods is shared.
        self.duty: Duty = self.line.duty(self.start, self.end, self.version.period)
        cycle = self.rule.cycle_of(index)
        self.cycle = range(cycle * self.rule.cycle, index + 1)

    def tests(self) -> dict[str, TestResult]:
        """Every test against its quota."""
        version = self.version
        here = self.here()
        cycles = any(t.cycle for t in version.tests)
        whole = self._tally.by_test(version, self.cycle, late=self.late) if cycles else here
        got: dict[str, _Exact] = {}
        quotas: dict[str, int] = {}
        due: dict[str, bool] = {}
        for test in version.tests:
            sums = (whole if test.cycle else here)[test.id]
            due[test.id] = not test.cycle or self.rule.closes_cycle(self.index)
            asked = self._quota(test)
            if test.window is not None:
                sums, asked, due[test.id] = self._window(test, asked)
            top, bottom = _UNIT[test.measure]
            got[test.id] = sums[_PLACE[test.measure]] * top, bottom
            quotas[test.id] = asked
        results = {}
        for test in version.tests:
            quota = quotas[test.id], 1
            if test.share_of is not None:
                basis = Fraction(*got[test.share_of]) if test.share_basis == "got" else quotas[test.share_of]
                quota = (test.quota.of(self.duty.facts) * basis).as_integer_ratio()
            results[test.id] = _against(test, got[test.id], quota, due[test.id])
        return results

    def here(self) -> dict[str, Sums]:
        """What each test counts in this period."""
        return self._tally.by_test(self.version, [self.index], late=self.late)

    def _quota(self, test: Test) -> int:
        if test.share_of is not None:
            return 0
        duty = self._of_cycle() if test.cycle else self.duty
        if test.at_most or test.window is not None:
            exact = test.quota.of(duty.facts) * 1000
            return divide(exact.numerator, exact.denominator, "nearest")
        return duty.quota(test.quota, self.version.period)

    def _of_cycle(self) -> Duty:
        first = self.rule.start(self.cycle.start)
        last = self.rule.end(self.cycle.start + self.rule.cycle - 1)
        return self.line.duty(first, last, self.version.period)

    def _window(self, test: Test, quota: int) -> tuple[Sums, int, bool]:
        """Sums, quota and whether it is due, of a span of one's own; nothing is asked of whom it does not concern."""
        window = test.window
        since = self.line.since(window.since, self.end) if window is not None else None
        if window is None or since is None:
            return [0] * 6, 0, True
        until = months_later(since, window.months)
        if until <= self.start:
            return [0] * 6, 0, True
        so_far = min(until, self.end + _DAY)
        return self._tally.between(self.version, test.id, since, so_far), quota, until - _DAY <= self.end

    def buckets(self) -> tuple[dict[str, tuple[int, int]], int]:
        """(earned, countable) by bucket, and what of it was carried in."""
        found: dict[str, tuple[int, int]] = {}
        brought = 0
        for plan, sums in self._tally.groups.get(self.index, {}).items():
            earned, countable = found.get(plan.bucket, (0, 0))
            found[plan.bucket] = earned + sums[EARNED], countable + sums[COUNTABLE]
            brought += sums[COUNTABLE] if plan.carried else 0
        return dict(sorted(found.items())), brought

    def requirements(self, tests: Mapping[str, TestResult]) -> dict[str, str]:
        """Each requirement in a word."""
        met = {name: result.met or not result.blocking for name, result in tests.items()}
        hoped = {name: met[name] or not result.due for name, result in tests.items()}
        return {each.id: self._word(each, met, hoped) for each in self.version.requirements}

    def _word(self, requirement: Requirement, met: Mapping[str, bool], hoped: Mapping[str, bool]) -> str:
        if self.duty.word == "none" or not requirement.who.fits(self.duty.facts):
            return "does not apply"
        if self.duty.word == "exempt":
            return "exempt"
        if requirement.meets.holds(met):
            return "met"
        return "not due" if requirement.meets.holds(hoped) else "not met"


def period_result(
    closing: Closing,
    tests: Mapping[str, TestResult],
    made_up: Mapping[str, int],
    carry: Mapping[str, int],
    *,
    sealed: bool,
) -> PeriodResult:
    """One period in full: sums by bucket, tests, requirements, what was made up of it and what it carries."""
    buckets, brought = closing.buckets()
    return PeriodResult(
        closing.start,
        closing.end,
        closing.version.version,
        closing.duty.word,
        sum(earned for earned, _ in buckets.values()),
        sum(countable for _, countable in buckets.values()),
        buckets,
        tests,
        closing.requirements(tests),
        brought,
        made_up,
        carry,
        sealed,
    )


def _against(test: Test, got: _Exact, quota: _Exact, due: bool) -> TestResult:
    (top, bottom), (asked, part) = got, quota
    over = top * part - asked * bottom
    met = over <= 0 if test.at_most else over >= 0
    short = 0 if met else -(-abs(over) // (bottom * part))
    return TestResult(top // bottom, -(-asked // part), short, met, due, test.blocking)
