"""Why parts of a lesson do not count, from the stories that the traces tell.

A trace can hold a hundred thousand pieces and a coverage thousands of gaps: everything is sorted once, and
each gap looks only at what touches it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import TypeAlias

from app.rules.viewing import timeline
from app.rules.viewing.spans import subtract, within
from app.rules.viewing.timeline import Beat, Gap, Told
from app.rules.viewing.trace import NETWORK_AWAY


@dataclass(slots=True, frozen=True)
class _Wait:
    """Something that waited once. `rank`: 0 for the newest of all."""

    start: int
    end: int
    reason: str
    viewing: int
    at_ms: int
    rank: int


_Edge: TypeAlias = tuple[Told, int]  # a viewing, and the place in it of the beat that ended here
_Stretch: TypeAlias = tuple[int, int, _Wait]  # a stretch, and the newest that waited in all of it


@dataclass(slots=True, frozen=True)
class _Index:
    """All stories at once, sorted, so that asking about a part looks at that part only.

    `waits`: disjoint, rising; `edges`: place → where the newest piece that ends there came from; `played`: flat
    spans of everything that ever counted or waited.
    """

    waits: list[_Stretch]
    edges: dict[int, _Edge]
    played: list[int]
    any_story: bool

    def waited(self, low: int, high: int) -> Iterator[_Stretch]:
        """What waited in [low, high), rising, cut to it."""
        for at in range(bisect_right(self.waits, low, key=lambda each: each[1]), len(self.waits)):
            start, end, wait = self.waits[at]
            if start >= high:
                return
            yield max(start, low), min(end, high), wait


def gaps(stories: Sequence[Told], spans: list[int], pending: list[int], length_ms: int) -> list[Gap]:
    """Every part of the lesson that does not count, rising, each with the reason that the traces give.

    `spans` and `pending`: the coverage as it is now (flat, `spans.py`). Takes n log n of the pieces told.
    """
    index = _Index(_newest(_waits(stories)), _edges(stories), _played(stories), bool(stories))
    found: list[Gap] = []
    for start, end in subtract((0, length_ms), spans):
        for low, high in subtract((start, end), pending):
            found += _missing(low, high, index)
        for low, high in within((start, end), pending):
            found += _waiting(low, high, index)
    return sorted(found, key=lambda gap: gap.start)


def _waits(stories: Sequence[Told]) -> list[_Wait]:
    """Everything that ever waited, the newest first."""
    found = [
        (start, end, reason, story.id, beat.at_ms)
        for story in stories
        for beat in story.beats
        for start, end, reason in beat.pending
    ]
    found.sort(key=lambda wait: -wait[4])
    return [_Wait(*wait, rank) for rank, wait in enumerate(found)]


def _newest(waits: Sequence[_Wait]) -> list[_Stretch]:
    """The waits without overlaps: each place belongs to the newest that waited there."""
    bounds = sorted({bound for wait in waits for bound in (wait.start, wait.end)})
    coming = sorted(waits, key=lambda wait: -wait.start)
    here: list[tuple[int, _Wait]] = []
    found: list[_Stretch] = []
    for low, high in pairwise(bounds):
        while coming and coming[-1].start <= low:
            wait = coming.pop()
            heappush(here, (wait.rank, wait))
        while here and here[0][1].end <= low:
            heappop(here)
        if here:
            wait = here[0][1]
            joins = found and found[-1][1] == low and found[-1][2] is wait
            found.append((found.pop()[0] if joins else low, high, wait))
    return found


def _edges(stories: Sequence[Told]) -> dict[int, _Edge]:
    found: dict[int, tuple[int, _Edge]] = {}
    for story in stories:
        for place, beat in enumerate(story.beats):
            for _start, end in beat.pieces():
                if not beat.released and (end not in found or found[end][0] <= beat.at_ms):
                    found[end] = beat.at_ms, (story, place)
    return {end: edge for end, (_at, edge) in found.items()}


def _played(stories: Sequence[Told]) -> list[int]:
    flat: list[int] = []
    for start, end in sorted(piece for story in stories for beat in story.beats for piece in beat.pieces()):
        if flat and start <= flat[-1]:
            flat[-1] = max(flat[-1], end)
        else:
            flat += [start, end]
    return flat


def _waiting(low: int, high: int, index: _Index) -> Iterator[Gap]:
    """A part that waits now, by the newest beat that said so."""
    at = low
    for start, end, wait in index.waited(low, high):
        if at < start:
            yield Gap(at, start, NETWORK_AWAY)
        yield Gap(start, end, wait.reason, wait.viewing, wait.at_ms, wait.at_ms)
        at = end
    if at < high:
        yield Gap(at, high, NETWORK_AWAY)


def _missing(low: int, high: int, index: _Index) -> Iterator[Gap]:
    """A part that neither counts nor waits: what waited there once and lapsed, and the rest."""
    lapsed: list[_Stretch] = []
    for start, end, wait in index.waited(low, high):
        if lapsed and lapsed[-1][1] == start:
            first, _end, other = lapsed.pop()
            lapsed.append((first, end, min(wait, other, key=lambda each: each.rank)))
        else:
            lapsed.append((start, end, wait))
    at = low
    for start, end, wait in lapsed:
        if at < start:
            yield _why(at, start, index)
        yield Gap(start, end, timeline.LAPSED, wait.viewing, wait.at_ms, wait.at_ms)
        at = end
    if at < high:
        yield _why(at, high, index)


def _why(start: int, end: int, index: _Index) -> Gap:
    edge = index.edges.get(start)
    if edge is None:
        came = bool(within((start, end), index.played))
        return Gap(start, end, timeline.NEVER_REACHED if index.any_story and not came else timeline.UNTRACED)
    story, place = edge
    beat = story.beats[place]
    ended = beat.pieces()[-1][1] == start  # the beat's last piece: only after that was its allowance used up
    if beat.spent and ended:
        return Gap(start, end, timeline.FASTER, story.id, beat.at_ms, beat.at_ms)
    if not ended:
        return Gap(start, end, timeline.JUMPED, story.id, beat.at_ms, beat.at_ms)
    after = next((each for each in _from(story, place + 1) if not each.released), None)
    if after is None:
        if story.ended_ms is None:
            return Gap(start, end, timeline.STILL_OPEN, story.id, beat.at_ms, beat.at_ms)
        return Gap(start, end, story.reason or "closed", story.id, beat.at_ms, story.ended_ms)
    silence = bisect_left(story.silences, (beat.at_ms,))
    if silence < len(story.silences) and story.silences[silence][0] == beat.at_ms:
        return Gap(start, end, timeline.SILENT, story.id, *story.silences[silence])
    if after.accepted_ms:
        return Gap(start, end, timeline.JUMPED, story.id, beat.at_ms, after.at_ms)
    return Gap(start, end, timeline.NOTHING_NEW, story.id, beat.at_ms, story.last_ms)


def _from(story: Told, place: int) -> Iterator[Beat]:
    return (story.beats[at] for at in range(place, len(story.beats)))
