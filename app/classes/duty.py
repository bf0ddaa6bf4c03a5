"""A learner's duty in the present period: how much, how far, and where the present pace leads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.classes.standing import StandingRow
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet, Test
from app.rules.planning.goals import one_bucket, together, ways

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
class Gauge:
    """A test that is asked for besides the ring's hours: thousandths of its measure, `short` what is missing (of an
    upper limit: too much)."""

    test: str
    measure: str
    got: int
    quota: int
    short: int
    met: bool
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """What is owed from `start` to `end` (its last day); thousandths of an hour.

    `others`: what is asked for beside these sums. `ways`: where the duty may be met in several ways, the tests of
    each, that of the sums above first; else empty. `carried`: what of `got` older periods brought.
    """

    start: date
    end: date
    got: int
    quota: int
    parts: tuple[Part, ...]
    met: bool
    others: tuple[Gauge, ...] = ()
    ways: tuple[tuple[Gauge, ...], ...] = ()
    carried: int = 0

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
    `recent`: counted in the last four weeks; `lately`: `finish` follows from that pace, not from the whole period's.
    """

    status: str
    finish: date | None
    weekly: int
    recent: int
    lately: bool = True


def period_of(book: RuleBook, day: date) -> tuple[date, date]:
    """First and last day of the training period that a day lies in."""
    index = book.period.index(day)
    return book.period.start(index), book.period.end(index)


@dataclass(frozen=True, slots=True)
class _Plain:
    """One way to meet the duty: the test of the whole, that of each bucket, and the rest."""

    whole: str | None
    buckets: Mapping[str, str]
    others: tuple[str, ...]
    names: tuple[str, ...]


def _plain(tests: Iterable[Test]) -> _Plain:
    """Which test is the whole duty, which is about one bucket alone, and which is something else."""
    whole: str | None = None
    buckets: dict[str, str] = {}
    others: list[str] = []
    names = []
    for test in tests:
        names.append(test.id)
        hours = not (test.at_most or test.share_of or test.cycle or test.window)
        hours = hours and test.measure in ("countable", "earned")
        bucket = one_bucket(test) if hours else None
        if bucket == "" and whole is None:
            whole = test.id
        elif bucket:
            buckets.setdefault(bucket, test.id)
        else:
            others.append(test.id)
    return _Plain(whole, buckets, tuple(others), tuple(names))


def _ways(version: RuleSet, facts: Mapping[str, str | None] | None) -> tuple[_Plain, ...]:
    """Every way to meet what is required of somebody who stands there; all tests where nothing is required."""
    owed = [r for r in version.requirements if facts is None or r.who.fits(facts)] or list(version.requirements)
    if not owed:
        return (_plain(version.tests),)
    found = together(ways(requirement.meets) for requirement in owed)
    return tuple(_plain(test for test in version.tests if test.id in names) for names in found)


class Yardstick:
    """What the rules ask for in the period from `start` to `end`: reckoned once for all who stand alike."""

    def __init__(self, book: RuleBook, start: date, end: date) -> None:
        self._version = book.version_on(min(end, max(start, book.versions[-1].effective))) or book.versions[0]
        self._start, self._end = start, end
        self._tests = {test.id: test for test in self._version.tests}
        self._read = {field for r in self._version.requirements for field in r.who.sets}
        self._known: dict[tuple[str, str, str], tuple[_Plain, ...]] = {}

    def duty(
        self,
        tests: str | None,
        buckets: str | None,
        met: bool,
        standing: StandingRow | None = None,
        carried: int = 0,
    ) -> Duty | None:
        """The duty from a `LearnerPeriod` row's columns; None where no sum of hours is asked for: the rules have none,
        bind nobody who stands there, or the person is exempt.

        Where it may be met in several ways: the one that is met, else the nearest.
        """
        found: dict[str, Any] = json.loads(tests) if tests else {}
        plain = self._asked(standing)
        first = min(plain, key=lambda way: self._distance(way, found)) if len(plain) > 1 else plain[0]
        parts = [
            Part(bucket, found[test]["got"], found[test]["quota"])
            for bucket, test in first.buckets.items()
            if test in found and found[test]["quota"] > 0
        ]
        total = found.get(first.whole or "")
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
        several = (first, *(way for way in plain if way is not first)) if len(plain) > 1 else ()
        duty = Duty(
            self._start, self._end, got, quota, tuple(parts), met, self._gauges(first.others, found),
            tuple(self._gauges(way.names, found) for way in several), carried,
        )  # fmt: skip
        return None if met and duty.short else duty  # met with hours missing: they are not asked for

    def _asked(self, standing: StandingRow | None) -> tuple[_Plain, ...]:
        if standing is None or not self._read:
            key, facts = ("", "", ""), None
        else:
            key = standing.unit_code, standing.class_code, standing.band
            facts = {"unit": key[0] or None, "class": key[1] or None, "band": key[2] or None}
        if key not in self._known:
            self._known[key] = _ways(self._version, facts)
        return self._known[key]

    def _distance(self, way: _Plain, found: Mapping[str, Any]) -> tuple[float, bool]:
        """What a way lacks, as parts of its quotas; of equal ones that with hours comes first."""
        lacking = sum(each.short / max(1, each.quota) for each in self._gauges(way.names, found))
        return lacking, way.whole is None and not way.buckets

    def _gauges(self, names: Iterable[str], found: Mapping[str, Any]) -> tuple[Gauge, ...]:
        return tuple(
            Gauge(
                name, self._tests[name].measure, found[name]["got"], found[name]["quota"], found[name]["short"],
                found[name]["met"], self._tests[name].at_most,
            )
            for name in names
            if name in found and (found[name]["quota"] > 0 or self._tests[name].at_most)
        )  # fmt: skip


def outlook(duty: Duty, day: date, recent: int) -> Outlook:
    """Where a learner's pace leads: the better of the last four weeks' (`recent` thousandths) and the period's.

    So somebody far ahead may rest, and somebody who has just begun is judged by the beginning. What older periods
    brought is no pace.
    """
    if duty.met:
        return Outlook("done", day, 0, recent)
    left = max(1, (duty.end - day).days)
    short = max(duty.short, 1)
    weekly = -(-short * 7 // left // STEP) * STEP
    gone = max(1, min((day - duty.start).days + 1, (duty.end - duty.start).days + 1))
    # Days needed at each pace, in whole numbers: short / (earned / days).
    paces = ((recent, min(PACE_DAYS, gone), True), (duty.got - duty.carried, gone, False))
    needed = [(-(-short * days // got), not lately) for got, days, lately in paces if got > 0]
    days, period = min(needed, default=(None, False))
    finish = day + timedelta(days=days) if days is not None and days < 3650 else None
    if gone < PACE_DAYS and duty.got >= duty.even(day) // 2:
        status = "on-course"
    elif finish is None or finish > duty.end:
        status = "late"
    elif finish > duty.end - timedelta(days=NARROW_DAYS):
        status = "at-risk"
    else:
        status = "on-course"
    return Outlook(status, finish, weekly, recent, not period)
