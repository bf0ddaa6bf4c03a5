"""Training periods and cycles: which period a day falls into, and where it begins and ends."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class QuotaRound:
    """How a quota that was lowered or weighed by days is rounded once, in thousandths."""

    to_m: int
    mode: str


@dataclass(frozen=True, slots=True)
class PeriodRule:
    """Periods of `months`, the first beginning on `month`-`day` of `first`; `cycle` of them are a cycle."""

    month: int
    day: int
    months: int
    first: int
    cycle: int
    standing: str
    reduce: str
    quota_round: QuotaRound | None
    late: str
    seal_after_months: int

    def start(self, index: int) -> date:
        """The first day of a period (0 is the first period)."""
        months = self.first * 12 + self.month - 1 + index * self.months
        return date(months // 12, months % 12 + 1, self.day)

    def end(self, index: int) -> date:
        """The last day of a period."""
        return self.start(index + 1) - timedelta(days=1)

    def index(self, day: date) -> int:
        """The period of a day; below 0 before the first."""
        months = (day.year - self.first) * 12 + day.month - self.month
        return (months if day.day >= self.day else months - 1) // self.months

    def cycle_of(self, index: int) -> int:
        """The cycle of a period."""
        return index // self.cycle

    def closes_cycle(self, index: int) -> bool:
        """Is this the last period of its cycle?"""
        return index % self.cycle == self.cycle - 1

    def shape(self) -> tuple[int, int, int, int, int]:
        """What all versions of one rule set must share."""
        return self.month, self.day, self.months, self.first, self.cycle


def years_later(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1) if day.year + years <= date.max.year else date.max


def months_later(day: date, months: int) -> date:
    """The same day some months later; a day that the month has not becomes the first of the next one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year >= date.max.year:
        return date.max
    if day.day > monthrange(year, month + 1)[1]:
        return date(year, month + 2, 1)  # December has every day
    return date(year, month + 1, day.day)
