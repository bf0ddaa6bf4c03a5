"""Granted time: exactly what was asked for and missing; the trace replays it; when a mark is crossed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing import granting
from app.rules.viewing.beat import CoverageState
from app.rules.viewing.presence import Check, Checks
from app.rules.viewing.spans import Piece, pairs, union
from app.rules.viewing.timeline import Seen, Told, tell
from app.rules.viewing.trace import NETWORK_AWAY, append, record, replay

LENGTH = 60
small = st.tuples(st.integers(-5, 70), st.integers(-3, 40)).map(lambda p: (p[0], p[0] + p[1]))
flat = st.lists(st.integers(0, LENGTH), unique=True, max_size=10).map(lambda b: sorted(b)[: len(b) // 2 * 2])


def milliseconds(parts: list[Piece] | tuple[Piece, ...]) -> set[int]:
    return {ms for start, end in parts for ms in range(start, end)}


def state(counted: list[int], waiting: list[int]) -> tuple[CoverageState, bytes]:
    """Coverage, and a trace that it replays from."""
    pending: list[int] = []
    for start, end in pairs(waiting):
        for ms in range(start, end):
            if ms not in milliseconds(pairs(counted)):
                pending = union(pending, ms, ms + 1)
    trace = record(1, 10, pairs(counted), [(*part, NETWORK_AWAY) for part in pairs(pending)])
    return CoverageState(counted, pending, sum(b - a for a, b in pairs(counted))), trace


@given(flat, flat, st.lists(small, max_size=5), st.integers(0, 500))
def test_exactly_what_was_asked_and_missing_counts(
    counted: list[int], waiting: list[int], wanted: list[Piece], now: int
) -> None:
    before, trace = state(counted, waiting)
    kept = (before.spans[:], before.pending[:], before.counted_ms)
    grant = granting.grant(before, 100, wanted, LENGTH, now)
    asked = milliseconds([(max(a, 0), min(b, LENGTH)) for a, b in wanted])
    new = asked - milliseconds(pairs(counted))
    assert milliseconds(grant.pieces) == new
    assert milliseconds(pairs(grant.coverage.spans)) == milliseconds(pairs(counted)) | new
    assert milliseconds(pairs(grant.coverage.pending)) == milliseconds(pairs(before.pending)) - new
    assert grant.coverage.counted_ms == before.counted_ms + len(new)
    assert grant.granted_ms == len(new)
    told = replay([append(trace, grant.trace)])
    assert (told.spans, told.pending) == (grant.coverage.spans, grant.coverage.pending)
    assert (before.spans, before.pending, before.counted_ms) == kept
    assert bool(grant.trace) == bool(new)


def test_a_check_holds_nothing_any_more_that_was_granted() -> None:
    checks = Checks((Check(place=10, state=1, held=[10, 30]),))
    before = CoverageState([0, 10], [10, 30], 10, checks)
    after = granting.grant(before, 0, [(10, 20)], LENGTH, 5).coverage
    assert (after.spans, after.pending, after.checks.each[0].held) == ([0, 20], [20, 30], [20, 30])


@given(flat, st.none() | small)
def test_what_is_offered_is_missing_and_of_the_part_where_that_has_any(counted: list[int], named: Piece | None) -> None:
    offered = granting.missing(counted, LENGTH, named)
    everything = set(range(LENGTH)) - milliseconds(pairs(counted))
    wanted = everything & milliseconds([named] if named else [])
    assert milliseconds(offered) == (wanted or everything)


def seen(opened: int, *beats: tuple[int, list[Piece]]) -> Told:
    trace = b"".join(record(1, after, credited, []) for after, credited in beats)
    return tell(Seen(opened, opened, opened + 10**6, opened + 10**5, "closed", trace), opened + 10**5, 1000, 10**6)


def test_a_row_stays_within_its_bound() -> None:
    wide = CoverageState(list(range(0, 8000)), [], 0)
    assert not granting.fits(wide, [(1, 2)])
    assert granting.fits(CoverageState([], [], 0), [(1, 2)] * 100)
