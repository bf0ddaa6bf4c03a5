"""Writing the ledger: lines first, then the transaction that seals them, each linked to the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import insert_into
from app.credits.folding import read_why, why_text
from app.credits.models import ChainHead, LedgerEntry, LedgerTransaction
from app.credits.rows import EntryRow, EvidenceRow, TransactionRow
from app.people.models import Person
from app.rules import ledger

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """A posting that stands, with its lines and its row."""

    standing: ledger.Standing
    entries: tuple[ledger.Entry, ...]


def standing(transactions: Sequence[TransactionRow], entries: Sequence[EntryRow]) -> dict[int, Written]:
    """The postings of one learner that are not reversed, by number."""
    lines: dict[int, list[ledger.Entry]] = {}
    for entry in entries:
        lines.setdefault(entry.seq, []).append((entry.account, entry.amount))
    taken_back = {row.reverses for row in transactions if row.reverses is not None}
    found = {}
    for row in transactions:
        if row.reverses is not None or row.seq in taken_back:
            continue
        own = tuple(sorted(lines.get(row.seq, ())))
        amounts = ledger.amounts_of(own)
        target = ledger.Target(
            row.evidence_key, row.period, amounts.bucket, amounts.earned, amounts.countable,
            row.rule_version, read_why(row.why)[0], amounts.origin,
        )  # fmt: skip
        found[row.seq] = Written(ledger.Standing(row.seq, target), own)
    return found


def digest_of(evidence: Sequence[EvidenceRow]) -> str:
    """The digest over all evidence rows, which stand in the order of recording."""
    digest = ledger.START
    for row in evidence:
        digest = ledger.extend(digest, row.payload_hash)
    return digest


def write(session: Session, lines: Rows, transactions: Rows) -> None:
    """Lines first: the transaction's trigger checks their sum. Of many learners at once likewise."""
    if transactions:
        session.execute(insert_into(session, LedgerEntry), lines)
        session.execute(insert_into(session, LedgerTransaction), transactions)


class Poster:
    """Posts one settlement's difference and moves the chain's head. The caller holds the head's lock.

    `after`: the newest seal; nothing that is posted now may look older, whatever this machine's clock says.
    """

    def __init__(
        self,
        session: Session,
        learner_id: int,
        head: ChainHead,
        evidence: Sequence[EvidenceRow],
        after: datetime | None = None,
        key: str | None = None,
    ) -> None:
        """`key`: the person's, where it is known already."""
        self._session, self._learner_id, self._head = session, learner_id, head
        self._key = key or session.scalars(select(Person.key).where(Person.id == learner_id)).one()
        self._kinds = {row.key: row.kind for row in evidence}
        self._seen = (evidence[-1].id if evidence else 0, digest_of(evidence))
        self._posted_ms = max(clock.now_ms(), clock.to_ms(after) if after else 0)

    def write(self, reverse: Sequence[Written], post: Sequence[ledger.Target]) -> None:
        """Reversals first, then the new postings; rows are only ever added."""
        write(self._session, *self.rows(reverse, post))

    def rows(self, reverse: Sequence[Written], post: Sequence[ledger.Target]) -> tuple[Rows, Rows]:
        """The lines, and the transactions that seal them, as they are to be written; moves the head."""
        links = [*self._links(reverse, post)]
        lines = [
            {
                "learner_id": self._learner_id,
                "seq": link.seq,
                "line": place,
                "account": name,
                "amount": amount,
            }
            for link, _hash in links
            for place, (name, amount) in enumerate(link.entries)
        ]
        last, self._head.hash = links[-1]
        self._head.seq = last.seq
        return lines, [self._row(*each) for each in links]

    def _links(
        self, reverse: Sequence[Written], post: Sequence[ledger.Target]
    ) -> Iterator[tuple[ledger.Transaction, str]]:
        seq, previous = self._head.seq, self._head.hash
        parts = [(w.standing.target, ledger.opposite(w.entries), w.standing.seq, "[]") for w in reverse]
        parts += [(t, ledger.entries_of(t, self._kind(t)), None, t.why) for t in post]  # type: ignore[misc]
        for target, entries, reverses, steps in parts:
            seq += 1
            link = ledger.Transaction(
                self._key, seq, target.evidence, target.period, target.version, self._posted_ms,
                reverses, entries, why_text(steps, *self._seen), previous,
            )  # fmt: skip
            previous = ledger.link(link)
            yield link, previous

    def _kind(self, target: ledger.Target) -> str:
        """Of its evidence; carried hours are none, and need none."""
        return "" if ledger.carried_from(target.evidence) else self._kinds[target.evidence]

    def _row(self, link: ledger.Transaction, own_hash: str) -> dict[str, Any]:
        return {
            "learner_id": self._learner_id,
            "seq": link.seq,
            "evidence_key": link.evidence,
            "period": link.period,
            "rule_version": link.version,
            "posted_at": clock.from_ms(link.posted_ms),
            "reverses": link.reverses,
            "why": link.why,
            "previous_hash": link.previous,
            "hash": own_hash,
        }
