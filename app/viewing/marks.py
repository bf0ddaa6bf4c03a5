"""Marks in their row: rising milliseconds, four little-endian bytes each."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence


def pack(marks: Sequence[int]) -> bytes:
    """The bytes of these marks."""
    packed = array("I", marks)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(packed: bytes) -> tuple[int, ...]:
    """The inverse of `pack`."""
    found = array("I", packed)
    if sys.byteorder == "big":
        found.byteswap()
    return tuple(found)
