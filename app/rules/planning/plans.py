"""What a plan says: what is short, which courses close it, what there is then, what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.rules.credit.clauses import RuleSet
from app.rules.credit.evidence import Piece
from app.rules.credit.settlement import PeriodResult
from app.rules.planning.goals import Duty
from app.rules.planning.limits import Idle, Limit

WEEK = 7


@dataclass(frozen=True, slots=True)
class Chosen:
    """A proposed course: what it takes, what it gives to this period and to earlier ones (countable thousandths),
    the days of its steps, and the ids of the evidence that they would leave."""

    code: str
    left_ms: int
    gives: int
    earlier: int
    days: tuple[date, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shortage:
    """A test that is not met: what it has, needs and lacks, thousandths of its measure. `start`: its period."""

    start: date
    test: str
    measure: str
    got: int
    quota: int
    short: int
    at_most: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One way to meet the duty: what it lacks now, what of it all offers leave open, and the time it takes
    (None where the offers are not enough)."""

    lacks: tuple[Shortage, ...]
    leaves: tuple[Shortage, ...]
    left_ms: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do in the period from `start` to `end` (its last day), as it is on `day`.

    `state`: "met" (nothing that is due is short), "closes" (the courses close it), "open" (all offers together do
    not: the courses are those that help), "exempt" or "none" (no duty). `before` and `after`: the period as it is and
    with the courses done on the days of `evidence`; `after` is the promise. `owed`: requirements of earlier periods
    that are not met and may still be made up. `ways`: more than one where the duty has alternatives, the one planned
    for first. `limits` bind the courses (or, where it stays open, all offers); `idle` and `waiting`: see there.
    `released`: countable thousandths of this period that are due to what waited for a course here.
    """

    day: date
    start: date
    end: date
    version: RuleSet
    state: str
    before: PeriodResult
    after: PeriodResult
    owed: tuple[Duty, ...]
    courses: tuple[Chosen, ...]
    evidence: tuple[Piece, ...]
    released: int
    ways: tuple[Way, ...]
    limits: tuple[Limit, ...]
    idle: tuple[Idle, ...]
    waiting: tuple[tuple[str, str], ...]
    folds: int

    @property
    def left_ms(self) -> int:
        """Study time of all proposed courses."""
        return sum(course.left_ms for course in self.courses)

    @property
    def days(self) -> int:
        """On how many days it is laid, so that limits a day cost nothing."""
        return len({day for course in self.courses for day in course.days})

    @property
    def lacks(self) -> tuple[Shortage, ...]:
        """What is short now, on the way that is planned for."""
        return self.ways[0].lacks if self.ways else ()

    @property
    def leaves(self) -> tuple[Shortage, ...]:
        """What stays open when everything on offer is done."""
        return self.ways[0].leaves if self.ways and self.state == "open" else ()

    @property
    def weekly_ms(self) -> int:
        """Study time a week, from today to the end of the period; all of it where that is less than a week off."""
        return -(-self.left_ms * WEEK // max(WEEK, self.days_left))

    @property
    def days_left(self) -> int:
        """Days of the period from today on, today included."""
        return (self.end - self.day).days + 1
