"""The line of standings: whose duty holds on which days, and the quotas that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from app.rules.credit.clauses import Quota
from app.rules.credit.evidence import Piece
from app.rules.credit.formula import divide
from app.rules.credit.kinds import STANDING_FIELDS
from app.rules.credit.periods import PeriodRule

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Share:
    """One standing within a period: its facts, all its days, and those that are not exempt."""

    facts: Facts
    days: int
    bound: int


@dataclass(frozen=True, slots=True)
class Duty:
    """What holds for one period: full, exempt or none; the standing that decides, and the days."""

    word: str
    facts: Facts
    shares: tuple[Share, ...]
    days: int

    def quota(self, quota: Quota, rule: PeriodRule) -> int:
        """The quota in thousandths, weighed and lowered by days as the period says, rounded once."""
        whole = quota.of(self.facts) * 1000
        bound = sum(share.bound for share in self.shares)
        exact = whole
        if rule.standing == "pro_rata" and bound:
            weighed = sum((quota.of(s.facts) * 1000 * s.bound for s in self.shares), Fraction(0))
            exact = weighed / bound
        if rule.reduce == "days":
            exact = exact * bound / self.days
        if exact == whole or rule.quota_round is None:
            return divide(exact.numerator, exact.denominator, "nearest")
        step = rule.quota_round.to_m
        return divide(exact.numerator, exact.denominator * step, rule.quota_round.mode) * step


class Line:
    """One learner's standings and exemptions. Without any standing the duty is taken to hold throughout."""

    def __init__(self, pieces: Sequence[Piece], day_of: Callable[[Piece], date]) -> None:
        """`pieces` in the order of the fold; only standings and approved exemptions are looked at."""
        self._known: list[tuple[date, Facts | None]] = []
        for piece in pieces:
            if piece.kind == "standing":
                facts = {name: piece.facts()[name] for name in STANDING_FIELDS}
                self._known.append((day_of(piece), None if piece.change == "left" else facts))
        if not self._known:
            self._known.append((date.min, {}))
        self._exempt = [piece.exempt for piece in pieces if piece.exempt is not None]

    def duty(self, start: date, end: date, rule: PeriodRule) -> Duty:
        """The duty of the period from `start` to `end`, both included."""
        shares: dict[int, Share] = {}
        free = self._free(start, end)
        edges = [day for day, _ in self._known[1:]] + [end + timedelta(days=1)]
        for place, ((since, facts), until) in enumerate(zip(self._known, edges, strict=True)):
            first, last = max(since, start), min(until - timedelta(days=1), end)
            if facts is not None and first <= last:
                away = sum(max(0, (min(b, last) - max(a, first)).days + 1) for a, b in free)
                days = (last - first).days + 1
                shares[place] = Share(facts, days, days - away)
        found = tuple(shares.values())
        days = (end - start).days + 1
        if not found:
            return Duty("none", {}, (), days)
        bound = sum(share.bound for share in found)
        exempt = bound == 0 or (rule.reduce == "whole" and bool(free))
        return Duty("exempt" if exempt else "full", _deciding(found, rule.standing), found, days)

    def _free(self, start: date, end: date) -> list[tuple[date, date]]:
        """Exempt spans inside the period, united."""
        united: list[tuple[date, date]] = []
        for first, last in sorted(self._exempt):
            first, last = max(first, start), min(last, end)
            if first > last:
                continue
            if united and first <= united[-1][1] + timedelta(days=1):
                united[-1] = united[-1][0], max(last, united[-1][1])
            else:
                united.append((first, last))
        return united


def _deciding(shares: Sequence[Share], policy: str) -> Facts:
    if policy != "most":
        return shares[-1].facts
    days: dict[tuple[object, ...], int] = {}
    for share in shares:
        key = tuple(share.facts.get(name) for name in STANDING_FIELDS)
        days[key] = days.get(key, 0) + share.days
    most = max(days.values())  # of equal ones the earlier: dicts keep their order
    key = next(key for key, count in days.items() if count == most)
    return dict(zip(STANDING_FIELDS, key, strict=True))
