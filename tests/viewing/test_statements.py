"""Nothing that a beat or a settlement writes is shared by two learners: neither ever waits for the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from app.base import settings as reading
from app.base.db import Base, Database
from app.base.settings import Settings
from app.credits.models import LedgerTransaction
from app.viewing import arrays, evidence, service
from app.viewing.beats import Beats
from app.viewing.rows import Policy
from app.viewing.stores import PostgresStore
from app.viewing.writer import Writer
from app.wiring import make_beats
from tests import factories
from tests.services import DatabaseUrls

SECRET = "a secret of these tests, long enough"
LENGTH_MS = 12_000
# Whose a row is; rows of any other table are everybody's. A sign-in is its person's own.
OWNER = {
    "viewing": "learner_id", "coverage": "learner_id", "trace_chunk": "learner_id", "evidence": "learner_id",
    "ledger_entry": "learner_id", "ledger_transaction": "learner_id", "chain_head": "learner_id",
    "learner_period": "learner_id", "login_session": "person_id", "person": "id",
}  # fmt: skip


class Two:
    """Two learners of one class, each with the same lesson open and almost all of its time earned."""

    def __init__(self, urls: DatabaseUrls, folder: Path) -> None:
        self.urls = urls
        self.settings: Settings = reading.load(
            {"DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": urls.app_url, "DUXUE_SECRET": SECRET}
        )
        self.db = Database(urls.app_url)
        with self.db.writing() as session:
            made = factories.academy(session, learners=2)
            course = factories.course(session, "c1", lessons=[LENGTH_MS])
            factories.offer(session, course, None)
            (version,) = factories.versions(session, course)
            self.leases = [
                service.open_viewing(session, self.settings, each.id, version.lesson_id, None).lease
                for each in made.learners
            ]
            self.media = version.id
            self.learners = [each.id for each in made.learners]
            session.execute(text("UPDATE viewing SET clock_ms = clock_ms - 60000, touched_ms = 0"))

    def body(self, place: int) -> bytes:
        """A beat that tells the whole lesson, so that it crosses the mark."""
        return f'{{"lease":"{self.leases[place]}","seq":0,"ranges":[[0,{LENGTH_MS}]]}}'.encode()


@pytest.fixture
def two(any_database: DatabaseUrls, tmp_path: Path) -> Iterator[Two]:
    made = Two(any_database, tmp_path)
    yield made
    made.db.engine.dispose()


def _rows(db: Database) -> set[tuple[object, ...]]:
    """Every row of every table as (table, owner, …). On PostgreSQL with its header: a lock shows as a change."""
    with db.reading() as session:
        found: set[tuple[object, ...]] = set()
        for name, table in Base.metadata.tables.items():
            header = "" if db.sqlite else ", xmin::text, xmax::text"
            owner = OWNER.get(name, "NULL")
            rows = session.execute(text(f"SELECT {owner}{header}, {', '.join(table.columns.keys())} FROM {name}"))
            found |= {(name, *map(_plain, row)) for row in rows}
        return found


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def test_what_is_written_belongs_to_one_learner(two: Two) -> None:
    before = _rows(two.db)
    status, answer = make_beats(two.settings, two.db).handle(two.body(0))
    assert status == 200
    assert b'"mark":true' in answer
    changed = before ^ _rows(two.db)
    assert {row[1] for row in changed} == {two.learners[0]}
    assert {row[0] for row in changed} >= {"viewing", "coverage", "evidence", "ledger_entry", "ledger_transaction"}


@contextmanager
def held_settlement(two: Two) -> Iterator[None]:
    """The first learner's evidence and settlement are written and not yet committed."""
    beats = make_beats(two.settings, two.db)
    beats._after = lambda learner, media: None
    assert beats.handle(two.body(0))[0] == 200
    with two.db._writers() as session:
        assert evidence.write_due_evidence(session, two.settings, two.learners[0], two.media)
        session.flush()
        yield
        session.commit()


class HeldConnection(psycopg.Connection[Any]):
    """Commits when told to."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.written, self.go_on = threading.Event(), threading.Event()

    def commit(self) -> None:
        """Wait for the word."""
        self.written.set()
        assert self.go_on.wait(30)
        super().commit()


@contextmanager
def held_beat(two: Two) -> Iterator[None]:
    """The first learner's beat is written and not yet committed."""
    url = two.settings.database_url.replace("+psycopg", "")
    store = PostgresStore(url)
    store._open = connection = HeldConnection.connect(url)
    arrays.register(connection)
    beats = Beats((SECRET.encode(),), Writer(store, Policy(120_000, 0), 0), lambda learner, media: None)
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(beats.handle(two.body(0))[0]))
    thread.start()
    assert connection.written.wait(10)
    yield
    assert not answers  # not a word before the commit
    connection.go_on.set()
    thread.join(10)
    assert answers == [200]
    connection.close()


@pytest.mark.postgres
@pytest.mark.parametrize("hold", [held_beat, held_settlement])
def test_learners_never_wait_for_each_other(
    postgres_database: DatabaseUrls, tmp_path: Path, hold: Callable[[Two], AbstractContextManager[None]]
) -> None:
    """One learner's locks are all held; the other's beat and its settlement go through."""
    two = Two(postgres_database, tmp_path)
    beats, answers = make_beats(two.settings, two.db), list[tuple[int, bytes]]()
    with hold(two):
        thread = threading.Thread(target=lambda: answers.append(beats.handle(two.body(1))), daemon=True)
        thread.start()
        thread.join(10)
        assert [status for status, _body in answers] == [200], "the second learner waited for the first"
        assert b'"mark":true' in answers[0][1]
        with two.db.reading() as session:
            assert session.scalars(select(LedgerTransaction.learner_id)).all() == [two.learners[1]]
    two.db.engine.dispose()


@pytest.mark.postgres
def test_the_same_learner_does_wait(postgres_database: DatabaseUrls, tmp_path: Path) -> None:
    """The control: what is held above are real locks."""
    two = Two(postgres_database, tmp_path)
    beats, answers = make_beats(two.settings, two.db), list[int]()
    with held_settlement(two):
        thread = threading.Thread(target=lambda: answers.append(beats.handle(two.body(0))[0]), daemon=True)
        thread.start()
        thread.join(0.5)
        assert answers == []
    thread.join(10)
    assert answers == [200]
    two.db.engine.dispose()
