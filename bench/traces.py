"""What the traces of an hour of watching take on disk, indexes included, after VACUUM."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.base.db import Database
from app.rules.viewing.beat import CoverageState, ViewingState
from app.rules.viewing.lease import LeaseClaims
from app.viewing.rows import CoverageRow, Policy, ViewingRow, Waiting, decide
from bench.places import Place

VIEWINGS, BEATS, EVERY_MS = 400, 240, 15_000
PROMISE = 20  # bytes a beat, quality.md
POLICY = Policy(120_000, 0)


def measure(where: Place, keep: Callable[[list[dict[str, Any]]], None]) -> None:
    """Print and keep bytes a beat. The beats are decided by the real rules; only the clock is made up."""
    chunks = [chunk for number in range(VIEWINGS) for chunk in _hour(number)]
    owner = Database(where.urls.owner_url)
    with owner.engine.begin() as connection:
        connection.execute(text("DELETE FROM trace_chunk"))
    _vacuum(owner)
    before = _bytes(owner)
    with owner.engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO trace_chunk VALUES ({where.made.first}, :v, :n, :b)"),
            [{"v": viewing, "n": number, "b": piece} for viewing, number, piece in chunks],
        )
    _vacuum(owner)
    each = (_bytes(owner) - before) / (VIEWINGS * BEATS)
    raw = sum(len(chunk[2]) for chunk in chunks) / (VIEWINGS * BEATS)
    owner.engine.dispose()
    print(f"· traces, {where.kind}: {each:.1f} bytes a beat on disk ({raw:.1f} of them the records)  ≤ {PROMISE}")
    keep([{"name": "traces", "database": where.kind, "value": round(each, 2), "unit": "bytes/beat",
           "records": round(raw, 2), "promise": f"≤ {PROMISE}"}])  # fmt: skip


def _hour(number: int) -> list[tuple[int, int, bytes]]:
    """The chunks of one viewing of an hour: mostly in order, now and then back or on, a little irregular."""
    chance = random.Random(number)
    claims = LeaseClaims(1, 1, number, 4 * 3_600_000, 2000, 1 << 60)
    viewing = ViewingRow(
        1, number, 1, None, 1 << 60, None, None, ViewingState(-1, 0, 0, 0), 0, 0, (), False, 0, b"", b""
    )
    coverage = CoverageRow(1, 1, CoverageState([], [], 0), 0, 0, 0, None, None)
    now, at = 0, 0
    for seq in range(BEATS):
        took = int(EVERY_MS * chance.uniform(0.8, 1.2))
        now += took
        if chance.random() < 0.05:
            at = max(0, at + chance.randrange(-60_000, 60_000))
        decide(Waiting(claims, seq, [[at, at + took - 40]], False), viewing, coverage, now, POLICY)
        at += took - 40
    return [(number, place, piece) for place, piece in [*viewing.sealed, (viewing.chunks, viewing.tail)]]


def _vacuum(owner: Database) -> None:
    if owner.sqlite:
        with closing(sqlite3.connect(str(owner.engine.url.database), isolation_level=None)) as raw:
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM FULL trace_chunk"))


def _bytes(owner: Database) -> int:
    if owner.sqlite:
        return Path(str(owner.engine.url.database)).stat().st_size
    with owner.engine.connect() as connection:
        found = connection.scalar(text("SELECT pg_total_relation_size('trace_chunk')"))
    return int(found)
