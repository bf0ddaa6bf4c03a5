"""The promise of `viewing.md`: one learner, two lessons, many devices, and a clock that is turned.

After every step: *credited + pending ≤ time the viewings were open × rate*, the rows are
well-formed, and the traces replay them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.rules.viewing import spans as sp
from app.rules.viewing.beat import Decision, Terms, begin, decide, end, judged_at
from app.rules.viewing.granting import grant
from app.rules.viewing.presence import AHEAD, UNANSWERED, Checks, draw, pack, unpack
from app.rules.viewing.spans import pairs, remove, subtract, union
from app.rules.viewing.trace import append, replay
from app.rules.viewing.waiting import Release, answer, away, confirm, fail, lapse
from tests.rules.viewing.kept import Answer, Lesson, Meter, Row

LEASE_MS = 900_000
LENGTHS = (3_600_000, 45_000)

lesson = st.integers(0, len(LENGTHS) - 1)
which = st.integers(0, 30)
place = st.integers(-1000, 600_000)
played = st.lists(st.tuples(place, st.integers(-500, 200_000)), max_size=3)
odd = st.sampled_from([None, [], [3, 1], ["0", 5], [0, 2**70]])
pause = st.integers(0, 200_000)


class Academy(RuleBasedStateMachine):
    """Steps of learners, networks and clocks, in any order."""

    @initialize(
        ceiling_ms=st.sampled_from([20_000, 120_000]),
        checks=st.integers(0, 3),
        chance=st.randoms(use_true_random=False),
    )
    def found(self, ceiling_ms: int, checks: int, chance: Random) -> None:
        self.now_ms = 1_000_000
        self.meter, self.chance = Meter(), chance
        self.ceiling_ms = ceiling_ms
        self.rows: list[Row] = []
        self.lessons = [Lesson(length_ms, checks) for length_ms in LENGTHS]

    def _open_row(self) -> Row | None:
        return self.rows[-1] if self.rows and self.rows[-1].ended_ms is None else None

    def _see(self, moment_ms: int) -> None:
        row = self._open_row()
        self.meter.see(moment_ms, row.rate_m if row else 0)

    def _end(self, row: Row) -> None:
        moment = judged_at(self.now_ms, None, row.expires_ms)
        self._see(moment)
        row.ended_ms = end(row.state, moment)

    def _judge(self, row: Row, seq: int, ranges: Sequence[object]) -> Answer:
        if seq <= row.state.seq:
            assert row.answer is not None
            return row.answer
        kept = self.lessons[row.lesson]
        moment = judged_at(self.now_ms, row.ended_ms, row.expires_ms)
        if row.ended_ms is None:
            self._see(moment)
        terms = Terms(kept.length_ms, row.rate_m, self.ceiling_ms, in_order=row.in_order)
        told = decide(row.state, kept.coverage, terms, seq, ranges, moment)
        self._check_beat(row, kept, told)
        row.state, kept.coverage = told.viewing, told.coverage
        row.trace = append(row.trace, told.trace)
        row.answer = (told.credited, told.pending, told.refused)
        return row.answer

    def _check_beat(self, row: Row, kept: Lesson, told: Decision) -> None:
        """A beat never counts more than the ceiling, nor anything that a check holds."""
        counted = sum(stop - start for start, stop in told.credited)
        assert counted * 1000 <= self.ceiling_ms * row.rate_m
        held = kept.coverage.checks.held()
        assert all(subtract(piece, held) == [piece] for piece in told.credited)
        holder = kept.coverage.checks.holder()
        if holder is not None:  # nothing that is new counts while a question stands
            assert all(subtract(piece, kept.coverage.pending) == [] for piece in told.credited)
        assert told.viewing.clock_ms >= row.state.clock_ms, "a clock went back"
        assert 0 <= told.viewing.credit_us <= told.viewing.open_us

    def _row(self, number: int) -> Row:  # mostly one of the newest: that is where things happen
        return self.rows[-1 - number % min(len(self.rows), 4 if number < 24 else len(self.rows))]

    # What can happen.

    @rule(number=lesson, rate_m=st.sampled_from([1000, 1500, 3000]), in_order=st.booleans())
    def open(self, number: int, rate_m: int, in_order: bool) -> None:
        """A first opening, a reopening, or another device that takes over: the newest wins.

        The policies of the course may have changed meanwhile.
        """
        old = self._open_row()
        if old:
            self._end(old)
        after = max((row.ended_ms or 0 for row in self.rows), default=0)
        state = begin(self.now_ms, after)
        self.meter.see(state.clock_ms, 0)
        self.rows.append(Row(number, rate_m, in_order, state, state.clock_ms + LEASE_MS))
        kept = self.lessons[number]
        drawn = draw(kept.coverage.checks, kept.seen_ms, kept.length_ms, kept.checks, self.chance.randrange)
        kept.coverage = replace(kept.coverage, checks=drawn)

    @precondition(lambda self: self.rows)
    @rule(
        number=which, parts=played, noise=st.none() | odd, gap=st.integers(1, 3), took=pause, last=st.booleans(),
    )  # fmt: skip
    def beat(self, number: int, parts: list[tuple[int, int]], noise: object, gap: int, took: int, last: bool) -> None:
        """A beat of any viewing: of the open one (perhaps its last), or the backlog of one that was taken over."""
        self.now_ms += took
        row = self._row(number)
        ranges: list[object] = [[start, start + size] for start, size in parts]
        self._judge(row, row.state.seq + gap, [noise, *ranges])
        if last and row is self._open_row():
            self._end(row)

    @precondition(lambda self: self._open_row())
    @rule(waits=st.lists(pause, min_size=1, max_size=5), speed_m=st.sampled_from([1000, 3000, 9000]))
    def watch_on(self, waits: list[int], speed_m: int) -> None:
        """An ordinary player, or one that claims too much: goes on at the coverage's first hole."""
        row = self._open_row()
        assert row
        for took in waits:
            self.now_ms += took
            spans = self.lessons[row.lesson].coverage.spans
            start = spans[1] if spans and not spans[0] else 0
            self._judge(row, row.state.seq + 1, [[start, start + took * speed_m // 1000]])

    @precondition(lambda self: self.rows)
    @rule(number=which, took=pause)
    def claim_all(self, number: int, took: int) -> None:
        """A forger spends whatever the allowances hold, then hands the viewing on."""
        self.now_ms += took
        row = self._row(number)
        self._judge(row, row.state.seq + 1, [[0, LENGTHS[0]]])

    @precondition(lambda self: self.rows)
    @rule(number=which, back=st.integers(0, 3), parts=played, took=pause)
    def resend(self, number: int, back: int, parts: list[tuple[int, int]], took: int) -> None:
        """A number already seen, with whatever body and however late: the answer of before."""
        row = next((row for row in reversed(self.rows[: number + 1]) if row.answer), None)
        if row is None:
            return
        self.now_ms += took
        before = (row.state, self.lessons[row.lesson].coverage)
        terms = Terms(LENGTHS[row.lesson], row.rate_m, self.ceiling_ms)
        ranges = [[start, start + size] for start, size in parts]
        told = decide(row.state, before[1], terms, row.state.seq - back, ranges, self.now_ms)
        assert not told.changed
        assert (told.viewing, told.coverage, told.trace) == (*before, b"")
        assert self._judge(row, row.state.seq - back, ranges) == row.answer

    @precondition(lambda self: self.rows)
    @rule(number=which, one=played, two=played, took=pause)
    def overtaken(self, number: int, one: list[tuple[int, int]], two: list[tuple[int, int]], took: int) -> None:
        """Two beats that the network turned round: the later number wins, the earlier gets its answer."""
        self.now_ms += took
        row = self._row(number)
        seq = row.state.seq
        first = self._judge(row, seq + 2, [[start, start + size] for start, size in two])
        state = row.state
        assert self._judge(row, seq + 1, [[start, start + size] for start, size in one]) == first
        assert row.state == state

    @precondition(lambda self: self._open_row())
    @rule(took=pause)
    def close(self, took: int) -> None:
        """The viewing's own close, or the job that ends it when its lease has run out."""
        row = self._open_row()
        assert row
        self.now_ms += took
        self._end(row)

    @rule(took=st.integers(0, 2 * LEASE_MS))
    def nothing(self, took: int) -> None:
        """Time passes."""
        self.now_ms += took

    @rule(step_ms=st.integers(-3_600_000, 3_600_000))
    def turn_clock(self, step_ms: int) -> None:
        """Somebody sets the server's clock."""
        self.now_ms = max(0, self.now_ms + step_ms)

    @precondition(lambda self: self.rows)
    @rule(number=lesson, check=which, right=st.booleans())
    def answer_check(self, number: int, check: int, right: bool) -> None:
        """A right answer releases its own stretch; the last wrong one lets it lapse."""
        kept = self.lessons[number]
        each = kept.coverage.checks.each
        asked = [at for at, one in enumerate(each) if one.state in UNANSWERED]
        row = self._newest(number)
        if not asked or row is None:
            return
        at = asked[check % len(asked)]
        others = [one.held for one in each if one is not each[at]]
        if right:
            self._counts(kept, row, answer(kept.coverage, row.state, at, self.now_ms))
        else:
            for start, stop in pairs(each[at].held):
                kept.lapsed = union(kept.lapsed, start, stop)
            kept.coverage = fail(kept.coverage, at)
        after = kept.coverage.checks.each
        assert [one.held for one in after if one is not after[at]] == others, "another's stretch was touched"

    @precondition(lambda self: self.rows)
    @rule(number=lesson)
    def confirm(self, number: int) -> None:
        """The plain confirmation: what the network's absence held counts, what checks hold stays."""
        kept, row = self.lessons[number], self._newest(number)
        if row is not None:
            self._counts(kept, row, confirm(kept.coverage, row.state, self.now_ms))
            assert away(kept.coverage) == []
            assert _within(kept.coverage.pending, kept.coverage.checks.held())

    def _newest(self, number: int) -> Row | None:
        return next((row for row in reversed(self.rows) if row.lesson == number), None)

    def _counts(self, kept: Lesson, row: Row, told: Release) -> None:
        kept.coverage = told.coverage
        row.trace = append(row.trace, told.trace)

    @precondition(lambda self: self.rows)
    @rule(number=lesson)
    def seal(self, number: int) -> None:
        """The training period ends: what still waits lapses."""
        kept = self.lessons[number]
        for start, stop in pairs(kept.coverage.pending):
            kept.lapsed = union(kept.lapsed, start, stop)
        kept.coverage = lapse(kept.coverage, [0, kept.length_ms])
        assert kept.coverage.pending == []

    @precondition(lambda self: self.rows)
    @rule(number=lesson, parts=played)
    def grant(self, number: int, parts: list[tuple[int, int]]) -> None:
        """A person lets parts count, whatever the allowances say."""
        kept, row = self.lessons[number], self._newest(number)
        if row is None:
            return
        wanted = [(start, start + size) for start, size in parts if start < start + size]
        waited = sp.length(kept.coverage.pending)
        told = grant(kept.coverage, row.state.clock_ms, wanted, kept.length_ms, self.now_ms)
        kept.granted_ms += told.granted_ms - (waited - sp.length(told.coverage.pending))
        kept.coverage = told.coverage
        row.trace = append(row.trace, told.trace)

    # What holds after every step.

    @invariant()
    def no_second_counts_that_could_not_be_watched(self) -> None:
        rows = [kept.coverage for kept in self.lessons]
        held = sum(sp.length(row.spans) + sp.length(row.pending) for row in rows)
        held -= sum(kept.granted_ms for kept in self.lessons)
        # What is unspent may still be claimed, so it stands on the same side: no slack to hide in.
        unspent = sum(row.state.open_us for row in self.rows)
        assert held * 1000 + unspent <= self.meter.earned_us

    @invariant()
    def rows_are_well_formed(self) -> None:
        for kept in self.lessons:
            row = kept.coverage
            for spans in (row.spans, row.pending):
                assert all(a < b for a, b in pairwise(spans))
                assert not spans or (spans[0] >= 0 and spans[-1] <= kept.length_ms)
            assert all(subtract(piece, row.pending) == [piece] for piece in pairs(row.spans))
            assert row.counted_ms == sp.length(row.spans)
            self._checks_are_well_formed(row.checks, row.pending)

    def _checks_are_well_formed(self, checks: Checks, pending: list[int]) -> None:
        assert unpack(pack(checks)) == checks
        held = sum(sp.length(check.held) for check in checks.each)
        assert held == sp.length(checks.held()), "two checks hold the same"
        assert _within(checks.held(), pending)
        assert all(not check.held for check in checks.each if check.state not in UNANSWERED)
        ahead = [check.place for check in checks.each if check.state == AHEAD]
        assert ahead == sorted(ahead)
        assert AHEAD not in [low.state for low, high in pairwise(checks.each) if high.state != AHEAD]

    @invariant()
    def traces_replay_the_rows(self) -> None:
        for number, kept in enumerate(self.lessons):
            told = replay(row.trace for row in self.rows if row.lesson == number)
            assert told.spans == kept.coverage.spans
            waits = told.pending
            if kept.lapsed:
                assert _within(kept.coverage.pending, waits)
                for start, stop in pairs(kept.lapsed):
                    waits = remove(waits, start, stop)
                assert _within(waits, kept.coverage.pending)
            else:
                assert waits == kept.coverage.pending

    @invariant()
    def viewings_never_overlap(self) -> None:
        assert all(row.ended_ms is not None for row in self.rows[:-1])


def _within(inner: list[int], outer: list[int]) -> bool:
    return not any(subtract(piece, outer) for piece in pairs(inner))


TestAcademy = Academy.TestCase
TestAcademy.settings = settings(stateful_step_count=50)
