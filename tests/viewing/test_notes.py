"""Notes at places of a lesson: the learner's own, within bounds, by form and by JSON, on both databases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base import clock
from app.base.db import Database
from app.factory import Academy
from app.viewing import notebook
from app.viewing.models import Note
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "traveller", "web_db"]


@dataclass
class Desk:
    """Two learners, a lesson of six minutes that both may open, and one that nobody may."""

    app: Academy
    db: Database
    lesson: int
    hidden: int

    def client(self, login: str) -> tuple[FlaskClient, str]:
        """Signed in, with the token of the session."""
        found = web.browser(self.app, login)
        return found, web.token_in(found.get("/account"))

    def write(self, client: FlaskClient, token: str, text: Any, at_ms: Any = 1000) -> TestResponse:
        """A new note by JSON."""
        return client.post(
            f"/lessons/{self.lesson}/notes", data=json.dumps({"text": text, "at_ms": at_ms}),
            content_type="application/json", headers={"X-CSRFToken": token},
        )  # fmt: skip

    def notes(self) -> list[tuple[int, str]]:
        """What lies in the database: (place, text)."""
        with self.db.reading() as session:
            return [(note.at_ms, note.text) for note in session.scalars(select(Note).order_by(Note.at_ms, Note.id))]


@pytest.fixture
def desk(academy_app: Academy, web_db: Database) -> Desk:
    with web_db.writing() as session:
        made = factories.academy(session, learners=2)
        course = factories.course(session, "course-1", lessons=(360_000,))
        other = factories.course(session, "course-2", lessons=(360_000,))
        factories.offer(session, course, made.group)
        lessons = [factories.versions(session, each)[0].lesson_id for each in (course, other)]
    return Desk(academy_app, web_db, *lessons)


def test_a_note_is_kept_changed_and_deleted(desk: Desk) -> None:
    client, token = desk.client("l001")
    made = desk.write(client, token, "  口径\r\n不同 <b>  ", 61_500)
    assert made.status_code == 200
    note = made.get_json()["note"]
    assert (note["at_ms"], note["text"], made.get_json()["count"]) == (61_500, "口径\n不同 <b>", 1)
    assert "&lt;b&gt;" in made.get_json()["html"]
    assert desk.write(client, token, "口径\n不同 <b>", 61_500).get_json()["note"] == note, "sent again it is the same"
    head = {"X-CSRFToken": token}
    changed = client.post(f"/notes/{note['id']}", json={"text": "改", "at_ms": None}, headers=head)
    assert changed.get_json()["note"] == {"id": note["id"], "at_ms": 61_500, "text": "改"}
    assert client.get(f"/lessons/{desk.lesson}/notes").get_json()["notes"] == [changed.get_json()["note"]]
    assert "改" in client.get(f"/lessons/{desk.lesson}").text
    assert client.post(f"/notes/{note['id']}/delete", json={}, headers=head).get_json()["count"] == 0
    assert client.post(f"/notes/{note['id']}/delete", json={}, headers=head).status_code == 404
    assert desk.notes() == []


def test_forms_work_without_scripts_and_lose_nothing(desk: Desk) -> None:
    client, token = desk.client("l001")
    url = f"/lessons/{desk.lesson}/notes"
    wrong = client.post(url, data={"csrf_token": token, "text": "写好的话", "at": "一分"})
    assert wrong.status_code == 422
    assert "写好的话" in wrong.text
    assert 'id="note-at-error"' in wrong.text
    done = client.post(url, data={"csrf_token": token, "text": "写好的话", "at": "1:05"})
    assert (done.status_code, done.location) == (303, f"/lessons/{desk.lesson}#notes")
    assert desk.notes() == [(65_000, "写好的话")]
    with desk.db.reading() as session:
        number = session.scalars(select(Note.id)).one()
    page = client.get(f"/notes/{number}")
    assert "1:05" in page.text
    client.post(f"/notes/{number}", data={"csrf_token": token, "text": "换了", "at": "1:05"})
    client.post(f"/notes/{number}", data={"csrf_token": token, "text": "换了", "at": "2：00"})
    assert desk.notes() == [(120_000, "换了")]


def test_a_note_between_two_seconds_stays_there(desk: Desk) -> None:
    client, token = desk.client("l001")
    number = desk.write(client, token, "x", 65_432).get_json()["note"]["id"]
    client.post(f"/notes/{number}", data={"csrf_token": token, "text": "y", "at": "1:05"})
    assert desk.notes() == [(65_432, "y")]


@pytest.mark.parametrize(
    ("text", "at_ms", "status"),
    [
        ("", 0, 422), ("   \n ", 0, 422), ("x" * 2001, 0, 422), ("x" * 2000, 0, 200), ("😀" * 2000, 0, 200),
        ("a\x00b", 0, 422), ("a\u202eb", 0, 422), ("a\ud800", 0, 422), ("a", -1, 422), ("a", 360_001, 422),
        ("a", 360_000, 200), ("a", 2**70, 422), ("a", True, 422), ("a", 1.5, 422), ("a", None, 422), (7, 0, 422),
        (None, 0, 422), (["a"], 0, 422),
    ],
)  # fmt: skip
def test_bounds(desk: Desk, text: Any, at_ms: Any, status: int) -> None:
    client, token = desk.client("l001")
    answer = desk.write(client, token, text, at_ms)
    assert answer.status_code == status, answer.text
    assert len(desk.notes()) == (1 if status == 200 else 0)
    if status != 200:
        assert answer.get_json()["text"]


@pytest.mark.parametrize("body", ["", "[]", "7", "{", '{"text": 1}', "[" * 3000])
def test_bodies_that_are_none(desk: Desk, body: str) -> None:
    client, token = desk.client("l001")
    answer = client.post(
        f"/lessons/{desk.lesson}/notes", data=body, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 422
    assert desk.notes() == []


def test_a_lesson_holds_so_many(desk: Desk) -> None:
    client, token = desk.client("l001")
    made = desk.write(client, token, "first").get_json()["note"]
    with desk.db.writing() as session:
        learner = session.scalars(select(Note.learner_id)).one()
        session.add_all(
            Note(learner_id=learner, id=n, lesson_id=desk.lesson, at_ms=n, text=str(n), written_at=clock.now())
            for n in range(1, notebook.MOST_NOTES)
        )
    full = desk.write(client, token, "one too many")
    assert full.status_code == 409
    assert "500" in full.get_json()["text"]
    head = {"X-CSRFToken": token}
    assert client.post(f"/notes/{made['id']}", json={"text": "changed", "at_ms": None}, headers=head).status_code == 200
    client.post(f"/notes/{made['id']}/delete", json={}, headers=head)
    assert desk.write(client, token, "fits again").status_code == 200


def test_nobody_else_sees_or_changes_them(desk: Desk) -> None:
    client, token = desk.client("l001")
    number = desk.write(client, token, "geheim").get_json()["note"]["id"]
    other, key = desk.client("l002")
    head = {"X-CSRFToken": key}
    assert other.get(f"/notes/{number}").status_code == 404
    assert other.post(f"/notes/{number}", json={"text": "x", "at_ms": 0}, headers=head).status_code == 404
    assert other.post(f"/notes/{number}/delete", json={}, headers=head).status_code == 404
    assert other.get(f"/lessons/{desk.lesson}/notes").get_json()["notes"] == []
    assert "geheim" not in other.get(f"/lessons/{desk.lesson}").text
    assert desk.notes() == [(1000, "geheim")]


def test_no_notes_where_one_may_not_study(desk: Desk) -> None:
    client, token = desk.client("l001")
    head = {"X-CSRFToken": token}
    for lesson in (desk.hidden, 999_999):
        answer = client.post(f"/lessons/{lesson}/notes", json={"text": "x", "at_ms": 0}, headers=head)
        assert answer.status_code in (403, 404)
        assert client.get(f"/lessons/{lesson}/notes").status_code in (403, 404)
    assert desk.notes() == []
