"""The decision of a beat: state + ranges + now → new state + answer. Pure; `viewing.md` in code.

Allowances are held in microseconds of media (elapsed wall ms × rate in thousandths), so that no
rounding ever gives time, and none takes a whole millisecond. Everything else is milliseconds of
media, or of the server's clock. What waits for an answer is released in `waiting.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.rules.viewing import presence
from app.rules.viewing.presence import Checks
from app.rules.viewing.spans import Piece, length, remove, subtract, union
from app.rules.viewing.trace import NETWORK_AWAY, PRESENCE_CHECK, Reasoned, record

NOT_A_RANGE = "not_a_range"
OUTSIDE_LESSON = "outside_lesson"
FASTER_THAN_TIME = "faster_than_time"
TOO_MANY = "too_many"
SKIPPED_AHEAD = "skipped_ahead"
REFUSALS = (NOT_A_RANGE, OUTSIDE_LESSON, FASTER_THAN_TIME, TOO_MANY, SKIPPED_AHEAD)
PENDINGS = (NETWORK_AWAY, PRESENCE_CHECK)

# A player that has more to tell tells it in its next beat.
MOST_RANGES = 64
# No honest hour has so many pieces; without a bound, a stream of millisecond ranges would make the
# row that every beat rewrites as large as the sender likes.
MOST_SPANS = 2000
# How many pieces one beat may fall into: what would hold up everybody else's beats comes in the next one.
MOST_PIECES = 1024
END_GAP_MS = 1000
# A player says a little late that its picture runs: no seeking ahead yet.
AHEAD_MS = 1000
# Beyond this a number does not survive JSON in a browser, so no player can have meant it. Decoders
# hold sequence numbers to it too.
LARGEST_NUMBER = 2**53 - 1


@dataclass(slots=True, frozen=True)
class Terms:
    """What holds for one viewing: the length measured by the server, and the policy's limits.

    `rate_m` is the highest rate in thousandths (2000 = 2×), `ceiling_ms` the most wall time that
    counts without a sign of life, `marks` the rising coverages (ms) at which evidence is due.
    `in_order`: nothing counts that lies beyond what was seen so far.
    """

    length_ms: int
    rate_m: int
    ceiling_ms: int = 120_000
    marks: tuple[int, ...] = ()
    in_order: bool = False


@dataclass(slots=True)
class ViewingState:
    """One opening of a lesson: last sequence number (−1: none), clock, allowances (media µs)."""

    seq: int
    clock_ms: int
    open_us: int
    credit_us: int


@dataclass(slots=True)
class CoverageState:
    """A learner's seconds in a media version: counted and pending spans, disjoint; what checks hold is pending."""

    spans: list[int]
    pending: list[int]
    counted_ms: int
    checks: Checks = presence.NONE


@dataclass(slots=True)
class Decision:
    """The new state and the answer. Pieces are (start, end[, reason]) in ms, in the order played.

    `crossed` is the highest mark that this beat's coverage reached, `trace` its record. A refused
    range whose bounds are no numbers stands as (−1, −1), and so do all those beyond MOST_RANGES
    together: the answer is stored, so a sender must not be able to make it long.
    """

    viewing: ViewingState
    coverage: CoverageState
    credited: list[Piece]
    pending: list[Reasoned]
    refused: list[Reasoned]
    crossed: int | None
    trace: bytes
    changed: bool


def begin(now_ms: int, after_ms: int = 0) -> ViewingState:
    """A viewing as it opens. `after_ms`: when the learner's last one ended (see `end`).

    After a clock step back the new viewing earns only from that moment on: viewings of one
    learner never overlap, and the inequality over all of them rests on it.
    """
    return ViewingState(seq=-1, clock_ms=max(now_ms, after_ms), open_us=0, credit_us=0)


def end(viewing: ViewingState, now_ms: int) -> int:
    """The moment (ms) at which a viewing ends if it is ended now: never before its last beat.

    Store it. A backlog that comes later is judged by `decide(…, now_ms=<that moment>)`, however
    late it really is: what was played before counts, and waiting earns nothing.
    """
    return max(now_ms, viewing.clock_ms)


def judged_at(now_ms: int, ended_ms: int | None, expires_ms: int) -> int:
    """The moment (ms) as of which a beat is judged, which is also the `now_ms` to `end` a viewing with.

    Now, but never after the lease; for an ended viewing the moment it ended, even where the clock
    has stepped back before that.
    """
    return min(now_ms, expires_ms) if ended_ms is None else ended_ms


def decide(
    viewing: ViewingState,
    coverage: CoverageState,
    terms: Terms,
    seq: int,
    ranges: Sequence[object],
    now_ms: int,
) -> Decision:
    """Judge one beat. The states given are not changed; a number already seen changes nothing.

    `ranges` are [start_ms, end_ms] in the order played, as the client sent them: nothing about
    them is believed. `now_ms` comes from `judged_at`. Never raises for anything that a client can send.
    """
    if seq <= viewing.seq:
        return Decision(viewing, coverage, [], [], [], None, b"", False)
    elapsed_ms = max(0, now_ms - viewing.clock_ms)
    earned = elapsed_ms * terms.rate_m
    open_us = viewing.open_us + earned
    credit_us = min(viewing.credit_us + earned, terms.ceiling_ms * terms.rate_m)
    after_ms = viewing.clock_ms + elapsed_ms
    tally = _Tally(coverage, open_us // 1000, credit_us // 1000)
    tally.play(ranges, terms)
    tally.close_end(terms.length_ms)
    spent_us = open_us - open_us % 1000 - tally.open_ms * 1000
    after = ViewingState(seq, after_ms, open_us - spent_us, credit_us - min(credit_us, spent_us))
    return Decision(
        after,
        tally.coverage,
        tally.credited,
        tally.held,
        tally.refused,
        crossed_mark(terms.marks, coverage.counted_ms, tally.coverage.counted_ms),
        record(seq - viewing.seq, elapsed_ms, tally.credited, tally.held),
        True,
    )


def crossed_mark(marks: tuple[int, ...], before_ms: int, after_ms: int) -> int | None:
    """The highest of the rising `marks` (ms) that coverage reached on its way from before to after."""
    reached = bisect_right(marks, after_ms)
    return marks[reached - 1] if reached and marks[reached - 1] > before_ms else None


def _bounds(played: object) -> Piece | None:
    """The bounds of what a client calls a range, if they are two whole numbers."""
    if not isinstance(played, list | tuple) or len(played) != 2:
        return None
    start, stop = played
    if type(start) is not int or type(stop) is not int:  # a bool is an int to isinstance
        return None
    sane = -LARGEST_NUMBER <= start <= LARGEST_NUMBER and -LARGEST_NUMBER <= stop <= LARGEST_NUMBER
    return (start, stop) if sane else None


class _Tally:
    """One beat being decided: whole milliseconds left of both allowances, and what came of it."""

    __slots__ = ("coverage", "credit_ms", "credited", "held", "open_ms", "refused", "seen_ms")

    def __init__(self, coverage: CoverageState, open_ms: int, credit_ms: int) -> None:
        self.coverage = replace(coverage)  # shared lists are safe: union and remove make new ones
        self.open_ms = open_ms
        self.credit_ms = credit_ms
        self.seen_ms = coverage.counted_ms + length(coverage.pending)
        self.credited: list[Piece] = []
        self.held: list[Reasoned] = []
        self.refused: list[Reasoned] = []

    def play(self, ranges: Sequence[object], terms: Terms) -> None:
        """Judge each range by itself, in order."""
        for played in ranges[:MOST_RANGES]:
            bounds = _bounds(played)
            start, stop = bounds or (-1, -1)
            if bounds is None or not 0 <= start < stop:
                self.refused.append((start, stop, NOT_A_RANGE))
            elif start >= terms.length_ms:
                self.refused.append((start, stop, OUTSIDE_LESSON))
            elif terms.in_order and start > self._furthest() + AHEAD_MS:
                self.refused.append((start, stop, SKIPPED_AHEAD))
            else:
                self._judge(start, min(stop, terms.length_ms))
        if len(ranges) > MOST_RANGES:
            self.refused.append((-1, -1, TOO_MANY))

    def _judge(self, start: int, stop: int) -> None:
        for piece in subtract((start, stop), self.coverage.spans):
            if len(self.credited) + len(self.held) >= MOST_PIECES:
                self.refused.append((piece[0], stop, TOO_MANY))
                break
            self._accept(*piece)

    def _furthest(self) -> int:
        return max((*self.coverage.spans[-1:], *self.coverage.pending[-1:]), default=0)

    def _accept(self, start: int, stop: int) -> None:
        """Charge a piece outside the coverage: refused beyond `open`, pending beyond `credit`."""
        if stop - start > self.open_ms:
            self.refused.append((start + self.open_ms, stop, FASTER_THAN_TIME))
            stop = start + self.open_ms
        if start < stop and not self._fits(start, stop):
            self.refused.append((start, stop, TOO_MANY))
            return
        self.open_ms -= stop - start
        paid = start + min(stop - start, self.credit_ms)
        self.credit_ms -= paid - start
        for low, high, check in self._shares(start, stop):
            # A check keeps its own stretch, also where that lies beyond the ceiling.
            if check is not None:
                self._hold(low, high, check)
            else:
                self._credit(low, min(high, paid))
                self._hold(max(low, paid), high, None)

    def _fits(self, start: int, stop: int) -> bool:
        """Whether the row may take this piece: a full one takes only what adjoins what it has."""
        both = (self.coverage.spans, self.coverage.pending)
        return sum(map(len, both)) < 2 * MOST_SPANS or any(at in held for at in (start, stop) for held in both)

    def _shares(self, start: int, stop: int) -> Iterator[tuple[int, int, int | None]]:
        """The piece cut where its fate changes, each with the check that holds it (None: it counts).

        What waits behind a check already stays with it. New milliseconds pass the checks whose place they
        reach. Each share is dealt with before the next is asked for.
        """
        if not self.coverage.checks.each:
            yield start, stop, None
            return
        while start < stop:
            pending = self.coverage.pending
            at = bisect_right(pending, start)
            high = min(stop, pending[at]) if at < len(pending) else stop
            if at & 1:
                check, high = self.coverage.checks.owner(start, high)
                yield start, high, check if check is not None else self.coverage.checks.holder()
            else:
                checks = self.coverage.checks = self.coverage.checks.passing(self.seen_ms)
                following = checks.ahead()
                if following is not None:
                    high = min(high, start + checks.each[following].place - self.seen_ms)
                self.seen_ms += high - start
                yield start, high, checks.holder()
            start = high

    def _credit(self, start: int, stop: int) -> None:
        if start < stop:
            state = self.coverage
            self.credited.append((start, stop))
            state.spans = union(state.spans, start, stop)
            state.counted_ms += stop - start
            if state.pending:
                state.pending = remove(state.pending, start, stop)

    def _hold(self, start: int, stop: int, check: int | None) -> None:
        if start < stop:
            state = self.coverage
            self.held.append((start, stop, NETWORK_AWAY if check is None else PRESENCE_CHECK))
            state.pending = union(state.pending, start, stop)
            if check is not None:
                state.checks = state.checks.holding(check, start, stop)

    def close_end(self, length_ms: int) -> None:
        """Players stop short of the last frame: close that gap, if the allowances can pay for it.

        It shares the fate of the second before it: pending where that is pending. While the
        allowances are short it simply stays open, and the player's last beat closes it.
        """
        counted = self.coverage.spans[-1] if self.coverage.spans else 0
        waiting = self.coverage.pending[-1] if self.coverage.pending else 0
        start = max(counted, waiting)
        gap = length_ms - start
        if not start or not 0 < gap <= END_GAP_MS or gap > self.open_ms:
            return
        if waiting > counted:
            self.open_ms -= gap
            self.credit_ms -= min(gap, self.credit_ms)
            self._hold(start, length_ms, self.coverage.checks.owner(start - 1, length_ms)[0])
        elif gap <= self.credit_ms:
            self._accept(start, length_ms)
