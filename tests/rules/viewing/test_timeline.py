"""The time line tells what really happened: every refusal of the beat rules is found again from the trace."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing import beat, timeline
from app.rules.viewing.beat import CoverageState, Terms
from app.rules.viewing.gaps import gaps
from app.rules.viewing.spans import Piece, length, remove, subtract
from app.rules.viewing.timeline import Gap, Seen, tell
from app.rules.viewing.trace import NETWORK_AWAY, PRESENCE_CHECK, append, record

LENGTH, RATE, SILENT = 600_000, 2000, 30_000
OPENED = 1_000_000_000_000
Played = list[tuple[int, list[Piece]]]  # ms since the last beat, ranges


class Learner:
    """One learner in one lesson, through the real rules; every viewing with its trace."""

    def __init__(self) -> None:
        self.coverage = CoverageState([], [], 0)
        self.seen: list[Seen] = []
        self.now = OPENED

    def view(self, played: Played, reason: str = "closed", tail_ms: int = 0) -> list[beat.Decision]:
        """Open, report, end."""
        opened, state, trace, told = self.now, beat.begin(self.now), b"", []
        for seq, (after, ranges) in enumerate(played):
            self.now += after
            found = beat.decide(state, self.coverage, Terms(LENGTH, RATE), seq, ranges, self.now)
            state, self.coverage, trace = found.viewing, found.coverage, append(trace, found.trace)
            told.append(found)
        self.now += tail_ms
        self.seen.append(Seen(len(self.seen) + 1, opened, opened + 10**8, self.now, reason, trace))
        return told

    def stories(self) -> list[timeline.Told]:
        return [tell(seen, self.now, RATE, SILENT) for seen in self.seen]

    def gaps(self) -> list[Gap]:
        return gaps(self.stories(), self.coverage.spans, self.coverage.pending, LENGTH)


def why(found: list[Gap]) -> list[tuple[int, int, str]]:
    return [(gap.start, gap.end, gap.why) for gap in found]


def test_a_lesson_never_opened_has_one_gap() -> None:
    assert why(gaps([], [], [], LENGTH)) == [(0, LENGTH, timeline.UNTRACED)]


def test_faster_than_time_is_found_again() -> None:
    learner = Learner()
    told = learner.view([(15_000, [(0, 90_000)]), (15_000, [(90_000, 100_000)])])
    assert told[0].refused == [(30_000, 90_000, beat.FASTER_THAN_TIME)]
    first, rest = learner.gaps()
    assert (first.start, first.end, first.why, first.from_ms) == (30_000, 90_000, timeline.FASTER, OPENED + 15_000)
    assert (rest.start, rest.why) == (100_000, "closed")


@pytest.mark.parametrize("reason", ["taken_over", "closed", "lease_ended", "withdrawn"])
def test_what_comes_after_the_end_is_told_by_how_it_ended(reason: str) -> None:
    learner = Learner()
    learner.view([(15_000, [(0, 15_000)])], reason)
    [gap] = learner.gaps()
    assert (gap.start, gap.end, gap.why, gap.viewing) == (15_000, LENGTH, reason, 1)
    assert (gap.from_ms, gap.to_ms) == (OPENED + 15_000, OPENED + 15_000)


def test_a_silence_a_jump_and_a_repetition() -> None:
    learner = Learner()
    learner.view([
        (15_000, [(0, 15_000)]),
        (60_000, [(30_000, 45_000)]),  # a minute without a report
        (15_000, [(100_000, 110_000)]),  # jumped over
        (15_000, [(100_000, 110_000)]),  # seen before
    ])  # fmt: skip
    assert why(learner.gaps()) == [
        (15_000, 30_000, timeline.SILENT),
        (45_000, 100_000, timeline.JUMPED),
        (110_000, LENGTH, timeline.NOTHING_NEW),
    ]
    [story] = learner.stories()
    assert story.silences == ((OPENED + 15_000, OPENED + 75_000),)


def test_what_waits_says_for_what_and_what_lapsed_says_so() -> None:
    trace = append(record(1, 15_000, [(0, 1000)], [(1000, 5000, PRESENCE_CHECK), (5000, 9000, NETWORK_AWAY)]), b"")
    story = tell(Seen(7, OPENED, OPENED + 10**8, None, None, trace), OPENED + 20_000, RATE, SILENT)
    found = gaps([story], [0, 1000], [1000, 5000, 7000, 9000], LENGTH)
    assert why(found) == [
        (1000, 5000, PRESENCE_CHECK),
        (5000, 7000, timeline.LAPSED),
        (7000, 9000, NETWORK_AWAY),
        (9000, LENGTH, timeline.STILL_OPEN),
    ]


def test_a_lease_that_ran_out_unnoticed_has_ended() -> None:
    story = tell(Seen(1, OPENED, OPENED + 60_000, None, None, b""), OPENED + 90_000, RATE, SILENT)
    assert (story.ended_ms, story.reason) == (OPENED + 60_000, "lease_ended")
    assert story.silences == ((OPENED, OPENED + 60_000),)


def test_a_viewing_keeps_the_speed_of_its_lease() -> None:
    """Twice as fast was allowed then; that the course has become slower since makes nobody a cheat."""
    trace = record(1, 30_000, [(0, 60_000)], [])
    for rate_m, said in ((2000, timeline.FASTER), (4000, "closed"), (0, timeline.FASTER)):
        seen = Seen(1, OPENED, OPENED + 10**8, OPENED + 30_000, "closed", trace, rate_m)
        story = tell(seen, OPENED + 30_000, 1000, SILENT)
        assert why(gaps([story], [0, 60_000], [], LENGTH)) == [(60_000, LENGTH, said)], rate_m


def test_the_newest_of_several_that_waited_says_why() -> None:
    """Overlapping waits: each place belongs to the newest; what lapsed in one stretch is told once."""
    trace = record(1, 15_000, [], [(0, 50_000, NETWORK_AWAY), (100_000, 150_000, NETWORK_AWAY)])
    trace += record(1, 15_000, [], [(10_000, 20_000, PRESENCE_CHECK), (120_000, 130_000, PRESENCE_CHECK)])
    story = tell(Seen(1, OPENED, OPENED + 10**8, None, None, trace), OPENED + 30_000, RATE, SILENT)
    found = gaps([story], [60_000, 100_000, 150_000, LENGTH], [0, 60_000], LENGTH)
    assert [(gap.start, gap.end, gap.why, gap.from_ms - OPENED if gap.from_ms else None) for gap in found] == [
        (0, 10_000, NETWORK_AWAY, 15_000),
        (10_000, 20_000, PRESENCE_CHECK, 30_000),
        (20_000, 50_000, NETWORK_AWAY, 15_000),
        (50_000, 60_000, NETWORK_AWAY, None),
        (100_000, 150_000, timeline.LAPSED, 30_000),
    ]


def test_a_hostile_trace_is_told_in_a_moment() -> None:
    """200 KB of waits all over a long lesson with two thousand gaps: pieces times gaps would take minutes."""
    length_ms, trace, seed = 172_800_000, b"", 1
    while len(trace) < 200_000:
        waits = []
        for _each in range(40):
            seed = seed * 1_103_515_245 % 2**31 + 12_345
            waits.append((seed % 172_000_000, seed % 172_000_000 + 300, PRESENCE_CHECK))
        trace += record(1, 45_000, [], waits)
    story = tell(Seen(1, OPENED, OPENED + 10**9, None, None, trace), OPENED + 10**9, RATE, SILENT)
    spans = [bound for at in range(2000) for bound in (at * 80_000, at * 80_000 + 1000)]
    pending = [bound for at in range(2000) for bound in (at * 80_000 + 4000, at * 80_000 + 40_000)]
    begun = time.process_time()
    found = gaps([story], spans, pending, length_ms)
    assert time.process_time() - begun < 10
    assert sum(gap.end - gap.start for gap in found) == length_ms - 2_000_000
    assert len(found) > 20_000


def test_a_release_moves_no_clock() -> None:
    trace = record(1, 15_000, [], [(0, 15_000, NETWORK_AWAY)]) + record(0, 99_000, [(0, 15_000)], [])
    trace += record(1, 15_000, [(15_000, 30_000)], [])
    story = tell(Seen(1, OPENED, OPENED + 10**8, None, None, trace), OPENED + 30_000, RATE, SILENT)
    assert [(each.at_ms - OPENED, each.released) for each in story.beats] == [
        (15_000, False), (114_000, True), (30_000, False),
    ]  # fmt: skip
    assert story.last_ms == OPENED + 30_000
    assert story.counted_ms == 30_000


piece = st.tuples(st.integers(0, LENGTH + 5000), st.integers(1, 120_000)).map(lambda p: (p[0], p[0] + p[1]))
viewing = st.lists(st.tuples(st.integers(0, 200_000), st.lists(piece, max_size=4)), max_size=6)


@given(st.lists(viewing, max_size=4))
def test_the_gaps_are_exactly_what_does_not_count(views: list[Played]) -> None:
    """Rising, disjoint, together with the coverage the whole lesson; what waits is told as waiting."""
    learner = Learner()
    for played in views:
        learner.view(played)
    found = learner.gaps()
    missing = subtract((0, LENGTH), learner.coverage.spans)
    assert sum(gap.end - gap.start for gap in found) == sum(end - start for start, end in missing)
    assert all(before.end <= after.start for before, after in pairwise(found))
    left = [bound for part in missing for bound in part]
    waits = [gap for gap in found if gap.why == NETWORK_AWAY]
    for gap in found:
        assert gap.start < gap.end
        left = remove(left, gap.start, gap.end)
    assert left == []
    assert sum(gap.end - gap.start for gap in waits) == length(learner.coverage.pending)


@given(st.lists(viewing, max_size=4))
def test_every_second_stands_at_the_time_at_which_it_was_decided(views: list[Played]) -> None:
    learner, told = Learner(), []
    for played in views:
        at = learner.now
        for (after, _ranges), decided in zip(played, learner.view(played), strict=True):
            at += after
            told.append((at, tuple(decided.credited)))
    assert [(each.at_ms, each.credited) for story in learner.stories() for each in story.beats] == told


@given(viewing)
def test_every_part_refused_as_faster_than_time_is_called_that_or_came_later(played: Played) -> None:
    learner = Learner()
    told = learner.view(played)
    called = {gap.start for gap in learner.gaps() if gap.why == timeline.FASTER}
    for place, each in enumerate(told):
        cut = [(start, end) for start, end, reason in each.refused if reason == beat.FASTER_THAN_TIME]
        pieces = [*each.credited, *((start, end) for start, end, _reason in each.pending)]
        later = any(after.credited or after.pending for after in told[place + 1 :])
        if cut and not later and pieces and pieces[-1][1] == cut[0][0]:
            left = [gap for gap in learner.gaps() if gap.start == cut[0][0]]
            assert not left or cut[0][0] in called
