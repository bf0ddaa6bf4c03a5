"""A learner's duty in the present period: how much, how far, and where the present pace leads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet

PACE_DAYS = 28
STEP = 100  # paces are said in tenths of an hour
NARROW_DAYS = 14  # who finishes only within the last two weeks is at risk


@dataclass(frozen=True, slots=True)
class Part:
    """A share of the duty with its own quota; thousandths. `bucket` "" is what any subject may fill."""

    bucket: str
    got: int
    quota: int

    @property
    def short(self) -> int:
        """What is missing."""
        return max(0, self.quota - self.got)


@dataclass(frozen=True, slots=True)
class Duty:
    """What is owed from `start` to `end` (its last day); thousandths of an hour."""

    start: date
    end: date
    got: int
    quota: int
    parts: tuple[Part, ...]
    met: bool

    @property
    def short(self) -> int:
        """What must still be earned for everything to be reached: parts cannot stand for each other."""
        return max(self.quota - self.got, sum(part.short for part in self.parts), 0)

    def even(self, day: date) -> int:
        """What an even pace would have reached by the end of a day."""
        whole = (self.end - self.start).days + 1
        gone = min(whole, max(0, (day - self.start).days + 1))
        return self.quota * gone // whole // STEP * STEP


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where the present pace leads. `finish`: the day by which it is done; None when not within ten years.

    `weekly`: the thousandths a week that are enough, in tenths of an hour. Status: done, on-course, at-risk, late.
    """

    status: str
    finish: date | None
    weekly: int
    recent: int


def period_of(book: RuleBook, day: date) -> tuple[date, date]:
    """First and last day of the training period that a day lies in."""
    index = book.period.index(day)
    return book.period.start(index), book.period.end(index)


def _roles(version: RuleSet) -> tuple[str | None, dict[str, str]]:
    """Which test is the whole duty, and which test is about one bucket alone."""
    whole: str | None = None
    buckets: dict[str, str] = {}
    for test in version.tests:
        if test.at_most or test.share_of or test.cycle or test.measure not in ("countable", "earned"):
            continue
        sets = test.when.sets
        if not sets and whole is None:
            whole = test.id
        elif set(sets) == {"bucket"} and not sets["bucket"].negated and len(sets["bucket"].values) == 1:
            buckets.setdefault(next(iter(sets["bucket"].values)), test.id)
    return whole, buckets


class Yardstick:
    """What the rules ask for in the period from `start` to `end`: the same for everybody it is held to."""

    def __init__(self, book: RuleBook, start: date, end: date) -> None:
        version = book.version_on(min(end, max(start, book.versions[-1].effective))) or book.versions[0]
        self._start, self._end = start, end
        self._whole, self._named = _roles(version)

    def duty(self, tests: str | None, buckets: str | None, met: bool) -> Duty | None:
        """The duty from a `LearnerPeriod` row's columns; None where no sum of hours is asked for."""
        found: dict[str, Any] = json.loads(tests) if tests else {}
        parts = [
            Part(bucket, found[test]["got"], found[test]["quota"])
            for bucket, test in self._named.items()
            if test in found and found[test]["quota"] > 0
        ]
        total = found.get(self._whole or "")
        if total is not None:
            got, quota = total["got"], total["quota"]
        else:
            sums: dict[str, Any] = json.loads(buckets) if buckets else {}
            got, quota = sum(pair[1] for pair in sums.values()), sum(part.quota for part in parts)
        if quota <= 0:
            return None
        free = quota - sum(part.quota for part in parts)
        if parts and free > 0:
            beyond = got - sum(min(part.got, part.quota) for part in parts)
            parts.append(Part("", max(0, beyond), free))
        return Duty(self._start, self._end, got, quota, tuple(parts), met)


def outlook(duty: Duty, day: date, recent: int) -> Outlook:
    """Where a learner's pace leads: the better of the last four weeks' (`recent` thousandths) and the period's.

    So somebody far ahead may rest, and somebody who has just begun is judged by the beginning.
    """
    if duty.met:
        return Outlook("done", day, 0, recent)
    left = max(1, (duty.end - day).days)
    short = max(duty.short, 1)
    weekly = -(-short * 7 // left // STEP) * STEP
    gone = max(1, min((day - duty.start).days + 1, (duty.end - duty.start).days + 1))
    # Days needed at each pace, in whole numbers: short / (earned / days).
    needed = [-(-short * days // got) for got, days in ((recent, min(PACE_DAYS, gone)), (duty.got, gone)) if got > 0]
    days = min(needed, default=None)
    finish = day + timedelta(days=days) if days is not None and days < 3650 else None
    if gone < PACE_DAYS and duty.got >= duty.even(day) // 2:
        status = "on-course"
    elif finish is None or finish > duty.end:
        status = "late"
    elif finish > duty.end - timedelta(days=NARROW_DAYS):
        status = "at-risk"
    else:
        status = "on-course"
    return Outlook(status, finish, weekly, recent)
