"""The law of the audit log's chain: the bytes of a link and their hash. Pure.

A link binds one entry, its own number, the moment of sealing and the link before it. Numbers have no gaps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

FORM = "duxue-audit-1"  # names the canonical form; another form needs another name
START = "0" * 64  # the hash before the first link
# An entry is sealed within a minute of its commit. What says that it is older than this, beside what was sealed
# before it, was entered later than it says (or a clock was wrong by hours: that should be known too).
LATE_MS = 6 * 3_600_000


def canonical_bytes(seq: int, previous: str, sealed_ms: int, entry: Sequence[object]) -> bytes:
    """The bytes that are hashed: a JSON list in a fixed order, ASCII, no spaces. `entry`: its columns in order."""
    return json.dumps([FORM, seq, previous, sealed_ms, *entry], ensure_ascii=True, separators=(",", ":")).encode()


def link_hash(seq: int, previous: str, sealed_ms: int, entry: Sequence[object]) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical_bytes(seq, previous, sealed_ms, entry)).hexdigest()


def is_late(at_ms: int, sealed_before_ms: int, newest_before_ms: int) -> bool:
    """Does an entry say that it is much older than the sealing of the one before it, and than the newest before it?

    Both: what has waited long is all sealed at once, in its order; and a clock that once ran ahead is not an alarm
    for ever.
    """
    return at_ms < min(sealed_before_ms, newest_before_ms) - LATE_MS
