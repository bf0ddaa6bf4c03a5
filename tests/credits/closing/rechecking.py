"""A seal reckoned again in a way of its own: from the record that was kept, and from the ledger as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.credits.closing import record
from app.credits.closing.record import Line
from app.credits.models import LedgerEntry, LedgerTransaction
from app.people.models import Person
from app.rules import ledger


@dataclass(frozen=True, slots=True)
class Rechecked:
    """`kept`: the hash of the record as it is kept; `found`: that of the ledger as it is. `differences`: (learner's
    key, line of the record, line of the ledger), "" where there is none."""

    sealed: str
    kept: str
    found: str
    differences: Sequence[tuple[str, str, str]]

    @property
    def holds(self) -> bool:
        """Are the three hashes one?"""
        return self.sealed == self.kept == self.found


def recheck(session: Session, period: date) -> Rechecked:
    """Reckon the seal that holds again."""
    row = record.sealed_row(session, period)
    assert row is not None
    kept = record.kept_lines(session, row)
    previous = record.previous_hash(session, row.at)
    then = {record.key_of(line): line for line in kept}
    now = {line.key: line.text() for line in lines_at(session, period, row.at)}
    return Rechecked(
        row.hash or "", record.hash_of(period, row.at, previous, kept),
        record.hash_of(period, row.at, previous, now.values()),
        [(key, then.get(key, ""), now.get(key, "")) for key in sorted({*then, *now}) if then.get(key) != now.get(key)],
    )  # fmt: skip


def seal_hash(session: Session, period: date, at: datetime) -> str:
    """The hash that a seal of this period at this moment has, by the ledger as it is."""
    texts = (line.text() for line in lines_at(session, period, at))
    return record.hash_of(period, at, record.previous_hash(session, at), texts)


def lines_at(session: Session, period: date, at: datetime) -> list[Line]:
    """Everybody's lines at a moment of sealing, sorted by key. Nothing is ever posted behind a seal, so the largest
    number that is older was the last one then."""
    tx, entry = LedgerTransaction, LedgerEntry
    last = (
        select(tx.learner_id, func.max(tx.seq).label("seq"))
        .where(tx.posted_at < at)
        .group_by(tx.learner_id)
        .subquery()
    )  # fmt: skip
    rows = session.execute(
        select(tx.learner_id, entry.account, entry.amount)
        .join(entry, and_(entry.learner_id == tx.learner_id, entry.seq == tx.seq))
        .join(last, and_(last.c.learner_id == tx.learner_id, last.c.seq >= tx.seq))
        .where(tx.period == period, entry.account.startswith(ledger.LEARNER))
    )
    sums: Counter[tuple[int, bool]] = Counter()
    for learner_id, account, amount in rows:
        sums[learner_id, account.endswith(f"/{ledger.COUNTABLE}")] += amount
    links = session.execute(
        select(tx.learner_id, Person.key, tx.seq, tx.hash)
        .join(last, and_(last.c.learner_id == tx.learner_id, last.c.seq == tx.seq))
        .join(Person, Person.id == tx.learner_id)
    )
    found = (Line(who, key, seq, own, sums[who, True], sums[who, False]) for who, key, seq, own in links)
    return sorted(found, key=lambda line: line.key)
