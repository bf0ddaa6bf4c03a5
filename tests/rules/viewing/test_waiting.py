"""What waits behind checks, and what an answer, a confirmation or a seal does to it."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing.beat import CoverageState, Terms, begin, decide
from app.rules.viewing.spans import pairs, remove, union
from app.rules.viewing.trace import records, replay
from app.rules.viewing.waiting import lapse, outside, release, stretch, stretches, waiting

LENGTH = 60
places = st.lists(st.integers(0, LENGTH - 1), unique=True, max_size=5)
parts = st.lists(st.tuples(st.integers(0, LENGTH - 1), st.integers(1, 20)), max_size=5)


def flat(pieces: list[tuple[int, int]]) -> list[int]:
    spans: list[int] = []
    for start, size in pieces:
        spans = union(spans, start, min(start + size, LENGTH))
    return spans


def points(spans: list[int]) -> set[int]:
    return {ms for start, end in pairs(spans) for ms in range(start, end)}


def covered(seen: list[tuple[int, int]], waits: list[tuple[int, int]]) -> CoverageState:
    spans, pending = flat(seen), flat(waits)
    for start, end in pairs(spans):
        pending = remove(pending, start, end)
    return CoverageState(spans, pending, len(points(spans)))


@given(places, st.sets(st.integers(0, LENGTH)))
def test_a_millisecond_is_held_by_the_last_check_before_it(where: list[int], answered: set[int]) -> None:
    held = points(stretches(where, answered, LENGTH))
    for ms in range(LENGTH):
        before = [place for place in where if place <= ms]
        assert (ms in held) == (bool(before) and max(before) not in answered)


@given(places)
def test_the_stretches_of_single_checks_are_all_of_them(where: list[int]) -> None:
    singles = [stretch(where, place, LENGTH) for place in where]
    together: list[int] = []
    for start, end in singles:
        together = union(together, start, end)
    assert together == stretches(where, (), LENGTH)
    assert sum(end - start for start, end in singles) == len(points(together)), "stretches overlap"


@given(parts)
def test_outside_is_the_rest(held: list[tuple[int, int]]) -> None:
    assert points(outside(flat(held), LENGTH)) == set(range(LENGTH)) - points(flat(held))


@given(parts, parts, parts)
def test_release_moves_over_just_what_waits_there(
    seen: list[tuple[int, int]], waits: list[tuple[int, int]], where: list[tuple[int, int]]
) -> None:
    before, there = covered(seen, waits), flat(where)
    kept = deepcopy(before)
    moved = points(before.pending) & points(there)
    told = release(before, begin(100), there, 90, marks=(10, 20, 30))
    assert before == kept, "the state given was changed"
    assert {ms for start, end in told.pieces for ms in range(start, end)} == moved
    assert points(told.coverage.spans) == points(before.spans) | moved
    assert points(told.coverage.pending) == points(before.pending) - moved
    assert told.coverage.counted_ms == len(points(told.coverage.spans))
    reached = [mark for mark in (10, 20, 30) if before.counted_ms < mark <= told.coverage.counted_ms]
    assert told.crossed == max(reached, default=None)
    assert points(replay([told.trace]).spans) == moved
    assert all(one.released and one.seq == -1 and one.elapsed_ms == 0 for one in records(told.trace))
    again = release(told.coverage, begin(100), there, 95)
    assert (again.coverage, again.pieces, again.trace) == (told.coverage, [], b"")


@given(parts, parts, parts)
def test_lapse_takes_only_what_waits_there(
    seen: list[tuple[int, int]], waits: list[tuple[int, int]], where: list[tuple[int, int]]
) -> None:
    before, there = covered(seen, waits), flat(where)
    after = lapse(before, there)
    assert after.spans == before.spans
    assert points(after.pending) == points(before.pending) - points(there)
    found = {ms for start, end in waiting(before, there) for ms in range(start, end)}
    assert found == points(before.pending) & points(there)


def test_an_answer_releases_its_own_stretch_only() -> None:
    checks = [20_000, 50_000]
    played = decide(
        begin(0),
        CoverageState([], [], 0),
        Terms(600_000, 1000),
        0,
        [[0, 90_000]],
        90_000,
        stretches(checks, (), 600_000),
    )
    assert played.coverage.pending == [20_000, 90_000]
    told = release(played.coverage, played.viewing, stretch(checks, 50_000, 600_000), 95_000)
    assert told.coverage == CoverageState([0, 20_000, 50_000, 90_000], [20_000, 50_000], 60_000)
    (one,) = records(told.trace)
    assert one.elapsed_ms == 5_000
    plain = outside(stretches(checks, (50_000,), 600_000), 600_000)
    assert release(told.coverage, played.viewing, plain, 96_000).pieces == []
