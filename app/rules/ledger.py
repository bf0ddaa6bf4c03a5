"""The law of the credit ledger: accounts, canonical bytes, the chain, and what must be posted. Pure.

Amounts are integer thousandths of an hour. A posting takes what a piece of evidence earned from a
source account and puts it on the learner's: what counts, and what a cap cut off. Nothing is ever
changed: a posting that no longer holds is reversed, and the right one is posted after it.

What arrives after a period's seal stands on an account of its own, which names both the period it is posted to and
the sealed one it concerns: `learner/2026-01-01<2025-01-01/general/countable`. Hours carried over come from an account
that names the period they come from, `source/carried/2025-01-01`: they were earned there, and are not earned again.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.rules.credit.settlement import CARRIED

FORM = "duxue-ledger-1"  # names the canonical form; another form needs another name
START = "0" * 64  # the hash before the first transaction of a chain, and before the first piece
COUNTABLE, UNCOUNTED = "countable", "uncounted"
LEARNER = "learner/"
CARRIED_SOURCE = f"source/{CARRIED}/"
_CARRIED_NAME = f"{CARRIED}:"
Entry = tuple[str, int]  # account, amount


@dataclass(frozen=True, slots=True)
class Target:
    """What a piece of evidence should have on the ledger. `why` is canonical JSON of its reasons.

    `origin`: of an adjustment after a seal, the first day of the sealed period that it concerns.
    """

    evidence: str
    period: date
    bucket: str
    earned: int
    countable: int
    version: int
    why: str
    origin: date | None = None


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


def carried_source(origin: date) -> str:
    """The account that hours carried out of the period with this first day come from."""
    return f"{CARRIED_SOURCE}{origin.isoformat()}"


def carried_from(evidence: str) -> date | None:
    """The period that carried hours come from, as the name of their posting says; None for any other evidence."""
    if not evidence.startswith(_CARRIED_NAME):
        return None
    try:
        return date.fromisoformat(evidence.rsplit(":", 1)[1])
    except ValueError:
        return None


def account(period: date, bucket: str, part: str, origin: date | None = None) -> str:
    """A learner's account; `part` is COUNTABLE or UNCOUNTED, `origin` as in `Target`."""
    concerned = f"<{origin.isoformat()}" if origin else ""
    return f"{LEARNER}{period.isoformat()}{concerned}/{bucket}/{part}"


class Account(NamedTuple):
    """What the name of a learner's account says."""

    period: date
    origin: date | None
    bucket: str
    part: str


def read_account(name: str) -> Account | None:
    """The parts of a learner's account; None for any other. A bucket may hold any character.

    ValueError where it names no days.
    """
    if not name.startswith(LEARNER):
        return None
    days, rest = name.removeprefix(LEARNER).split("/", 1)
    period, adjusted, origin = days.partition("<")
    bucket, part = rest.rsplit("/", 1)
    return Account(date.fromisoformat(period), date.fromisoformat(origin) if adjusted else None, bucket, part)


def entries_of(target: Target, kind: str) -> tuple[Entry, ...]:
    """The lines of a posting, sorted; they add up to zero. A part that is 0 has no line.

    `kind` is that of the evidence; carried hours have none and need none.
    """
    origin = carried_from(target.evidence)
    taken, cut = (target.earned, target.earned - target.countable) if origin is None else (target.countable, 0)
    lines = [(source(kind) if origin is None else carried_source(origin), -taken)]
    parts = ((COUNTABLE, target.countable), (UNCOUNTED, cut))
    lines += [(account(target.period, target.bucket, part, target.origin), amount) for part, amount in parts if amount]
    return tuple(sorted(lines))


def opposite(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The lines of a reversal."""
    return tuple(sorted((name, -amount) for name, amount in entries))


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the lines of one transaction say; `origin` as in `Target`."""

    bucket: str
    earned: int
    countable: int
    origin: date | None = None


def amounts_of(entries: Iterable[Entry]) -> Amounts:
    """Bucket, earned, countable and origin of a transaction's lines."""
    bucket, origin, counted, cut, carried = "", None, 0, 0, False
    for name, amount in entries:
        found = read_account(name)
        if found is None:
            carried = carried or name.startswith(CARRIED_SOURCE)
            continue
        bucket, origin = found.bucket, found.origin
        if found.part == COUNTABLE:
            counted += amount
        else:
            cut += amount
    return Amounts(bucket, 0 if carried else counted + cut, counted, origin)


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
