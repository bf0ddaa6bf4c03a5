"""The law of the traces, asked: what they tell of a learner in a media version is what the coverage says."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits.books.traced import EXPIRED, MISSING, WHOLE, Traced
from app.rules.viewing import spans
from app.rules.viewing.played import plays
from app.rules.viewing.trace import BadTrace, replay
from app.viewing.models import Coverage, TraceChunk, Viewing


def replayed(session: Session, learner_id: int, media_version_id: int) -> Traced:
    """Replay every viewing of this version by this learner. Three queries."""
    viewings = session.execute(
        select(Viewing.id, Viewing.opened_ms, Viewing.chunks, Viewing.trace_tail)
        .where(Viewing.learner_id == learner_id, Viewing.media_version_id == media_version_id)
        .order_by(Viewing.id)
    ).all()
    if not viewings:
        return Traced(MISSING)
    chunks = _chunks(session, learner_id, media_version_id)
    if any(len(chunks[row.id]) != row.chunks for row in viewings):
        return Traced(EXPIRED)
    packed = session.scalar(
        select(Coverage.spans).where(Coverage.learner_id == learner_id, Coverage.media_version_id == media_version_id)
    )
    covered = spans.unpack(packed) if packed is not None else []
    traces = [(row.opened_ms, b"".join([*chunks[row.id], row.trace_tail])) for row in viewings]
    try:
        told = replay(trace for _opened, trace in traces).spans
    except BadTrace as error:
        return Traced(WHOLE, ("a trace", str(error)))
    if told != covered:
        return Traced(WHOLE, (f"coverage of {_said(told)}, as the traces tell", _said(covered)))
    played = plays(traces, covered)

    def reached_ms(seen_ms: int) -> int | None:
        sum_ms = 0
        for play in played:
            sum_ms += play.end - play.start
            if sum_ms >= seen_ms:
                return play.at_ms
        return None

    return Traced(WHOLE, None, reached_ms)


def _chunks(session: Session, learner_id: int, media_version_id: int) -> defaultdict[int, list[bytes]]:
    found: defaultdict[int, list[bytes]] = defaultdict(list)
    rows = session.execute(
        select(TraceChunk.viewing_id, TraceChunk.bytes)
        .join(Viewing, (Viewing.learner_id == TraceChunk.learner_id) & (Viewing.id == TraceChunk.viewing_id))
        .where(TraceChunk.learner_id == learner_id, Viewing.media_version_id == media_version_id)
        .order_by(TraceChunk.viewing_id, TraceChunk.number)
    )
    for viewing_id, piece in rows:
        found[viewing_id].append(bytes(piece))
    return found


def _said(flat: list[int]) -> str:
    return f"{spans.length(flat)} ms in {len(flat) // 2} parts"
