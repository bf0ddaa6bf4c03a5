"""Durable beats through the real application, beside "Flask + group-committed upsert" on the same server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import report
from bench.driver import Driver, Outcome, post
from bench.machine import Share
from bench.people import Feed
from bench.places import Place, serving

CONNECTIONS = 128
CLOSED, NORMAL, LARGE = "closed", "open 1067", "open 4267"
CLOSED_PLAYED_MS = 4000  # what a beat of the closed loop tells: about the time since that learner's last one
PROMISES = {
    ("postgresql", CLOSED): "≥ 3500/s, ≥ 130 % of the floor",
    ("postgresql", NORMAL): "p99 ≤ 25 ms, ≤ 45 % of the machine",
    ("postgresql", LARGE): "sustained, p99 ≤ 50 ms",
    ("sqlite", CLOSED): "≥ 2500/s",
    ("sqlite", NORMAL): "p99 ≤ 25 ms",
}
LOOP_PROMISES = {
    ("postgresql", CLOSED): "≥ 55 % of the floor",
    ("postgresql", LARGE): "sustained, p99 ≤ 50 ms (either entry)",
}


@dataclass(frozen=True)
class Target:
    """What is sent where."""

    name: str
    path: str
    granian: tuple[str, ...]
    interface: str = "wsgi"


BEATS = Target("beats", "/beats", ("wsgi:app",))
FLOOR = Target("floor: Flask + group-committed upsert", "/floor", ("--factory", "bench.floor:create"))
LOOP = Target("beats (event loop)", "/beats", ("--factory", "app.beats_entry:create"), "rsgi")
LOOP_FLOOR = Target(
    "floor: group-committed upsert (event loop)", "/floor", ("--factory", "bench.floor:create_loop"), "rsgi"
)


def rates_of(load: str) -> int | None:
    """The offered rate of an open loop; None for the closed one."""
    return None if load == CLOSED else int(load.split()[1])


def run(where: Place, port: int, target: Target, feed: Feed, load: str, seconds: float) -> tuple[Outcome, float]:
    """One load on a running server; what came of it and the machine's share."""
    rate = rates_of(load)
    played = CLOSED_PLAYED_MS if rate is None else len(where.made.leases) * 1000 // rate

    def following() -> bytes:
        return post(target.path, feed.body(played), port)

    driver, share = Driver(port, CONNECTIONS, following), Share()
    outcome = driver.closed(seconds) if rate is None else driver.open(seconds, rate)
    return outcome, share.read()[0]


def warm(port: int, target: Target, feed: Feed) -> None:
    """Connections, prepared statements, the writer's thread: not what is measured."""
    Driver(port, CONNECTIONS, lambda: post(target.path, feed.body(100), port)).closed(1.0)


def measure(where: Place, seconds: float, add: Callable[[dict[str, Any]], None]) -> None:
    """All loads on one database. Each floor runs closed, right before its beats."""
    feed = Feed(where.made)
    for floor_target, target, promises in ((FLOOR, BEATS, PROMISES), (LOOP_FLOOR, LOOP, LOOP_PROMISES)):
        with serving(where, floor_target.granian[-1], *floor_target.granian[:-1], interface=target.interface) as port:
            warm(port, floor_target, feed)
            floor, share = run(where, port, floor_target, feed, CLOSED, seconds)
            add(report.row(floor_target.name, where.kind, CLOSED, floor, share))
        loads = (CLOSED, NORMAL, LARGE) if where.kind == "postgresql" else (CLOSED, NORMAL)
        with serving(where, target.granian[-1], *target.granian[:-1], interface=target.interface) as port:
            warm(port, target, feed)
            for load in loads:
                outcome, share = run(where, port, target, feed, load, seconds)
                beside = floor.rate if load == CLOSED else rates_of(load)
                promise = promises.get((where.kind, load), "")
                add(report.row(target.name, where.kind, load, outcome, share, beside, promise))
