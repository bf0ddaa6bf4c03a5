"""A rule set as it is after loading: one frozen record per row. Thresholds and factors are exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from app.rules.credit.formula import Expr, Predicate, Ratio
from app.rules.credit.periods import PeriodRule
from app.rules.credit.selector import Selector

Within: TypeAlias = Literal["day", "period", "cycle", "ever", "years"]


@dataclass(frozen=True, slots=True)
class Case:
    """`gives` (in units, not thousandths) where `test` holds; a plain amount is one case without test."""

    test: Predicate | None
    gives: Expr


@dataclass(frozen=True, slots=True)
class Convert:
    """Evidence → amount. `series` is None where the row says nothing (then `first` for watched facts)."""

    id: str
    when: Selector
    cases: tuple[Case, ...]
    bucket: str | None
    bucket_field: str | None
    series: str | None
    pool: str
    otherwise: bool


@dataclass(frozen=True, slots=True)
class Weight:
    """A factor; disjoint within its axis, multiplied across axes."""

    id: str
    when: Selector
    times: Fraction
    axis: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Below `threshold` (strict: at or below it) the piece gives nothing."""

    id: str
    when: Selector
    measure: Expr | Ratio
    threshold: Fraction
    strict: bool
    reached: Predicate


@dataclass(frozen=True, slots=True)
class Round:
    """The one rounding, in thousandths; a rounded value below `minimum_m` is 0."""

    id: str
    when: Selector
    to_m: int
    mode: str
    minimum_m: int


@dataclass(frozen=True, slots=True)
class Needs:
    """A piece waits for a companion that fits `evidence` and has the same item or run.

    A companion serves for `valid_years` from its day (0: for ever). One that comes later must come `within_days`
    of the piece (0: whenever).
    """

    id: str
    when: Selector
    evidence: Selector
    same: str
    valid_years: int
    within_days: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """Pieces of a class run are withdrawn when the run's leave is `beyond` the `limit`."""

    id: str
    when: Selector
    limit: Expr | Ratio
    beyond: Predicate


@dataclass(frozen=True, slots=True)
class Revoke:
    """What a revocation that fits `when` cancels, and which kinds give nothing for `ban_years` from its day."""

    id: str
    when: Selector
    cancels: str
    ban_kinds: frozenset[str]
    ban_years: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Pieces alike in `key`, or overlapping in time, are repeats of the first credited one, `within` its reach."""

    id: str
    when: Selector
    key: tuple[str, ...]
    within: Within
    years: int
    largest: bool
    overlap: bool = False


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit_m` countable thousandths per item, day, run, period, cycle or ever."""

    id: str
    when: Selector
    limit_m: int
    per: str


@dataclass(frozen=True, slots=True)
class Quota:
    """A number of units, or one by a field of the standing. Exact; a ratio where the test has `share_of`."""

    value: Fraction
    by: str | None
    values: Mapping[str, Fraction]

    def of(self, standing: Mapping[str, object]) -> Fraction:
        """The quota of somebody with this standing."""
        if self.by is None:
            return self.value
        return self.values.get(str(standing.get(self.by)), self.value)


@dataclass(frozen=True, slots=True)
class Share:
    """Of what fits `when` at most this part of what the test got (or of its quota) counts."""

    id: str
    when: Selector
    at_most: Fraction
    of: str
    of_quota: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A span of one's own: `months` from the day on which the standing first fits `since`."""

    since: Selector
    months: int


@dataclass(frozen=True, slots=True)
class Test:
    """One sum against one quota, over a period, a cycle or a window of one's own."""

    id: str
    when: Selector
    measure: str
    quota: Quota
    at_most: bool
    share_of: str | None
    share_basis: str
    cycle: bool
    blocking: bool
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Meets:
    """`all` or `any` of names of tests and of nested groups."""

    every: bool
    parts: tuple[str | Meets, ...]

    def names(self) -> frozenset[str]:
        """Every test named, at any depth."""
        return frozenset().union(*(frozenset((p,)) if isinstance(p, str) else p.names() for p in self.parts))

    def holds(self, met: Mapping[str, bool]) -> bool:
        """Is it met, given which tests are?"""
        found = (met[p] if isinstance(p, str) else p.holds(met) for p in self.parts)
        return all(found) if self.every else any(found)


@dataclass(frozen=True, slots=True)
class Requirement:
    """The duty of those whom `who` names."""

    id: str
    who: Selector
    meets: Meets


@dataclass(frozen=True, slots=True)
class Carry:
    """What of a test's surplus goes into the next period, and as what: `fields` of its snapshot, and a bucket.

    Nothing goes while one of the tests `unless_short` is short, or (`unless_unmet`) a requirement is not met.
    """

    id: str
    surplus_of: str
    measure: str
    fields: Mapping[str, str | bool]
    bucket: str | None
    most_m: int | None
    again: bool
    unless_short: tuple[str, ...]
    unless_unmet: bool = False


@dataclass(frozen=True, slots=True)
class MakeUp:
    """Shortfalls of these tests may be cured for `months` after the period."""

    id: str
    tests: tuple[str, ...]
    months: int


@dataclass(frozen=True, slots=True, eq=False)
class RuleSet:
    """One version of a rule set. `texts` holds each clause as printed: id → {"zh": …, "en": …}."""

    id: str
    version: int
    effective: date
    timezone: ZoneInfo
    unit: str
    title: Mapping[str, str]
    grace_minutes: int
    verify_by: date | str | None
    period: PeriodRule
    converts: tuple[Convert, ...]
    weights: tuple[Weight, ...]
    marks: tuple[Mark, ...]
    needs: tuple[Needs, ...]
    rounds: tuple[Round, ...]
    duplicates: tuple[Duplicate, ...]
    caps: tuple[Cap, ...]
    shares: tuple[Share, ...]
    attendances: tuple[Attendance, ...]
    revokes: tuple[Revoke, ...]
    tests: tuple[Test, ...]
    requirements: tuple[Requirement, ...]
    carries: tuple[Carry, ...]
    make_ups: tuple[MakeUp, ...]
    texts: Mapping[str, Mapping[str, str]]
    lines: Mapping[str, int]

    def without_text(self) -> tuple[str, ...]:
        """Ids of the clauses that are not yet printed in both languages: publishing needs them all."""
        return tuple(name for name, text in self.texts.items() if not (text.get("zh") and text.get("en")))
