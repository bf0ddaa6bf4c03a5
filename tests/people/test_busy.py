"""A database that is held by somebody else for long: the page says so, and that nothing was saved."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from app.base.db import Database, is_busy
from app.factory import Academy
from tests import factories
from tests.factories import web


@pytest.fixture
def impatient(web_db: Database) -> Database:
    """Waits a tenth of a second for a lock."""
    wait = "PRAGMA busy_timeout=100" if web_db.sqlite else "SET lock_timeout = 100"

    @event.listens_for(web_db.engine, "connect")
    def _connect(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.execute(wait)
        if not web_db.sqlite:
            connection.commit()

    web_db.engine.dispose()
    return web_db


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_busy_database_is_told_as_busy(academy_app: Academy, impatient: Database, language: str) -> None:
    with impatient.writing() as session:
        factories.person(session, "busy1", "林晓岚", "learner", "own")
    client = web.browser(academy_app, language=language)
    client.get("/sign-in")
    with impatient.writing() as holder:
        holder.execute(text("SELECT 1" if impatient.sqlite else "LOCK TABLE login_session IN EXCLUSIVE MODE"))
        answer = web.sign_in(client, "busy1")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert ("Nothing of this step was saved" if language == "en" else "这一步没有保存") in answer.text
    assert web.sign_in(client, "busy1").status_code == 302, "the same again does it"


def test_what_waiting_does_not_mend_is_not_called_busy(web_db: Database) -> None:
    with web_db.reading() as session, pytest.raises((OperationalError, ProgrammingError)) as caught:
        session.execute(text("SELECT 1 FROM no_such_table"))
    assert not is_busy(caught.value)
    assert is_busy(PoolTimeout("no connection was free"))
