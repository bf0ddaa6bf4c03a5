"""The hours of a span of days, whatever training periods it cuts: reckoned from the ledger, by day of learning.

What counts is what stands on the account as countable, on the day on which it was learned. Therefore:

- the end of a training period, make-up study and postings to a later period change nothing: an hour that pays an old
  shortfall, or arrived after a seal, stands on the day on which it was learned;
- hours carried over from an earlier period are left out: they were learned there and are counted on that day already;
- what a later posting takes back is taken from the day of what it takes back. A withdrawal after a seal that does not
  name a single piece is deducted from every span that touches the sealed period: a certificate never says too much.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.credits.rows import Books, EvidenceRow, TransactionRow
from app.credits.statement.lines import bucket_order, by_seq
from app.rules import ledger
from app.rules.credit.book import RuleBook

MOST_STEPS = 20  # from a correction to what it corrects


@dataclass(frozen=True, slots=True)
class Item:
    """What one piece of evidence gives in the span; thousandths of an hour, more than 0. `course` is a code, or ""."""

    day: date
    course: str
    title: str
    title_en: str
    kind: str
    bucket: str
    countable: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The sums of a span, thousandths of an hour. Buckets that give nothing are left out.

    `carried`: hours carried into a period that begins in the span, left out of the sums. `seq`, `hash`: the head of
    the chain that was read.
    """

    hours: int
    buckets: Mapping[str, int]
    items: tuple[Item, ...]
    versions: tuple[int, ...]
    carried: int
    seq: int
    hash: str

    def items_in(self, bucket: str) -> int:
        """How many pieces give hours of this bucket."""
        return sum(item.bucket == bucket for item in self.items)


def count(rules: RuleBook, books: Books, since: date, until: date) -> Counted:
    """What a learner's books give from one day to another, both inclusive."""
    days = _Days(rules, books.evidence, since, until)
    lines = by_seq(books.entries)
    given: defaultdict[tuple[str, str], int] = defaultdict(int)
    carried, seq, last, versions = 0, 0, ledger.START, set[int]()
    for row in books.transactions:
        seq, last = row.seq, row.hash
        amounts = ledger.amounts_of(lines.get(row.seq, ()))
        if ledger.carried_from(row.evidence_key) is not None:
            carried += amounts.countable if since <= row.period <= until else 0
        elif days.inside(row, amounts):
            given[days.whose(row.evidence_key), amounts.bucket] += amounts.countable
            versions.add(row.rule_version)
    sums: defaultdict[str, int] = defaultdict(int)
    for (_key, bucket), amount in given.items():
        sums[bucket] += amount
    buckets = {bucket: sums[bucket] for bucket in sorted(sums, key=bucket_order) if sums[bucket] > 0}
    items = days.items(given)
    return Counted(sum(buckets.values()), buckets, items, tuple(sorted(versions)), carried, seq, last)


class _Days:
    """On which day a line of the ledger was learned, and whether that lies in the span."""

    def __init__(self, rules: RuleBook, evidence: Sequence[EvidenceRow], since: date, until: date) -> None:
        self._rules, self._since, self._until = rules, since, until
        self._evidence = {row.key: row for row in evidence}
        self._said: dict[int, bool] = {}

    def inside(self, row: TransactionRow, amounts: ledger.Amounts) -> bool:
        """Does this line belong to the span? A reversal stands where the line stands that it reverses."""
        found = self._said.get(row.reverses) if row.reverses is not None else None
        if found is None:
            found = self._inside(row, amounts)
        self._said[row.seq] = found
        return found

    def _inside(self, row: TransactionRow, amounts: ledger.Amounts) -> bool:
        piece = self._evidence.get(row.evidence_key)
        concerned = self._concerned(piece) if piece is not None else None
        if amounts.origin is not None and amounts.countable < 0 and concerned in (None, piece):
            end = self._rules.period.end(self._rules.period.index(amounts.origin))
            return self._since <= end and amounts.origin <= self._until
        return concerned is not None and self._since <= self._day(concerned) <= self._until

    def whose(self, key: str) -> str:
        """The key of the piece that a line is about: what was withdrawn after a seal is no item any more."""
        piece = self._evidence.get(key)
        concerned = self._concerned(piece) if piece is not None else None
        return concerned.key if concerned is not None else key

    def _concerned(self, piece: EvidenceRow) -> EvidenceRow | None:
        """The piece itself; of a correction what it corrects."""
        found: EvidenceRow | None = piece
        for _step in range(MOST_STEPS):
            if found is None or not found.names:
                break
            found = self._evidence.get(found.names)
        return found

    def _day(self, piece: EvidenceRow) -> date:
        return self._rules.local(piece.happened_at, piece.kind)[0]

    def items(self, given: Mapping[tuple[str, str], int]) -> tuple[Item, ...]:
        """The pieces that give something, in the order of days."""
        found = []
        for (key, bucket), amount in given.items():
            piece = self._evidence.get(key)
            if amount <= 0 or piece is None:
                continue
            facts: dict[str, Any] = json.loads(piece.facts)
            title = str(facts.get("title") or "")
            item = Item(
                self._day(piece), str(facts.get("course") or ""), title, str(facts.get("title_en") or title),
                piece.kind, bucket, amount,
            )  # fmt: skip
            found.append((piece.happened_at, key, item))
        return tuple(item for _moment, _key, item in sorted(found, key=lambda each: each[:2]))
