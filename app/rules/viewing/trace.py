"""The trace: a few bytes for each beat, from which the coverage can be replayed.

A record is a row of varints (seven bits a byte, lowest first):
`seq step · ms since the last beat · n credited · n pending · credited… · pending…`; a piece is its
start, counted from the end of the piece before it in the record (zigzag, as players rewind), and
its length; a pending length carries its reason in its lowest bit. Steps count from the record
before, the first from the opening (seq −1). A beat's seq step is never 0: a record with step 0 is
a *release* (pending seconds that an answer made count) and has only credited pieces. Its time
counts from the last beat like that of the next one, so it moves no clock.

Pending seconds that lapse leave no record: the trace proves what counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from app.rules.viewing import varints
from app.rules.viewing.spans import Piece, length, pairs, remove, union

NETWORK_AWAY = "network_away"
PRESENCE_CHECK = "presence_check"
Reasoned: TypeAlias = tuple[int, int, str]


class BadTrace(ValueError):
    """The bytes are not a trace: cut off, or damaged."""


@dataclass(slots=True, frozen=True)
class Record:
    """One beat as it was decided; `elapsed_ms` is server time since the beat before it.

    `released`: no beat, but an answer that let pending seconds count; `seq` is the last beat's.
    """

    seq: int
    elapsed_ms: int
    credited: tuple[Piece, ...]
    pending: tuple[Reasoned, ...]
    released: bool = False


@dataclass(slots=True)
class Replayed:
    """What a trace proves: spans in the form of `spans.py`, milliseconds.

    `pending` is all that ever waited and was never credited, so it includes what has lapsed.
    """

    spans: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)

    @property
    def counted_ms(self) -> int:
        """Milliseconds of coverage."""
        return length(self.spans)


def record(seq_step: int, elapsed_ms: int, credited: Sequence[Piece], pending: Sequence[Reasoned]) -> bytes:
    """One beat's bytes (10 to 15 for an ordinary one); `seq_step` ≥ 1, `elapsed_ms` ≥ 0.

    `seq_step` 0 with no pending pieces records a release.
    """
    out = bytearray()
    for number in (seq_step, elapsed_ms, len(credited), len(pending)):
        varints.write(out, number)
    last = 0
    for start, end in credited:
        step = start - last
        varints.write(out, step << 1 if step >= 0 else ~(step << 1))
        varints.write(out, end - start)
        last = end
    for start, end, reason in pending:
        step = start - last
        varints.write(out, step << 1 if step >= 0 else ~(step << 1))
        varints.write(out, (end - start) << 1 | (reason == PRESENCE_CHECK))
        last = end
    return bytes(out)


def append(tail: bytes, record: bytes) -> bytes:
    """The tail with one more record; records need no separator."""
    return tail + record


class _Reader(varints.Reader):
    """Walks the pieces of one viewing's chunks, in order."""

    __slots__ = ("last",)

    def __init__(self, trace: bytes) -> None:
        super().__init__(trace)
        self.last = 0

    def number(self) -> int:
        """The next number; BadTrace where the bytes end."""
        try:
            return super().number()
        except varints.CutOff as error:
            raise BadTrace(str(error)) from error

    def start(self) -> int:
        step = self.number()
        return self.last + (~(step >> 1) if step & 1 else step >> 1)

    def piece(self, reasoned: bool) -> Reasoned:
        start, size = self.start(), self.number()
        reason = PRESENCE_CHECK if reasoned and size & 1 else NETWORK_AWAY if reasoned else ""
        self.last = start + (size >> 1 if reasoned else size)
        if not 0 <= start < self.last:
            raise BadTrace(f"no piece of a lesson before byte {self.at}")
        return start, self.last, reason


def records(trace: bytes) -> Iterator[Record]:
    """The beats of one viewing, oldest first; `trace` is all its chunks joined. Raises BadTrace."""
    reader, seq = _Reader(trace), -1
    while reader.more():
        step, elapsed_ms = reader.number(), reader.number()
        seq, reader.last = seq + step, 0
        counts = reader.number(), reader.number()
        credited = tuple(reader.piece(False)[:2] for _ in range(counts[0]))
        pending = tuple(reader.piece(True) for _ in range(counts[1]))
        if not step and (pending or not credited):
            raise BadTrace(f"no release before byte {reader.at}")
        yield Record(seq, elapsed_ms, credited, pending, released=not step)


def replay(chunks: Iterable[bytes]) -> Replayed:
    """Coverage and pending of one learner in one media version, from all their viewings' chunks.

    A chunk holds whole records. The order of chunks and viewings does not matter, which is what
    makes this safe for a backlog that was decided late as of an earlier moment: a second once
    credited stays so, and is pending only while no record credits it. Raises BadTrace.
    """
    told = Replayed()
    for beat in (beat for chunk in chunks for beat in records(chunk)):
        for start, end in beat.credited:
            told.spans = union(told.spans, start, end)
        for start, end, _reason in beat.pending:
            told.pending = union(told.pending, start, end)
    for start, end in pairs(told.spans):
        told.pending = remove(told.pending, start, end)
    return told
