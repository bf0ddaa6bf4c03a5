"""Whole numbers from 0 on in seven bits a byte, lowest first."""

from __future__ import annotations


class CutOff(ValueError):
    """The bytes end within a number."""


def write(out: bytearray, number: int) -> None:
    """Append a number (≥ 0)."""
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


class Reader:
    """Walks the numbers of some bytes."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def more(self) -> bool:
        """Is anything left?"""
        return self.at < len(self.data)

    def number(self) -> int:
        """The next number; CutOff where the bytes end."""
        value = shift = 0
        while True:
            if self.at >= len(self.data):
                raise CutOff(f"cut off after {self.at} bytes")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
