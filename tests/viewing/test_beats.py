"""The beat path over real databases: durable, idempotent, judged by the academy's clock alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.rules.viewing.lease import LeaseClaims, sign
from app.viewing.models import TraceChunk, Viewing
from app.viewing.rows import Waiting
from app.viewing.writer import Writer
from tests.services import DatabaseUrls
from tests.viewing.helpers import LENGTH_MS, POLICY, SECRET, Room


@pytest.fixture
def room(any_database: DatabaseUrls) -> Iterator[Room]:
    made = Room(any_database)
    yield made
    made.close()


def test_a_beat_counts_what_could_have_been_watched(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=20)
    status, answer = room.beat(lease, 0, [0, 15_000])
    assert (status, answer["credited_ms"], answer["coverage_ms"]) == (200, 15_000, 15_000)
    assert answer["credited"] == [[0, 15_000]]
    assert room.covered(1) == [(0, 15_000)]


@pytest.mark.parametrize(
    ("ranges", "resume_ms"),
    [([[0, 15_000]], 15_000), ([[20_000, 30_000], [0, 9000]], 9000), ([[LENGTH_MS - 4000, LENGTH_MS]], 0),
     ([[100_000, LENGTH_MS + 5]], 140_000), ([], 3000), ([[9, 9], [70_000, 50_000]], 3000)],
)  # fmt: skip
def test_one_goes_on_where_counting_stopped(room: Room, ranges: list[list[int]], resume_ms: int) -> None:
    lease = room.viewing(1, 10, opened_s=21)
    room.beat(lease, 0, [0, 3000])
    room.beat(lease, 1, *ranges)
    assert abs(room.resume_ms(1) - resume_ms) < 4000  # the clock runs on
    assert (room.resume_ms(1) == 0) == (resume_ms == 0)


def test_faster_than_time_is_refused_with_its_reason(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=20)
    status, answer = room.beat(lease, 0, [0, 350_000])
    assert status == 200
    assert 40_000 <= answer["credited_ms"] < 60_000  # twenty seconds at twice the speed
    (refused,) = answer["refused"]
    assert refused["reason"] == "faster_than_time"
    assert refused["range"][1] == 350_000


def test_a_resent_number_gets_the_same_answer_and_changes_nothing(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=20)
    first = room.beat(lease, 3, [0, 15_000])
    assert room.beat(lease, 3, [0, 15_000]) == first
    assert room.beat(lease, 2, [100_000, 101_000]) == first  # an older number gets the last answer
    assert room.covered(1) == [(0, 15_000)]


def test_a_forged_lease_is_not_ours(room: Room) -> None:
    lease = room.viewing(1, 10)
    forged = lease.replace("1.1.10.", "2.1.10.", 1)
    assert room.beat(forged, 0, [0, 1000])[0] == 401
    claims = LeaseClaims(1, 1, 10, LENGTH_MS, 2000, 2**50)
    assert room.beat(sign(b"another secret", claims), 0, [0, 1000])[0] == 401
    assert room.beat(sign(SECRET, LeaseClaims(1, 1, 99, LENGTH_MS, 2000, 2**50)), 0, [0, 1000])[0] == 401
    assert room.covered(1) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"lease": 1}', b'{"lease": "x", "seq": -1, "ranges": []}', b"\xff\xfe", b"[" * 60_000,
     b'{"lease": "x", "seq": 1.5, "ranges": []}', b'{"lease": "x", "seq": 1, "ranges": [], "credit": 9}'],
)  # fmt: skip
def test_a_body_that_is_no_beat_says_so(room: Room, body: bytes) -> None:
    status, answer = room.beats.handle(body)
    assert status == 400
    assert json.loads(answer)["error"] == "bad_beat"


def test_one_bad_range_never_rejects_its_neighbours(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=30)
    text: Any = "x"
    status, answer = room.beat(lease, 0, [0, 5000], text, [9, 9], [True, 4], [400_000, 500_000], [6000, 8000])
    assert (status, answer["credited_ms"], len(answer["refused"])) == (200, 7000, 4)


@pytest.mark.parametrize("reason", ["taken_over", "closed", "lease_ended"])
def test_a_backlog_is_taken_as_of_the_end(room: Room, reason: str) -> None:
    lease = room.viewing(1, 10, opened_s=120, ended_s=100, reason=reason)
    status, answer = room.beat(lease, 0, [0, 60_000])
    assert (status, answer["reason"], answer["acknowledged"]) == (409, reason, True)
    assert 40_000 <= answer["credited_ms"] < 41_000  # open for 20 s, at twice the speed; waiting earned nothing
    assert room.covered(1)[0][1] == answer["credited_ms"]


@pytest.mark.parametrize("reason", ["disabled", "left_class", "withdrawn"])
def test_nothing_more_is_taken_after_such_an_end(room: Room, reason: str) -> None:
    lease = room.viewing(1, 10, opened_s=120, ended_s=100, reason=reason)
    assert room.beat(lease, 0, [0, 10_000]) == (409, {"reason": reason, "acknowledged": False})
    assert room.covered(1) == []


def test_after_seven_days_a_backlog_is_too_late(room: Room) -> None:
    day = 86_400
    lease = room.viewing(1, 10, opened_s=8 * day, ended_s=7 * day + 60, reason="taken_over", expires_s=9 * day)
    assert room.beat(lease, 0, [0, 10_000]) == (409, {"reason": "taken_over", "acknowledged": False})


def test_a_lease_ends_by_itself(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=100, expires_s=40)
    status, answer = room.beat(lease, 0, [0, 100_000])
    assert (status, answer["reason"], answer["credited_ms"]) == (409, "lease_ended", 80_000)


def test_an_own_close_is_the_last_beat(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=30)
    assert room.beat(lease, 0, [0, 10_000], close=True)[0] == 200
    status, answer = room.beat(lease, 1, [10_000, 20_000])
    assert (status, answer["reason"], answer["credited_ms"]) == (409, "closed", 10_000)


def test_a_crossed_mark_settles_before_the_answer(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=60, marks=(30_000, 90_000))
    assert room.beat(lease, 0, [0, 29_000])[1]["mark"] is False
    assert room.settled == []
    assert room.beat(lease, 1, [29_000, 31_000])[1]["mark"] is True
    assert room.settled == [(1, 1)]


def test_time_beyond_the_ceiling_is_pending(room: Room) -> None:
    lease = room.viewing(1, 10, opened_s=170)
    answer = room.beat(lease, 0, [0, 300_000])[1]
    assert answer["credited_ms"] == 240_000  # 120 s at twice the speed
    assert answer["pending"] == [{"range": [240_000, 300_000], "reason": "network_away"}]


def test_beats_of_many_learners_go_together_and_keep_apart(room: Room) -> None:
    leases = {learner: room.viewing(learner, 100 + learner, opened_s=40) for learner in range(1, 21)}
    answers: dict[int, Any] = {}

    def watch(learner: int) -> None:
        answers[learner] = [room.beat(leases[learner], seq, [seq * 1000, seq * 1000 + 1000]) for seq in range(12)]

    threads = [threading.Thread(target=watch, args=(learner,)) for learner in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for learner in leases:
        assert [status for status, _ in answers[learner]] == [200] * 12
        assert room.covered(learner) == [(0, 12_000)]


def test_the_trace_moves_to_chunks_and_replays(room: Room) -> None:
    from app.rules.viewing import spans, trace

    lease = room.viewing(1, 10, opened_s=170)
    for seq in range(80):
        room.beat(lease, seq, [seq * 3000, seq * 3000 + 1000])
    with room.db.reading() as session:
        row = session.get(Viewing, (1, 10))
        assert row is not None
        chunks = session.query(TraceChunk).order_by(TraceChunk.number).all()
        assert row.chunks == len(chunks) > 0
        assert len(row.trace_tail) <= 500
        told = trace.replay([b"".join([*(chunk.bytes for chunk in chunks), row.trace_tail])])
    assert spans.pairs(told.spans) == room.covered(1)


def test_a_failed_commit_acknowledges_nothing(room: Room) -> None:
    class Broken:
        def __init__(self) -> None:
            self.inner, self.fail = room.store(), True

        def read(self, *arguments: Any) -> Any:
            return self.inner.read(*arguments)

        def write(self, *arguments: Any) -> None:
            if self.fail:
                raise OSError("disk full")
            self.inner.write(*arguments)

        def drop(self) -> None:
            self.inner.drop()

    lease = room.viewing(1, 10, opened_s=40)
    broken = Broken()
    writer = Writer(broken, POLICY, 0)
    claims = LeaseClaims(1, 1, 10, LENGTH_MS, 2000, 2**50)
    waiting = Waiting(claims, 0, [[0, 10_000]], False)
    writer.submit(waiting)
    assert waiting.status == 503
    assert room.covered(1) == []
    broken.fail = False
    again = Waiting(claims, 0, [[0, 10_000]], False)
    writer.submit(again)
    assert again.status == 200
    assert room.covered(1) == [(0, 10_000)]
    assert room.beat(lease, 0, [0, 10_000])[1]["credited_ms"] == 10_000
