"""One learner's books proved in one pass over raw rows: everything agrees, or there is a doubt.

This says yes or no and nothing else. A no is no difference yet: `checks` looks again and names what it finds. So
every check here is at least as strict as the one there, and none may be left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any

import msgspec

from app.credits import sums
from app.credits.books.closings import Closing, Link, line_of
from app.credits.books.lean import piece
from app.credits.books.raw import Moment, Raw, Row, day
from app.credits.heads import Head, numbers_of
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Posting

# For texts and whole numbers the bytes are those of `folding.canonical` (a test walks through all characters).
_canonical = msgspec.json.Encoder().encode
_NUMBER_AT = len('{"digest":"') + 64 + len('","evidence":')
_Signature = tuple[str, str, int, str, tuple[ledger.Entry, ...]]  # evidence, period, version, reasons, lines


class Doubt(Exception):
    """Something does not agree, or not at first sight."""


class Quick:
    """Proves learners under one set of rules and seals, in one snapshot."""

    def __init__(
        self, rules: RuleBook, today: date, seals: Mapping[date, datetime], closings: Sequence[Closing],
        moment: Callable[[Any], Moment],
    ) -> None:  # fmt: skip
        self._rules, self._today, self._seals, self._read = rules, today, seals, moment
        self._closings = closings
        self._days: dict[date, str] = {}
        self._accounts: dict[tuple[date, str, date | None], tuple[str, str]] = {}

    def proves(self, key: str, own: Raw, known: Head | None) -> bool:
        """Does everything agree? False for any doubt, whatever the reason."""
        try:
            self._prove(key, own, known)
        except Exception:  # values that are none of their column's kind may raise anything
            return False
        return True

    def _prove(self, key: str, own: Raw, known: Head | None) -> None:
        moments: dict[Any, Moment] = {}
        pieces, digests = self._evidence(own.evidence, moments)
        signatures = self._chain(key, own, digests, moments)
        for closing in self._closings:
            if line_of(closing, key, self._links) != closing.lines.get(key, ""):
                raise Doubt
        self._head(own)
        self._replay(own, pieces, signatures)
        if known is not None:
            _heads_file(own, known, digests)

    def _moment(self, value: Any, moments: dict[Any, Moment]) -> Moment:
        """A time of whole milliseconds: what was hashed is all there is."""
        found = moments.get(value)
        if found is None:
            found = moments[value] = self._read(value)
            if found[0].microsecond % 1000:
                raise Doubt
        return found

    def _evidence(self, rows: Sequence[Row], moments: dict[Any, Moment]) -> tuple[list[Piece], dict[int, str]]:
        digest, digests, pieces = ledger.START, {0: ledger.START}, []
        for _learner, number, key, kind, happened, known, by, facts, payload, names in rows:
            at, at_ms = self._moment(happened, moments)
            then, then_ms = self._moment(known, moments)
            if sha256(_canonical((key, kind, at_ms, then_ms, by, facts, names))).hexdigest() != payload:
                raise Doubt
            digests[number] = digest = sha256(f"{digest}:{payload}".encode("ascii")).hexdigest()
            pieces.append(piece(key, kind, at, then, facts, names))
        return pieces, digests

    def _chain(self, key: str, own: Raw, digests: Mapping[int, str], moments: dict[Any, Moment]) -> list[_Signature]:
        """The signatures of the postings that stand."""
        lines, place, last = own.entries, 0, len(own.entries)
        previous = ledger.START
        stands: dict[int, _Signature] = {}
        reversed_ = set()
        beginnings: set[str] = set()
        self._links: list[Link] = []
        for seq, row in enumerate(own.transactions, 1):
            _learner, number, evidence, period, version, posted, reverses, why, before, own_hash = row
            first = place
            while place < last and lines[place][1] == number:
                place += 1
            entries = _entries(lines[first:place])
            steps = _steps(why, digests, beginnings)
            parts = (
                ledger.FORM, key, number, evidence, period, version, self._moment(posted, moments)[1], reverses,
                entries, sha256(why.encode()).hexdigest(), before,
            )  # fmt: skip
            if number != seq or before != previous or sha256(_ascii(parts)).hexdigest() != own_hash:
                raise Doubt
            previous = own_hash
            if self._closings:
                self._links.append(Link(seq, moments[posted][0], period, own_hash, entries))
            if reverses is None:
                stands[seq] = evidence, period, version, steps, entries
            else:
                reversed_.add(reverses)
        if place != last:
            raise Doubt
        return [each for number, each in stands.items() if number not in reversed_]

    def _head(self, own: Raw) -> None:
        newest = own.evidence[-1][1] if own.evidence else 0
        last = (own.transactions[-1][1], own.transactions[-1][9]) if own.transactions else (0, ledger.START)
        if len(own.heads) == 1:
            _learner, seq, own_hash, settled = own.heads[0]
            if (seq, own_hash) != last or settled != newest:
                raise Doubt
        elif own.heads or newest or own.transactions:
            raise Doubt

    def _replay(self, own: Raw, pieces: list[Piece], stands: list[_Signature]) -> None:
        settlement = settle(self._rules, pieces, explain=True, until=self._today, seals=self._seals)
        kinds = {each.id: each.kind for each in pieces}
        wanted = [self._signature(p, kinds) for p in settlement.postings if p.earned or p.countable]
        if len(wanted) != len(stands) or set(wanted) != set(stands) or len(set(stands)) != len(stands):
            raise Doubt
        expected = sums.expected(settlement)
        newest = date.min
        for row in own.periods:
            start = day(row[1])
            newest = max(newest, start)
            self._read(row[10])
            if tuple(expected.pop(start).values()) != row[2:10]:
                raise Doubt
        if any(want["earned"] or start <= newest for start, want in expected.items()):
            raise Doubt

    def _signature(self, posting: Posting, kinds: Mapping[str, str]) -> _Signature:
        """What a posting looks like on the ledger: `folding.targets_of` and `ledger.entries_of` in one."""
        evidence, period, _day, bucket, earned, countable, version, why, origin = posting
        names = self._accounts.get((period, bucket, origin))
        if names is None:
            names = self._accounts[period, bucket, origin] = (
                ledger.account(period, bucket, ledger.COUNTABLE, origin),
                ledger.account(period, bucket, ledger.UNCOUNTED, origin),
            )
        cut = earned - countable
        kind = kinds.get(evidence)
        if kind is None:  # carried hours
            target = ledger.Target(evidence, period, bucket, earned, countable, version, "", origin)
            lines = ledger.entries_of(target, "")
        else:
            taken = (f"source/{kind}", -earned)
            if not cut:
                lines = (names[0], countable), taken
            elif countable:
                lines = (names[0], countable), (names[1], cut), taken
            else:
                lines = (names[1], cut), taken
        iso = self._days.get(period)
        if iso is None:
            iso = self._days[period] = period.isoformat()
        return evidence, iso, version, _canonical(why).decode(), lines


def _entries(rows: Sequence[Row]) -> tuple[ledger.Entry, ...]:
    """The lines of one transaction: at least two, numbered from 0, in order, adding up to zero."""
    total = 0
    for place, row in enumerate(rows):
        total += row[4]
        if row[2] != place:
            raise Doubt
    entries = tuple([row[3:] for row in rows])
    if total or len(entries) < 2 or any(a > b for a, b in pairwise(entries)):
        raise Doubt
    return entries


def _steps(why: str, digests: Mapping[int, str], beginnings: set[str]) -> str:
    """The reasons of a kept text whose beginning names evidence as it is there (`folding.why_text`)."""
    start = why.index(',"why":')
    beginning = why[:start]
    if beginning not in beginnings:
        row = int(beginning[_NUMBER_AT:])
        if beginning != f'{{"digest":"{digests[row]}","evidence":{row}':
            raise Doubt
        beginnings.add(beginning)
    if why[start + 7] != "[" or why[-2:] != "]}":
        raise Doubt
    return why[start + 7 : -1]


def _ascii(parts: tuple[object, ...]) -> bytes:
    """The bytes of `ledger.canonical_bytes`: the same wherever nothing has to be escaped for ASCII."""
    data = _canonical(parts)
    if data.isascii() and b"\x7f" not in data:
        return data
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def _heads_file(own: Raw, known: Head, digests: Mapping[int, str]) -> None:
    if not own.heads:
        raise Doubt
    seq, row = known["seq"], known["evidence"]
    if seq and own.transactions[seq - 1][9] != known["hash"]:
        raise Doubt
    if row and digests.get(row) != known["digest"]:
        raise Doubt
    if "numbers" in known and numbers_of(each[1] for each in own.evidence if each[1] <= row) != known["numbers"]:
        raise Doubt
