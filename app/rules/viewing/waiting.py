"""Pending seconds: where presence checks hold them, and what an answer or a seal does to them.

A check at place *p* holds the stretch from *p* to the next check's place (or the end of the
lesson), whether that next one is answered or not: each answer releases its own stretch only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.rules.viewing.beat import CoverageState, ViewingState, crossed_mark
from app.rules.viewing.spans import Piece, pairs, remove, subtract, union
from app.rules.viewing.trace import record


@dataclass(slots=True, frozen=True)
class Release:
    """What an answer did. `pieces` now count (ms, rising); `crossed` as in `Decision`.

    `trace` goes to the tail of the viewing given; empty, like `pieces`, where nothing waited there.
    """

    coverage: CoverageState
    pieces: list[Piece]
    crossed: int | None
    trace: bytes


def stretches(places: Sequence[int], answered: Collection[int], length_ms: int) -> list[int]:
    """Flat spans of the stretches that unanswered checks hold, for `decide`.

    `places` are the places (ms) of all checks of this learner in this lesson, in any order;
    `answered` those with a right answer.
    """
    rising = sorted({place for place in places if 0 <= place < length_ms})
    held: list[int] = []
    for place, following in pairwise([*rising, length_ms]):
        if place not in answered:
            held = union(held, place, following)
    return held


def stretch(places: Sequence[int], place: int, length_ms: int) -> list[int]:
    """Flat spans (one pair) of what the check at `place` holds, for `release` and `lapse`."""
    return [place, min((other for other in places if other > place), default=length_ms)]


def outside(held: Sequence[int], length_ms: int) -> list[int]:
    """Flat spans of the lesson without `held`: what a plain confirmation releases."""
    return [bound for piece in subtract((0, length_ms), list(held)) for bound in piece]


def waiting(coverage: CoverageState, where: Sequence[int]) -> list[Piece]:
    """The pending pieces (ms, rising) within the flat spans `where`."""
    found: list[Piece] = []
    for piece in pairs(coverage.pending):
        beyond = [bound for gap in subtract(piece, list(where)) for bound in gap]
        found += subtract(piece, beyond)
    return found


def release(
    coverage: CoverageState,
    viewing: ViewingState,
    where: Sequence[int],
    now_ms: int,
    marks: tuple[int, ...] = (),
) -> Release:
    """Let the pending seconds within `where` count: a check was answered, or a confirmation given.

    They were charged to the allowances when they were played, so nothing is charged again.
    `viewing` is the one that the answer came through: its trace takes the record. The states given
    are not changed.
    """
    pieces = waiting(coverage, where)
    if not pieces:
        return Release(coverage, [], None, b"")
    after = CoverageState(coverage.spans, coverage.pending, coverage.counted_ms)
    for start, end in pieces:
        after.spans = union(after.spans, start, end)
        after.pending = remove(after.pending, start, end)
        after.counted_ms += end - start
    crossed = crossed_mark(marks, coverage.counted_ms, after.counted_ms)
    trace = record(0, max(0, now_ms - viewing.clock_ms), pieces, [])
    return Release(after, pieces, crossed, trace)


def lapse(coverage: CoverageState, where: Sequence[int]) -> CoverageState:
    """The coverage without what waits within `where`: a check failed for good, a period sealed.

    The allowances spent on it stay spent; to count, it has to be watched again.
    """
    pending = coverage.pending
    for start, end in pairs(list(where)):
        pending = remove(pending, start, end)
    return CoverageState(coverage.spans, pending, coverage.counted_ms)
