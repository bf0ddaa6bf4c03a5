"""The rows of a batch in memory, and the decision of each of its beats upon them."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from app.rules.viewing import beat as rules
from app.rules.viewing import spans, trace
from app.rules.viewing.lease import LeaseClaims
from app.viewing import protocol

# What was played before one of these ended a viewing is still taken; after any other end, nothing.
TAKES_BACKLOG = frozenset({"taken_over", "closed", "lease_ended"})
TAIL_BYTES = 500  # beyond 2 KB a row leaves its page and PostgreSQL halves its speed
TOUCH_MS = 60_000
# Rounding and a rate changed in mid-second refuse milliseconds; nobody who watches comes near a minute.
SIGNAL_MS = 60_000


@dataclass(slots=True)
class Waiting:
    """One beat on its way through a batch; `done` is released, or `future` done, when its answer is durable."""

    claims: LeaseClaims
    seq: int
    ranges: list[object]
    close: bool
    done: threading.Lock = field(default_factory=threading.Lock)
    status: int = 503
    body: bytes = b""
    due: bool = False
    signal: str = ""
    future: asyncio.Future[None] | None = None


@dataclass(slots=True)
class ViewingRow:
    """The columns of `viewing` that a beat reads and writes."""

    learner_id: int
    id: int
    media_version_id: int
    session_id: int | None
    expires_ms: int
    ended_ms: int | None
    end_reason: str | None
    state: rules.ViewingState
    touched_ms: int
    chunks: int
    marks: tuple[int, ...]
    in_order: bool
    refused_ms: int
    answer: bytes
    tail: bytes
    changed: bool = False
    sealed: list[tuple[int, bytes]] = field(default_factory=list)
    touch: bool = False


@dataclass(slots=True)
class CoverageRow:
    """The columns of `coverage`."""

    learner_id: int
    media_version_id: int
    state: rules.CoverageState
    pending_ms: int
    resume_ms: int
    watched_at_ms: int
    due_mark_ms: int | None
    due_at_ms: int | None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What the academy's settings say about beats."""

    ceiling_ms: int
    backlog_ms: int


def decide(waiting: Waiting, viewing: ViewingRow, coverage: CoverageRow, now_ms: int, policy: Policy) -> None:
    """Judge one beat; change the rows in memory and set the answer (not yet released)."""
    if viewing.ended_ms is None and now_ms >= viewing.expires_ms:
        _end(viewing, viewing.expires_ms, "lease_ended")
    if viewing.ended_ms is not None and not _takes_backlog(viewing, now_ms, policy):
        waiting.status, waiting.body = 409, protocol.closed(viewing.end_reason or "closed")
        return
    if waiting.seq > viewing.state.seq:
        _apply(waiting, viewing, coverage, now_ms, policy)
    if viewing.end_reason is None:
        waiting.status, waiting.body = 200, viewing.answer
    else:
        waiting.status, waiting.body = 409, protocol.closed(viewing.end_reason, viewing.answer)
    if waiting.close and viewing.ended_ms is None:
        _end(viewing, now_ms, "closed")


def _takes_backlog(viewing: ViewingRow, now_ms: int, policy: Policy) -> bool:
    assert viewing.ended_ms is not None
    return viewing.end_reason in TAKES_BACKLOG and now_ms <= viewing.ended_ms + policy.backlog_ms


def _end(viewing: ViewingRow, now_ms: int, reason: str) -> None:
    viewing.ended_ms = rules.end(viewing.state, now_ms)
    viewing.end_reason, viewing.changed = reason, True


def _apply(waiting: Waiting, viewing: ViewingRow, coverage: CoverageRow, now_ms: int, policy: Policy) -> None:
    claims = waiting.claims
    terms = rules.Terms(claims.length_ms, claims.rate_m, policy.ceiling_ms, viewing.marks, viewing.in_order)
    as_of = now_ms if viewing.ended_ms is None else viewing.ended_ms
    found = rules.decide(viewing.state, coverage.state, terms, waiting.seq, waiting.ranges, as_of)
    viewing.state, coverage.state = found.viewing, found.coverage
    viewing.answer = protocol.answer(waiting.seq, found, claims.length_ms)
    viewing.changed = coverage.changed = True
    _keep_trace(viewing, found.trace)
    _count_refused(waiting, viewing, found)
    if now_ms - viewing.touched_ms >= TOUCH_MS and viewing.ended_ms is None:
        viewing.touched_ms, viewing.touch = now_ms, True
    coverage.pending_ms = spans.length(found.coverage.pending)
    coverage.watched_at_ms = max(coverage.watched_at_ms, as_of)
    coverage.resume_ms = _resume(waiting.ranges, claims.length_ms, found.coverage, coverage.resume_ms)
    if found.crossed is not None:
        coverage.due_mark_ms = found.crossed
        coverage.due_at_ms = now_ms
        waiting.due = True


def kept(tail: bytes, record: bytes) -> tuple[bytes | None, bytes]:
    """A viewing's tail with one more record: (what is to be sealed as a chunk, the new tail)."""
    if tail and len(tail) + len(record) > TAIL_BYTES:
        return tail, record
    return None, trace.append(tail, record)


def _keep_trace(viewing: ViewingRow, record: bytes) -> None:
    sealed, viewing.tail = kept(viewing.tail, record)
    if sealed is not None:
        viewing.sealed.append((viewing.chunks, sealed))
        viewing.chunks += 1


def _count_refused(waiting: Waiting, viewing: ViewingRow, found: rules.Decision) -> None:
    """Who claims more than time again and again leaves one signal a viewing."""
    if not found.refused:
        return
    before = viewing.refused_ms
    viewing.refused_ms += sum(end - start for start, end, why in found.refused if why == rules.FASTER_THAN_TIME)
    if before < SIGNAL_MS <= viewing.refused_ms:
        waiting.signal = rules.FASTER_THAN_TIME


def _resume(ranges: list[object], length_ms: int, coverage: rules.CoverageState, before: int) -> int:
    """Where to go on: how far the last range that is one is seen; the beginning after the end.

    What was refused does not move it: a player that was told to stop, or a forger, leaves it where it is.
    """
    for played in reversed(ranges):
        if isinstance(played, list) and len(played) == 2 and type(played[0]) is int and type(played[1]) is int:
            if played[0] < 0:
                continue
            end = min(played[1], length_ms)
            reached = max(spans.reached(coverage.spans, end), spans.reached(coverage.pending, end))
            if reached > played[0]:
                return reached if reached < length_ms else 0
    return before
