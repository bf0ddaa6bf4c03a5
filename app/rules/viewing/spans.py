"""Coverage as one flat sorted list `[s0, e0, s1, e1, …]` of milliseconds, half-open, disjoint.

Two spans never touch (they would be one), so the list rises strictly and `bisect` alone tells
inside from outside: an odd position lies within a span. No function here changes its arguments.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from typing import TypeAlias

Piece: TypeAlias = tuple[int, int]


def union(spans: list[int], start: int, end: int) -> list[int]:
    """The spans together with [start, end); an empty piece adds nothing."""
    if start >= end:
        return spans[:]
    low, high = bisect_left(spans, start), bisect_right(spans, end)
    joined = spans[:]
    joined[low:high] = ([] if low & 1 else [start]) + ([] if high & 1 else [end])
    return joined


def remove(spans: list[int], start: int, end: int) -> list[int]:
    """The spans without [start, end)."""
    if start >= end:
        return spans[:]
    low, high = bisect_left(spans, start), bisect_right(spans, end)
    left = spans[:]
    left[low:high] = ([start] if low & 1 else []) + ([end] if high & 1 else [])
    return left


def subtract(piece: Piece, spans: list[int]) -> list[Piece]:
    """The pieces of `piece` that lie outside the spans, rising."""
    cursor, end = piece
    at = bisect_right(spans, cursor)
    if at & 1:
        cursor = spans[at]
        at += 1
    missing = []
    while cursor < end and at < len(spans) and spans[at] < end:
        missing.append((cursor, spans[at]))
        cursor = spans[at + 1]
        at += 2
    if cursor < end:
        missing.append((cursor, end))
    return missing


def within(piece: Piece, spans: list[int]) -> list[Piece]:
    """The pieces of `piece` that lie inside the spans, rising; empty where they do not touch."""
    start, end = piece
    at = bisect_right(spans, start) & ~1
    found = []
    while start < end and at < len(spans) and spans[at] < end:
        found.append((max(start, spans[at]), min(end, spans[at + 1])))
        at += 2
    return found


def clip(piece: Piece, length_ms: int) -> Piece | None:
    """The part of `piece` within [0, length_ms), or None where there is none."""
    start, end = max(piece[0], 0), min(piece[1], length_ms)
    return (start, end) if start < end else None


def reached(spans: list[int], end: int) -> int:
    """The latest end of anything covered before `end`, at most `end` itself; 0 where nothing is."""
    place = bisect_left(spans, end)
    return end if place % 2 else spans[place - 1] if place else 0


def length(spans: list[int]) -> int:
    """How many milliseconds the spans hold."""
    return sum(spans[1::2]) - sum(spans[::2])


def pairs(spans: list[int]) -> list[Piece]:
    """The spans as (start, end) tuples."""
    return list(zip(spans[::2], spans[1::2], strict=True))


def pack(spans: list[int]) -> bytes:
    """Four little-endian bytes a bound; OverflowError for a bound outside 0 … 2³²−1 (49 days)."""
    packed = array("I", spans)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(packed: bytes) -> list[int]:
    """The inverse of `pack`; ValueError where the bytes do not hold whole spans."""
    if len(packed) % 8:
        raise ValueError(f"{len(packed)} bytes do not hold whole spans")
    bounds = array("I", packed)
    if sys.byteorder == "big":
        bounds.byteswap()
    return bounds.tolist()
