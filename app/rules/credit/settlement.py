"""What a settlement says: postings with their reasons, periods, and what gave nothing and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

# Every word that a reason may say; `reasons` has their texts.
WORDS = ("gives", "weighs", "below mark", "repeat", "cut", "withdrawn", "no clause")


class Why(NamedTuple):
    """One reason: the clause's id (or the withdrawing piece's), the word, three numbers.

    gives: exact amount as numerator and denominator (thousandths), amount given (thousandths) ·
    weighs: the factor as numerator and denominator, 0 ·
    below mark: of a ratio its numerator and denominator, else measure and threshold in thousandths; 0 ·
    repeat: day of the first as YYYYMMDD, amount asked, amount left · cut: asked, taken, limit.
    """

    clause: str
    did: str
    numbers: tuple[int, int, int]


class Posting(NamedTuple):
    """What one piece gave, in thousandths. `period` is its first day, `day` the local day of happening.

    Earned is before caps, countable after; `why` is empty unless reasons were asked for.
    """

    evidence: str
    period: date
    day: date
    bucket: str
    earned: int
    countable: int
    version: int
    why: tuple[Why, ...]


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


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that follows from a learner's evidence. Postings stand in the order of the fold."""

    ruleset: str
    versions: tuple[int, ...]
    postings: tuple[Posting, ...]
    periods: Mapping[date, PeriodResult]
    nothing: tuple[Nothing, ...]
