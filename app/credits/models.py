"""Evidence, rule versions, the ledger. All append-only: triggers refuse UPDATE and DELETE."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
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
        Index("ix_evidence_learner", "learner_id", "id"),
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
    account: Mapped[str] = mapped_column(String(250))
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
    # Of evidence (at most 80), or the longer name of what a period carries over.
    evidence_key: Mapped[str] = mapped_column(String(120))
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
    """A learner's sums in one training period: derived from the ledger, rebuilt by settlement.

    `carried`: countable thousandths that came from the period before. JSON: `made_up` by test, what later periods
    paid of its shortfall; `carry` by clause, what goes into the next period.
    """

    __tablename__ = "learner_period"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    period: Mapped[date] = mapped_column(primary_key=True)
    earned: Mapped[int]
    countable: Mapped[int]
    buckets: Mapped[str] = mapped_column(Text)
    tests: Mapped[str] = mapped_column(Text)
    met: Mapped[bool]
    carried: Mapped[int] = mapped_column(server_default="0")
    made_up: Mapped[str] = mapped_column(Text, server_default="{}")
    carry: Mapped[str] = mapped_column(Text, server_default="{}")
    settled_at: Mapped[datetime] = mapped_column(UtcTime)


class PeriodSeal(Base):
    """Something that was done to a period: its events by number, from 1. Append-only.

    `event`: sealed, asked (to reopen it), withdrawn, declined, reopened. The last one says what holds; `at` of a
    seal is the moment that divides what belongs to the period from what came late. `hash`: of seals only, over the
    closing record (`closing/record.py`). `overruled`: canonical JSON, open matters that did not hold the seal up, by
    kind with their number.
    """

    __tablename__ = "period_seal"
    __table_args__ = (
        CheckConstraint("event IN ('sealed', 'asked', 'withdrawn', 'declined', 'reopened')", name="event"),
        CheckConstraint("(event = 'sealed') = (hash IS NOT NULL)", name="hash"),
    )
    period: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UtcTime)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    hash: Mapped[str | None] = mapped_column(String(64))
    overruled: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class ClosingRecord(Base):
    """What a seal's hash is over, as it stood: one canonical JSON line a learner (`closing/record.py`). Append-only."""

    __tablename__ = "closing_record"
    __table_args__ = (ForeignKeyConstraint(["period", "number"], ["period_seal.period", "period_seal.number"]),)
    period: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lines: Mapped[str] = mapped_column(Text)
