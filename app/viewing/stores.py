"""How a batch is read and written: two databases, one behaviour.

Lock order, here and in `service.py`: (an opening: the person, then) coverage rows by key, then viewing rows
by key, then the learner's ledger. Everybody who keeps it can wait for each other but never in a circle.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import psycopg

from app.base.clock import AnchoredClock
from app.base.db import prepare_sqlite
from app.rules.viewing import presence, spans
from app.rules.viewing.beat import CoverageState, ViewingState
from app.viewing import arrays
from app.viewing.arrays import byteas, int8s, texts
from app.viewing.marks import unpack
from app.viewing.rows import CoverageRow, ViewingRow

Key = tuple[int, int]
V_COLUMNS = (
    "learner_id, id, media_version_id, session_id, expires_ms, ended_ms, end_reason, seq, clock_ms, open_us,"
    " credit_us, touched_ms, chunks, marks, in_order, refused_ms, answer, trace_tail"
)
C_COLUMNS = (
    "learner_id, media_version_id, counted_ms, pending_ms, resume_ms, watched_at_ms, due_mark_ms, due_at_ms,"
    " spans, pending, checks"
)


class Store(Protocol):
    """One connection that commits whole batches. After any exception: `drop()`, then begin anew."""

    def read(self, keys: Sequence[Key], covers: Sequence[Key]) -> tuple[int, list[ViewingRow], list[CoverageRow]]:
        """Begin, lock the rows of these sorted keys, and say what time it is (ms)."""

    def write(self, viewings: Sequence[ViewingRow], covers: Sequence[CoverageRow], now_ms: int) -> None:
        """Write the changed rows and commit: after this returns, they are durable."""

    def drop(self) -> None:
        """Forget the connection and whatever it had begun."""


def _viewing(row: Sequence[Any]) -> ViewingRow:
    (
        learner,
        key,
        media,
        session,
        expires,
        ended,
        reason,
        seq,
        at,
        open_us,
        credit_us,
        touched,
        chunks,
        marks,
        in_order,
        refused,
        answer,
        tail,
    ) = row
    state = ViewingState(seq, at, open_us, credit_us)
    return ViewingRow(
        learner, key, media, session, expires, ended, reason, state, touched, chunks,
        unpack(marks), bool(in_order), refused, bytes(answer), bytes(tail),
    )  # fmt: skip


def _coverage(row: Sequence[Any]) -> CoverageRow:
    learner, media, counted, pending_ms, resume, watched, due, due_at, covered, pending, checks = row
    state = CoverageState(spans.unpack(covered), spans.unpack(pending), counted, presence.unpack(bytes(checks)))
    return CoverageRow(learner, media, state, pending_ms, resume, watched, due, due_at)


def _v_values(row: ViewingRow) -> tuple[Any, ...]:
    state = row.state
    return (
        state.seq, state.clock_ms, state.open_us, state.credit_us, row.touched_ms, row.chunks, row.refused_ms,
        row.answer, row.tail, row.ended_ms, row.end_reason, row.learner_id, row.id,
    )  # fmt: skip


def _c_values(row: CoverageRow) -> tuple[Any, ...]:
    state = row.state
    return (
        state.counted_ms, row.pending_ms, row.resume_ms, row.watched_at_ms, row.due_mark_ms, row.due_at_ms,
        spans.pack(state.spans), spans.pack(state.pending), presence.pack(state.checks),
        row.learner_id, row.media_version_id,
    )  # fmt: skip


def _chunks(rows: Iterable[ViewingRow]) -> list[tuple[int, int, int, bytes]]:
    return [(row.learner_id, row.id, number, piece) for row in rows for number, piece in row.sealed]


class SqliteStore:
    """The embedded database: one process writes, in one immediate transaction a batch."""

    def __init__(self, path: str, clock: AnchoredClock) -> None:
        self._path, self._clock = path, clock
        self._open: sqlite3.Connection | None = None

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(self._path, check_same_thread=False)
            prepare_sqlite(self._open)
        return self._open

    def read(self, keys: Sequence[Key], covers: Sequence[Key]) -> tuple[int, list[ViewingRow], list[CoverageRow]]:
        """See `Store`."""
        run = self._connection().execute
        run("BEGIN IMMEDIATE")
        seen = f"SELECT {V_COLUMNS} FROM viewing WHERE learner_id = ? AND id = ?"
        cover = f"SELECT {C_COLUMNS} FROM coverage WHERE learner_id = ? AND media_version_id = ?"
        viewings = [_viewing(row) for key in keys if (row := run(seen, key).fetchone())]
        covered = [_coverage(row) for key in covers if (row := run(cover, key).fetchone())]
        return self._clock.now_ms(), viewings, covered

    def write(self, viewings: Sequence[ViewingRow], covers: Sequence[CoverageRow], now_ms: int) -> None:
        """See `Store`."""
        connection = self._connection()
        connection.executemany(
            "UPDATE viewing SET seq=?, clock_ms=?, open_us=?, credit_us=?, touched_ms=?, chunks=?, refused_ms=?,"
            " answer=?, trace_tail=?, ended_ms=?, end_reason=? WHERE learner_id=? AND id=?",
            [_v_values(row) for row in viewings],
        )
        connection.executemany(
            "UPDATE coverage SET counted_ms=?, pending_ms=?, resume_ms=?, watched_at_ms=?, due_mark_ms=?,"
            " due_at_ms=?, spans=?, pending=?, checks=? WHERE learner_id=? AND media_version_id=?",
            [_c_values(row) for row in covers],
        )
        if chunks := _chunks(viewings):
            connection.executemany("INSERT INTO trace_chunk VALUES (?, ?, ?, ?)", chunks)
        if touched := [(row.session_id,) for row in viewings if row.touch and row.session_id is not None]:
            connection.executemany(
                "UPDATE login_session SET seen_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = ?", touched
            )
        connection.execute("COMMIT")

    def drop(self) -> None:
        """See `Store`."""
        broken, self._open = self._open, None
        if broken is not None:
            broken.close()


class PostgresStore:
    """PostgreSQL: rows locked in the order of their keys, written back by one statement."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._open: psycopg.Connection[Any] | None = None

    def _connection(self) -> psycopg.Connection[Any]:
        if self._open is None or self._open.closed:
            self._open = psycopg.connect(self._url)
            self._open.prepare_threshold = 0
            arrays.register(self._open)
        return self._open

    def read(self, keys: Sequence[Key], covers: Sequence[Key]) -> tuple[int, list[ViewingRow], list[CoverageRow]]:
        """See `Store`. The time is the database's: nodes drift. A beat that waited for a lock may carry a moment
        before it had it, which credits less, never more."""
        cursor = self._connection().cursor(binary=True)
        covered = cursor.execute(_PG_LOCK_COVERAGE, _packed(covers, _KEY)).fetchall()
        rows = cursor.execute(_PG_LOCK_VIEWING, _packed(keys, _KEY)).fetchall()
        now_ms = max((row[-1] for row in rows), default=0)
        return now_ms, [_viewing(row[:-1]) for row in rows], [_coverage(row) for row in covered]

    def write(self, viewings: Sequence[ViewingRow], covers: Sequence[CoverageRow], now_ms: int) -> None:
        """See `Store`."""
        connection = self._connection()
        cursor = connection.cursor()
        seen, covered = [_v_values(row) for row in viewings], [_c_values(row) for row in covers]
        cursor.execute(_PG_WRITE, _packed(seen, _V_FORMS) + _packed(covered, _C_FORMS))
        if chunks := _chunks(viewings):
            cursor.executemany("INSERT INTO trace_chunk VALUES (%s, %s, %s, %s)", chunks)
        if touched := [row.session_id for row in viewings if row.touch and row.session_id is not None]:
            cursor.execute(_PG_TOUCH, (touched,))
        connection.commit()

    def drop(self) -> None:
        """See `Store`."""
        broken, self._open = self._open, None
        if broken is not None:
            broken.close()


# How the columns of `_v_values` and `_c_values` are packed, in their order.
_KEY = (int8s, int8s)
_V_FORMS = (*(int8s,) * 7, byteas, byteas, int8s, texts, *_KEY)
_C_FORMS = (*(int8s,) * 6, byteas, byteas, byteas, *_KEY)


def _packed(rows: Sequence[Sequence[Any]], forms: Sequence[Callable[[Any], bytes]]) -> list[bytes]:
    columns = zip(*rows, strict=True) if rows else [()] * len(forms)
    return [form(column) for form, column in zip(forms, columns, strict=True)]


_PG_LOCK_COVERAGE = f"""
SELECT {", ".join("c." + name.strip() for name in C_COLUMNS.split(","))}
FROM unnest(%s::int8[], %s::int8[]) AS k(l, m) JOIN coverage c ON c.learner_id = k.l AND c.media_version_id = k.m
ORDER BY c.learner_id, c.media_version_id FOR UPDATE OF c"""
_PG_LOCK_VIEWING = f"""
SELECT {", ".join("v." + name.strip() for name in V_COLUMNS.split(","))},
 (extract(epoch FROM clock_timestamp()) * 1000)::int8
FROM unnest(%s::int8[], %s::int8[]) AS k(l, i) JOIN viewing v ON v.learner_id = k.l AND v.id = k.i
ORDER BY v.learner_id, v.id FOR UPDATE OF v"""
_PG_WRITE = """
WITH seen AS (
 UPDATE viewing v SET seq=k.seq, clock_ms=k.at, open_us=k.o, credit_us=k.c, touched_ms=k.t, chunks=k.n,
  refused_ms=k.refused, answer=k.answer, trace_tail=k.tail, ended_ms=k.ended, end_reason=k.reason
 FROM unnest(%s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::bytea[],
  %s::bytea[], %s::int8[], %s::text[], %s::int8[], %s::int8[])
  AS k(seq, at, o, c, t, n, refused, answer, tail, ended, reason, l, i)
 WHERE v.learner_id = k.l AND v.id = k.i)
UPDATE coverage c SET counted_ms=k.counted, pending_ms=k.waiting, resume_ms=k.resume, watched_at_ms=k.watched,
 due_mark_ms=k.due, due_at_ms=k.due_at, spans=k.spans, pending=k.pending, checks=k.checks
FROM unnest(%s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::bytea[], %s::bytea[],
 %s::bytea[], %s::int8[], %s::int8[]) AS k(counted, waiting, resume, watched, due, due_at, spans, pending, checks, l, m)
WHERE c.learner_id = k.l AND c.media_version_id = k.m"""
# A sign-in row that somebody else holds is simply not touched now: it must never hold up a beat.
_PG_TOUCH = """
UPDATE login_session SET seen_at = clock_timestamp() WHERE id IN
 (SELECT id FROM login_session WHERE id = ANY(%s::int8[]) ORDER BY id FOR UPDATE SKIP LOCKED)"""
