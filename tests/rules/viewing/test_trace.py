"""The trace: what is written is read, what is damaged is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.rules.viewing.spans import Piece, pairs
from app.rules.viewing.trace import (
    NETWORK_AWAY,
    PRESENCE_CHECK,
    BadTrace,
    Reasoned,
    Record,
    append,
    record,
    records,
    replay,
)

HOUR = 3_600_000
piece = st.tuples(st.integers(0, HOUR), st.integers(1, HOUR)).map(lambda p: (p[0], p[0] + p[1]))
reasoned = st.tuples(piece, st.sampled_from([NETWORK_AWAY, PRESENCE_CHECK])).map(lambda p: (*p[0], p[1]))
beat = st.tuples(
    st.integers(1, 2**40),
    st.integers(0, 2**40),
    st.lists(piece, max_size=4),
    st.lists(reasoned, max_size=4),
)
nothing: list[Reasoned] = []
release = st.tuples(st.just(0), st.integers(0, 2**40), st.lists(piece, min_size=1, max_size=4), st.just(nothing))
Told = tuple[int, int, list[Piece], list[Reasoned]]
small = st.tuples(st.integers(0, 40), st.integers(1, 40), st.sampled_from("cnp"))
told = st.lists(beat | release, max_size=6)


def written(beats: list[Told]) -> bytes:
    trace = b""
    for step, elapsed, credited, pending in beats:
        trace = append(trace, record(step, elapsed, credited, pending))
    return trace


def milliseconds(parts: Sequence[Piece | Reasoned]) -> set[int]:
    return {ms for part in parts for ms in range(part[0], part[1])}


@given(told)
def test_what_is_written_is_read(beats: list[Told]) -> None:
    seq, expected = -1, []
    for step, elapsed, credited, pending in beats:
        seq += step
        expected.append(Record(seq, elapsed, tuple(credited), tuple(pending), released=step == 0))
    assert list(records(written(beats))) == expected


@given(st.lists(st.lists(small, max_size=5), max_size=5))
def test_replay_is_the_set_in_any_order(beats: list[list[tuple[int, int, str]]]) -> None:
    chunks: list[bytes] = []
    counted: set[int] = set()
    waited: set[int] = set()
    for parts in beats:
        credited = [(start, start + size) for start, size, kind in parts if kind == "c"]
        pending = [
            (start, start + size, NETWORK_AWAY if kind == "n" else PRESENCE_CHECK)
            for start, size, kind in parts
            if kind != "c"
        ]
        chunks.append(record(1, 0, credited, pending))
        counted |= milliseconds(credited)
        waited |= milliseconds(pending)
    for order in (chunks, chunks[::-1]):
        shown = replay(order)
        assert milliseconds(pairs(shown.spans)) == counted
        assert shown.counted_ms == len(counted)
        assert milliseconds(pairs(shown.pending)) == waited - counted


@given(beat, st.data())
@example((1, 0, [(0, 1)], []), None)
def test_a_cut_trace_is_told(one: Told, data: st.DataObject | None) -> None:
    trace = written([one])
    cut = data.draw(st.integers(1, len(trace) - 1)) if data else len(trace) - 1
    with pytest.raises(BadTrace, match="cut off"):
        list(records(trace[:cut]))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_trace_or_told(noise: bytes) -> None:
    try:
        beats = list(records(noise))
    except BadTrace:
        return
    for one in beats:
        assert all(0 <= start < end for start, end in one.credited)
        assert all(0 <= start < end for start, end, _reason in one.pending)


@pytest.mark.parametrize(
    "damaged",
    [
        bytes([0, 0, 0, 0]),  # a release of nothing
        bytes([0, 0, 0, 1, 0, 4]),  # a release that lets wait
        bytes([1, 0, 1, 0, 1, 5]),  # a piece before the lesson
        bytes([1, 0, 1, 0, 0, 0]),  # an empty piece
    ],
)
def test_damage_is_told(damaged: bytes) -> None:
    with pytest.raises(BadTrace, match="before byte"):
        list(records(damaged))


def test_an_ordinary_beat_is_small() -> None:
    assert len(record(1, 15_000, [(1_800_000, 1_815_000)], [])) <= 12
