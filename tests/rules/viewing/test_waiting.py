"""What waits, and what an answer, a confirmation, a last wrong answer or a seal does to it."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing.beat import CoverageState, Terms, begin, decide
from app.rules.viewing.presence import AGAIN, ANSWERED, PASSED, Check, Checks
from app.rules.viewing.spans import pairs, remove, union
from app.rules.viewing.trace import records, replay
from app.rules.viewing.waiting import answer, away, confirm, fail, lapse, release, waiting

LENGTH = 60
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


def played_with_two_checks() -> CoverageState:
    """90 s played in order, nothing answered: checks after 20 s and 50 s."""
    state = CoverageState([], [], 0, Checks((Check(20_000), Check(50_000))))
    return decide(begin(0), state, Terms(600_000, 1000), 0, [[0, 90_000]], 90_000).coverage


def test_an_answer_releases_its_own_stretch_only() -> None:
    played = played_with_two_checks()
    assert (played.spans, played.pending) == ([0, 20_000], [20_000, 90_000])
    told = answer(played, begin(90_000), 1, 95_000)
    assert (told.coverage.spans, told.coverage.pending) == ([0, 20_000, 50_000, 90_000], [20_000, 50_000])
    assert told.coverage.counted_ms == 60_000
    assert [check.state for check in told.coverage.checks.each] == [PASSED, ANSWERED]
    (one,) = records(told.trace)
    assert one.elapsed_ms == 5_000
    assert confirm(told.coverage, begin(90_000), 96_000).pieces == [], "a check is no affair of the confirmation"
    rest = answer(told.coverage, begin(90_000), 0, 96_000)
    assert (rest.coverage.spans, rest.coverage.pending) == ([0, 90_000], [])


def test_after_the_last_wrong_answer_the_stretch_has_to_be_watched_and_answered_again() -> None:
    failed = fail(played_with_two_checks(), 0)
    assert (failed.spans, failed.pending) == ([0, 20_000], [50_000, 90_000])
    assert failed.checks.each[0].state == AGAIN
    again = decide(begin(0), failed, Terms(600_000, 1000), 0, [[20_000, 50_000]], 60_000).coverage
    assert again.pending == [20_000, 90_000]
    assert again.checks.each[0].held == [20_000, 50_000], "not its neighbour's"
    told = answer(again, begin(60_000), 0, 61_000)
    assert told.coverage.spans == [0, 50_000]
    assert told.coverage.checks.each[1].held == [50_000, 90_000]


def test_the_confirmation_lets_count_what_came_too_late_and_no_check_holds() -> None:
    state = CoverageState([], [], 0, Checks((Check(150_000), Check(160_000))))
    played = decide(begin(0), state, Terms(600_000, 1000), 0, [[0, 155_000]], 200_000).coverage
    assert (played.spans, played.pending) == ([0, 120_000], [120_000, 155_000])
    assert away(played) == [(120_000, 150_000)]
    told = confirm(played, begin(200_000), 201_000)
    assert (told.coverage.spans, told.coverage.pending) == ([0, 150_000], [150_000, 155_000])


def test_what_counts_by_other_means_is_held_no_more() -> None:
    told = release(played_with_two_checks(), begin(90_000), [30_000, 60_000], 95_000)
    assert [check.held for check in told.coverage.checks.each] == [[20_000, 30_000], [60_000, 90_000]]
