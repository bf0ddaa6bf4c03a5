"""The decision of a beat, in the cases that `viewing.md` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.rules.viewing import beat as b
from app.rules.viewing.beat import CoverageState, Decision, Terms, ViewingState, begin, decide, end
from app.rules.viewing.presence import ANSWERED, Check, Checks
from app.rules.viewing.trace import NETWORK_AWAY, PRESENCE_CHECK


def fresh() -> CoverageState:
    return CoverageState([], [], 0)


def beat(
    played: Sequence[object],
    now_ms: int,
    c: CoverageState | None = None,
    *,
    v: ViewingState | None = None,
    t: Terms | None = None,
    checks: Sequence[int] = (),
) -> Decision:
    v, c = v or begin(0), c or fresh()
    if checks:
        c = replace(c, checks=Checks(tuple(map(Check, checks))))
    return decide(v, c, t or Terms(600_000, 1000), v.seq + 1, played, now_ms)


def test_beyond_the_ceiling_waits_and_beyond_time_is_refused() -> None:
    told = beat([[0, 400_000]], 300_000)
    assert told.credited == [(0, 120_000)]
    assert told.pending == [(120_000, 300_000, NETWORK_AWAY)]
    assert told.refused == [(300_000, 400_000, b.FASTER_THAN_TIME)]
    assert (told.viewing.open_us, told.viewing.credit_us) == (0, 0)


def test_a_pending_second_played_again_is_charged_again_and_moves_over() -> None:
    first = beat([[0, 200_000]], 200_000)
    assert first.coverage.pending == [120_000, 200_000]
    again = beat([[120_000, 200_000]], 250_000, first.coverage, v=first.viewing)
    assert again.credited == [(120_000, 170_000)]
    assert again.refused == [(170_000, 200_000, b.FASTER_THAN_TIME)]
    assert again.coverage == CoverageState([0, 170_000], [170_000, 200_000], 170_000)


def test_what_follows_an_unanswered_check_waits() -> None:
    told = beat([[0, 90_000]], 90_000, checks=[20_000, 50_000])
    assert told.credited == [(0, 20_000)]
    assert told.pending == [(20_000, 50_000, PRESENCE_CHECK), (50_000, 90_000, PRESENCE_CHECK)]
    assert [check.held for check in told.coverage.checks.each] == [[20_000, 50_000], [50_000, 90_000]]


def test_what_follows_an_answered_check_counts_until_the_next() -> None:
    first = beat([[0, 20_500]], 20_500, checks=[20_000, 50_000])
    answered = replace(first.coverage, pending=[], checks=first.coverage.checks.answered(0))
    told = beat([[20_500, 60_000]], 60_000, answered, v=first.viewing)
    assert told.coverage.checks.each[0].state == ANSWERED
    assert told.credited == [(20_500, 50_500)], "seen so far: what counts and what waits"
    assert told.pending == [(50_500, 60_000, PRESENCE_CHECK)]


def test_a_check_keeps_its_stretch_beyond_the_ceiling() -> None:
    told = beat([[0, 200_000]], 200_000, checks=[150_000])
    assert told.pending == [(120_000, 150_000, NETWORK_AWAY), (150_000, 200_000, PRESENCE_CHECK)]


def test_what_waits_behind_a_check_stays_with_it_when_it_is_played_again() -> None:
    first = beat([[0, 90_000]], 90_000, checks=[20_000, 50_000])
    again = beat([[0, 90_000]], 200_000, first.coverage, v=first.viewing)
    assert again.credited == []
    assert again.coverage.checks == first.coverage.checks


def test_watching_in_order_takes_nothing_beyond_what_was_seen() -> None:
    strict = Terms(600_000, 1000, in_order=True)
    first = beat([[0, 10_000], [11_500, 12_500], [10_900, 12_000]], 60_000, t=strict)
    assert first.refused == [(11_500, 12_500, b.SKIPPED_AHEAD)]
    assert first.credited == [(0, 10_000), (10_900, 12_000)], "a player says a little late that it runs"
    back = beat([[10_000, 10_900], [12_000, 14_000]], 120_000, first.coverage, v=first.viewing, t=strict)
    assert back.refused == []
    assert back.coverage.spans == [0, 14_000]


def test_rewatching_costs_and_earns_nothing() -> None:
    first = beat([[0, 10_000]], 10_000)
    again = beat([[0, 10_000]], 30_000, first.coverage, v=first.viewing)
    assert again.coverage == first.coverage
    assert again.viewing.credit_us == 20_000_000


def test_a_clock_step_back_earns_nothing_and_breaks_nothing() -> None:
    first = beat([[0, 10_000]], 10_000)
    back = beat([[10_000, 20_000]], 5_000, first.coverage, v=first.viewing)
    assert back.refused == [(10_000, 20_000, b.FASTER_THAN_TIME)]
    assert back.viewing.clock_ms == 10_000
    on = beat([[10_000, 20_000]], 16_000, back.coverage, v=back.viewing)
    assert on.credited == [(10_000, 16_000)]


@pytest.mark.parametrize(("stop", "now_ms", "closed"), [(599_000, 700_000, True), (598_999, 700_000, False)])
def test_an_end_gap_of_one_second_is_closed(stop: int, now_ms: int, closed: bool) -> None:
    seen = CoverageState([0, 590_000], [], 590_000)
    told = beat([[590_000, stop]], now_ms, seen)
    assert (told.coverage.spans[-1] == 600_000) is closed


def test_an_end_gap_is_charged_and_waits_while_allowances_are_short() -> None:
    seen = CoverageState([0, 590_000], [], 590_000)
    short = beat([[590_000, 599_500]], 9_500, seen)
    assert short.coverage.spans == [0, 599_500]
    last = beat([], 10_000, short.coverage, v=short.viewing)
    assert last.coverage.spans == [0, 600_000]
    assert (last.viewing.open_us, last.viewing.credit_us) == (0, 0)


def test_an_end_gap_behind_a_check_waits_with_its_stretch() -> None:
    seen = CoverageState([0, 590_000], [], 590_000)
    told = beat([[590_000, 599_500]], 60_000, seen, checks=[595_000])
    assert told.coverage.pending == [595_000, 600_000]
    assert {part[2] for part in told.pending} == {PRESENCE_CHECK}
    assert (told.viewing.open_us, told.viewing.credit_us) == (50_000_000, 50_000_000), "a gap for free"


def test_ranges_beyond_the_most_are_refused_in_one_line() -> None:
    many: list[list[int]] = [[n * 10, n * 10 + 5] for n in range(b.MOST_RANGES + 500)]
    told = beat(many, 60_000)
    assert len(told.credited) == b.MOST_RANGES
    assert told.refused == [(-1, -1, b.TOO_MANY)]


def test_a_row_full_of_pieces_takes_only_what_adjoins() -> None:
    full = [ms * 20 + add for ms in range(b.MOST_SPANS) for add in (0, 10)]
    seen = CoverageState(full, [], 10 * b.MOST_SPANS)
    told = beat([[100_000, 100_005], [10, 12], [15, 17]], 60_000, seen)
    assert told.refused == [(100_000, 100_005, b.TOO_MANY), (15, 17, b.TOO_MANY)]
    assert told.credited == [(10, 12)]
    assert told.viewing.open_us == 60_000_000 - 2_000


def test_one_beat_holds_nobody_up() -> None:
    """A thousand stretches wait behind a check, and one beat plays all of them 64 times over."""
    full = [ms * 20 + add for ms in range(1000) for add in (0, 19)]
    seen = CoverageState(full, [], 19_000, Checks((Check(19_000),)))
    first = beat([[0, 20_000]], 60_000, seen)
    assert len(first.pending) == 1000
    told = beat([[0, 20_000]] * 64, 300_000, first.coverage, v=first.viewing)
    assert b.MOST_PIECES <= len(told.pending) < b.MOST_PIECES + 8
    assert len(told.refused) == 63
    assert {why for _start, _stop, why in told.refused} == {b.TOO_MANY}
    assert told.coverage == first.coverage


def test_the_highest_mark_reached_is_told_once() -> None:
    t = Terms(600_000, 1000, marks=(10_000, 20_000, 60_000))
    first = beat([[0, 20_000]], 20_000, t=t)
    assert first.crossed == 20_000
    assert beat([[0, 25_000]], 30_000, first.coverage, v=first.viewing, t=t).crossed is None


def test_a_new_viewing_never_overlaps_an_earlier_one() -> None:
    old = beat([[0, 5_000]], 50_000).viewing
    ended = end(old, 40_000)  # the clock stepped back
    assert ended == 50_000
    assert begin(41_000, ended) == ViewingState(-1, 50_000, 0, 0)


def test_what_a_beat_is_judged_as_of() -> None:
    assert b.judged_at(500, None, 900) == 500
    assert b.judged_at(1500, None, 900) == 900
    assert b.judged_at(1500, 700, 900) == 700
    assert b.judged_at(500, 700, 900) == 700


def test_a_rate_in_fractions_loses_no_millisecond() -> None:
    v, c, t = begin(0), fresh(), Terms(600_000, 1250)
    for now in range(1, 401):
        told = decide(v, c, t, now, [[0, 600]], now)
        v, c = told.viewing, told.coverage
    assert c.counted_ms == 500
    assert v == ViewingState(400, 400, 0, 0)
