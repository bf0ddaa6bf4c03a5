"""`verify --viewing`: evidence of watching against the traces of its viewings, as long as there are any."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select, update

from app.base.clock import from_ms
from app.credits import service as credits
from app.credits.books import traced
from app.credits.books.traced import Sampled
from app.rules.viewing import spans
from app.viewing import replay
from app.viewing.models import Coverage, TraceChunk, Viewing
from tests.viewing.helpers import LENGTH_MS, Room

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

KEY = f"K{1:025d}"


@pytest.fixture
def room(any_database: DatabaseUrls) -> Iterator[Room]:
    """One learner who has watched 80 stretches of a second by real beats, and evidence of 40 seconds."""
    traced.wire(replay.replayed)
    made = Room(any_database)
    lease, reached = made.viewing(1, 10, opened_s=170), 0
    for seq in range(80):
        made.beat(lease, seq, [seq * 3000, seq * 3000 + 1000])
        if seq == 39:
            with made.db.reading() as session:
                reached = session.scalars(select(Coverage.watched_at_ms)).one()
    record(made, "watched:1:40000", 40_000, reached)
    yield made
    made.close()


def record(room: Room, key: str, seen_ms: int, at_ms: int, version: int = 1) -> None:
    """Evidence that so much of a version was seen by a moment."""
    with room.db.writing() as session:
        credits.record(
            session, 1, key=key, kind="watched", happened_at=from_ms(at_ms), known_at=from_ms(at_ms),
            recorded_by="viewing",
            facts={"media_version": version, "item": "lesson:1", "length_ms": LENGTH_MS, "seen_ms": seen_ms},
        )  # fmt: skip


def sampled(room: Room, share: float = 1) -> Sampled:
    with room.db.reading() as session:
        return traced.sample(session, share, chance=random.Random(1))


def test_traces_agree_with_evidence_and_coverage(room: Room) -> None:
    with room.db.reading() as session:
        assert session.scalars(select(TraceChunk.number)).all(), "the trace is long enough to lie in chunks"
    found = sampled(room)
    assert found.counts() == {"drawn": 1, "replayed": 1, "expired": 0, "missing": 0, "differences": 0}
    assert sampled(room, 0).counts()["drawn"] == 0


def test_a_share_is_drawn(room: Room) -> None:
    for number in range(100):
        record(room, f"other:{number}", 1, 0, version=2)
    found = sampled(room, 0.3)
    assert 15 < found.drawn < 50
    assert found.missing >= found.drawn - 1


def test_more_than_was_played_is_named(room: Room) -> None:
    record(room, "watched:1:90000", 90_000, 2_000_000_000_000)
    (one,) = sampled(room).differences
    assert (one.learner_key, one.what, one.row) == (KEY, "viewing", "evidence 2 (watched:1:90000)")
    assert one.expected == "90000 ms seen"


def test_earlier_than_it_was_played_is_named(room: Room) -> None:
    record(room, "watched:1:79000", 79_000, 1_000_000_000_000)
    (one,) = sampled(room).differences
    assert one.row == "evidence 2 (watched:1:79000)"
    assert one.expected == "79000 ms seen by 1000000000000"


def test_coverage_that_no_trace_tells_of_is_named(room: Room) -> None:
    with room.db.writing() as session:
        more = spans.pack([0, 200_000])
        session.execute(update(Coverage).values(spans=more))
    (one,) = sampled(room).differences
    assert one.expected == "coverage of 80000 ms in 80 parts, as the traces tell"
    assert one.found == "200000 ms in 1 parts"


def test_a_damaged_trace_is_named(room: Room) -> None:
    with room.db.writing() as session:
        tail = session.scalars(select(Viewing.trace_tail)).one()
        session.execute(update(Viewing).values(trace_tail=bytes(tail)[:-1]))
    (one,) = sampled(room).differences
    assert one.expected == "a trace"


def test_expired_and_missing_traces_are_counted_and_no_difference(room: Room) -> None:
    record(room, "other", 1, 0, version=2)
    with room.db.writing() as session:
        session.execute(delete(TraceChunk).where(TraceChunk.number == 0))
    assert sampled(room).counts() == {"drawn": 2, "replayed": 0, "expired": 1, "missing": 1, "differences": 0}
