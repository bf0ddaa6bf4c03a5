"""Evidence, rule versions, the ledger. All append-only: triggers refuse UPDATE and DELETE."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base, UtcTime
from app.base.db_types import Key


class Evidence(Base):
    """A fact that credit comes from: when it happened and when it became known, never mixed.

    `facts` is canonical JSON (sorted keys, no spaces, UTF-8) with what rules may ask for as it was
    then; the same key with another payload is refused. `names`: the key that a correction concerns.
    """

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("learner_id", "key"),
        Index("ix_evidence_learner_happened", "learner_id", "happened_at"),
    )
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    happened_at: Mapped[datetime] = mapped_column(UtcTime)
    known_at: Mapped[datetime] = mapped_column(UtcTime)
    recorded_by: Mapped[str] = mapped_column(String(60))
    facts: Mapped[str] = mapped_column(Text)
    payload_hash: Mapped[str] = mapped_column(String(64))
    names: Mapped[str | None] = mapped_column(String(80))


class RuleVersion(Base):
    """A published version of the rule set, as TOML. It holds from its day on, until the next one's."""

    __tablename__ = "rule_version"
    __table_args__ = (UniqueConstraint("ruleset", "version"), UniqueConstraint("ruleset", "effective"))
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ruleset: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    effective: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime] = mapped_column(UtcTime)
    published_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class LedgerEntry(Base):
    """One line of a transaction, in thousandths; the lines of a transaction add up to zero.

    Lines are written first, then the transaction seals them: its trigger checks the sum, and no
    line may be added to a sealed transaction.
    """

    __tablename__ = "ledger_entry"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(120))
    amount: Mapped[int]


class LedgerTransaction(Base):
    """One posting, or the reversal of one (`reverses`: its number), chained by hash per learner."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        UniqueConstraint("learner_id", "reverses"),
        Index("ix_ledger_transaction_learner_period", "learner_id", "period"),
    )
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    evidence_key: Mapped[str] = mapped_column(String(80))
    period: Mapped[date]
    rule_version: Mapped[int]
    posted_at: Mapped[datetime] = mapped_column(UtcTime)
    reverses: Mapped[int | None] = mapped_column(Key)
    why: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class ChainHead(Base):
    """The last link of a learner's chain; also the row that serialises settlement per learner."""

    __tablename__ = "chain_head"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Key)
    hash: Mapped[str] = mapped_column(String(64))
    settled_evidence: Mapped[int] = mapped_column(Key)


class LearnerPeriod(Base):
    """A learner's sums in one training period: derived from the ledger, rebuilt by settlement."""

    __tablename__ = "learner_period"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    period: Mapped[date] = mapped_column(primary_key=True)
    earned: Mapped[int]
    countable: Mapped[int]
    buckets: Mapped[str] = mapped_column(Text)
    tests: Mapped[str] = mapped_column(Text)
    met: Mapped[bool]
    settled_at: Mapped[datetime] = mapped_column(UtcTime)
