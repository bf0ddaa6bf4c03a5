"""Places of presence checks: uniform, unguessable; and their row."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing.beat import CoverageState, Terms, begin, decide
from app.rules.viewing.presence import (
    AHEAD,
    ANSWERED,
    MOST,
    NONE,
    PASSED,
    Check,
    Checks,
    draw,
    pack,
    unpack,
    wanted,
)
from app.rules.viewing.spans import pairs, union

LENGTH = 3_600_000
spans = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**5)), max_size=5).map(
    lambda parts: [bound for start, size in parts for bound in (start, start + size)]
)


def flat(bounds: list[int]) -> list[int]:
    found: list[int] = []
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        found = union(found, start, end)
    return found


check = st.builds(Check, st.integers(0, 2**27), st.integers(0, 3), spans.map(flat))


@given(st.lists(check, max_size=6))
def test_the_row_holds_what_was_put_in(each: list[Check]) -> None:
    checks = Checks(tuple(each))
    assert unpack(pack(checks)) == checks


def test_nothing_takes_no_bytes() -> None:
    assert pack(NONE) == b""
    assert unpack(b"") == NONE


def test_damaged_bytes_are_named() -> None:
    whole = pack(Checks((Check(300_000, PASSED, [1, 900]),)))
    with pytest.raises(ValueError, match="cut off"):
        unpack(whole[:-1])


@pytest.mark.parametrize(
    ("length_ms", "minutes", "count"),
    [(LENGTH, 0, 0), (LENGTH, 20, 3), (LENGTH + 1, 20, 4), (40_000, 20, 1), (172_800_000, 1, MOST)],
)
def test_how_many(length_ms: int, minutes: int, count: int) -> None:
    assert wanted(length_ms, minutes) == count


def uniform(values: list[float]) -> float:
    """The statistic of Kolmogorov and Smirnov against the uniform distribution on [0, 1)."""
    rising = sorted(values)
    n = len(rising)
    return max(max((at + 1) / n - value, value - at / n) for at, value in enumerate(rising))


def test_places_of_a_thousand_openings_are_uniform() -> None:
    rng = random.Random(20261125)
    places = [place.place / LENGTH for _i in range(1000) for place in draw(NONE, 0, LENGTH, 3, rng.randrange).each]
    assert len(places) == 3000
    assert uniform(places) < 1.63 / 3000**0.5, "at one in a hundred"


def test_drawing_anew_at_every_opening_keeps_them_uniform() -> None:
    """Somebody who opens the lesson again every ten seconds meets checks just as late and as often."""
    rng = random.Random(7)
    met: list[float] = []
    count = 0
    for _learner in range(600):
        state = CoverageState([], [], 0)
        while state.counted_ms < 600_000:
            checks = draw(state.checks, state.counted_ms, 600_000, 2, rng.randrange)
            state = CoverageState(state.spans, state.pending, state.counted_ms, checks)
            at = state.counted_ms
            state = decide(begin(0), state, Terms(600_000, 1000), 0, [[at, at + 10_000]], 10_000).coverage
            for number, each in enumerate(state.checks.each):
                if each.state == PASSED:
                    met.append(each.place / 600_000)
                    state.checks = state.checks.answered(number)
            whole = [0, min(600_000, at + 10_000)]
            state = CoverageState(whole, [], whole[1], state.checks)
        count += len(state.checks.each)
    assert count == len(met) == 1200
    assert uniform(met) < 1.63 / 1200**0.5


@given(st.lists(st.integers(0, 59_999), min_size=1, max_size=4), st.lists(st.integers(0, 59_900), max_size=60))
def test_feeling_for_the_places_finds_nothing(places: list[int], probes: list[int]) -> None:
    """Whatever single milliseconds a script plays: nothing waits before as many were seen as the first place says."""
    state = CoverageState([], [], 0, Checks(tuple(map(Check, sorted(places)))))
    viewing = begin(0)
    terms = Terms(60_000, 1000)
    for number, probe in enumerate(probes):
        told = decide(viewing, state, terms, number, [[probe, probe + 1]], 100_000)
        viewing, state = told.viewing, told.coverage
        if state.counted_ms + len(pairs(state.pending)) < min(places):
            assert not told.pending


def test_where_it_is_played_makes_no_difference() -> None:
    """Backwards, in pieces or in order: a check comes after as much was seen."""
    back = [[at * 1000, at * 1000 + 1000] for at in reversed(range(60))]
    state = CoverageState([], [], 0, Checks((Check(30_500),)))
    told = decide(begin(0), state, Terms(60_000, 1000), 0, back, 60_000)
    assert told.coverage.counted_ms == 30_500
    assert sum(end - start for start, end in pairs(told.coverage.pending)) == 29_500


def test_a_policy_set_in_the_middle_asks_about_the_rest_only() -> None:
    found = draw(NONE, LENGTH // 2, LENGTH, 6, random.Random(1).randrange)
    assert len(found.each) == 3
    assert all(LENGTH // 2 <= each.place < LENGTH for each in found.each)


def test_what_was_passed_stays_and_what_is_ahead_is_drawn_anew() -> None:
    before = Checks((Check(10, ANSWERED), Check(20, PASSED, [20, 30]), Check(500), Check(600)))
    found = draw(before, 40, 1000, 4, random.Random(3).randrange)
    assert found.each[:2] == before.each[:2]
    assert [each.state for each in found.each[2:]] == [AHEAD, AHEAD]
    assert all(low.place <= high.place for low, high in pairwise(found.each[2:]))
    assert draw(before, 40, 1000, 0, random.Random(3).randrange).each == before.each[:2], "the policy was lifted"
