"""Whole columns as PostgreSQL's binary arrays, packed at once: psycopg's own packing of lists, element by element,
was a quarter of what a beat cost the application (docs/performance.md).

The form: dimensions, whether there are nulls, the element's type, length, lower bound; then each element with its
length before it (−1 for a null).
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, pack

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = Struct(">iiIii").pack
_LENGTH = Struct(">i").pack
_INT8 = Struct(">iq").pack
_NULL = _LENGTH(-1)


class Int8s(bytes):
    """An int8[] in PostgreSQL's binary form."""


class Byteas(bytes):
    """A bytea[]."""


class Texts(bytes):
    """A text[]."""


def int8s(values: Sequence[int | None]) -> Int8s:
    """Whole numbers of up to eight bytes, or nulls."""
    count = len(values)
    if None in values:
        body = b"".join([_NULL if value is None else _INT8(8, value) for value in values])
        return Int8s(_head(count, 20, nulls=True) + body)
    parts: list[int | None] = [8] * (2 * count)
    parts[1::2] = values
    return Int8s(_head(count, 20) + pack(f">{'iq' * count}", *parts))


def byteas(values: Sequence[bytes]) -> Byteas:
    """Bytes; no nulls."""
    return Byteas(_head(len(values), 17) + b"".join([part for each in values for part in (_LENGTH(len(each)), each)]))


def texts(values: Sequence[str | None]) -> Texts:
    """Texts, or nulls."""
    raw = [None if each is None else each.encode() for each in values]
    parts = [_NULL if each is None else _LENGTH(len(each)) + each for each in raw]
    return Texts(_head(len(values), 25, nulls=None in raw) + b"".join(parts))


def _head(count: int, oid: int, *, nulls: bool = False) -> bytes:
    return _HEAD(1, nulls, oid, count, 1) if count else _HEAD(0, 0, oid, 0, 1)[:12]


class _Packed(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        """As it is."""
        return obj


class _Int8sDumper(_Packed):
    oid = 1016


class _ByteasDumper(_Packed):
    oid = 1001


class _TextsDumper(_Packed):
    oid = 1009


def register(connection: Connection[object]) -> None:
    """Let a connection take these arrays as parameters."""
    for kind, dumper in ((Int8s, _Int8sDumper), (Byteas, _ByteasDumper), (Texts, _TextsDumper)):
        connection.adapters.register_dumper(kind, dumper)
