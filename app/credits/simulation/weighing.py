"""One learner before and after a draft: what counts in the present period, what is missing, which clauses did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from app.credits.simulation.attribution import amounts
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.evidence import Piece
from app.rules.credit.fold import settle
from app.rules.credit.settlement import PeriodResult, Settlement

HOURS = ("countable", "earned")


class Stand(NamedTuple):
    """A learner in the present period. `countable_m` and `short_m` in thousandths of a unit; `bound`: some
    requirement applies, `met`: none that does is missed or still open (as `learner_period.met`).

    `short_m`: the largest shortfall of a blocking test of hours that an unmet requirement names.
    """

    countable_m: int
    short_m: int
    bound: bool
    met: bool


NOBODY = Stand(0, 0, False, True)


@dataclass(frozen=True, slots=True)
class Weighed:
    """`clauses`: in whose favour (thousandths, below 0 against the learner) by clause; only of who changes."""

    before: Stand
    after: Stand
    clauses: Mapping[str, int]

    @property
    def changed(self) -> bool:
        """Does anything that people are told differ?"""
        return self.before != self.after

    @property
    def gains(self) -> bool:
        """Of who changes: is it to the better? Hours first, then what is missing, then the duty itself."""
        before, after = self.before, self.after
        if before.countable_m != after.countable_m:
            return after.countable_m > before.countable_m
        if before.short_m != after.short_m:
            return after.short_m < before.short_m
        return (after.met and not before.met) or (before.bound and not after.bound)


@dataclass(frozen=True, slots=True)
class Scale:
    """What everybody is weighed on: two books, the present period, today, the seals that hold.

    `name`: what everything on the side before the draft depends on, as `stands.scale_of` names it.
    """

    before: RuleBook | None
    after: RuleBook
    start: date
    today: date
    seals: Mapping[date, datetime]
    name: str

    def stand(self, pieces: Sequence[Piece]) -> Stand:
        """Where a learner stands before the draft."""
        return self._stand(self.before, self._before(pieces, False))

    def weigh(self, pieces: Sequence[Piece], known: Stand | None = None, explain: bool = False) -> Weighed:
        """One learner; `known`: where it stands before, if that was found already.

        Only who changes needs reasons: they are made by folding once more, or (`explain`) at once.
        """
        old = self._before(pieces, explain) if known is None else None
        new = self._settled(self.after, pieces, explain)
        before = self._stand(self.before, old) if known is None else known
        after = self._stand(self.after, new)
        if before == after:
            return Weighed(before, after, {})
        if old is None or not explain:
            old = self._before(pieces, True)
        if not explain:
            new = self._settled(self.after, pieces, True)
        found = _asked(self._now(old), self._now(new))
        for clause, amount in amounts(old, new, self.start).items():
            found[clause] = found.get(clause, 0) + amount
        return Weighed(before, after, {clause: amount for clause, amount in found.items() if amount})

    def _before(self, pieces: Sequence[Piece], explain: bool) -> Settlement | None:
        return None if self.before is None else self._settled(self.before, pieces, explain)

    def _settled(self, book: RuleBook, pieces: Sequence[Piece], explain: bool) -> Settlement:
        return settle(book, pieces, explain=explain, until=self.today, seals=self.seals, since=self.start)

    def _now(self, settlement: Settlement | None) -> PeriodResult | None:
        return None if settlement is None else settlement.periods.get(self.start)

    def _stand(self, book: RuleBook | None, settlement: Settlement | None) -> Stand:
        result = self._now(settlement)
        if book is None or result is None:
            return NOBODY
        words = result.requirements
        unmet = [name for name, word in words.items() if word in ("not met", "not due")]
        bound = bool(unmet) or "met" in words.values()
        short = _short(_version(book, result.version), result, unmet) if unmet else 0
        return Stand(result.countable, short, bound, not unmet)


def _short(version: RuleSet, result: PeriodResult, unmet: Sequence[str]) -> int:
    hours = {t.id for t in version.tests if t.measure in HOURS and not t.at_most and t.blocking}
    named = {name for each in version.requirements if each.id in unmet for name in each.meets.names()}
    return max((result.tests[name].short for name in hours & named), default=0)


def _version(book: RuleBook, number: int) -> RuleSet:
    return next(each for each in book.versions if each.version == number)


def _asked(old: PeriodResult | None, new: PeriodResult | None) -> dict[str, int]:
    """By test: how much less (above 0) or more is asked, where quotas differ."""
    before = {} if old is None else {name: test.quota for name, test in old.tests.items()}
    after = {} if new is None else {name: test.quota for name, test in new.tests.items()}
    return {name: before.get(name, 0) - after.get(name, 0) for name in (*before, *(set(after) - set(before)))}
