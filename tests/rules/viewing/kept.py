"""What an academy keeps of one learner's viewings, and a meter of its own, for the machine that plays them."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.rules.viewing import spans as sp
from app.rules.viewing.beat import CoverageState, ViewingState

Answer = tuple[object, object, object]


@dataclass
class Row:
    """A viewing as the academy keeps it."""

    lesson: int
    rate_m: int
    in_order: bool
    state: ViewingState
    expires_ms: int
    ended_ms: int | None = None
    answer: Answer | None = None
    trace: bytes = b""


@dataclass
class Meter:
    """Time that viewings were open, times their rates (µs), kept apart from the code under test.

    One hand for all viewings: the latest moment the server saw. What it passes while one is open counts.
    """

    hand_ms: int = 0
    earned_us: int = 0

    def see(self, moment_ms: int, rate_m: int) -> None:
        if moment_ms > self.hand_ms:
            self.earned_us += (moment_ms - self.hand_ms) * rate_m
            self.hand_ms = moment_ms


@dataclass
class Lesson:
    """A learner's coverage row, how many checks the lesson has, and what has lapsed (in flat spans)."""

    length_ms: int
    checks: int
    coverage: CoverageState = field(default_factory=lambda: CoverageState([], [], 0))
    lapsed: list[int] = field(default_factory=list)
    granted_ms: int = 0  # by a person, on no allowance

    @property
    def seen_ms(self) -> int:
        return self.coverage.counted_ms + sp.length(self.coverage.pending)
