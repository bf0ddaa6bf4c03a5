"""Evidence in, postings out: once, corrected by reversal, nothing shared between learners."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import service
from app.credits.models import Evidence, LearnerPeriod, LedgerEntry, LedgerTransaction
from app.rules.credit.errors import EvidenceError
from tests.credits.samples import NOON, RULES, lesson_facts, new_learner, watch, withdraw


def ledger_of(session: Session, learner_id: int) -> list[tuple[int, str, int | None]]:
    """(number, evidence, what it reverses) of every transaction."""
    rows = session.scalars(
        select(LedgerTransaction).where(LedgerTransaction.learner_id == learner_id).order_by(LedgerTransaction.seq)
    )
    return [(row.seq, row.evidence_key, row.reverses) for row in rows]


def countable(session: Session, learner_id: int) -> int:
    """The learner's countable thousandths, from the ledger's lines."""
    found = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
            LedgerEntry.learner_id == learner_id, LedgerEntry.account.like("learner/%/countable")
        )
    )
    return int(found or 0)


def test_a_watched_lesson_is_posted_and_summed(session: Session, learner: int) -> None:
    assert watch(session, learner, hours=2) is True
    settled = service.settle(session, learner)
    assert settled.posted == [service.Posted("general", 2000, 2000, "watched:1")]
    lines = session.execute(select(LedgerEntry.account, LedgerEntry.amount).order_by(LedgerEntry.line)).all()
    assert [tuple(line) for line in lines] == [
        ("learner/2026-01-01/general/countable", 2000),
        ("source/watched", -2000),
    ]
    period = session.scalars(select(LearnerPeriod)).one()
    assert (period.earned, period.countable, period.met) == (2000, 2000, False)
    assert period.buckets == '{"general":[2000,2000]}'


def test_settling_again_writes_nothing(session: Session, learner: int) -> None:
    watch(session, learner)
    service.settle(session, learner)
    before = ledger_of(session, learner)
    assert service.settle(session, learner) == service.Settled([], [])
    assert ledger_of(session, learner) == before


def test_what_a_cap_cuts_stays_visible(session: Session, learner: int) -> None:
    watch(session, learner, hours=9)
    assert service.settle(session, learner).posted == [service.Posted("general", 8000, 9000, "watched:1")]
    uncounted = session.scalars(select(LedgerEntry.amount).where(LedgerEntry.account.like("%/uncounted"))).one()
    assert uncounted == 1000


def test_a_correction_reverses_and_is_never_an_update(session: Session, learner: int) -> None:
    watch(session, learner, 1)
    watch(session, learner, 2)
    service.settle(session, learner)
    withdraw(session, learner, "watched:1")
    settled = service.settle(session, learner)
    assert settled.reversed == [service.Posted("general", 1000, 1000, "watched:1")]
    assert ledger_of(session, learner) == [
        (1, "watched:1", None),
        (2, "watched:2", None),
        (3, "watched:1", 1),
    ]
    assert countable(session, learner) == 1000


def test_late_evidence_corrects_what_follows_from_it(session: Session, learner: int) -> None:
    watch(session, learner, 1, hours=8)
    service.settle(session, learner)
    watch(session, learner, 2, hours=6, at=NOON - timedelta(hours=1))
    settled = service.settle(session, learner)
    assert settled.reversed == [service.Posted("general", 8000, 8000, "watched:1")]
    assert settled.posted == [
        service.Posted("general", 6000, 6000, "watched:2"),
        service.Posted("general", 2000, 8000, "watched:1"),
    ]
    assert countable(session, learner) == 8000


def test_the_same_key_is_no_news_and_another_payload_is_refused(session: Session, learner: int) -> None:
    assert watch(session, learner) is True
    assert watch(session, learner) is False
    again: dict[str, Any] = {
        "key": "watched:1",
        "kind": "watched",
        "happened_at": NOON,
        "recorded_by": "viewing",
    }
    later = NOON + timedelta(days=3)
    assert service.record(session, learner, known_at=later, facts=lesson_facts(), **again) is False
    with pytest.raises(service.Conflict):
        service.record(session, learner, known_at=NOON, facts=lesson_facts(seen_ms=1), **again)
    assert session.scalars(select(Evidence)).one().known_at == NOON


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"seen_ms": -1}, "seen_ms"),
        ({"seen_ms": 1.5}, "seen_ms"),
        ({"colour": "red"}, "colour"),
        ({"approved": True}, "approved"),
    ],
)
def test_unreadable_facts_are_refused_before_they_are_written(
    session: Session, learner: int, facts: dict[str, object], said: str
) -> None:
    with pytest.raises(EvidenceError, match=said):
        service.record(
            session, learner, key="x", kind="watched", happened_at=NOON, known_at=NOON, recorded_by="t", facts=facts
        )
    assert session.scalars(select(Evidence)).all() == []


def test_without_rules_evidence_waits_for_them(session: Session) -> None:
    learner = new_learner(session)
    watch(session, learner)
    assert service.settle(session, learner).posted == []
    service.publish_rules(session, RULES, None)
    service.resettle(session)
    assert countable(session, learner) == 1000


def test_nothing_written_is_shared_between_learners(db: Database, session: Session, learner: int) -> None:
    other = new_learner(session, 2)
    watch(session, other)
    service.settle(session, other)
    session.commit()
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    watch(session, learner)
    service.settle(session, learner)
    watch(session, learner, 2)
    service.settle(session, learner)
    event.remove(db.engine, "before_cursor_execute", note)
    tables = {re.findall(r"^(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", statement)[0] for statement in written}
    assert tables == {"chain_head", "evidence", "learner_period", "ledger_entry", "ledger_transaction"}
    for statement in written:
        where = statement if statement.startswith("INSERT") else statement.split(" WHERE ")[1]
        assert "learner_id" in where, statement


@pytest.mark.parametrize("model", [Evidence, LedgerEntry, LedgerTransaction])
def test_the_database_refuses_to_change_or_delete(session: Session, learner: int, model: type) -> None:
    watch(session, learner)
    service.settle(session, learner)
    session.commit()
    row = session.scalars(select(model)).first()
    session.delete(row)
    with pytest.raises(DatabaseError):
        session.flush()


def test_sweep_settles_what_was_left(session: Session, learner: int) -> None:
    watch(session, learner)
    service.sweep(session)
    assert countable(session, learner) == 1000
    before = ledger_of(session, learner)
    service.sweep(session)
    assert ledger_of(session, learner) == before


def test_a_new_year_gets_its_row_from_the_sweep(session: Session, learner: int, traveller) -> None:  # type: ignore[no-untyped-def]
    watch(session, learner)
    service.settle(session, learner)
    traveller.move_to(datetime(2027, 1, 1, 0, 0, tzinfo=UTC))
    service.sweep(session)
    periods = session.scalars(select(LearnerPeriod).order_by(LearnerPeriod.period)).all()
    assert [(row.period.year, row.countable) for row in periods] == [(2026, 1000), (2027, 0)]
