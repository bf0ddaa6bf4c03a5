"""When each counted second was played, from the traces: the day on which a mark was really reached. Pure.

A second that waited and was released later *happened* when it was first played, not when it was answered, and
not when it was played once more. A second that a person granted has no beat: it happened at the last beat of
the viewing that keeps its record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.rules.viewing.spans import Piece, pairs, subtract, union, within
from app.rules.viewing.trace import records


@dataclass(slots=True, frozen=True)
class Play:
    """A stretch (ms) that was first played at this moment (ms since 1970)."""

    at_ms: int
    start: int
    end: int


def plays(viewings: Iterable[tuple[int, bytes]], spans: list[int]) -> list[Play]:
    """The counted stretches by the moment of their first playing, disjoint; `viewings` are (opened ms, trace).

    What no trace tells of (taken over, or its trace has expired) stands at the beginning, at 0.
    """
    told = sorted((at_ms, piece) for opened_ms, trace in viewings for at_ms, piece in _told(opened_ms, trace))
    found, seen = [], list[int]()
    for at_ms, piece in told:
        for part in within(piece, spans):
            found += [Play(at_ms, *fresh) for fresh in subtract(part, seen)]
            seen = union(seen, *part)
    untold = [gap for pair in pairs(spans) for gap in subtract(pair, seen)]
    return [*(Play(0, *gap) for gap in untold), *found]


def _told(opened_ms: int, trace: bytes) -> Iterator[tuple[int, Piece]]:
    at_ms = opened_ms
    for record in records(trace):
        at_ms += 0 if record.released else record.elapsed_ms
        for start, end in record.credited:
            yield at_ms, (start, end)
        for start, end, _reason in record.pending:
            yield at_ms, (start, end)


def reached_at(played: Sequence[Play], mark_ms: int) -> int:
    """When so many milliseconds had been played (ms since 1970); the last moment where they never were."""
    sum_ms = 0
    for play in played:
        sum_ms += play.end - play.start
        if sum_ms >= mark_ms:
            return play.at_ms
    return played[-1].at_ms if played else 0


def by_day(played: Sequence[Play], day_of: Callable[[int], date], before: list[int]) -> list[tuple[date, int, int]]:
    """Day by day as they came: how much had been played by its end, and how much of that lies in `before` (ms).

    One pass: whoever made a trace of thousands of pieces holds up nobody.
    """
    found: dict[date, tuple[int, int]] = {}
    all_ms = old_ms = 0
    for play in played:
        all_ms += play.end - play.start
        old_ms += sum(end - start for start, end in within((play.start, play.end), before))
        found[day_of(play.at_ms)] = all_ms, old_ms
    return [(day, *sums) for day, sums in sorted(found.items())]
