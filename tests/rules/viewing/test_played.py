"""The moment at which a mark was really reached, against a walk over every millisecond."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing.beat import CoverageState, Terms, begin, decide
from app.rules.viewing.played import Play, by_day, plays, reached_at
from app.rules.viewing.presence import Check, Checks
from app.rules.viewing.spans import pairs
from app.rules.viewing.trace import append
from app.rules.viewing.waiting import answer, confirm

LENGTH = 3000
beats = st.lists(st.tuples(st.integers(1, 900), st.integers(0, LENGTH), st.integers(1, 900)), min_size=1, max_size=8)


@given(st.lists(beats, min_size=1, max_size=3), st.lists(st.integers(0, LENGTH), max_size=2), st.integers(1, LENGTH))
def test_every_second_stands_where_it_was_first_played(
    viewings: list[list[tuple[int, int, int]]], places: list[int], mark: int
) -> None:
    coverage = CoverageState([], [], 0, Checks(tuple(map(Check, sorted(places)))))
    now, traces, first = 0, list[tuple[int, bytes]](), dict[int, int]()
    for each in viewings:
        now += 1000
        opened, state, trace = now, begin(now), b""
        for took, start, size in each:
            now += took
            told = decide(state, coverage, Terms(LENGTH, 1000, 400), state.seq + 1, [[start, start + size]], now)
            state, coverage, trace = told.viewing, told.coverage, append(trace, told.trace)
            waits = [(low, high) for low, high, _reason in told.pending]
            for low, high in (*told.credited, *waits):
                for ms in range(low, high):
                    first.setdefault(ms, now)
        traces.append((opened, trace))
    viewing = begin(now)
    opened, trace = traces[-1]
    for number in range(len(coverage.checks.each)):
        told_answer = answer(coverage, viewing, number, now + 10**9)
        coverage, trace = told_answer.coverage, append(trace, told_answer.trace)
    confirmed = confirm(coverage, viewing, now + 10**9)
    coverage, traces[-1] = confirmed.coverage, (opened, append(trace, confirmed.trace))
    found = plays(traces, coverage.spans)
    counted = {ms for start, end in pairs(coverage.spans) for ms in range(start, end)}
    assert {ms: play.at_ms for play in found for ms in range(play.start, play.end)} == {
        ms: when for ms, when in first.items() if ms in counted
    }
    rising = sorted(first[ms] for ms in counted)
    if len(rising) >= mark:
        assert reached_at(found, mark) == rising[mark - 1]
    days = by_day(found, lambda at_ms: date.fromordinal(1 + at_ms // 1000), [0, 500])
    assert [day for day, *_sums in days] == sorted({date.fromordinal(1 + when // 1000) for when in rising})
    for day, all_ms, old_ms in days:
        end = day.toordinal() * 1000
        assert all_ms == sum(when < end for when in rising)
        assert old_ms == sum(first[ms] < end for ms in counted if ms < 500)


def test_what_no_trace_tells_of_stands_at_the_beginning() -> None:
    assert plays([], [0, 500]) == [Play(0, 0, 500)]
    assert reached_at([Play(0, 0, 500)], 400) == 0
