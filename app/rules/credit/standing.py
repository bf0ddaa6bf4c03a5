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
from app.rules.credit.periods import PeriodRule, months_later
from app.rules.credit.selector import Selector

Facts = Mapping[str, object]
Span = tuple[date, date]  # first and last day
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Share:
    """One standing within a period: its facts, all its days, and those that are not exempt."""

    facts: Facts
    days: int
    bound: int


@dataclass(frozen=True, slots=True)
class Duty:
    """What holds for one period: full, exempt or none; the standing that decides.

    `part`: the part of the period (of its days or months, as the period says) in which it held.
    """

    word: str
    facts: Facts
    shares: tuple[Share, ...]
    part: Fraction

    def quota(self, quota: Quota, rule: PeriodRule) -> int:
        """The quota in thousandths, weighed and lowered as the period says, rounded once."""
        value = quota.of(self.facts)
        if self.part == 1 and rule.standing != "pro_rata":  # nearly always, and then no fraction needs reckoning
            return divide(value.numerator * 1000, value.denominator, "nearest")
        whole = value * 1000
        bound = sum(share.bound for share in self.shares)
        exact = whole
        if rule.standing == "pro_rata" and bound:
            weighed = sum((quota.of(s.facts) * 1000 * s.bound for s in self.shares), Fraction(0))
            exact = weighed / bound
        exact *= self.part
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
        self._told = bool(self._known)
        if not self._known:
            self._known.append((date.min, {}))
        self._exempt = [piece.exempt for piece in pieces if piece.exempt is not None]

    def duty(self, start: date, end: date, rule: PeriodRule) -> Duty:
        """The duty of the period from `start` to `end`, both included."""
        shares: list[Share] = []
        held: list[Span] = []
        free = _united(self._exempt, start, end)
        edges = [day for day, _ in self._known[1:]] + [end + _DAY]
        for (since, facts), until in zip(self._known, edges, strict=True):
            first, last = max(since, start), min(until - _DAY, end)
            if facts is not None and first <= last:
                away = sum(max(0, (min(b, last) - max(a, first)).days + 1) for a, b in free)
                days = (last - first).days + 1
                shares.append(Share(facts, days, days - away))
                held.append((first, last))
        if not shares:
            return Duty("none", {}, (), Fraction(1))
        bound = sum(share.bound for share in shares)
        exempt = bound == 0 or (rule.reduce == "whole" and bool(free))
        part = Fraction(1)
        if rule.reduce == "days":
            part = Fraction(bound, (end - start).days + 1)
        elif rule.reduce == "months":
            part = _months(start, end, held, free)
        return Duty("exempt" if exempt else "full", _deciding(shares, rule.standing), tuple(shares), part)

    def since(self, who: Selector, until: date) -> date | None:
        """The last day up to `until` on which the standing came to fit; None where it never did, or is unknown."""
        found, before = None, False
        for day, facts in self._known if self._told else ():
            if day > until:
                break
            now = facts is not None and who.fits(facts)
            if now and not before:
                found = day
            before = now
        return found


def _united(spans: Sequence[Span], start: date, end: date) -> list[Span]:
    """Spans inside the period, united."""
    united: list[Span] = []
    for first, last in sorted(spans):
        first, last = max(first, start), min(last, end)
        if first > last:
            continue
        if united and first <= united[-1][1] + _DAY:
            united[-1] = united[-1][0], max(last, united[-1][1])
        else:
            united.append((first, last))
    return united


def _months(start: date, end: date, held: Sequence[Span], free: Sequence[Span]) -> Fraction:
    """The part of the months on at least one day of which the duty held."""
    bound = total = 0
    begin = start
    while begin <= end:
        total += 1
        after = months_later(start, total)
        last = min(after - _DAY, end)
        days = sum(max(0, (min(b, last) - max(a, begin)).days + 1) for a, b in held)
        away = sum(max(0, (min(b, d, last) - max(a, c, begin)).days + 1) for a, b in held for c, d in free)
        bound += days > away
        begin = after
    return Fraction(bound, total)


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
