"""Sums of what was posted, by period and plan: what tests, shares and carry-over are reckoned from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeAlias

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.evidence import Numbers
from app.rules.credit.kinds import NUMBERS
from app.rules.credit.plan import Plan

# earned, countable, half-days, milliseconds, pieces, thousandths of months
Sums: TypeAlias = list[int]
EARNED, COUNTABLE, HALF_DAYS, MS, PIECES, MONTHS = range(6)
_HALF_DAYS, _DURATION, _MONTHS = (NUMBERS.index(name) for name in ("half_days", "duration_ms", "months_m"))


class Tally:
    """One learner's sums. `groups`: period → plan → sums; `log`: each posting by day, only where a window needs it.

    `late`: the same of what was posted to a sealed period after its seal; the sealed period is told without it.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self.groups: dict[int, dict[Plan, Sums]] = {}
        self.late: dict[int, dict[Plan, Sums]] = {}
        self.log: list[tuple[date, Plan, Sums]] | None = [] if book.has_windows else None

    def add(self, index: int, day: date, plan: Plan, earned: int, countable: int, *, late: bool = False) -> None:
        """Amounts alone: carried hours, what pays an older shortfall, what a share takes back (negative)."""
        sums = self._sums(self.late if late else self.groups, index, plan)
        sums[EARNED] += earned
        sums[COUNTABLE] += countable
        if self.log is not None:
            self.log.append((day, plan, [earned, countable, 0, 0, 0, 0]))

    def piece(
        self,
        index: int,
        day: date,
        plan: Plan,
        earned: int,
        countable: int,
        numbers: Numbers,
        *,
        sign: int = 1,
        pieces: int = 1,
        late: bool = False,
    ) -> None:
        """A piece that gave something, with its days, minutes and months; `sign` −1 takes it back."""
        sums = self._sums(self.late if late else self.groups, index, plan)
        sums[EARNED] += earned
        sums[COUNTABLE] += countable
        sums[HALF_DAYS] += numbers[_HALF_DAYS] * sign
        sums[MS] += numbers[_DURATION] * sign
        sums[PIECES] += pieces * sign
        sums[MONTHS] += numbers[_MONTHS] * sign
        if self.log is not None:
            facts = [numbers[_HALF_DAYS] * sign, numbers[_DURATION] * sign, pieces * sign, numbers[_MONTHS] * sign]
            self.log.append((day, plan, [earned, countable, *facts]))

    def _sums(self, groups: dict[int, dict[Plan, Sums]], index: int, plan: Plan) -> Sums:
        try:
            return groups[index][plan]
        except KeyError:
            sums = groups.setdefault(index, {})[plan] = [0, 0, 0, 0, 0, 0]
            return sums

    def by_test(
        self, version: RuleSet, periods: Iterable[int], *, own: bool = False, late: bool = True
    ) -> dict[str, Sums]:
        """What each test of this version counts in these periods; `own`: without what was carried in; `late`: with
        what was posted to sealed ones afterwards."""
        found: dict[str, Sums] = {test.id: [0, 0, 0, 0, 0, 0] for test in version.tests}
        parts = (self.groups, self.late) if late and self.late else (self.groups,)
        # Many plans are counted by the same few tests: those are summed first.
        alike: dict[tuple[str, ...], Sums] = {}
        counted = self._book.counted_by
        for index in periods:
            for groups in parts:
                for plan, (earned, countable, half_days, ms, pieces, months) in groups.get(index, {}).items():
                    if own and plan.carried:
                        continue
                    names = counted(version, plan)
                    into = alike.get(names)
                    if into is None:
                        alike[names] = [earned, countable, half_days, ms, pieces, months]
                        continue
                    into[0] += earned
                    into[1] += countable
                    into[2] += half_days
                    into[3] += ms
                    into[4] += pieces
                    into[5] += months
        for names, sums in alike.items():
            for name in names:
                found[name] = [a + b for a, b in zip(found[name], sums, strict=True)]
        return found

    def between(self, version: RuleSet, test: str, first: date, until: date) -> Sums:
        """What a test counts of the days from `first` to before `until`."""
        found = [0, 0, 0, 0, 0, 0]
        for day, plan, sums in self.log or ():
            if first <= day < until and test in self._book.counted_by(version, plan):
                found = [a + b for a, b in zip(found, sums, strict=True)]
        return found
