"""The chain over the audit log: nothing is missed, nobody waits, and whatever is changed behind it is named."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Result, event, select, text
from sqlalchemy.orm import Session

from app.base import audit, audit_chain, clock
from app.base.audit import AuditEntry
from app.base.audit_chain import AuditLink, Proved
from app.base.db import Database
from app.rules.audit_chain import START, link_hash
from tests.factories.fixtures import db, traveller
from tests.services import DatabaseUrls

__all__ = ["db", "traveller"]


def write(db: Database, count: int, action: str = "sign_in") -> None:
    with db.writing() as session:
        for number in range(count):
            audit.record(session, number % 7, action, f"person:{number}", was={"a": number}, now={"a": number + 1})


def proved(db: Database, *kept: tuple[str, int, str]) -> Proved:
    with db.reading() as session:
        return audit_chain.prove(session, kept)


def test_every_entry_is_bound_once_in_a_gapless_sequence(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "CHUNK", 10)
    write(db, 34)
    with db.reading() as session:
        assert audit_chain.waiting(session) == 34
        assert audit_chain.head(session).hash == START
    assert audit_chain.seal(db) == 34
    assert audit_chain.seal(db) == 0
    write(db, 3)
    assert audit_chain.seal(db) == 3
    with db.reading() as session:
        links = session.execute(select(AuditLink.seq, AuditLink.entry_id).order_by(AuditLink.seq)).all()
        head = audit_chain.head(session)
    assert [link.seq for link in links] == list(range(1, 38))
    assert len({link.entry_id for link in links}) == 37
    found = proved(db)
    assert (found.entries, found.waiting, found.problems, found.head) == (37, 0, (), head)


def test_what_is_committed_late_is_bound_later(db: Database) -> None:
    """On PostgreSQL a lower number may become visible after a higher one: the order of links is not theirs."""
    write(db, 3)
    with db.writing() as session:
        session.add(_entry(10, session_at=clock.now()))
    audit_chain.seal(db)
    with db.writing() as session:
        session.add(_entry(7, session_at=clock.now()))
    assert audit_chain.seal(db) == 1
    with db.reading() as session:
        order = list(session.scalars(select(AuditLink.entry_id).order_by(AuditLink.seq)))
    assert order == [1, 2, 3, 10, 7]
    assert not proved(db).problems


def test_far_below_the_newest_number_only_the_whole_search_looks(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "LOOK_BACK", 5)
    with db.writing() as session:
        session.add(_entry(100, session_at=clock.now()))
    audit_chain.seal(db)
    with db.writing() as session:
        session.add(_entry(50, session_at=clock.now()))
    assert audit_chain.seal(db) == 0
    assert proved(db).waiting == 1
    assert audit_chain.seal(db, everything=True) == 1


def _entry(number: int, *, session_at: object) -> AuditEntry:
    return AuditEntry(
        id=number, at=session_at, actor_id=None, action="sign_in", subject="x", outcome="done", detail="{}",
        address="", device="",
    )  # fmt: skip


def test_writers_and_several_sealers_at_once(db: Database) -> None:
    """Four write, three seal: every entry is bound once, and the chain is whole."""
    failed: list[BaseException] = []

    def run(work: object) -> None:
        try:
            for _number in range(8):
                work() if callable(work) else None
        except BaseException as error:  # told below
            failed.append(error)

    works = [lambda: write(db, 5)] * 4 + [lambda: audit_chain.seal(db)] * 3
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    audit_chain.seal(db)
    found = proved(db)
    assert (found.entries, found.waiting, found.problems) == (160, 0, ())


def test_the_hash_is_of_these_bytes() -> None:
    """A golden link: another form needs another name."""
    entry = [7, "2026-03-02 04:00:00.000000", None, "sign_in", "person:甲", "done", "{}", "127.0.0.1", "Firefox"]
    assert link_hash(1, START, 1772424000000, entry) == (
        "8fd16bf10f4ce7961cfbc0d2f1bfd2ea6e7488a78b63e55ebbb9d3f5b9f4b514"
    )


def test_breaks_and_unseen_signs_are_inert(db: Database) -> None:
    """Security row 50: who writes a line break into a name writes no second entry into any copy of the log."""
    with db.writing() as session:
        audit.record(session, None, "sign_in", "login:a\r\n2026-01-01 done\u202e", name="b\nc")
    with db.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert entry.subject == "login:a\\u000d\\u000a2026-01-01 done\\u202e"
    assert "\n" not in entry.detail


@pytest.fixture
def unguarded(any_database: DatabaseUrls, traveller: time_machine.Traveller) -> Iterator[Database]:
    """As its owner, without triggers and keys: whoever has the database's password can do that."""
    made = Database(any_database.owner_url)
    write(made, 40)
    audit_chain.seal(made)
    traveller.shift(timedelta(hours=20))
    write(made, 20, "class.enrol")
    audit_chain.seal(made)
    if made.sqlite:
        event.listen(made.engine, "connect", lambda raw, _entry: raw.execute("PRAGMA foreign_keys=OFF").fetchall())
        made.engine.dispose()
    with made.writing() as session:
        if made.sqlite:
            for name in session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("DROP TRIGGER audit_entry_append_only ON audit_entry"))
            session.execute(text("DROP TRIGGER audit_link_append_only ON audit_link"))
            session.execute(text("ALTER TABLE audit_link DROP CONSTRAINT fk_audit_link_entry_id"))
    yield made
    made.engine.dispose()


TEXTS = ("action", "subject", "outcome", "detail", "address", "device")


class Vandal:
    """Does one random thing to the log; says which entry or link must be named."""

    def __init__(self, db: Database, chance: random.Random) -> None:
        self.db, self.chance = db, chance

    def do(self, session: Session, kind: str) -> int:
        number = self.chance.randint(1, 60)
        getattr(self, f"_{kind}")(session, number)
        return number

    def _flip(self, session: Session, number: int) -> None:
        """One byte of one column of an entry."""
        column = self.chance.choice((*TEXTS, "actor_id", "at"))
        if column == "actor_id":
            self._run(session, f"UPDATE audit_entry SET actor_id = actor_id + 1 WHERE id = {number}")
        elif column == "at" and not self.db.sqlite:
            self._run(session, f"UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = {number}")
        else:
            now = str(self._run(session, f"SELECT {column} FROM audit_entry WHERE id = {number}").scalar())
            place = self.chance.randrange(len(now)) if now else 0
            sign = "x" if now[place : place + 1] != "x" else "y"
            changed = now[:place] + sign + now[place + 1 :]
            session.execute(text(f"UPDATE audit_entry SET {column} = :now WHERE id = {number}"), {"now": changed})

    def _delete(self, session: Session, number: int) -> None:
        self._run(session, f"DELETE FROM audit_entry WHERE id = {number}")

    def _unlink(self, session: Session, number: int) -> None:
        self._run(session, f"DELETE FROM audit_link WHERE seq = {number}")

    def _both(self, session: Session, number: int) -> None:
        self._run(session, f"DELETE FROM audit_link WHERE seq = {number}")
        self._run(session, f"DELETE FROM audit_entry WHERE id = {number}")

    def _swap(self, session: Session, number: int) -> None:
        """Two entries change places: the link binds another one."""
        other = number % 60 + 1
        for old, new in ((number, 999), (other, number), (999, other)):
            self._run(session, f"UPDATE audit_link SET entry_id = {new} WHERE entry_id = {old}")

    def _hash(self, session: Session, number: int) -> None:
        self._run(session, f"UPDATE audit_link SET hash = '{'0' * 63}1' WHERE seq = {number}")

    def _run(self, session: Session, statement: str) -> Result[Any]:
        return session.execute(text(statement))


KINDS = ("flip", "delete", "unlink", "both", "swap", "hash")


def test_one_byte_or_one_row_is_named_100_of_100(unguarded: Database) -> None:
    """Drill 17, for the audit log. One fault at a time, in a transaction that is taken back."""
    with unguarded.reading() as session:
        head = audit_chain.head(session)
    assert not proved(unguarded).problems
    chance = random.Random(17)
    vandal, missed = Vandal(unguarded, chance), []
    for number in range(100):
        kind = KINDS[number % len(KINDS)]
        with unguarded._writers() as session:
            which = vandal.do(session, kind)
            found = audit_chain.prove(session, [("kept", head.seq, head.hash)]).problems
            session.rollback()
        first = found[0] if found else None
        if first is None or which not in (first.seq, first.entry):
            missed.append((kind, which, found[:2]))
    assert not missed


def test_what_is_entered_later_with_an_old_day_is_named(unguarded: Database) -> None:
    with unguarded.writing() as session:
        session.add(_entry(77, session_at=clock.now() - timedelta(hours=19)))
    audit_chain.seal(unguarded)
    assert [(each.what, each.entry) for each in proved(unguarded).problems] == [("late", 77)]


def test_what_was_never_sealed_is_bound_at_once_without_an_alarm(
    db: Database, traveller: time_machine.Traveller
) -> None:
    """An academy of an earlier release, or one whose jobs stood still for days."""
    for _day in range(3):
        write(db, 5)
        traveller.shift(timedelta(days=2))
    audit_chain.seal(db)
    traveller.shift(timedelta(days=-1))  # and the clock that ran ahead is put right
    write(db, 2)
    audit_chain.seal(db)
    traveller.shift(timedelta(hours=1))
    write(db, 2)
    audit_chain.seal(db)
    assert not proved(db).problems


def test_a_rewritten_or_shortened_chain_shows_in_an_end_that_was_kept(unguarded: Database) -> None:
    with unguarded.reading() as session:
        head = audit_chain.head(session)
    kept = ("audit-2026-03-03.json", head.seq, head.hash)
    with unguarded.writing() as session:
        session.execute(text("DELETE FROM audit_link WHERE seq > 50"))
        session.execute(text("DELETE FROM audit_entry WHERE id > 50"))
    assert not proved(unguarded).problems
    (problem,) = proved(unguarded, kept).problems
    assert (problem.what, problem.seq) == ("head", 60)
    with unguarded.writing() as session:  # somebody knows how it is made, and makes it anew
        session.execute(text("UPDATE audit_entry SET subject = 'nobody' WHERE id = 3"))
        session.execute(text("DELETE FROM audit_link"))
    write(unguarded, 10)
    audit_chain.seal(unguarded, everything=True)
    assert [each.what for each in proved(unguarded, kept).problems] == ["head"]


def test_an_entry_that_cannot_be_read_is_named(unguarded: Database) -> None:
    if not unguarded.sqlite:
        return  # PostgreSQL keeps to its types
    with unguarded.writing() as session:
        session.execute(text("UPDATE audit_entry SET detail = CAST(x'ff00fe' AS TEXT) WHERE id = 12"))
    assert [(each.what, each.entry) for each in proved(unguarded).problems] == [("unreadable", 12)]
