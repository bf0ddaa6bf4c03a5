"""Time that a person grants: seconds that were watched and did not come to count. Pure.

A grant does to the coverage what an answer does to pending seconds, and leaves the same kind of record
in the trace, so that replay(trace) = coverage goes on to hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.rules.viewing.beat import MOST_SPANS, CoverageState
from app.rules.viewing.spans import Piece, clip, length, pairs, remove, subtract, union
from app.rules.viewing.trace import record


@dataclass(slots=True, frozen=True)
class Grant:
    """What a grant did. `pieces` are those that did not count before (ms, rising); `trace` goes to the viewing's
    tail. All as before, and empty, where everything counted already."""

    coverage: CoverageState
    pieces: tuple[Piece, ...]
    trace: bytes

    @property
    def granted_ms(self) -> int:
        """How much more counts."""
        return sum(end - start for start, end in self.pieces)


def missing(spans: list[int], length_ms: int, named: Piece | None = None) -> list[Piece]:
    """What does not count of the part that is named, or of the whole lesson where that is all counted."""
    part = clip(named, length_ms) if named is not None else None
    return (subtract(part, spans) if part is not None else []) or subtract((0, length_ms), spans)


def fits(coverage: CoverageState, wanted: Sequence[Piece]) -> bool:
    """Whether the row that every beat rewrites stays small enough."""
    return len(coverage.spans) + len(coverage.pending) + 2 * len(wanted) <= 4 * MOST_SPANS


def grant(coverage: CoverageState, clock_ms: int, wanted: Iterable[Piece], length_ms: int, now_ms: int) -> Grant:
    """Let the wanted parts count: clipped to the lesson, united, without what counts already.

    `clock_ms`: the last beat of the viewing that keeps the record. Nothing is charged to its allowances:
    a person answers for this time. The states given are not changed.
    """
    asked: list[int] = []
    for piece in wanted:
        part = clip(piece, length_ms)
        asked = union(asked, *part) if part is not None else asked
    pieces = tuple(part for piece in pairs(asked) for part in subtract(piece, coverage.spans))
    if not pieces:
        return Grant(coverage, (), b"")
    after = replace(coverage)
    for start, end in pieces:
        after.spans = union(after.spans, start, end)
        after.pending = remove(after.pending, start, end)
        after.checks = after.checks.without(start, end)
    after.counted_ms = length(after.spans)
    return Grant(after, pieces, record(0, max(0, now_ms - clock_ms), pieces, []))
