"""A copy of everything: what is in it, who is not, and who fetches it."""

from __future__ import annotations

import io
import json
import os
import re
import time
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base import runs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.settings import Settings
from app.credits.certificates import service as certificates
from app.credits.certificates.service import Wanted
from app.factory import Academy
from app.myself.corrections import queries as corrections
from app.myself.corrections import service as correcting
from app.myself.taking import files, service
from app.notices import queries as notices
from app.notices import service as telling
from app.people import queries as people
from app.people import service as people_service
from app.rules.access import Scope
from app.tickets import queries as ticket_rows
from app.tickets import service as tickets
from app.viewing import notebook
from app.viewing.models import Note
from tests import factories
from tests.factories import web

AT = "/account/data"


@dataclass
class Place:
    """An academy in which much has happened to its first learner."""

    app: Academy
    db: Database
    made: factories.Academy
    settings: Settings


@pytest.fixture
def place(academy_app: Academy, web_db: Database) -> Place:
    chosen: Settings = academy_app.extensions["duxue.settings"]
    with academy_app.test_request_context(), web_db.writing() as session:
        made = factories.academy(session, learners=2)
        me, other = made.learners
        me.phone, other.phone = "13900000001", "13900000002"
        course = factories.course(session, "course-1")
        factories.offer(session, course, made.group)
        factories.watched(session, me.id, course)
        factories.watched(session, other.id, course)
        lesson = factories.versions(session, course)[0].lesson_id
        notebook.add(session, me.id, lesson, 1000, "只给自己看的笔记")
        notebook.add(session, other.id, lesson, 1000, "别人的笔记")
        key, _fresh = tickets.open_ticket(session, chosen, me.id, lesson, "看了没有计入", None)
        found = ticket_rows.one_of_class(Scope(everything=True), session, "class-1", key, factories.NOON.date())
        assert found is not None
        tickets.answer(session, made.teacher.id, found[1], "已核对，没有漏计", declined=False)
        correcting.ask(session, me.id, "name", "学员壹", "写错了", factories.NOON.date())
        row = corrections.of_person(session, me.id, factories.NOON.date())[0]
        correcting.decline(session, made.admin.id, row, "身份证上是学员1")
        learner = people.person_by_key(session, me.key)
        assert learner is not None
        certificates.issue(session, chosen, learner, Wanted(factories.SINCE, date(2026, 3, 2), "zh"), me.id)
        people_service.grant_role(session, me.id, "unit_liaison", "unit", made.unit.id, None, made.admin.id)
    return Place(academy_app, web_db, made, chosen)


def make(place: Place, client: FlaskClient) -> int:
    """Ask for a copy, and let the task make it; the run's number."""
    assert web.send(client, AT, AT).status_code == 302
    with place.db.reading() as session:
        run = service.latest(session, place.made.learner.id)
    assert run is not None
    runs.perform(place.db, place.settings, run.id)
    return run.id


def fetch(client: FlaskClient, password: str = factories.PASSWORD) -> TestResponse:
    return web.send(client, AT, f"{AT}/file", present=password)


def opened(answer: TestResponse) -> tuple[dict[str, Any], str, bytes]:
    assert answer.mimetype == "application/zip", answer.text[:500]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        files_ = {name: archive.read(name) for name in archive.namelist()}
    assert set(files_) == {"data.json", "index.html"}
    return json.loads(files_["data.json"]), files_["index.html"].decode(), b"".join(files_.values())


def test_everything_is_in_it_and_nobody_else(place: Place) -> None:
    client = web.browser(place.app, "l001")
    make(place, client)
    told, html, raw = opened(fetch(client))
    assert (told["format"], told["version"], told["timezone"]) == ("duxue-personal-data", 1, "Asia/Shanghai")
    parts = told["parts"]
    filled = {name for name, rows in parts.items() if rows}
    assert filled >= {
        "person", "unit_memberships", "class_memberships", "roles", "corrections", "password", "sign_ins", "coverage",
        "notes", "evidence", "ledger_transactions", "ledger_entries", "ledger_head", "periods", "certificates",
        "tickets", "ticket_rounds", "messages", "computations", "audit_entries",
    }  # fmt: skip
    assert parts["person"][0]["phone"] == "13900000001"
    assert parts["unit_memberships"][0]["unit"]["code"] == "city"
    assert parts["coverage"][0]["spans"] == [[0, factories.HOUR_MS]]
    assert parts["coverage"][0]["media"]["lesson"] == "第1节"
    assert parts["ticket_rounds"][0]["answered_by"] == ["head_teacher"]
    assert parts["corrections"][0]["decided_by"] == ["academy_admin"]
    assert parts["certificates"][0]["issued_by"] == ["self"]
    assert {"place": "云汀市人民政府", "role": "unit_liaison"}.items() <= parts["roles"][-1].items()
    assert sum(row["amount"] for row in parts["ledger_entries"]) == 0
    assert "看了没有计入" in html
    assert "<td>班主任</td>" in html
    assert "<td>一般工作人员</td>" in html
    text = raw.decode()
    others = [place.made.learners[1], place.made.teacher, place.made.other_teacher, place.made.editor, place.made.admin]
    for person in others:
        logins = () if person is place.made.admin else (person.login,)  # that one is a word of the format
        for mark in (person.name, person.key, *logins):
            assert not re.search(rf"(?<![\w-]){re.escape(mark)}(?![\w-])", text), mark
    assert "13900000002" not in text
    assert "别人的笔记" not in text
    assert "argon2" not in text


def test_html_in_ones_own_words_stays_text(place: Place) -> None:
    with place.db.writing() as session:
        lesson = session.execute(select(Note.lesson_id)).scalars().first()
        assert lesson is not None
        notebook.add(session, place.made.learner.id, lesson, 0, "<script>alert(1)</script>")
    client = web.browser(place.app, "l001", language="en")
    make(place, client)
    _told, html, _raw = opened(fetch(client))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "My notes" in html


def test_a_note_like_a_moment_and_who_a_message_is_about(place: Place) -> None:
    with place.db.writing() as session:
        lesson = session.execute(select(Note.lesson_id)).scalars().first()
        assert lesson is not None
        for text in ("aaaaaaaaaaTbbbbbbbbZ", "2026-02-31T00:00:00Z"):
            notebook.add(session, place.made.learner.id, lesson, 0, text)
        telling.tell(session, place.made.learner.id, "transfer.asked", "/desk/transfers/1", name="另一个人")
    client = web.browser(place.app, "l001")
    make(place, client)
    told, html, raw = opened(fetch(client))
    assert {"aaaaaaaaaaTbbbbbbbbZ", "2026-02-31T00:00:00Z"} <= {row["text"] for row in told["parts"]["notes"]}
    assert "2026-02-31T00:00:00Z" in html
    assert "另一个人" not in raw.decode()
    assert "Project-Id-Version" not in html


def test_only_its_owner_fetches_it(place: Place) -> None:
    mine, other = web.browser(place.app, "l001"), web.browser(place.app, "l002")
    run_id = make(place, mine)
    assert fetch(other).status_code == 404
    for login in ("l002", "academy"):
        assert web.browser(place.app, login).get(f"/runs/{run_id}").status_code == 404
    assert mine.get(f"/runs/{run_id}").status_code == 200
    assert web.browser(place.app).get(AT).status_code == 302


def test_after_ten_minutes_the_password_is_asked(place: Place, traveller: time_machine.Traveller) -> None:
    client = web.browser(place.app, "l001")
    make(place, client)
    traveller.shift(timedelta(minutes=11))
    assert 'name="present"' in client.get(AT).text
    assert fetch(client, "").status_code == 422
    assert fetch(client, "not this one").status_code == 422
    assert opened(fetch(client))[0]["version"] == 1
    with place.db.reading() as session:
        rows = select(AuditEntry.action).where(AuditEntry.actor_id == place.made.learner.id)
        done = list(session.scalars(rows))
    assert {"copy.ask", "copy.take", "person.confirm_password"} <= set(done)


def test_the_owner_is_told_and_after_three_days_it_is_gone(place: Place) -> None:
    client = web.browser(place.app, "l001")
    make(place, client)
    with place.app.test_request_context(), place.db.reading() as session:
        newest = notices.latest(session, place.made.learner.id, 1)[0]
    assert (newest.kind, newest.url) == ("copy.ready", AT)
    (kept,) = files.folder(place.settings).iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    old = time.time() - files.KEPT.total_seconds() - 1
    os.utime(kept, (old, old))
    assert fetch(client).status_code in (400, 404)
    assert "已满三天" in client.get(AT).text
    files.sweep(place.settings)
    assert list(files.folder(place.settings).iterdir()) == []


def test_five_a_day_and_one_at_a_time(place: Place) -> None:
    client = web.browser(place.app, "l001")
    for _again in range(2):
        web.send(client, AT, AT)
    with place.db.reading() as session:
        run = service.latest(session, place.made.learner.id)
    assert run is not None
    runs.perform(place.db, place.settings, run.id)
    for _more in range(4):
        make(place, client)
    assert web.send(client, AT, AT).status_code == 429


def test_without_a_copy_there_is_nothing_to_fetch(place: Place) -> None:
    client = web.browser(place.app, "l001")
    web.strict(client.get(AT))
    assert client.post(f"{AT}/file", data={"csrf_token": web.token_in(client.get(AT))}).status_code == 404
