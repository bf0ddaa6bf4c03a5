"""One learner before and after a draft: what counts in the present period, what is missing, which clauses did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from app.credits.simulation import attribution
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


class Before(NamedTuple):
    """The side before a draft. `told`: what `attribution` needs of it, packed; only of who changes it is unpacked."""

    stand: Stand
    told: bytes


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

    def stand(self, pieces: Sequence[Piece]) -> Before:
        """Where a learner stands before the draft, and by what."""
        settlement = None if self.before is None else self._settled(self.before, pieces, True)
        told = attribution.pack(attribution.told(settlement, self.start))
        return Before(self._stand(self.before, settlement), told)

    def weigh(self, pieces: Sequence[Piece], before: Before, explain: bool = False) -> Weighed:
        """One learner who stands so before. Only who changes needs reasons: they are made by folding once more, or
        (`explain`) at once."""
        new = self._settled(self.after, pieces, explain)
        after = self._stand(self.after, new)
        if before.stand == after:
            return Weighed(after, after, {})
        if not explain:
            new = self._settled(self.after, pieces, True)
        clauses = attribution.amounts(attribution.unpack(before.told), attribution.told(new, self.start))
        return Weighed(before.stand, after, clauses)

    def _settled(self, book: RuleBook, pieces: Sequence[Piece], explain: bool) -> Settlement:
        return settle(book, pieces, explain=explain, until=self.today, seals=self.seals, since=self.start)

    def _stand(self, book: RuleBook | None, settlement: Settlement | None) -> Stand:
        result = None if settlement is None else settlement.periods.get(self.start)
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
