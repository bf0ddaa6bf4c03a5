"""A learner's statement of one period: the ledger's lines with running balances, each with its reasons.

Made by the same fold as settlement, so the page also says whether account and evidence agree right now.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.credits.folding import fold, pieces_of, read_why, targets_of
from app.credits.posting import standing
from app.credits.rows import EvidenceRow, TransactionRow, books_of
from app.credits.rulebook import book
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.formula import Numbers
from app.rules.credit.plan import Plan
from app.rules.credit.settlement import PeriodResult, Why


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence as pages show it."""

    key: str
    kind: str
    day: date
    happened_at: datetime
    known_at: datetime
    recorded_by: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """The clauses that judged a piece, and the numbers that they read (`rules.credit.kinds.NUMBERS`)."""

    plan: Plan
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Line:
    """One transaction: amounts are signed; `balances` by bucket and `total` are those after it (countable)."""

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
    judged: Judged | None
    balances: Mapping[str, int]
    total: int

    @property
    def day(self) -> date:
        """Where the line stands in time: a reversal when it was posted, the rest when it happened."""
        return self.posted_day if self.reverses is not None else self.piece.day


@dataclass(frozen=True, slots=True)
class Missing:
    """A piece that gave nothing, and why."""

    piece: Piece
    version: int
    why: Why


@dataclass(frozen=True, slots=True)
class Statement:
    """One period. `lines` newest first; `waiting`: pieces that are recorded and not yet posted as they should."""

    rules: RuleBook
    period: PeriodResult
    periods: Sequence[date]
    buckets: Sequence[str]
    lines: Sequence[Line]
    nothing: Sequence[Missing]
    waiting: int

    @property
    def credited(self) -> int:
        """Everything that was ever posted as countable."""
        return sum(line.countable for line in self.lines if line.reverses is None)

    @property
    def taken_back(self) -> int:
        """What reversals took back (0 or less)."""
        return sum(line.countable for line in self.lines if line.reverses is not None)

    @property
    def uncounted(self) -> int:
        """What was earned and does not count."""
        return sum(line.earned - line.countable for line in self.lines)

    @property
    def balance(self) -> int:
        """What counts now."""
        return sum(line.countable for line in self.lines)

    @property
    def quota(self) -> int | None:
        """The hours needed in all: of the test that sums every countable hour; None where there is none."""
        rules = self.version(self.period.version)
        for test in rules.tests if rules else ():
            plain = not test.when.sets and test.measure == "countable" and not test.at_most
            if plain and not test.cycle and test.share_of is None:
                return self.period.tests[test.id].quota
        return None

    def version(self, number: int) -> RuleSet | None:
        """The version with this number."""
        return next((each for each in self.rules.versions if each.version == number), None)


def statement_of(
    session: Session, learner_id: int, today: date, period: date | None = None, open_seq: int | None = None
) -> Statement | None:
    """The statement of the period that begins on `period`; by default the one of the opened line, else today's.

    None before any rules are published, or where the learner has no such period. Four queries.
    """
    rules = book(session)
    if rules is None or rules.period.index(today) < 0:
        return None
    own = books_of(session, [learner_id])[learner_id]
    evidence, transactions = own.evidence, own.transactions
    settlement = fold(rules, evidence, today)
    if period is None:
        opened = [row.period for row in transactions if row.seq == open_seq]
        period = opened[0] if opened else rules.period.start(rules.period.index(today))
    if period not in settlement.periods:
        return None
    stands = standing(transactions, own.entries)
    surplus, missing = ledger.difference(targets_of(settlement), [each.standing for each in stands.values()])
    pieces = _pieces(rules, evidence)
    teller = _Teller(rules, pieces, _judged(rules, evidence))
    lines_of: dict[int, list[ledger.Entry]] = {}
    for entry in own.entries:
        lines_of.setdefault(entry.seq, []).append((entry.account, entry.amount))
    lines = teller.lines([row for row in transactions if row.period == period], lines_of)
    result = settlement.periods[period]
    nothing = [
        Missing(pieces[each.evidence], each.version, Why(each.clause, each.did, each.numbers))
        for each in settlement.nothing
        if each.period == period
    ]
    buckets = sorted({line.bucket for line in lines} | set(result.buckets), key=_bucket_order)
    return Statement(
        rules, result, sorted(settlement.periods, reverse=True), buckets, lines[::-1], nothing[::-1],
        len({one.target.evidence for one in surplus} | {target.evidence for target in missing}),
    )  # fmt: skip


def _bucket_order(bucket: str) -> tuple[int, str]:
    known = ("general", "professional", "elective")
    return (known.index(bucket) if bucket in known else len(known), bucket)


def _pieces(rules: RuleBook, evidence: Sequence[EvidenceRow]) -> dict[str, Piece]:
    return {
        row.key: Piece(
            row.key,
            row.kind,
            rules.local(row.happened_at, row.kind)[0],
            row.happened_at,
            row.known_at,
            row.recorded_by,
            json.loads(row.facts),
        )
        for row in evidence
    }


def _judged(rules: RuleBook, evidence: Sequence[EvidenceRow]) -> dict[str, Judged]:
    """Evidence key → what judged it; pieces that no clause converts are missing."""
    found = {}
    for piece in pieces_of(evidence):
        day, minute = rules.local(piece.happened, piece.kind)
        version = rules.version_on(day)
        plan = rules.plan(version, piece.snapshot, minute) if version is not None else None
        if plan is not None:
            found[piece.id] = Judged(plan, piece.numbers)
    return found


@dataclass(slots=True)
class _Teller:
    """Turns transactions into lines, oldest first, keeping the running balances."""

    rules: RuleBook
    pieces: Mapping[str, Piece]
    judged: Mapping[str, Judged]
    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def lines(
        self, transactions: Sequence[TransactionRow], lines_of: Mapping[int, Sequence[ledger.Entry]]
    ) -> list[Line]:
        """All lines of one period."""
        taken_back = {row.reverses: row.seq for row in transactions if row.reverses is not None}
        found = []
        for row in transactions:
            amounts = ledger.amounts_of(lines_of.get(row.seq, ()))
            self.balances[amounts.bucket] += amounts.countable
            found.append(self._line(row, amounts, taken_back.get(row.seq)))
        return found

    def _line(self, row: TransactionRow, amounts: ledger.Amounts, reversed_by: int | None) -> Line:
        steps = json.loads(read_why(row.why)[0])
        return Line(
            row.seq,
            self.pieces[row.evidence_key],
            amounts.bucket,
            amounts.earned,
            amounts.countable,
            row.rule_version,
            row.posted_at,
            row.posted_at.astimezone(self.rules.zone).date(),
            row.reverses,
            reversed_by,
            row.hash,
            tuple(Why(clause, did, tuple(numbers)) for clause, did, numbers in steps),
            self.judged.get(row.evidence_key),
            dict(self.balances),
            sum(self.balances.values()),
        )
