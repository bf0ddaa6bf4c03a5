"""Pending seconds: what an answer, a confirmation or a seal does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.rules.viewing.beat import CoverageState, ViewingState, crossed_mark
from app.rules.viewing.spans import Piece, pairs, remove, subtract, union, within
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


def waiting(coverage: CoverageState, where: Sequence[int]) -> list[Piece]:
    """The pending pieces (ms, rising) within the flat spans `where`."""
    return [part for piece in pairs(coverage.pending) for part in within(piece, list(where))]


def away(coverage: CoverageState) -> list[Piece]:
    """The pending pieces (ms, rising) that no check holds: one plain confirmation lets all of them count."""
    held = coverage.checks.held()
    return [gap for piece in pairs(coverage.pending) for gap in subtract(piece, held)]


def release(
    coverage: CoverageState,
    viewing: ViewingState,
    where: Sequence[int],
    now_ms: int,
    marks: tuple[int, ...] = (),
) -> Release:
    """Let the pending seconds within `where` count.

    They were charged to the allowances when they were played, so nothing is charged again.
    `viewing` is the one that the answer came through: its trace takes the record. The states given
    are not changed.
    """
    pieces = waiting(coverage, where)
    if not pieces:
        return Release(coverage, [], None, b"")
    after = replace(coverage)
    for start, end in pieces:
        after.spans = union(after.spans, start, end)
        after.pending = remove(after.pending, start, end)
        after.counted_ms += end - start
        after.checks = after.checks.without(start, end)
    crossed = crossed_mark(marks, coverage.counted_ms, after.counted_ms)
    trace = record(0, max(0, now_ms - viewing.clock_ms), pieces, [])
    return Release(after, pieces, crossed, trace)


def answer(
    coverage: CoverageState, viewing: ViewingState, check: int, now_ms: int, marks: tuple[int, ...] = ()
) -> Release:
    """The check with this index was answered rightly: its own stretch counts, and no other."""
    found = release(coverage, viewing, coverage.checks.each[check].held, now_ms, marks)
    after = replace(found.coverage, checks=found.coverage.checks.answered(check))
    return Release(after, found.pieces, found.crossed, found.trace)


def confirm(coverage: CoverageState, viewing: ViewingState, now_ms: int, marks: tuple[int, ...] = ()) -> Release:
    """A plain confirmation: what came too late to count by itself counts; what checks hold stays."""
    where = [bound for piece in away(coverage) for bound in piece]
    return release(coverage, viewing, where, now_ms, marks)


def lapse(coverage: CoverageState, where: Sequence[int]) -> CoverageState:
    """The coverage without what waits within the flat spans `where`: a period was sealed.

    The allowances spent on it stay spent; to count, it has to be watched again.
    """
    after = replace(coverage)
    for start, end in pairs(list(where)):
        after.pending = remove(after.pending, start, end)
        after.checks = after.checks.without(start, end)
    return after


def fail(coverage: CoverageState, check: int) -> CoverageState:
    """A check had its last wrong answer: what it holds lapses, and the next seconds are held by it again."""
    after = lapse(coverage, coverage.checks.each[check].held)
    return replace(after, checks=after.checks.again(check))
