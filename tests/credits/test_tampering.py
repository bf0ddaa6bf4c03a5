"""Whatever is changed behind the application's back, `verify` names the row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import heads, service
from app.credits.verify import verify
from tests.credits.samples import watch

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
