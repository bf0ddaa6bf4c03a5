"""Who asked for a proof of the books hears what it found; nobody hears of the nightly one."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from app.base import runs
from app.base.db import Database
from app.credits.books import service as books
from app.factory import Academy
from app.notices import queries as notices
from app.people.models import Person
from tests.credits.books.test_pages import academy_app, client, db, perform, traveller, web_db
from tests.factories import web

__all__ = ["academy_app", "client", "db", "traveller", "web_db"]


def told(db: Database) -> list[str]:
    """What the administrator has not read."""
    with db.reading() as session:
        who = session.scalars(select(Person.id).where(Person.login == "academy")).one()
        return [f"{row.url} {row.said.text}" for row in notices.latest(session, who, 9, only_unread=True)]


def test_what_a_proof_found_is_told(client: FlaskClient, academy_app: Academy, db: Database) -> None:
    settings = academy_app.extensions["duxue.settings"]
    web.send(client, "/books", "/books/proof")
    assert told(db) == []
    perform(db, settings)
    assert told(db) == ["/books The proof of the books is done: they agree with the evidence."]
    assert "账目核验做完了：与学习证据一致。" in web.strict(client.get("/messages"))
    (settings.heads_dir).mkdir(parents=True, exist_ok=True)
    (settings.heads_dir / "heads-2026-03-01.json").write_text("{", encoding="utf-8")
    web.send(client, "/books", "/books/proof")
    perform(db, settings)
    assert told(db)[0] == "/books The proof of the books failed. The page says why."


def test_the_nightly_one_tells_nobody(academy_app: Academy, db: Database) -> None:
    with db.writing() as session:
        run_id = runs.begin(session, books.KIND, None, nightly=True)
    runs.perform(db, academy_app.extensions["duxue.settings"], run_id)
    with db.reading() as session:
        run = runs.one(session, run_id)
    assert run is not None
    assert run.state == runs.DONE
    assert told(db) == []
