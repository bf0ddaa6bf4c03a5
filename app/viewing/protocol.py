"""The beat's bytes: what a player sends, what it is answered. Documented in docs/viewing-protocol.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from app.rules.viewing.beat import Decision


class Beat(msgspec.Struct, forbid_unknown_fields=True):
    """A beat as sent. `ranges` is judged range by range: one bad range never rejects its neighbours."""

    lease: str
    seq: int
    ranges: list[Any]
    close: bool = False


class BadBeat(ValueError):
    """The body is no beat; the text says what is wrong."""


_decoder = msgspec.json.Decoder(Beat)
_encoder = msgspec.json.Encoder()
LARGEST_SEQ = 2**53 - 1


def read(body: bytes) -> Beat:
    """Decode and check a body; BadBeat says what is wrong with it."""
    try:
        beat = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBeat(str(error)) from error
    if not 0 <= beat.seq <= LARGEST_SEQ:
        raise BadBeat(f"seq must be a whole number from 0 to {LARGEST_SEQ}")
    return beat


def answer(seq: int, decision: Decision, length_ms: int) -> bytes:
    """The answer to a decided beat, as canonical bytes that a resent number gets again."""
    coverage = decision.coverage
    credited = [[start, end] for start, end in decision.credited]
    return _encoder.encode(
        {
            "seq": seq,
            "credited_ms": _length(decision.credited),
            "pending_ms": sum(end - start for start, end, _ in decision.pending),
            "refused": _reasoned(decision.refused),
            "pending": _reasoned(decision.pending),
            "credited": credited,
            "coverage_ms": coverage.counted_ms,
            "length_ms": length_ms,
            "mark": decision.crossed is not None,
        }
    )


def closed(reason: str, body: bytes = b"{}") -> bytes:
    """A 409: the reason, and all fields of the 200 where the beat was acknowledged all the same."""
    head = _encoder.encode({"reason": reason, "acknowledged": body != b"{}"})
    return head if body == b"{}" else head[:-1] + b"," + body[1:]


def error(code: str, text: str) -> bytes:
    """Any other refusal: a code for programs, a text for people who write them."""
    return _encoder.encode({"error": code, "text": text})


def _length(pieces: Iterable[tuple[int, int]]) -> int:
    return sum(end - start for start, end in pieces)


def _reasoned(pieces: Iterable[tuple[int, int, str]]) -> list[dict[str, object]]:
    return [{"range": [start, end], "reason": reason} for start, end, reason in pieces]
