"""The time line of a viewing, told from its trace alone: what counted when, what waited, where nothing came.

What a beat refused is not in the trace. It is found again from what is: the allowances follow from the
times and the accepted pieces, and a gap of the coverage begins where some piece ended. All times are
milliseconds since 1970 by the server's clock, all places milliseconds of the lesson.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.rules.viewing.spans import Piece, pairs, subtract, union
from app.rules.viewing.trace import NETWORK_AWAY, Reasoned, records

# Why a part of the lesson does not count, beside the two reasons for waiting in `trace`.
LAPSED = "lapsed"
FASTER = "faster_than_time"
SILENT = "silent"
NOTHING_NEW = "nothing_new"
JUMPED = "jumped"
STILL_OPEN = "still_open"
NEVER_REACHED = "never_reached"
UNTRACED = "untraced"
# A viewing's own `end_reason` is the reason of what follows its last piece: taken_over, closed, lease_ended …


@dataclass(slots=True, frozen=True)
class Seen:
    """One viewing as it is kept. `trace`: all its chunks and the tail, joined; `ended_ms` None: still open."""

    id: int
    opened_ms: int
    expires_ms: int
    ended_ms: int | None
    reason: str | None
    trace: bytes


@dataclass(slots=True, frozen=True)
class Beat:
    """One record at its time. `spent`: it used up the allowance, so whatever it told beyond that was refused.

    `released`: no beat, but an answer or a grant that let these pieces count.
    """

    at_ms: int
    elapsed_ms: int
    credited: tuple[Piece, ...]
    pending: tuple[Reasoned, ...]
    released: bool
    spent: bool

    @property
    def accepted_ms(self) -> int:
        """What counted or waits."""
        return sum(end - start for start, end in self.pieces())

    def pieces(self) -> list[Piece]:
        """Everything that it added, counted or waiting."""
        return [*self.credited, *((start, end) for start, end, _reason in self.pending)]


@dataclass(slots=True, frozen=True)
class Told:
    """One viewing as a story. `silences`: (from, to) without any report; `last_ms`: its last beat, or the opening.

    `ended_ms` is also set where the lease ran out and nobody has written that down yet.
    """

    id: int
    opened_ms: int
    last_ms: int
    ended_ms: int | None
    reason: str | None
    beats: tuple[Beat, ...]
    silences: tuple[Piece, ...]

    @property
    def counted_ms(self) -> int:
        """What its beats and the answers in it let count."""
        return sum(end - start for beat in self.beats for start, end in beat.credited)


@dataclass(slots=True, frozen=True)
class Gap:
    """A part of the lesson that does not count, and why. `viewing`: where it was lost (None: in none).

    `from_ms` and `to_ms`: when that was, as far as it has a time (0: it has none).
    """

    start: int
    end: int
    why: str
    viewing: int | None = None
    from_ms: int = 0
    to_ms: int = 0


def tell(seen: Seen, now_ms: int, rate_m: int, silent_ms: int) -> Told:
    """The story of one viewing. `rate_m`: its highest speed in thousandths; `silent_ms`: no report for longer
    than this is a silence. Raises BadTrace."""
    beats = tuple(_beats(seen, rate_m))
    last_ms = max((beat.at_ms for beat in beats if not beat.released), default=seen.opened_ms)
    ended_ms, reason = seen.ended_ms, seen.reason
    if ended_ms is None and now_ms >= seen.expires_ms:
        ended_ms, reason = seen.expires_ms, "lease_ended"
    until = now_ms if ended_ms is None else ended_ms
    silences = [
        (beat.at_ms - beat.elapsed_ms, beat.at_ms)
        for beat in beats
        if not beat.released and beat.elapsed_ms > silent_ms
    ]
    if until - last_ms > silent_ms:
        silences.append((last_ms, until))
    return Told(seen.id, seen.opened_ms, last_ms, ended_ms, reason, beats, tuple(silences))


def _beats(seen: Seen, rate_m: int) -> Iterator[Beat]:
    at_ms, open_us = seen.opened_ms, 0
    for record in records(seen.trace):
        if record.released:
            yield Beat(at_ms + record.elapsed_ms, 0, record.credited, (), released=True, spent=False)
            continue
        at_ms += record.elapsed_ms
        open_us += record.elapsed_ms * rate_m
        accepted = sum(b - a for a, b in record.credited) + sum(b - a for a, b, _reason in record.pending)
        open_us = max(0, open_us - accepted * 1000)
        spent = bool(accepted) and open_us < 1000
        yield Beat(at_ms, record.elapsed_ms, record.credited, record.pending, released=False, spent=spent)


_Edge: TypeAlias = tuple[Told, int]  # a viewing, and the place in it of the beat that ended here


def gaps(stories: Sequence[Told], spans: list[int], pending: list[int], length_ms: int) -> list[Gap]:
    """Every part of the lesson that does not count, rising, each with the reason that the traces give.

    `spans` and `pending`: the coverage as it is now (flat, `spans.py`).
    """
    waits, edges = _waits(stories), _edges(stories)
    found: list[Gap] = []
    for start, end in subtract((0, length_ms), spans):
        for low, high in _cut(start, end, pending):
            if (low, high) in _within(pending, low, high):
                found += _waiting(low, high, waits)
            else:
                found += _missing(low, high, waits, edges, stories)
    return found


def _within(flat: list[int], low: int, high: int) -> list[Piece]:
    return [(max(a, low), min(b, high)) for a, b in pairs(flat) if a < high and b > low]


def _cut(start: int, end: int, flat: list[int]) -> list[Piece]:
    """[start, end) in pieces that lie wholly within or wholly outside the flat spans."""
    return sorted([*subtract((start, end), flat), *_within(flat, start, end)])


_Wait: TypeAlias = tuple[int, int, str, int, int]  # start, end, reason, viewing, when


def _waits(stories: Sequence[Told]) -> list[_Wait]:
    """Everything that ever waited, the newest first."""
    found = [
        (start, end, reason, story.id, beat.at_ms)
        for story in stories
        for beat in story.beats
        for start, end, reason in beat.pending
    ]
    return sorted(found, key=lambda wait: -wait[4])


def _waiting(low: int, high: int, waits: Iterable[_Wait]) -> Iterator[Gap]:
    """A part that waits now, by the newest beat that said so."""
    left: list[Piece] = [(low, high)]
    told: list[Gap] = []
    for start, end, reason, viewing, at_ms in waits:
        rest = [part for piece in left for part in subtract(piece, [start, end])]
        taken = [part for piece in left for part in _within([start, end], *piece)]
        told += [Gap(a, b, reason, viewing, at_ms, at_ms) for a, b in taken]
        left = rest
    told += [Gap(a, b, NETWORK_AWAY) for a, b in left]
    yield from sorted(told, key=lambda gap: gap.start)


def _edges(stories: Sequence[Told]) -> dict[int, _Edge]:
    """Place → where the newest piece that ends there came from."""
    found: dict[int, tuple[int, _Edge]] = {}
    for story in stories:
        for place, beat in enumerate(story.beats):
            for _start, end in beat.pieces():
                if not beat.released and (end not in found or found[end][0] <= beat.at_ms):
                    found[end] = beat.at_ms, (story, place)
    return {end: edge for end, (_at, edge) in found.items()}


def _missing(
    low: int, high: int, waits: Sequence[_Wait], edges: dict[int, _Edge], stories: Sequence[Told]
) -> Iterator[Gap]:
    """A part that neither counts nor waits: what waited there once and lapsed, and the rest."""
    once: list[int] = []
    for start, end, *_rest in waits:
        once = union(once, max(low, start), min(high, end)) if start < high and end > low else once
    for a, b in _cut(low, high, once):
        if _within(once, a, b):
            at = next(w for w in waits if w[0] < b and w[1] > a)
            yield Gap(a, b, LAPSED, at[3], at[4], at[4])
        else:
            yield _why(a, b, edges.get(a), stories)


def _why(start: int, end: int, edge: _Edge | None, stories: Sequence[Told]) -> Gap:
    if edge is None:
        came = any(piece[0] < end and piece[1] > start for s in stories for b in s.beats for piece in b.pieces())
        return Gap(start, end, NEVER_REACHED if not came and stories else UNTRACED)
    story, place = edge
    beat = story.beats[place]
    later = [each for each in story.beats[place + 1 :] if not each.released]
    ended = beat.pieces()[-1][1] == start  # the beat's last piece: only after that was its allowance used up
    if beat.spent and ended:
        return Gap(start, end, FASTER, story.id, beat.at_ms, beat.at_ms)
    if not ended:
        return Gap(start, end, JUMPED, story.id, beat.at_ms, beat.at_ms)
    following = later[0].at_ms if later else story.ended_ms
    silence = next((s for s in story.silences if s[0] == beat.at_ms), None)
    if later and silence is not None:
        return Gap(start, end, SILENT, story.id, *silence)
    if later and later[0].accepted_ms:
        return Gap(start, end, JUMPED, story.id, beat.at_ms, later[0].at_ms)
    if later:
        return Gap(start, end, NOTHING_NEW, story.id, beat.at_ms, later[-1].at_ms)
    if following is None:
        return Gap(start, end, STILL_OPEN, story.id, beat.at_ms, beat.at_ms)
    return Gap(start, end, story.reason or "closed", story.id, beat.at_ms, following)
