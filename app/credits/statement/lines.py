"""The lines of a statement, from the ledger's transactions; and the pieces of evidence behind them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from app.credits.folding import pieces_of, read_why
from app.credits.rows import EntryRow, EvidenceRow, TransactionRow
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.formula import Numbers
from app.rules.credit.plan import Plan
from app.rules.credit.settlement import CARRIED, Why

_KNOWN_BUCKETS = ("general", "professional", "elective")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence as pages show it; hours carried over have a piece of kind "carried" of their own."""

    key: str
    kind: str
    day: date
    happened_at: datetime
    known_at: datetime
    recorded_by: str
    facts: Mapping[str, Any]
    names: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The clauses that judged a piece, and the numbers that they read (`rules.credit.kinds.NUMBERS`)."""

    plan: Plan
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Other:
    """Another posting of the same piece that stands: the other half of what was split between two periods."""

    seq: int
    period: date
    countable: int


@dataclass(frozen=True, slots=True)
class Line:
    """One transaction: amounts are signed; `balances` by bucket and `total` are those after it (countable).

    `others`: where else a part of the same piece stands. `names`: the piece that this one takes back, if any.
    `origin`: of an adjustment after a seal, the first day of the sealed period that it concerns.
    """

    seq: int
    piece: Piece
    bucket: str
    earned: int
    countable: int
    version: int
    posted_at: datetime
    posted_day: date
    reverses: int | None
    reversed_by: int | None
    hash: str
    why: tuple[Why, ...]
    balances: Mapping[str, int]
    total: int
    others: tuple[Other, ...] = ()
    names: Piece | None = None
    origin: date | None = None
    known: Known | None = field(default=None, repr=False, compare=False)

    @property
    def judged(self) -> Judged | None:
        """The clauses that judged the piece."""
        return self.known.judged(self.piece.key) if self.known is not None else None

    def said(self, did: str) -> Why | None:
        """The reason of this word, if there is one."""
        return next((why for why in self.why if why.did == did), None)

    @property
    def kind(self) -> str:
        """reversal, taken back (of a sealed posting, by a later one), carried, made up, late, or "" for any other."""
        if self.reverses is not None:
            return "reversal"
        if self.earned < 0 or self.countable < 0:
            return "taken back"
        words = {"carried": "carried", "make_up": "made up", "late": "late"}
        found = next((kind for word, kind in words.items() if self.said(word)), "")
        return found or ("late" if self.origin else "")

    @property
    def about(self) -> date | None:
        """The first day of the other period that the line is about: where it comes from, what it makes up."""
        for word in ("late", "carried", "make_up"):
            why = self.said(word)
            if why is not None and why.numbers[2]:
                return plain_date(why.numbers[2])
        return self.origin

    @property
    def day(self) -> date:
        """Where the line stands in time: a reversal when it was posted, what became known after a seal then, what
        waited when its companion came, the rest when it happened."""
        if self.reverses is not None:
            return self.posted_day
        for word in ("late", "waited"):
            why = self.said(word)
            if why is not None and why.numbers[1]:
                return plain_date(why.numbers[1])
        return self.piece.day


@dataclass(frozen=True, slots=True)
class Missing:
    """A piece that gave nothing, and why. `serves`: others need it (an exam passed), and it gives nothing itself."""

    piece: Piece
    version: int
    why: Why
    judged: Judged | None = None
    serves: bool = False


def plain_date(plain: int) -> date:
    """20260501 → 1 May 2026, as reasons carry days."""
    return date(plain // 10000, plain // 100 % 100, plain % 100)


def bucket_order(bucket: str) -> tuple[int, str]:
    """Where a bucket stands among others."""
    return (_KNOWN_BUCKETS.index(bucket) if bucket in _KNOWN_BUCKETS else len(_KNOWN_BUCKETS), bucket)


class Known:
    """The evidence that was known, by key; read only where a page asks for it."""

    def __init__(self, rules: RuleBook, evidence: Sequence[EvidenceRow]) -> None:
        self.rules = rules
        self._rows = {row.key: row for row in evidence}
        self._pieces: dict[str, Piece] = {}
        self._plans: dict[str, tuple[Plan | None, Numbers, bool]] = {}

    def piece(self, key: str) -> Piece | None:
        """The piece of this key, as pages show it."""
        if key not in self._pieces:
            row = self._rows.get(key)
            if row is None:
                return None
            self._pieces[key] = Piece(
                row.key, row.kind, self.rules.local(row.happened_at, row.kind)[0], row.happened_at, row.known_at,
                row.recorded_by, json.loads(row.facts), row.names,
            )  # fmt: skip
        return self._pieces[key]

    def day(self, key: str) -> tuple[date, str] | None:
        """Day and kind of a piece; None for an unknown one."""
        row = self._rows.get(key)
        return None if row is None else (self.rules.local(row.happened_at, row.kind)[0], row.kind)

    def judged(self, key: str) -> Judged | None:
        """What judged a piece; None where no clause converts it."""
        plan, numbers, _serves = self._plan(key)
        return Judged(plan, numbers) if plan is not None else None

    def serves(self, key: str) -> bool:
        """Is a piece that gives nothing itself what others need?"""
        return self._plan(key)[2]

    def _plan(self, key: str) -> tuple[Plan | None, Numbers, bool]:
        row = self._rows.get(key)
        if row is None:
            return None, (), False
        if key not in self._plans:
            rules, [piece] = self.rules, pieces_of([row])
            day, minute = rules.local(piece.happened, piece.kind)
            plan = rules.judging(day, piece.snapshot, minute, rules.period.index(day))[1]
            serves = plan is None and rules.has_needs and bool(rules.serves(piece.snapshot, minute))
            self._plans[key] = plan, piece.numbers, serves
        return self._plans[key]


def piece_for(known: Known, row: TransactionRow) -> Piece:
    """The piece behind a transaction. Carried hours have no evidence: theirs is the first day of the period."""
    found = known.piece(row.evidence_key)
    if found is not None:
        return found
    moment = datetime.combine(row.period, time(), known.rules.zone)
    return Piece(row.evidence_key, CARRIED, row.period, moment, row.posted_at, "rules", {})


def reasons(row: TransactionRow) -> tuple[Why, ...]:
    """Why a transaction was posted."""
    return tuple(Why(clause, did, tuple(numbers)) for clause, did, numbers in json.loads(read_why(row.why)[0]))


def by_seq(entries: Sequence[EntryRow]) -> dict[int, list[ledger.Entry]]:
    """The ledger's lines by transaction."""
    found: dict[int, list[ledger.Entry]] = {}
    for entry in entries:
        found.setdefault(entry.seq, []).append((entry.account, entry.amount))
    return found


@dataclass(slots=True)
class Teller:
    """Turns transactions into lines, oldest first, keeping the running balances."""

    known: Known
    entries: Mapping[int, Sequence[ledger.Entry]]
    taken_back: Mapping[int, int]
    others: Mapping[str, Sequence[Other]]
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def lines(self, transactions: Sequence[TransactionRow]) -> list[Line]:
        """The lines of these transactions."""
        return [self._line(row) for row in transactions]

    def _line(self, row: TransactionRow) -> Line:
        amounts = ledger.amounts_of(self.entries.get(row.seq, ()))
        self.balances[amounts.bucket] += amounts.countable
        piece = piece_for(self.known, row)
        return Line(
            row.seq, piece, amounts.bucket, amounts.earned, amounts.countable, row.rule_version, row.posted_at,
            row.posted_at.astimezone(self.known.rules.zone).date(), row.reverses, self.taken_back.get(row.seq),
            row.hash, reasons(row), dict(self.balances), sum(self.balances.values()),
            tuple(each for each in self.others.get(row.evidence_key, ()) if each.seq != row.seq),
            self.known.piece(piece.names) if piece.names else None, amounts.origin, self.known,
        )  # fmt: skip
