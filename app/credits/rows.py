"""Evidence and ledger as plain rows: settling and proving read many, and mapped objects cost most of the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.credits.models import Evidence, LedgerEntry, LedgerTransaction


class EvidenceRow(Protocol):
    """A row of `evidence`."""

    id: int
    key: str
    kind: str
    happened_at: datetime
    known_at: datetime
    recorded_by: str
    facts: str
    payload_hash: str
    names: str | None


class TransactionRow(Protocol):
    """A row of `ledger_transaction`."""

    seq: int
    evidence_key: str
    period: date
    rule_version: int
    posted_at: datetime
    reverses: int | None
    why: str
    previous_hash: str
    hash: str


class EntryRow(Protocol):
    """A row of `ledger_entry`."""

    seq: int
    line: int
    account: str
    amount: int


@dataclass(slots=True)
class Books:
    """One learner's evidence in the order of recording, transactions by number, lines by number and place."""

    evidence: list[EvidenceRow] = field(default_factory=list)
    transactions: list[TransactionRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)


def books_of(session: Session, learner_ids: Sequence[int]) -> defaultdict[int, Books]:
    """By learner; who has nothing gets empty books. Three queries."""
    found: defaultdict[int, Books] = defaultdict(Books)
    for row in _rows(session, Evidence, learner_ids, "id"):
        found[row.learner_id].evidence.append(row)
    for row in _rows(session, LedgerTransaction, learner_ids, "seq"):
        found[row.learner_id].transactions.append(row)
    for row in _rows(session, LedgerEntry, learner_ids, "seq", "line"):
        found[row.learner_id].entries.append(row)
    return found


def _rows(session: Session, model: Any, learner_ids: Sequence[int], *order: str) -> Sequence[Any]:
    table: Table = model.__table__
    query = select(table).where(table.c.learner_id.in_(learner_ids))
    return session.execute(query.order_by(*(table.c[name] for name in order))).all()
