"""What the fold carries from piece to piece. State is keyed by the clause's id, so it outlives a version."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import TypeAlias

from app.rules.credit.evidence import Numbers, Piece
from app.rules.credit.order import Late
from app.rules.credit.periods import PeriodRule
from app.rules.credit.plan import Plan
from app.rules.credit.settlement import Why

Key: TypeAlias = tuple[Hashable, ...]


@dataclass(slots=True)
class First:
    """What a duplicate clause remembers under one key: its first credited day, the largest amount asked, the
    numbers of that piece, how much each piece gave (by id). `before`: what it had remembered already."""

    day: date
    index: int
    series: Key | None
    before: First | None
    largest: int = 0
    numbers: Numbers = ()
    given: dict[str, int] = field(default_factory=dict)

    def take(self, piece: Piece, asked: int, left: int) -> None:
        """Remember a piece that gave something."""
        if asked > self.largest:
            self.largest, self.numbers = asked, piece.numbers
        self.given[piece.id] = left


@dataclass(slots=True)
class At:
    """One piece in its place: when, under which plan, and its reasons so far (None: not asked for)."""

    piece: Piece
    day: date
    minute: int
    index: int
    plan: Plan
    why: list[Why] | None
    late: Late | None = None
    # When it was learnt: what repeats, and a day's limit, go by. Of late evidence not the day it became known.
    learnt: date = field(init=False)
    learnt_in: int = field(init=False)
    # The period that it is posted to, whose limits hold.
    posted_in: int = field(init=False)
    # The numbers of the piece that it only adds to; None where it stands for itself.
    over: Numbers | None = None
    # The companions it needed and found, by clause: their day and id.
    met: dict[str, tuple[date, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.moved(self.day, self.index)

    def moved(self, day: date, index: int) -> None:
        """It counts on this day, in this period."""
        self.day = self.learnt = day
        self.index = self.learnt_in = self.posted_in = index

    def note(self, clause: str, did: str, *numbers: int) -> None:
        """Note a reason, if they were asked for."""
        if self.why is not None:
            first, second, third = numbers
            self.why.append(Why(clause, did, (first, second, third)))

    @property
    def series(self) -> Key | None:
        """The rising series that the piece belongs to; None where it stands for itself."""
        piece = self.piece
        if self.plan.series is None or piece.item is None:
            return None
        return piece.kind, piece.item, piece.edition


@dataclass(slots=True)
class Held:
    """A span of time that gave something, as an overlap clause remembers it."""

    begun: datetime
    ended: datetime
    day: date
    largest: int
    numbers: Numbers


@dataclass(slots=True)
class State:
    """Series, pools, firsts, spans, used caps of one learner; companions seen, whom they served, and who waits."""

    period: PeriodRule
    done: dict[Key, date] = field(default_factory=dict)
    seen: dict[Key, Numbers] = field(default_factory=dict)
    gave: dict[Key, Numbers] = field(default_factory=dict)
    pools: dict[Key, tuple[Fraction, int]] = field(default_factory=dict)
    spans: dict[str, list[Held]] = field(default_factory=dict)
    companions: dict[Key, list[tuple[date, str]]] = field(default_factory=dict)
    # Of companions by id: kind, day and place.
    came: dict[str, tuple[str, date, tuple[datetime, int, str]]] = field(default_factory=dict)
    served: dict[str, list[At]] = field(default_factory=dict)
    waiting: dict[Key, list[At]] = field(default_factory=dict)
    firsts: dict[Key, First] = field(default_factory=dict)
    used: dict[Key, int] = field(default_factory=dict)


def plain_day(day: date) -> int:
    """2026-05-01 → 20260501, as reasons carry days."""
    return day.year * 10000 + day.month * 100 + day.day
