"""The time line of a viewing, told from its trace alone: what counted when, what waited, where nothing came.

What a beat refused is not in the trace. It is found again from what is: the allowances follow from the
times and the accepted pieces, and a gap of the coverage begins where some piece ended (`gaps.py`). All times are
milliseconds since 1970 by the server's clock, all places milliseconds of the lesson.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.rules.viewing.spans import Piece
from app.rules.viewing.trace import Reasoned, records

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
    """One viewing as it is kept. `trace`: all its chunks and the tail, joined; `ended_ms` None: still open.

    `rate_m`: the highest speed of its lease in thousandths; 0: it was not kept then.
    """

    id: int
    opened_ms: int
    expires_ms: int
    ended_ms: int | None
    reason: str | None
    trace: bytes
    rate_m: int = 0


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
    """The story of one viewing. `rate_m`: its highest speed where it was not kept; `silent_ms`: no report for
    longer than this is a silence. Raises BadTrace."""
    beats = tuple(_beats(seen, seen.rate_m or rate_m))
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
