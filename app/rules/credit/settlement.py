"""What a settlement says: postings with their reasons, periods, and what gave nothing and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

# Every word that a reason may say; `reasons` has their texts.
WORDS = (
    "gives", "weighs", "below mark", "waits", "waited", "repeat", "overlaps", "cut", "share", "make_up", "carried",
    "late", "withdrawn", "returned", "banned", "no clause",
)  # fmt: skip
# Carried hours are no evidence of their own: their posting is named after the clause and the period they come from.
CARRIED = "carried"
NO_SEALS: Mapping[date, datetime] = MappingProxyType({})


def carried_name(clause: str, origin: date) -> str:
    """The name under which what a period passes on is posted in the next one: `carried:<clause>:<first day>`."""
    return f"{CARRIED}:{clause}:{origin.isoformat()}"


class Why(NamedTuple):
    """One reason: the clause's id (or the withdrawing piece's), the word, three numbers.

    gives: exact amount as numerator and denominator (thousandths), amount given (thousandths) ·
    weighs: the factor as numerator and denominator, 0 ·
    below mark: of a ratio its numerator and denominator, else measure and threshold in thousandths; 0 ·
    repeat, overlaps: day of the first as YYYYMMDD, amount asked, amount left · cut: asked, taken, limit ·
    waits: 0, 0, 0 · waited: own day and the companion's as YYYYMMDD, 0 ·
    share: countable before, after, what the share allows in all · make_up: what this posting pays, what was missing,
    first day of the old period as YYYYMMDD · carried: surplus, passed on, first day of the old period as YYYYMMDD ·
    late: day of happening and day it became known as YYYYMMDD, first day of the sealed period as YYYYMMDD ·
    withdrawn: by attendance leave and limit in thousandths of hours, else 0; 0 ·
    returned: what it had paid of a sealed period, what of that it is worth by now, first day of that period as
    YYYYMMDD ·
    banned: last banned day as YYYYMMDD, 0, 0.
    """

    clause: str
    did: str
    numbers: tuple[int, int, int]


class Posting(NamedTuple):
    """What one piece gave, in thousandths. `period` is its first day, `day` the local day on which it counts (of
    happening; of the companion it waited for; of becoming known where its own period was sealed).

    Earned is before caps, countable after; `why` is empty unless reasons were asked for. One piece may have several:
    what it pays of an older period's shortfall, and the rest. Carried hours have `evidence` = `carried_name(…)`,
    earned 0. `origin` is set on adjustments only: the first day of the sealed period that it concerns. A posting that
    takes back a sealed one is named after the piece that withdraws it, and negative.
    """

    evidence: str
    period: date
    day: date
    bucket: str
    earned: int
    countable: int
    version: int
    why: tuple[Why, ...]
    origin: date | None = None


class Nothing(NamedTuple):
    """A piece that gave nothing, and why. `period` is None before the first period or version."""

    evidence: str
    period: date | None
    day: date
    clause: str
    did: str
    numbers: tuple[int, int, int]
    version: int


@dataclass(frozen=True, slots=True)
class TestResult:
    """A sum against its quota, both in thousandths (of hours, days, minutes, pieces). `short`: what is
    missing, or with an upper limit what is too much.
    `due` is False while a test over a cycle may still be met."""

    got: int
    quota: int
    short: int
    met: bool
    due: bool
    blocking: bool


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """One period at its close (or so far). Amounts in thousandths; buckets are (earned, countable).

    `duty`: full, exempt, none. Requirements: "met", "not met", "not due", "exempt" or "does not apply".
    `earned` leaves out what was carried in (`carried`, countable). `made_up`: by test, what later periods paid;
    `carry`: by clause, what goes (or would go) into the next period. `sealed`: judged as it stood at its seal.
    """

    start: date
    end: date
    version: int
    duty: str
    earned: int
    countable: int
    buckets: Mapping[str, tuple[int, int]]
    tests: Mapping[str, TestResult]
    requirements: Mapping[str, str]
    carried: int = 0
    made_up: Mapping[str, int] = field(default_factory=dict)
    carry: Mapping[str, int] = field(default_factory=dict)
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that follows from a learner's evidence. Postings stand in the order of the fold."""

    ruleset: str
    versions: tuple[int, ...]
    postings: tuple[Posting, ...]
    periods: Mapping[date, PeriodResult]
    nothing: tuple[Nothing, ...]
