"""Where a beat's time goes: each part of the path by itself, in one thread, in batches of 32 and 128."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.base.clock import AnchoredClock
from app.rules.viewing.lease import LeaseClaims, verify
from app.viewing import protocol
from app.viewing.rows import Policy, Waiting, decide
from app.viewing.stores import PostgresStore, SqliteStore, Store
from bench.places import Place

BATCHES = (32, 128)
SECONDS = 2.0
POLICY = Policy(120_000, 7 * 86_400_000)


@dataclass
class Clock:
    """Seconds by part."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """What is done inside counts for this part."""
        begun = time.perf_counter()
        yield
        self.spent[name] = self.spent.get(name, 0) + time.perf_counter() - begun


def measure(where: Place, keep: Callable[[list[dict[str, Any]]], None]) -> None:
    """Print and keep microseconds a beat by part."""
    sqlite = where.kind == "sqlite"
    path = where.urls.app_url.removeprefix("sqlite:///")
    store: Store = SqliteStore(path, AnchoredClock()) if sqlite else PostgresStore(where.urls.app_url)
    for size in BATCHES:
        clock, beats = _run(where, store, size)
        parts = {name: round(spent / beats * 1e6, 1) for name, spent in clock.spent.items()}
        print(f"· a beat's parts, {where.kind}, {size} a batch, µs: " + ", ".join(f"{k} {v}" for k, v in parts.items()))
        keep([{"name": "parts", "database": where.kind, "batch": size, "microseconds": parts}])
    store.drop()


def _run(where: Place, store: Store, size: int) -> tuple[Clock, int]:
    clock, beats, secrets = Clock(), 0, (where.secret.encode(),)
    leases, seq = where.made.leases, time.time_ns() // 1_000_000
    until = time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        seq += 1
        wanted = [leases[(beats * 7 + number) % len(leases)] for number in range(size)]
        bodies = [json.dumps({"lease": lease, "seq": seq, "ranges": [[0, 4000]]}).encode() for lease in wanted]
        with clock.part("decode"):
            read = [protocol.read(body) for body in bodies]
        with clock.part("lease"):
            claims = [verify(secrets, beat.lease) for beat in read]
        _commit(clock, store, claims, seq)
        beats += size
    return clock, beats


def _commit(clock: Clock, store: Store, batch: list[LeaseClaims], seq: int) -> None:
    keys = sorted({(each.learner, each.viewing) for each in batch})
    covers = sorted({(each.learner, each.media_version) for each in batch})
    with clock.part("read and lock"):
        now_ms, found, covered = store.read(keys, covers)
    with clock.part("decide"):
        viewings = {(row.learner_id, row.id): row for row in found}
        coverage = {(row.learner_id, row.media_version_id): row for row in covered}
        for each in batch:
            waiting = Waiting(each, seq, [[0, 4000]], False)
            row, cover = viewings[each.learner, each.viewing], coverage[each.learner, each.media_version]
            decide(waiting, row, cover, now_ms, POLICY)
    with clock.part("write and commit"):
        store.write([row for row in found if row.changed], [row for row in covered if row.changed], now_ms)
