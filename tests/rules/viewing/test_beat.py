"""The decision of a beat, against an oracle that walks every single millisecond."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing import beat as b
from app.rules.viewing.beat import CoverageState, Decision, Terms, ViewingState, decide
from app.rules.viewing.presence import AGAIN, AHEAD, ANSWERED, PASSED, Check, Checks
from app.rules.viewing.spans import Piece, pairs, union
from app.rules.viewing.trace import records, replay

LENGTH = 3000
bound = st.integers(0, LENGTH + 500)
good = st.tuples(bound, bound).map(lambda p: [min(p), max(p) + 1])
WRONG: list[object] = [None, {}, [], [1], [5, 5], [9, 2], [-3, 4], [0.5, 9], ["0", 9], [True, 9], [0, 2**60], [1, 2, 3]]
bad = st.sampled_from(WRONG)
ranges = st.lists(good, max_size=4)
held = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(1, 400)), max_size=4)
terms = st.builds(
    Terms,
    length_ms=st.just(LENGTH),
    rate_m=st.sampled_from([1000, 1250, 2000]),
    ceiling_ms=st.sampled_from([300, 2000, 120_000]),
    in_order=st.booleans(),
)
viewing = st.builds(
    lambda seq, clock, credit, more: ViewingState(seq, clock, credit + more, credit),
    st.integers(-1, 5),
    st.integers(0, 5000),
    st.integers(0, 1_500_000),
    st.integers(0, 1_500_000),
)


def flat(parts: list[Piece], length_ms: int = LENGTH) -> list[int]:
    spans: list[int] = []
    for start, size in parts:
        spans = union(spans, start, min(start + size, length_ms))
    return spans


def points(spans: list[int]) -> set[int]:
    return {ms for start, stop in pairs(spans) for ms in range(start, stop)}


@st.composite
def coverage(draw: st.DrawFn) -> CoverageState:
    spans = flat(draw(held))
    waits = points(flat(draw(held))) - points(spans)
    pending: list[int] = []
    for ms in sorted(waits):
        pending = union(pending, ms, ms + 1)
    return CoverageState(spans, pending, len(points(spans)), draw(checks(pairs(pending))))


@st.composite
def checks(draw: st.DrawFn, waiting: list[Piece]) -> Checks:
    """Some passed, some ahead; what waits is held by one of the unanswered, or by none."""
    places = sorted(draw(st.lists(st.integers(0, LENGTH), max_size=4)))
    passed = draw(st.integers(0, len(places)))
    states = [draw(st.sampled_from([PASSED, ANSWERED, AGAIN])) for _i in range(passed)]
    behind: list[list[int]] = [[] for _place in places]
    holders = [at for at, state in enumerate(states) if state != ANSWERED]
    for start, stop in waiting:
        at = draw(st.sampled_from([None, *holders]))
        if at is not None:
            behind[at] = union(behind[at], start, stop)
    states += [AHEAD] * (len(places) - passed)
    return Checks(tuple(map(Check, places, states, behind)))


class Oracle:
    """`viewing.md`, one millisecond at a time."""

    def __init__(self, v: ViewingState, c: CoverageState, t: Terms, now_ms: int) -> None:
        earned = max(0, now_ms - v.clock_ms) * t.rate_m
        self.open = v.open_us + earned
        self.credit = min(v.credit_us + earned, t.ceiling_ms * t.rate_m)
        self.counted, self.waiting = points(c.spans), points(c.pending)
        self.length, self.in_order = t.length_ms, t.in_order
        self.places = [check.place for check in c.checks.each]
        self.states = [check.state for check in c.checks.each]
        self.behind = [points(check.held) for check in c.checks.each]

    def played(self, start: int, stop: int) -> None:
        furthest = max(self.counted | self.waiting, default=-1) + 1
        if start < self.length and not (self.in_order and start > furthest + 1000):
            self.play(start, stop)

    def play(self, start: int, stop: int) -> None:
        new = [ms for ms in range(start, min(stop, self.length)) if ms not in self.counted]
        for ms in new:
            if self.open < 1000:
                return
            paid = self.credit >= 1000
            self.open -= 1000
            self.credit -= min(self.credit, 1000)
            check = self.check_of(ms)
            if check is not None:
                self.behind[check].add(ms)
                self.waiting.add(ms)
            elif paid:
                self.counted.add(ms)
                self.waiting.discard(ms)
            else:
                self.waiting.add(ms)

    def check_of(self, ms: int) -> int | None:
        """Which check holds a millisecond that is played now."""
        if ms in self.waiting:
            for at, behind in enumerate(self.behind):
                if ms in behind:
                    return at
        else:
            seen = len(self.counted) + len(self.waiting)
            for at, place in enumerate(self.places):
                if self.states[at] == AHEAD and place <= seen:
                    self.states[at] = PASSED
        if AGAIN in self.states:
            return max(at for at, state in enumerate(self.states) if state == AGAIN)
        passed = [at for at, state in enumerate(self.states) if state != AHEAD]
        return passed[-1] if passed and self.states[passed[-1]] == PASSED else None

    def close_end(self) -> None:
        last = max(self.counted | self.waiting, default=-1)
        gap = self.length - 1 - last
        if last < 0 or not 0 < gap <= 1000 or gap * 1000 > self.open:
            return
        if last in self.waiting:
            self.open -= gap * 1000
            self.credit -= min(self.credit, gap * 1000)
            rest = set(range(last + 1, self.length))
            self.waiting |= rest
            for behind in self.behind:
                if last in behind:
                    behind |= rest
        elif gap * 1000 <= self.credit:
            self.play(last + 1, self.length)


@given(viewing, coverage(), terms, ranges, st.integers(0, 12_000))
def test_every_beat_is_as_the_oracle_says(
    v: ViewingState, c: CoverageState, t: Terms, played: list[list[int]], now_ms: int
) -> None:
    kept = deepcopy((v, c))
    oracle = Oracle(v, c, t, now_ms)
    for start, stop in played:
        oracle.played(start, stop)
    oracle.close_end()
    told = decide(v, c, t, v.seq + 1, played, now_ms)
    assert (v, c) == kept, "the state given was changed"
    assert points(told.coverage.spans) == oracle.counted
    assert points(told.coverage.pending) == oracle.waiting
    assert [points(check.held) for check in told.coverage.checks.each] == oracle.behind
    assert [check.state for check in told.coverage.checks.each] == oracle.states
    assert told.coverage.counted_ms == len(oracle.counted)
    assert told.viewing == ViewingState(v.seq + 1, max(v.clock_ms, now_ms), oracle.open, oracle.credit)
    _answer_is_complete(told, c, t, played)


def _answer_is_complete(told: Decision, before: CoverageState, t: Terms, played: list[list[int]]) -> None:
    """Every new millisecond played is answered with its fate, and the trace tells the same."""
    inside = {ms for start, stop in played for ms in range(start, min(stop, t.length_ms))}
    pieces = [*told.credited, *((start, stop) for start, stop, _why in (*told.pending, *told.refused))]
    answered = {ms for start, stop in pieces for ms in range(start, min(stop, t.length_ms))}
    assert inside - points(before.spans) <= answered
    assert answered - inside <= set(range(t.length_ms - 1000, t.length_ms)), "only an end gap is added"
    (one,) = records(told.trace)
    assert (list(one.credited), list(one.pending)) == (told.credited, told.pending)
    gained = points(told.coverage.spans) - points(before.spans)
    assert points(replay([told.trace]).spans) == gained


@given(viewing, coverage(), terms, ranges, st.integers(0, 12_000), st.integers(0, 3))
def test_a_number_already_seen_changes_nothing(
    v: ViewingState, c: CoverageState, t: Terms, played: list[list[int]], now_ms: int, back: int
) -> None:
    after = decide(v, c, t, v.seq + 1, played, now_ms)
    again = decide(after.viewing, after.coverage, t, v.seq + 1 - back, played, now_ms + 60_000)
    assert not again.changed
    assert (again.viewing, again.coverage, again.trace) == (after.viewing, after.coverage, b"")
    assert (again.credited, again.pending, again.refused, again.crossed) == ([], [], [], None)


@given(viewing, coverage(), terms, st.lists(good | bad, max_size=8), st.integers(0, 12_000))
def test_bad_ranges_never_touch_their_neighbours(
    v: ViewingState, c: CoverageState, t: Terms, played: list[object], now_ms: int
) -> None:
    fine = [each for each in played if isinstance(each, list) and _plain(each)]
    mixed, clean = (decide(v, c, t, v.seq + 1, each, now_ms) for each in (played, fine))
    assert (mixed.viewing, mixed.coverage, mixed.trace) == (clean.viewing, clean.coverage, clean.trace)
    wrong = [part for part in mixed.refused if part[2] == b.NOT_A_RANGE]
    assert len(wrong) == len(played) - len(fine)
    assert [part for part in mixed.refused if part[2] != b.NOT_A_RANGE] == clean.refused


def _plain(played: list[object]) -> bool:
    if len(played) != 2 or any(type(each) is not int for each in played):
        return False
    start, stop = played
    return isinstance(start, int) and isinstance(stop, int) and 0 <= start < stop < 2**53


@given(viewing, coverage(), terms, ranges, ranges, st.integers(0, 6000), st.integers(0, 6000))
def test_cutting_a_backlog_into_beats_earns_nothing(
    v: ViewingState, c: CoverageState, t: Terms, one: list[object], two: list[object], now: int, later: int
) -> None:
    """Counted and waiting grow by no more than time × rate and what was saved, however it is cut."""
    first = decide(v, c, t, v.seq + 1, one, now)
    second = decide(first.viewing, first.coverage, t, v.seq + 2, two, later)
    before = len(points(c.spans)) + len(points(c.pending))
    after = len(points(second.coverage.spans)) + len(points(second.coverage.pending))
    elapsed = max(now, later, v.clock_ms) - v.clock_ms
    assert (after - before) * 1000 <= v.open_us + elapsed * t.rate_m
