"""The trial balance: for each period what came from the sources and where it stands; together nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.credits.books.raw import day
from app.rules import ledger

Sums = dict[str, dict[str, int]]  # period (ISO) → account → thousandths


@dataclass(slots=True)
class Line:
    """One account or group of accounts; `kind`: source, carried, learner, adjustment, other. `of`: its kind of
    evidence, the period it comes from or concerns, or its name. `countable` and `uncounted` of learners' accounts."""

    kind: str
    of: str
    bucket: str = ""
    countable: int = 0
    uncounted: int = 0
    taken: int = 0

    @property
    def sum(self) -> int:
        """What the line adds to the balance."""
        return self.countable + self.uncounted + self.taken


@dataclass(slots=True)
class PeriodBalance:
    """A period's lines, sources first; `left` is their sum, which must be 0."""

    period: date
    lines: list[Line] = field(default_factory=list)

    @property
    def left(self) -> int:
        """What does not cancel out (thousandths)."""
        return sum(line.sum for line in self.lines)


def add(sums: Sums, more: Mapping[str, Mapping[str, int]]) -> None:
    """Sums of other learners."""
    for period, accounts in more.items():
        own = sums.setdefault(period, {})
        for account, amount in accounts.items():
            own[account] = own.get(account, 0) + amount


def balances(sums: Mapping[str, Mapping[str, int]]) -> list[PeriodBalance]:
    """By period, the newest first. (One that is no day is named by the proof.)"""
    return [_period(period, sums[period.isoformat()]) for period in sorted(filter(None, map(_day, sums)), reverse=True)]


def _day(text: str) -> date | None:
    try:
        return day(text)
    except ValueError:
        return None


def _period(period: date, accounts: Mapping[str, int]) -> PeriodBalance:
    lines: dict[tuple[str, str, str], Line] = {}
    by_kind: defaultdict[str, list[Line]] = defaultdict(list)

    def line(kind: str, of: str, bucket: str = "") -> Line:
        found = lines.get((kind, of, bucket))
        if found is None:
            found = lines[kind, of, bucket] = Line(kind, of, bucket)
            by_kind[kind].append(found)
        return found

    for account in sorted(accounts):
        amount = accounts[account]
        read = ledger.read_account(account)
        if read is not None:
            kind, of = ("adjustment", read.origin.isoformat()) if read.origin else ("learner", "")
            own = line(kind, of, read.bucket)
            if read.part == ledger.COUNTABLE:
                own.countable += amount
            else:
                own.uncounted += amount
        elif account.startswith(ledger.CARRIED_SOURCE):
            line("carried", account.rsplit("/", 1)[1]).taken += amount
        elif account.startswith(ledger.source("")):
            line("source", account.removeprefix(ledger.source(""))).taken += amount
        else:
            line("other", account).taken += amount
    order = ("source", "carried", "learner", "adjustment", "other")
    return PeriodBalance(period, [each for kind in order for each in by_kind[kind]])
