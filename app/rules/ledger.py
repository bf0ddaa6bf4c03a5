"""The law of the credit ledger: accounts, canonical bytes, the chain, and what must be posted. Pure.

Amounts are integer thousandths of an hour. A posting takes what a piece of evidence earned from a
source account and puts it on the learner's: what counts, and what a cap cut off. Nothing is ever
changed: a posting that no longer holds is reversed, and the right one is posted after it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

FORM = "duxue-ledger-1"  # names the canonical form; another form needs another name
START = "0" * 64  # the hash before the first transaction of a chain, and before the first piece
COUNTABLE, UNCOUNTED = "countable", "uncounted"
Entry = tuple[str, int]  # account, amount


@dataclass(frozen=True, slots=True)
class Target:
    """What a piece of evidence should have on the ledger. `why` is canonical JSON of its reasons."""

    evidence: str
    period: date
    bucket: str
    earned: int
    countable: int
    version: int
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A posting that stands: number `seq`, not reversed."""

    seq: int
    target: Target


@dataclass(frozen=True, slots=True)
class Transaction:
    """One link of a learner's chain. `learner` is the opaque key, `posted_ms` milliseconds since 1970."""

    learner: str
    seq: int
    evidence: str
    period: date
    version: int
    posted_ms: int
    reverses: int | None
    entries: tuple[Entry, ...]
    why: str
    previous: str


def why_hash(why: str) -> str:
    """SHA-256 of the reasons, hex: the chain binds them without carrying them."""
    return hashlib.sha256(why.encode()).hexdigest()


def canonical_bytes(transaction: Transaction) -> bytes:
    """The bytes that are hashed: a JSON list in a fixed order, ASCII, no spaces, entries sorted."""
    parts = [
        FORM,
        transaction.learner,
        transaction.seq,
        transaction.evidence,
        transaction.period.isoformat(),
        transaction.version,
        transaction.posted_ms,
        transaction.reverses,
        [list(entry) for entry in sorted(transaction.entries)],
        why_hash(transaction.why),
        transaction.previous,
    ]
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def link(transaction: Transaction) -> str:
    """The transaction's hash: 64 hex digits."""
    return hashlib.sha256(canonical_bytes(transaction)).hexdigest()


def extend(digest: str, payload_hash: str) -> str:
    """The digest of the evidence after one more piece, in the order of recording."""
    return hashlib.sha256(f"{digest}:{payload_hash}".encode("ascii")).hexdigest()


def source(kind: str) -> str:
    """The account that evidence of this kind is earned from."""
    return f"source/{kind}"


def account(period: date, bucket: str, part: str) -> str:
    """A learner's account; `part` is COUNTABLE or UNCOUNTED."""
    return f"learner/{period.isoformat()}/{bucket}/{part}"


def entries_of(target: Target, kind: str) -> tuple[Entry, ...]:
    """The lines of a posting, sorted; they add up to zero. A part that is 0 has no line."""
    lines = [(source(kind), -target.earned)]
    parts = ((COUNTABLE, target.countable), (UNCOUNTED, target.earned - target.countable))
    lines += [(account(target.period, target.bucket, part), amount) for part, amount in parts if amount]
    return tuple(sorted(lines))


def opposite(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The lines of a reversal."""
    return tuple(sorted((name, -amount) for name, amount in entries))


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the lines of one transaction say."""

    bucket: str
    earned: int
    countable: int


def amounts_of(entries: Iterable[Entry]) -> Amounts:
    """Bucket, earned and countable of a transaction's lines; a bucket may hold any character."""
    bucket, earned, countable = "", 0, 0
    for name, amount in entries:
        if not name.startswith("learner/"):
            continue
        _learner, _period, rest = name.split("/", 2)
        bucket, part = rest.rsplit("/", 1)
        earned += amount
        countable += amount if part == COUNTABLE else 0
    return Amounts(bucket, earned, countable)


def difference(targets: Sequence[Target], posted: Sequence[Standing]) -> tuple[list[Standing], list[Target]]:
    """What to reverse (by number), and what to post (in the targets' order); both empty when they agree.

    Targets that earned nothing are not posted. Doing what it says and asking again gives nothing.
    """
    wanted = [target for target in targets if target.earned or target.countable]
    stands: defaultdict[Target, deque[Standing]] = defaultdict(deque)
    for one in sorted(posted, key=lambda standing: standing.seq):
        stands[one.target].append(one)
    missing: list[Target] = []
    for target in wanted:
        if stands[target]:
            stands[target].popleft()
        else:
            missing.append(target)
    surplus = [one for left in stands.values() for one in left]
    return sorted(surplus, key=lambda standing: standing.seq), missing
