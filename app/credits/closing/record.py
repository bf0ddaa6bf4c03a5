"""The closing record of a period: what its seal's hash is over, and how it is made.

The hash is SHA-256, in hex, of lines that each end with a line feed. The first is the head, a JSON list: the name of
the form, the period's first day, the moment of the seal (ms since 1970), the hash of the seal before it (of whichever
period; 64 zeros for the first). Then one JSON list for each learner whose ledger holds anything at that moment, sorted
by key: the opaque key, number and hash of the last transaction of their chain, and what their transactions up to it
had put on their accounts of this period (countable, uncounted; thousandths). All JSON is ASCII, without spaces.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.base import clock
from app.credits.models import ChainHead, ClosingRecord, LedgerEntry, LedgerTransaction, PeriodSeal
from app.credits.seals import REOPENED, SEALED
from app.people.models import Person
from app.rules import ledger

FORM = "duxue-period-seal-1"
CHUNK = 500  # learners whose sums are asked for at once


@dataclass(frozen=True, slots=True)
class Line:
    """One learner at the moment of the seal: the last link of the chain, and the period's sums (thousandths)."""

    learner_id: int
    key: str
    seq: int
    hash: str
    countable: int
    uncounted: int

    def text(self) -> str:
        """The canonical line, without its line feed."""
        return _json([self.key, self.seq, self.hash, self.countable, self.uncounted])


def _json(values: Sequence[object]) -> str:
    return json.dumps(values, ensure_ascii=True, separators=(",", ":"))


def hash_of(period: date, at: datetime, previous: str, lines: Iterable[str]) -> str:
    """The seal's hash over its learners' lines, which come sorted by key."""
    digest = hashlib.sha256(f"{_json([FORM, period.isoformat(), clock.to_ms(at), previous])}\n".encode("ascii"))
    for line in lines:
        digest.update(f"{line}\n".encode("ascii"))
    return digest.hexdigest()


def previous_hash(session: Session, at: datetime) -> str:
    """The hash of the newest seal before a moment."""
    query = select(PeriodSeal.hash).where(PeriodSeal.event == SEALED, PeriodSeal.at < at)
    return session.scalar(query.order_by(PeriodSeal.at.desc()).limit(1)) or ledger.START


def heads(session: Session) -> dict[int, int]:
    """Person id → number of the last transaction, of everybody who has one."""
    rows = session.execute(select(ChainHead.learner_id, ChainHead.seq).where(ChainHead.seq > 0))
    return {row.learner_id: row.seq for row in rows}


def lines_of(session: Session, period: date, learner_ids: Sequence[int]) -> list[Line]:
    """The lines of these learners as the ledger is.

    Unless the caller keeps the ledger still, it must compare the heads afterwards. Two queries.
    """
    tx = LedgerTransaction
    found = session.execute(
        select(tx.learner_id, Person.key, tx.seq, tx.hash)
        .join(ChainHead, and_(ChainHead.learner_id == tx.learner_id, ChainHead.seq == tx.seq))
        .join(Person, Person.id == tx.learner_id)
        .where(tx.learner_id.in_(learner_ids))
    ).all()
    sums = _sums(session, period, {row.learner_id: row.seq for row in found})
    return [Line(row.learner_id, row.key, row.seq, row.hash, *sums[row.learner_id]) for row in found]


def _sums(session: Session, period: date, last: dict[int, int]) -> defaultdict[int, tuple[int, int]]:
    tx, entry = LedgerTransaction, LedgerEntry
    rows = session.execute(
        select(tx.learner_id, tx.seq, entry.account, entry.amount)
        .join(entry, and_(entry.learner_id == tx.learner_id, entry.seq == tx.seq))
        .where(tx.learner_id.in_(list(last)), tx.period == period, entry.account.startswith(ledger.LEARNER))
    )
    found: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for learner_id, seq, account, amount in rows:
        if seq <= last[learner_id]:
            countable, uncounted = found[learner_id]
            if account.endswith(f"/{ledger.COUNTABLE}"):
                found[learner_id] = countable + amount, uncounted
            else:
                found[learner_id] = countable, uncounted + amount
    return found


def sealed_row(session: Session, period: date) -> PeriodSeal | None:
    """The seal of this period that holds."""
    query = select(PeriodSeal).where(PeriodSeal.period == period).order_by(PeriodSeal.number.desc())
    for row in session.scalars(query):
        if row.event == SEALED:
            return row
        if row.event == REOPENED:
            break
    return None


def key_of(line: str) -> str:
    """Whose line it is; the line itself where it is none any more."""
    try:
        return str(json.loads(line)[0])
    except (ValueError, IndexError, TypeError):
        return line


def kept_lines(session: Session, row: PeriodSeal) -> list[str]:
    """The learners' lines of a seal as they were written down with it."""
    text = session.scalar(
        select(ClosingRecord.lines).where(ClosingRecord.period == row.period, ClosingRecord.number == row.number)
    )
    return text.split("\n") if text else []
