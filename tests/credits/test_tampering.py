"""Whatever is changed behind the application's back, `verify` names the row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import heads, service
from app.credits.rulebook import text_hash
from app.credits.verify import verify
from tests.credits.samples import RULES, new_learner, next_rules, watch

if TYPE_CHECKING:
    from tests.services import DatabaseUrls


@pytest.fixture
def db(sqlite_database: DatabaseUrls) -> Iterator[Database]:
    """Tampering is played on SQLite: on PostgreSQL the application's role may not even try."""
    found = Database(sqlite_database.app_url)
    yield found
    found.engine.dispose()


def unlocked(session: Session) -> None:
    """Take the triggers away, as somebody with the owner's rights could."""
    names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
    for name in names:
        session.execute(text(f"DROP TRIGGER {name}"))


# A statement ({2}: the row of learner 1's second transaction), the check that must speak, the row it must name.
TAMPERING = [
    ("UPDATE evidence SET facts = replace(facts, '81000', '81001') WHERE id = 2", "evidence hash", "evidence 2"),
    ("UPDATE evidence SET known_at = '2026-03-03 04:00:00' WHERE id = 2", "evidence hash", "evidence 2"),
    ("UPDATE evidence SET key = 'watched:9' WHERE id = 2", "evidence hash", "evidence 2"),
    ("UPDATE evidence SET recorded_by = 'x' WHERE id = 2", "evidence hash", "evidence 2"),
    ("UPDATE evidence SET names = 'watched:2' WHERE id = 4", "evidence hash", "evidence 4"),
    ("UPDATE evidence SET payload_hash = 'x' WHERE id = 2", "evidence rows", "evidence up to"),
    ("DELETE FROM evidence WHERE id = 5", "evidence rows", "evidence up to"),
    ("DELETE FROM evidence WHERE id = 4", "replay", "evidence watched:1"),
    ("UPDATE ledger_entry SET amount = amount + 1 {2} AND line = 0", "entry sum", "transaction 2"),
    ("UPDATE ledger_entry SET amount = amount * 2 {2}", "hash", "transaction 2"),
    ("UPDATE ledger_entry SET account = replace(account, 'gen', 'prof') {2}", "hash", "transaction 2"),
    ("DELETE FROM ledger_entry {2} AND line = 1", "entry sum", "transaction 2"),
    ("DELETE FROM ledger_transaction {2}", "sequence", "transaction 3"),
    ("DELETE FROM ledger_transaction WHERE learner_id = 1 AND seq = 7", "chain head", "chain_head"),
    ("UPDATE ledger_transaction SET why = replace(why, 'gives', 'takes') {2}", "hash", "transaction 2"),
    ("UPDATE ledger_transaction SET rule_version = 2 {2}", "hash", "transaction 2"),
    ("UPDATE ledger_transaction SET evidence_key = 'x' {2}", "hash", "transaction 2"),
    ("UPDATE ledger_transaction SET posted_at = '2026-03-02 04:00:00.000001' {2}", "time", "transaction 2"),
    ("UPDATE ledger_transaction SET previous_hash = 'x' {2}", "chain", "transaction 2"),
    ("UPDATE ledger_transaction SET hash = 'x' {2}", "hash", "transaction 2"),
    ("UPDATE ledger_transaction SET period = '2025-01-01' {2}", "hash", "transaction 2"),
    ("UPDATE ledger_transaction SET reverses = NULL WHERE learner_id = 1 AND seq = 4", "hash", "transaction 4"),
    ("UPDATE chain_head SET seq = 5 WHERE learner_id = 1", "chain head", "chain_head"),
    ("UPDATE chain_head SET settled_evidence = 1 WHERE learner_id = 1", "settlement", "chain_head"),
    ("DELETE FROM chain_head WHERE learner_id = 1", "chain head", "chain_head"),
    ("UPDATE learner_period SET countable = 9 WHERE learner_id = 1", "sums", "learner_period 2026-01-01.countable"),
    ("UPDATE learner_period SET met = 1 WHERE learner_id = 1", "sums", "learner_period 2026-01-01.met"),
    ("DELETE FROM learner_period WHERE learner_id = 1", "sums", "learner_period 2026-01-01"),
    ("UPDATE rule_version SET text = replace(text, '/ 45', '/ 40')", "rules", "rule_version yunting 1"),
    ("UPDATE rule_version SET effective = '2026-02-01'", "rules", "rule_version yunting 1"),
]


@pytest.mark.parametrize(("change", "what", "row"), TAMPERING)
def test_tampering_is_named(kept: Session, change: str, what: str, row: str) -> None:
    unlocked(kept)
    assert kept.execute(text(change.format("", "", "WHERE learner_id = 1 AND seq = 2"))).rowcount >= 1  # type: ignore[attr-defined]
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
    for lesson in range(10, 18):
        watch(kept, learner, lesson)
    service.settle(kept, learner)
    assert verify(kept).differences == []
    found = verify(kept, heads=exported).differences
    assert {d.what for d in found} == {"heads file: rewritten", "heads file: evidence"}


# A value that is none of its column's kind ({1}: learner 1, {2}: the second transaction), and what must be named.
NONSENSE = [
    ("UPDATE evidence SET happened_at = 'garbage' WHERE id = 2", "evidence 2.happened_at"),
    ("UPDATE evidence SET happened_at = 5 WHERE id = 2", "evidence 2.happened_at"),
    ("UPDATE evidence SET known_at = '0001-01-01 00:00:00+08:00' WHERE id = 2", "evidence 2.known_at"),
    ("UPDATE evidence SET facts = x'ff00' WHERE id = 2", "evidence 2.facts"),
    ("UPDATE evidence SET facts = CAST(x'ff00' AS TEXT) WHERE id = 2", "evidence 2.facts"),
    ("UPDATE evidence SET names = x'01' WHERE id = 4", "evidence 4.names"),
    ("UPDATE ledger_entry SET amount = 'abc' {2} AND line = 0", "ledger_entry 2 0.amount"),
    ("UPDATE ledger_entry SET account = CAST(x'ff' AS TEXT) {2} AND line = 0", "ledger_entry 2 0.account"),
    ("UPDATE ledger_transaction SET period = 'nope' {2}", "transaction 2.period"),
    ("UPDATE ledger_transaction SET posted_at = 'nope' {2}", "transaction 2.posted_at"),
    ("UPDATE ledger_transaction SET seq = 'nope' {2}", "transaction nope.seq"),
    ("UPDATE ledger_transaction SET why = x'00' {2}", "transaction 2.why"),
    ("UPDATE learner_period SET period = 'nope' {1}", "learner_period nope.period"),
    ("UPDATE learner_period SET settled_at = 'nope' {1}", "learner_period 2026-01-01.settled_at"),
    ("UPDATE chain_head SET hash = CAST(x'ff' AS TEXT) {1}", "chain_head.hash"),
    ("UPDATE rule_version SET effective = 'nope'", "rule_version yunting 1.effective"),
    ("UPDATE rule_version SET text = x'ff'", "rule_version yunting 1.text"),
    ("UPDATE person SET key = CAST(x'ff' AS TEXT) WHERE id = 1", "person 1.key"),
    ("UPDATE person SET key = x'00' WHERE id = 1", "person 1.key"),
]


@pytest.mark.parametrize(("change", "row"), NONSENSE)
def test_what_cannot_be_read_is_named(kept: Session, change: str, row: str) -> None:
    exported = heads.export(kept)
    unlocked(kept)
    statement = change.format("", "WHERE learner_id = 1", "WHERE learner_id = 1 AND seq = 2")
    assert kept.execute(text(statement)).rowcount == 1  # type: ignore[attr-defined]
    found = verify(kept, heads=exported).differences
    assert [d for d in found if d.what == "unreadable" and d.row == row], list(map(str, found))
    assert not [d for d in found if d.learner_key.endswith("2")]
    assert verify(kept, heads=exported).learners >= 1


# What can be read and yet makes no sense; here a check may find it under any name.
ODD = [
    "UPDATE evidence SET payload_hash = 'é' WHERE id = 2",
    "UPDATE evidence SET facts = '" + "[" * 3000 + "' WHERE id = 2",
    "UPDATE evidence SET facts = '[]' WHERE id = 2",
    "UPDATE evidence SET happened_at = '9999-12-31 23:59:59' WHERE id = 2",
    "UPDATE ledger_entry SET amount = 0.5 WHERE learner_id = 1 AND seq = 2 AND line = 0",
    "UPDATE ledger_entry SET line = 'x' WHERE learner_id = 1 AND seq = 2 AND line = 0",
    "UPDATE ledger_entry SET seq = 'x' WHERE learner_id = 1 AND seq = 2 AND line = 0",
    "UPDATE ledger_entry SET account = 'learner/' WHERE learner_id = 1 AND seq = 2 AND line = 0",
    "UPDATE ledger_transaction SET reverses = 'x' WHERE learner_id = 1 AND seq = 2",
    "UPDATE ledger_transaction SET rule_version = 'x' WHERE learner_id = 1 AND seq = 2",
    "UPDATE chain_head SET seq = 'x' WHERE learner_id = 1",
    "UPDATE chain_head SET settled_evidence = 'x' WHERE learner_id = 1",
    "UPDATE learner_period SET earned = 'x' WHERE learner_id = 1",
    "UPDATE learner_period SET met = 'x' WHERE learner_id = 1",
    "UPDATE learner_period SET buckets = x'00' WHERE learner_id = 1",
]


@pytest.mark.parametrize("change", ODD)
def test_what_makes_no_sense_is_a_difference_and_no_crash(kept: Session, change: str) -> None:
    unlocked(kept)
    assert kept.execute(text(change)).rowcount == 1  # type: ignore[attr-defined]
    found = verify(kept).differences
    assert found
    assert {d.learner_key for d in found} == {"01LEARNER00000000000000001"}, list(map(str, found))


@pytest.mark.postgres
@pytest.mark.parametrize("time", ["infinity", "20000-01-01", "0044-03-15 BC"])
def test_days_that_only_postgresql_knows_are_named(postgres_database: DatabaseUrls, time: str) -> None:
    db = Database(postgres_database.app_url)
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        watch(session, new_learner(session))
        service.settle(session, 1)
    owner = Database(postgres_database.owner_url)
    with owner.engine.begin() as connection:
        for table in ("evidence", "ledger_transaction"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text(f"UPDATE evidence SET happened_at = '{time}'"))
        connection.execute(text(f"UPDATE ledger_transaction SET period = '{time}'"))
    owner.engine.dispose()
    with db.reading() as session:
        found = verify(session).differences
    db.engine.dispose()
    named = {(d.learner_key, d.row) for d in found if d.what == "unreadable"}
    assert named == {(f"01LEARNER{1:017d}", "evidence 1.happened_at"), (f"01LEARNER{1:017d}", "transaction 1.period")}


def test_rules_rewritten_with_their_hash_show_in_the_heads_file(kept: Session) -> None:
    exported = heads.export(kept)
    service.publish_rules(kept, next_rules(), None)
    assert verify(kept, heads=exported).differences == []  # a new version rewrites nothing
    both = heads.export(kept)
    unlocked(kept)
    kept.execute(text("DELETE FROM rule_version WHERE version = 2"))
    changed = RULES.replace("# 笃学的样例规则", "# 笃学的规则")
    kept.execute(
        text("UPDATE rule_version SET text = :text, text_hash = :hash"), {"text": changed, "hash": text_hash(changed)}
    )
    assert verify(kept).differences == []
    found = verify(kept, heads=both).differences
    assert [(d.what, d.row) for d in found] == [
        ("heads file: rules", "rule_version yunting 1"),
        ("heads file: rules", "rule_version yunting 2"),
    ]
    assert found[0].expected == f'["2026-01-01", "{text_hash(RULES)}"]'
    assert found[1].found == "missing"


def test_versions_that_do_not_fit_together_are_a_difference(kept: Session) -> None:
    service.publish_rules(kept, next_rules(), None)
    unlocked(kept)
    changed = next_rules().replace("Asia/Shanghai", "Asia/Tokyo")
    kept.execute(
        text("UPDATE rule_version SET text = :text, text_hash = :hash WHERE version = 2"),
        {"text": changed, "hash": text_hash(changed)},
    )
    assert [(d.what, d.row) for d in verify(kept).differences] == [("rules", "rule_version")]
