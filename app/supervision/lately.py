"""The newest postings of a class, each with whom it belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits.models import Evidence, LedgerEntry, LedgerTransaction
from app.people.models import Person
from app.supervision.queries import of_class


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A transaction of the ledger as its class sees it; `countable` in thousandths, negative for a reversal."""

    key: str
    name: str
    seq: int
    posted_at: datetime
    happened_at: datetime
    kind: str
    title: str
    title_en: str
    bucket: str
    countable: int
    reversal: bool


def postings(session: Session, class_id: int, day: date, limit: int, key: str | None = None) -> list[PostingRow]:
    """The newest transactions of a class's learners (or of the one with this key). One query."""
    tx = LedgerTransaction
    wanted = (
        select(tx.learner_id, tx.seq, tx.posted_at, tx.reverses, tx.evidence_key, Person.key, Person.name)
        .join(Person, Person.id == tx.learner_id)
        .where(tx.learner_id.in_(of_class(class_id, day)))
        .order_by(tx.posted_at.desc(), tx.learner_id.desc(), tx.seq.desc())
        .limit(limit)
    )
    newest = (wanted if key is None else wanted.where(Person.key == key)).subquery()
    rows = session.execute(
        select(newest, Evidence.happened_at, Evidence.kind, Evidence.facts, LedgerEntry.account, LedgerEntry.amount)
        .join(Evidence, (Evidence.learner_id == newest.c.learner_id) & (Evidence.key == newest.c.evidence_key))
        .join(LedgerEntry, (LedgerEntry.learner_id == newest.c.learner_id) & (LedgerEntry.seq == newest.c.seq))
        .where(LedgerEntry.account.like("learner/%"))
        .order_by(newest.c.posted_at.desc(), newest.c.learner_id.desc(), newest.c.seq.desc())
    )
    found: dict[tuple[int, int], PostingRow] = {}
    for learner_id, seq, posted, reverses, _evidence, who, name, happened, kind, facts, account, amount in rows:
        before = found.get((learner_id, seq))
        said = json.loads(facts)
        bucket, part = account.split("/", 2)[2].rsplit("/", 1)
        countable = (before.countable if before else 0) + (amount if part == "countable" else 0)
        found[learner_id, seq] = PostingRow(
            who, name, seq, posted, happened, kind, str(said.get("title", "")), str(said.get("title_en", "")),
            bucket, countable, reverses is not None,
        )  # fmt: skip
    return list(found.values())
