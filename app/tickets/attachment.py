"""The trace that a ticket carries: viewings, records and coverage as they were when the learner wrote.

A copy, not a pointer: traces expire, and the reason for a grant must be there as long as the grant is.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from app.courses.queries import Material
from app.rules.viewing import spans
from app.rules.viewing.gaps import gaps
from app.rules.viewing.spans import Piece
from app.rules.viewing.timeline import Gap, Seen, Told, tell
from app.viewing import traces
from app.viewing.models import Coverage
from app.viewing.now import time_ms

MOST_BYTES = 200_000  # of traces; an hour has about 3,000


class Attached(msgspec.Struct, frozen=True, array_like=True):
    """As stored. `viewings` the oldest first; `left_out` older ones did not fit. Spans are flat; ms.

    `rate_m`: the course's speed then, for viewings that do not carry their own (old attachments).
    """

    at_ms: int
    length_ms: int
    rate_m: int
    silent_ms: int
    spans: list[int]
    pending: list[int]
    viewings: list[Seen]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """What an attachment tells: the viewings with what happened in them, and why each missing part is missing."""

    at_ms: int
    length_ms: int
    counted: list[Piece]
    pending: list[Piece]
    viewings: tuple[Told, ...]
    gaps: tuple[Gap, ...]
    left_out: int

    @property
    def counted_ms(self) -> int:
        """How much counted then."""
        return sum(end - start for start, end in self.counted)

    @property
    def pending_ms(self) -> int:
        """How much waited then."""
        return sum(end - start for start, end in self.pending)

    @property
    def missing_ms(self) -> int:
        """How much neither counted nor waited."""
        return self.length_ms - self.counted_ms - self.pending_ms


_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Attached)


def freeze(session: Session, learner_id: int, material: Material, beat_seconds: int) -> Attached:
    """The state of this moment."""
    version = material.media_version
    row = session.get(Coverage, (learner_id, version.id))
    found = traces.viewings(session, learner_id, version.id)
    kept, size = [], 0
    for seen in reversed(found):
        size += len(seen.trace)
        if size > MOST_BYTES:
            break
        kept.append(seen)
    return Attached(
        at_ms=time_ms(session),
        length_ms=version.length_ms,
        rate_m=material.course.max_rate_m,
        silent_ms=beat_seconds * 1000 * traces.SILENT_BEATS,
        spans=spans.unpack(row.spans) if row else [],
        pending=spans.unpack(row.pending) if row else [],
        viewings=kept[::-1],
        left_out=len(found) - len(kept),
    )


def pack(attached: Attached) -> bytes:
    """The bytes of a row."""
    return _encoder.encode(attached)


def unpack(packed: bytes) -> Attached:
    """The inverse of `pack`."""
    return _decoder.decode(packed)


def told(attached: Attached, most: int | None = None) -> tuple[Told, ...]:
    """The viewings as stories, the oldest first; of more than `most` the newest. Raises BadTrace."""
    chosen = attached.viewings if most is None else attached.viewings[-most:]
    return tuple(tell(seen, attached.at_ms, attached.rate_m, attached.silent_ms) for seen in chosen)


def story(attached: Attached) -> Story:
    """Read the traces, and why each missing part is missing. Raises BadTrace for damaged ones."""
    viewings = told(attached)
    return Story(
        attached.at_ms,
        attached.length_ms,
        spans.pairs(attached.spans),
        spans.pairs(attached.pending),
        viewings,
        tuple(gaps(viewings, attached.spans, attached.pending, attached.length_ms)),
        attached.left_out,
    )
