"""Spans against a set of milliseconds."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing import spans as sp
from app.rules.viewing.spans import Piece

# Few bounds, so that pieces often touch, overlap, repeat and come out empty.
bound = st.integers(0, 40)
piece = st.tuples(bound, bound)
pieces = st.lists(piece, max_size=12)


def joined(parts: list[Piece]) -> list[int]:
    return reduce(lambda held, part: sp.union(held, *part), parts, [])


def points(parts: list[Piece]) -> set[int]:
    return {ms for start, end in parts for ms in range(start, end)}


def flat(within: set[int]) -> list[int]:
    """The only right form of a set of milliseconds: rising bounds, no two spans touching."""
    return [ms for ms in range(-1, 50) if (ms in within) != (ms - 1 in within)]


@given(pieces)
def test_union_is_the_set(parts: list[Piece]) -> None:
    assert joined(parts) == flat(points(parts))


@given(pieces, st.randoms(use_true_random=False))
def test_union_is_commutative(parts: list[Piece], shuffle: object) -> None:
    other = parts[:]
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    assert joined(other) == joined(parts)


@given(pieces, pieces, pieces)
def test_union_is_associative(a: list[Piece], b: list[Piece], c: list[Piece]) -> None:
    def both(left: list[int], right: list[int]) -> list[int]:
        return reduce(lambda held, part: sp.union(held, *part), sp.pairs(right), left)

    one, two, three = joined(a), joined(b), joined(c)
    assert both(both(one, two), three) == both(one, both(two, three))


@given(pieces, piece)
def test_union_is_idempotent(parts: list[Piece], part: Piece) -> None:
    once = sp.union(joined(parts), *part)
    assert sp.union(once, *part) == once


@given(pieces, piece)
def test_remove_and_subtract_are_the_set(parts: list[Piece], part: Piece) -> None:
    held, within = joined(parts), points(parts)
    kept = held[:]
    assert sp.remove(held, *part) == flat(within - points([part]))
    missing, inside = sp.subtract(part, held), sp.within(part, held)
    assert points(inside) == points([part]) & points(sp.pairs(held))
    assert inside == sorted(inside)
    assert all(start < end for start, end in inside)
    assert [bound for each in missing for bound in each] == flat(points([part]) - within)
    assert held == kept, "the argument was changed"


@given(pieces)
def test_length_and_pairs_are_the_set(parts: list[Piece]) -> None:
    held = joined(parts)
    assert sp.length(held) == len(points(parts))
    assert points(sp.pairs(held)) == points(parts)


@given(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), bound)
def test_clip_is_the_set(part: Piece, length_ms: int) -> None:
    clipped = sp.clip(part, length_ms)
    assert points([clipped] if clipped else []) == points([part]) & set(range(length_ms))
    assert clipped is None or clipped[0] < clipped[1]


@given(st.lists(st.integers(0, 2**32 - 1), unique=True, max_size=60))
def test_packing_round_trip(bounds: list[int]) -> None:
    held = sorted(bounds)[: len(bounds) & ~1]
    packed = sp.pack(held)
    assert len(packed) == 4 * len(held)
    assert sp.unpack(packed) == held


def test_packed_form_is_little_endian() -> None:
    assert sp.pack([1, 0x01020304]) == b"\x01\0\0\0\x04\x03\x02\x01"


@pytest.mark.parametrize("bounds", [[0, 2**32], [-1, 5]])
def test_pack_refuses_what_has_no_room(bounds: list[int]) -> None:
    with pytest.raises(OverflowError):
        sp.pack(bounds)


@pytest.mark.parametrize("size", [1, 4, 7, 12])
def test_unpack_refuses_half_spans(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes do not hold whole spans"):
        sp.unpack(bytes(size))


@given(pieces, bound)
def test_reached_is_the_last_covered_end(parts: list[Piece], end: int) -> None:
    before = {ms + 1 for ms in points(parts) if ms < end}
    assert sp.reached(joined(parts), end) == max(before, default=0)
