"""`verify`: nothing to say about a sound ledger, and every kind of tampering is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import heads, service
from app.credits.models import LedgerTransaction
from app.credits.verify import verify
from tests.credits.samples import NOON, new_learner, watch, withdraw

TABLES = ("evidence", "ledger_entry", "ledger_transaction")


@pytest.fixture
def kept(session: Session, learner: int) -> Session:
    """Two learners with postings, a reversal, a piece that gave nothing, and a cut."""
    other = new_learner(session, 2)
    for person in (learner, other):
        for lesson in (1, 2, 3):
            watch(session, person, lesson, hours=3, at=NOON + timedelta(minutes=lesson))
        service.settle(session, person)
        withdraw(session, person, "watched:1")
        service.settle(session, person)
        watch(session, person, 2, key="watched:2:again", at=NOON + timedelta(minutes=9))
        watch(session, person, 4, hours=1, at=NOON + timedelta(minutes=10))
        service.settle(session, person)
    session.commit()
    return session


def unlocked(session: Session) -> None:
    """Take the triggers away, as somebody with the owner's rights could."""
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("tampering is played on SQLite: the application's role may not do it on PostgreSQL")
    names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
    for name in names:
        session.execute(text(f"DROP TRIGGER {name}"))


def test_a_sound_ledger_has_no_differences(kept: Session) -> None:
    steps: list[tuple[int, int]] = []
    found = verify(kept, progress=lambda done, total: steps.append((done, total)), heads=heads.export(kept))
    assert found.differences == []
    assert (found.learners, found.evidence, found.transactions) == (2, 12, 12)
    assert steps == [(2, 2)]


def test_one_learner_alone(kept: Session, learner: int) -> None:
    assert verify(kept, learners=[learner]).learners == 1


@pytest.mark.parametrize(
    ("change", "what", "row"),
    [
        ("UPDATE evidence SET facts = replace(facts, '8100000', '8100001') WHERE id = 2", "evidence hash", "evidence 2"),
        ("UPDATE evidence SET known_at = '2026-03-03 04:00:00.000000' WHERE id = 2", "evidence hash", "evidence 2"),
        ("UPDATE evidence SET key = 'watched:9' WHERE id = 2", "evidence hash", "evidence 2"),
        ("UPDATE evidence SET recorded_by = 'x' WHERE id = 2", "evidence hash", "evidence 2"),
        ("UPDATE evidence SET names = 'watched:2' WHERE id = 4", "evidence hash", "evidence 4"),
        ("UPDATE evidence SET payload_hash = 'x' WHERE id = 2", "evidence rows", "evidence up to"),
        ("DELETE FROM evidence WHERE id = 5", "evidence rows", "evidence up to"),
        ("DELETE FROM evidence WHERE id = 4", "replay", "transaction 4"),
        ("UPDATE ledger_entry SET amount = amount + 1 WHERE learner_id = 1 AND seq = 2 AND line = 0", "entry sum", "transaction 2"),
        ("UPDATE ledger_entry SET amount = amount * 2 WHERE learner_id = 1 AND seq = 2", "hash", "transaction 2"),
        ("UPDATE ledger_entry SET account = 'learner/2026-01-01/professional/countable' "
         "WHERE learner_id = 1 AND seq = 2 AND line = 0", "hash", "transaction 2"),
        ("DELETE FROM ledger_entry WHERE learner_id = 1 AND seq = 2 AND line = 1", "entry sum", "transaction 2"),
        ("DELETE FROM ledger_transaction WHERE learner_id = 1 AND seq = 2", "sequence", "transaction 3"),
        ("DELETE FROM ledger_transaction WHERE learner_id = 1 AND seq = 6", "chain head", "chain_head"),
        ("UPDATE ledger_transaction SET why = replace(why, 'gives', 'takes') WHERE learner_id = 1 AND seq = 2", "hash", "transaction 2"),
        ("UPDATE ledger_transaction SET rule_version = 2 WHERE learner_id = 1 AND seq = 2", "hash", "transaction 2"),
        ("UPDATE ledger_transaction SET posted_at = '2026-03-02 04:00:00.000001' WHERE learner_id = 1 AND seq = 2",
         "time", "transaction 2"),
        ("UPDATE ledger_transaction SET hash = 'x' WHERE learner_id = 1 AND seq = 2", "hash", "transaction 2"),
        ("UPDATE ledger_transaction SET period = '2025-01-01' WHERE learner_id = 1 AND seq = 2", "hash", "transaction 2"),
        ("UPDATE ledger_transaction SET reverses = NULL WHERE learner_id = 1 AND reverses IS NOT NULL", "hash", "transaction 4"),
        ("UPDATE chain_head SET seq = 5 WHERE learner_id = 1", "chain head", "chain_head"),
        ("UPDATE chain_head SET settled_evidence = 1 WHERE learner_id = 1", "settlement", "chain_head"),
        ("DELETE FROM chain_head WHERE learner_id = 1", "chain head", "chain_head"),
        ("UPDATE learner_period SET countable = 50000 WHERE learner_id = 1", "sums", "learner_period 2026-01-01.countable"),
        ("UPDATE learner_period SET met = 1 WHERE learner_id = 1", "sums", "learner_period 2026-01-01.met"),
        ("DELETE FROM learner_period WHERE learner_id = 1", "sums", "learner_period 2026-01-01"),
        ("UPDATE rule_version SET text = replace(text, 'length / 45', 'length / 40')", "rules", "rule_version yunting 1"),
        ("UPDATE rule_version SET effective = '2026-02-01'", "rules", "rule_version yunting 1"),
    ],
)  # fmt: skip
def test_tampering_is_named(kept: Session, change: str, what: str, row: str) -> None:
    unlocked(kept)
    assert kept.execute(text(change)).rowcount >= 1  # type: ignore[attr-defined]
    found = verify(kept).differences
    assert [d for d in found if d.what == what and d.row.startswith(row)], list(map(str, found))
    assert not [d for d in found if d.learner_key.endswith("2")]


def test_a_rewritten_or_shortened_chain_shows_in_the_heads_file(kept: Session, db: Database, learner: int) -> None:
    exported = heads.export(kept)
    unlocked(kept)
    for table in ("evidence", "ledger_entry", "ledger_transaction", "chain_head", "learner_period"):
        kept.execute(text(f"DELETE FROM {table} WHERE learner_id = {learner}"))
    assert verify(kept).differences == []
    assert {d.what for d in verify(kept, heads=exported).differences} == {
        "heads file: truncated",
        "heads file: evidence",
    }
    for lesson in range(10, 16):
        watch(kept, learner, lesson)
    service.settle(kept, learner)
    assert verify(kept).differences == []
    found = verify(kept, heads=exported).differences
    assert {d.what for d in found} == {"heads file: rewritten", "heads file: evidence"}


def test_a_person_who_vanished_shows_in_the_heads_file(kept: Session) -> None:
    exported = {**heads.export(kept), "01GONE": {"seq": 3, "hash": "x"}}
    assert [(d.learner_key, d.what) for d in verify(kept, heads=exported).differences] == [("01GONE", "heads")]


def test_heads_name_nobody(kept: Session) -> None:
    exported = heads.export(kept)
    assert list(exported) == ["01LEARNER00000000000000001", "01LEARNER00000000000000002"]
    last = kept.scalars(
        select(LedgerTransaction).order_by(LedgerTransaction.learner_id, LedgerTransaction.seq.desc())
    ).first()
    assert last is not None
    assert exported["01LEARNER00000000000000001"]["hash"] == last.hash


def test_what_comes_after_the_export_is_no_difference(kept: Session, learner: int) -> None:
    exported = heads.export(kept)
    watch(kept, learner, 20)
    service.settle(kept, learner)
    assert verify(kept, heads=exported).differences == []


def test_evidence_that_waits_is_named(kept: Session, learner: int) -> None:
    watch(kept, learner, 20)
    found = verify(kept).differences
    assert {d.what for d in found} == {"settlement", "replay", "sums"}
    service.sweep(kept)
    assert verify(kept).differences == []
