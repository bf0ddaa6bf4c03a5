"""The versions of one rule set, and which of them judges a day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import compress
from zoneinfo import ZoneInfo

from app.rules.credit.clauses import Carry, Needs, RuleSet, Share
from app.rules.credit.errors import RuleError, RuleErrors, Said, say
from app.rules.credit.evidence import SNAPSHOT, Snapshot
from app.rules.credit.kinds import OPENING, SILENT
from app.rules.credit.plan import Plan, carried, compiled, taken_over, values
from app.rules.credit.selector import Selector

_MINUTES = 1440
_BUCKET = SNAPSHOT.index("subject_bucket")
_MOST_PLANS = _MOST_HOURS = 100_000


class RuleBook:
    """Versions of one id, oldest first. Keeps one compiled plan per (version, what it reads, part of the day).

    What no clause reads makes no difference and no plan of its own: else every unit and class would have one.
    """

    def __init__(self, versions: Sequence[RuleSet]) -> None:
        """Raises RuleErrors when they are not versions of one rule set, or share no period and time zone."""
        if not versions:
            raise RuleErrors([RuleError(1, "ruleset", "", say("at least one version is needed"))])
        self.versions = tuple(sorted(versions, key=lambda v: (v.effective, v.version)))
        self._check()
        first = self.versions[0]
        self.id, self.zone, self.period, self.unit = first.id, first.timezone, first.period, first.unit
        self._effective = [v.effective for v in self.versions]
        self._starts = sorted({0, *self._boundaries()})
        read = self._fields()
        self._read = tuple(field in read for field in SNAPSHOT)
        self._plans: dict[tuple[int, Snapshot, int], Plan | None] = {}
        self._narrow: dict[tuple[int, Snapshot, int], Plan | None] = {}
        self._fits: dict[tuple[int, Plan], tuple[str, ...]] = {}
        self._carried: dict[tuple[object, ...], Plan] = {}
        self._taken_over: dict[tuple[int, Snapshot], Plan] = {}
        self._shared: dict[tuple[int, str, Plan], bool] = {}
        self._serves: dict[tuple[Snapshot, int], tuple[tuple[int, Needs], ...]] = {}
        self.has_needs = any(v.needs for v in self.versions)
        self.has_shares = any(v.shares for v in self.versions)
        self.has_windows = any(t.window for v in self.versions for t in v.tests)
        self._grace = any(v.grace_minutes for v in self.versions)
        # UTC hour → its first minute of the local day, that day, the next; None where the clocks are changed.
        self._hours: dict[int, tuple[int, date, date] | None] = {}
        self._days: dict[date, RuleSet | None] = {}
        self._indexes: dict[date, int] = {}
        self._first_days: dict[int, date] = {}

    def _check(self) -> None:
        first, errors = self.versions[0], []
        for before, each in zip(self.versions, self.versions[1:], strict=False):

            def wrong(table: str, text: Said, version: int = each.version) -> None:
                errors.append(
                    RuleError(1, table, "", say("version %(number)s: %(message)s", number=version, message=text))
                )

            if each.id != first.id:
                wrong("ruleset", say("id %(id)r is another rule set than %(other)r", id=each.id, other=first.id))
            if each.version <= before.version or each.effective <= before.effective:
                wrong(
                    "ruleset",
                    say(
                        "version and effective date must both rise after version %(number)s (%(day)s)",
                        number=before.version,
                        day=before.effective,
                    ),
                )
            if each.timezone.key != first.timezone.key:
                wrong("ruleset", say("all versions share one time zone; another one is a new rule set"))
            if each.period.shape() != first.period.shape():
                wrong("period", say("all versions share start, months, first and cycle; others are a new rule set"))
        if errors:
            raise RuleErrors(errors)

    def _boundaries(self) -> Iterator[int]:
        """The minutes of the day at which some clock selector changes its mind."""
        for selector in self._selectors():
            yield from _changes(selector)

    def _selectors(self) -> Iterator[Selector]:
        for v in self.versions:
            for clauses in (
                v.converts, v.weights, v.marks, v.rounds, v.needs, v.duplicates, v.caps, v.shares, v.attendances,
                v.revokes, v.tests,
            ):  # fmt: skip
                yield from (clause.when for clause in clauses)
            yield from (clause.evidence for clause in v.needs)

    def _fields(self) -> set[str]:
        """The fields that can make a difference to a plan or to a test; `kind` always does."""
        fields = {field for selector in self._selectors() for field in selector.sets}
        return fields | {c.bucket_field for v in self.versions for c in v.converts if c.bucket_field} | {"kind"}

    def start(self, index: int) -> date:
        """The first day of a period."""
        try:
            return self._first_days[index]
        except KeyError:
            found = self._first_days[index] = self.period.start(index)
            return found

    def index(self, day: date) -> int:
        """The period of a day; below 0 before the first."""
        try:
            return self._indexes[day]
        except KeyError:
            if len(self._indexes) > _MOST_HOURS:
                self._indexes.clear()
            found = self._indexes[day] = self.period.index(day)
            return found

    def version_on(self, day: date) -> RuleSet | None:
        """The version of a day of happening; None before the first."""
        try:
            return self._days[day]
        except KeyError:
            place = bisect_right(self._effective, day)
        if len(self._days) > _MOST_HOURS:
            self._days.clear()
        found = self._days[day] = self.versions[place - 1] if place else None
        return found

    def local(self, happened: datetime, kind: str) -> tuple[date, int]:
        """Academy-local day and part of the day (its first minute). A version's grace may pull a watched
        piece back over the midnight that ends a period or version."""
        day, minute = self._here(happened)
        if self._grace and kind == "watched":
            before = day - timedelta(days=1)
            version = self.version_on(before)
            if (
                version is not None
                and minute < version.grace_minutes
                and (self.version_on(day) is not version or self.period.index(day) != self.period.index(before))
            ):
                return before, self._starts[-1]
        return day, self.part(minute)

    def _here(self, happened: datetime) -> tuple[date, int]:
        """Local day and minute. Zones are asked once an hour of all time: that is what a piece would cost most."""
        if happened.tzinfo is UTC:
            hour = happened.toordinal() * 24 + happened.hour
            try:
                known = self._hours[hour]
            except KeyError:
                if len(self._hours) > _MOST_HOURS:
                    self._hours.clear()
                known = self._hours[hour] = _hour(happened, self.zone)
            if known is not None:
                first, day, following = known
                minute = first + happened.minute
                return (day, minute) if minute < _MINUTES else (following, minute - _MINUTES)
        here = happened.astimezone(self.zone)
        return here.date(), here.hour * 60 + here.minute

    def part(self, minute: int) -> int:
        """The part of the day (its first minute) that a minute of the day lies in."""
        return 0 if len(self._starts) == 1 else self._starts[bisect_right(self._starts, minute) - 1]

    def plan(self, version: RuleSet, snapshot: Snapshot, minute: int) -> Plan | None:
        """How this version judges such pieces; None where nothing converts them."""
        whole = (version.version, snapshot, minute)
        try:
            return self._plans[whole]
        except KeyError:
            pass
        key = (version.version, tuple(compress(snapshot, self._read)), minute)
        if key not in self._narrow:
            self._narrow[key] = None if snapshot[0] in SILENT else compiled(version, snapshot, minute)
        if len(self._plans) > _MOST_PLANS:
            self._plans.clear()
        found = self._plans[whole] = self._narrow[key]
        return found

    def judging(self, day: date, snapshot: Snapshot, minute: int, index: int) -> tuple[RuleSet | None, Plan | None]:
        """The version of a day, and how it judges such pieces in the period `index` (below 0: before the first).

        An opening balance that it has no clause for, or from before there were rules, is taken over as it is.
        """
        version = self.version_on(day)
        plan = self.plan(version, snapshot, minute) if version is not None and index >= 0 else None
        if plan is None and snapshot[0] == OPENING:
            version = version or self.versions[0]
            key = version.version, (snapshot[_BUCKET], *compress(snapshot, self._read))
            plan = self._taken_over.get(key)
            if plan is None:
                plan = self._taken_over[key] = taken_over(version, snapshot)
        return version, plan

    def carried(self, version: RuleSet, clause: Carry, bucket: str) -> Plan:
        """How this version counts what a clause carries in."""
        key = (version.version, clause.id, bucket, tuple(sorted(clause.fields.items())))
        if key not in self._carried:
            self._carried[key] = carried(version, clause.fields, bucket)
        return self._carried[key]

    def counted_by(self, version: RuleSet, plan: Plan) -> tuple[str, ...]:
        """Names of this version's tests that count what such a plan gave."""
        found = self._fits.get((version.version, plan))
        if found is None:
            found = tuple(t.id for t in version.tests if t.when.fits(plan.seen))
            self._fits[version.version, plan] = found
        return found

    def shares(self, version: RuleSet, share: Share, plan: Plan) -> bool:
        """Is what such a plan gave part of this version's share?"""
        key = (version.version, share.id, plan)
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = share.when.fits(plan.seen)
        return found

    def serves(self, snapshot: Snapshot, minute: int) -> tuple[tuple[int, Needs], ...]:
        """(version, clause) of every `needs` that such a piece is the companion for."""
        key = (snapshot, minute)
        found = self._serves.get(key)
        if found is None:
            seen = values(snapshot, minute)
            found = tuple((v.version, n) for v in self.versions for n in v.needs if n.evidence.fits(seen))
            self._serves[key] = found
        return found


def _hour(moment: datetime, zone: ZoneInfo) -> tuple[int, date, date] | None:
    """First local minute of a UTC hour, its day and the next; None where the clocks change within it, where local time
    has seconds of its own, and at the ends of all time."""
    first = moment.replace(minute=0, second=0, microsecond=0)
    try:
        here, last = first.astimezone(zone), moment.replace(minute=59, second=59).astimezone(zone)
        following = here.date() + timedelta(days=1)
    except OverflowError:
        return None
    if here.utcoffset() != last.utcoffset() or here.second:
        return None
    return here.hour * 60 + here.minute, here.date(), following


def _changes(when: Selector) -> Iterator[int]:
    if "clock" in when.sets:
        inside = when.sets["clock"]
        for minute in range(_MINUTES):
            if inside.has(minute) != inside.has((minute - 1) % _MINUTES):
                yield minute
