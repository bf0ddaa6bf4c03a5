"""docs/viewing-protocol.md against the running application: a stranger writes a player from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.base.db import Database
from app.courses.models import Course
from app.factory import Academy
from app.questions import service as questions
from app.rules.questions.draft import Draft, Option
from app.rules.viewing import beat
from app.viewing.beats import MOST_BYTES
from app.viewing.models import Viewing
from app.viewing.rows import TAKES_BACKLOG
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "traveller", "web_db"]
TEXT = (Path(__file__).resolve().parents[2] / "docs" / "viewing-protocol.md").read_text("utf-8")


def examples() -> list[dict[str, Any]]:
    """The JSON blocks of the page: what opening answers, a beat, its answer; the checks, an answer to one."""
    found = [json.loads(block) for block in re.findall(r"(?s)```json\n(.*?)```", TEXT)]
    assert len(found) == 5
    return found


def opened(app: Academy, db: Database, length_ms: int = 360_000) -> tuple[FlaskClient, dict[str, Any]]:
    with db.writing() as session:
        made = factories.academy(session)
        course = factories.course(session, "course-1", lessons=(length_ms,))
        factories.offer(session, course, made.group)
        lesson = factories.versions(session, course)[0].lesson_id
    client = web.browser(app, "l001")
    token = web.token_in(client.get("/account"))
    answer = client.post("/viewings", json={"lesson": lesson}, headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    return client, answer.get_json()


def test_the_examples_have_the_fields_of_the_answers(
    academy_app: Academy, web_db: Database, traveller: time_machine.Traveller
) -> None:
    opening, sent, answer, _checks, _given = examples()
    _client, told = opened(academy_app, web_db)
    assert set(told) == set(opening)
    assert {name: type(value) for name, value in told.items()} == {name: type(value) for name, value in opening.items()}
    stranger = academy_app.test_client(use_cookies=False)
    got = stranger.post("/beats", json={**sent, "lease": told["lease"], "ranges": [[0, 15000]]})
    assert got.status_code == 200
    assert set(got.get_json()) == set(answer)
    refused = got.get_json()["refused"]
    assert set(refused[0]) == {"range", "reason"}
    ended = stranger.post("/beats", json={"lease": told["lease"], "seq": 4, "ranges": [], "close": True})
    assert ended.status_code == 200
    late = stranger.post("/beats", json={"lease": told["lease"], "seq": 5, "ranges": []})
    assert (late.status_code, set(late.get_json())) == (409, {"reason", "acknowledged", *answer})
    assert late.get_json()["reason"] == "closed"


def test_checks_are_as_the_page_says(academy_app: Academy, web_db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    *_others, shown, given = examples()
    monkeypatch.setattr(
        "app.viewing.service.secrets.randbelow", lambda _below: 300_000
    )  # beyond the ceiling at twice the speed
    client, told = opened(academy_app, web_db)
    with web_db.writing() as session:
        course = session.scalars(select(Course)).one()
        course.check_minutes = 10
        draft = Draft("single", "哪个对？", (Option("这个", True), Option("那个", False)), "因为")
        questions.add(session, course.id, draft, actor_id=None)
        lesson = session.scalars(select(Viewing.lesson_id)).one()
    token = web.token_in(client.get("/account"))
    told = client.post("/viewings", json={"lesson": lesson}, headers={"X-CSRFToken": token}).get_json()
    with web_db.writing() as session:
        session.execute(update(Viewing).values(clock_ms=Viewing.clock_ms - 3_600_000))
    client.post("/beats", json={"lease": told["lease"], "seq": 1, "ranges": [[0, 360_000]]})
    where = f"/lessons/{lesson}/checks"
    found = client.get(where, headers={"Accept": "application/json"}).get_json()
    assert set(found) == set(shown)
    for mine, theirs in zip(shown["checks"], sorted(found["checks"], key=lambda each: str(each["check"])), strict=True):
        assert set(mine) == set(theirs)
        assert (mine["check"], mine["kind"], type(mine["question"])) == (
            theirs["check"], theirs["kind"], type(theirs["question"]),
        )  # fmt: skip
        if mine["question"]:
            assert set(mine["question"]) == set(theirs["question"])
            assert set(mine["question"]["options"][0]) == set(theirs["question"]["options"][0])
    head = {"X-CSRFToken": token}
    done = client.post(where, json={"check": "away", "chosen": []}, headers=head).get_json()
    assert set(done) == {*given, *shown}
    assert done["result"] == "counted"
    assert client.post(where, json={"check": "away", "chosen": []}, headers=head).get_json()["result"] == "nothing"
    asked = next(each for each in found["checks"] if each["check"] == "0")
    assert client.post(where, json={"check": "0", "chosen": []}, headers=head).status_code == 422
    wrong = next(each["key"] for each in asked["question"]["options"] if each["text"] == "那个")
    for result in ("wrong", "wrong", "lapsed"):
        now = client.get(where, headers={"Accept": "application/json"}).get_json()["checks"][0]["question"]
        wrong = next(each["key"] for each in now["options"] if each["text"] == "那个")
        done = client.post(where, json={"check": "0", "chosen": [wrong]}, headers=head).get_json()
        assert (done["result"], done["explanation"]) == (result, "因为")
        assert f"`{result}`" in TEXT
    nonsense: list[object] = [[], {"check": 1}, {"check": "0", "chosen": "x"}, {"check": "0", "chosen": [1]}]
    for body in nonsense:
        assert client.post(where, json=body, headers=head).status_code == 422


def test_every_reason_and_end_is_named() -> None:
    for reason in (*beat.REFUSALS, *beat.PENDINGS, *TAKES_BACKLOG, "disabled", "left_class", "withdrawn"):
        assert f"`{reason}`" in TEXT, reason
    assert f"{MOST_BYTES >> 10} KB" in TEXT
    assert f"at most {beat.MOST_RANGES}" in TEXT


def test_the_refusals_have_the_statuses_of_the_table(academy_app: Academy, web_db: Database) -> None:
    client, told = opened(academy_app, web_db)
    lease = told["lease"]
    for status, code, answer in (
        (400, "bad_beat", client.post("/beats", data="{")),
        (400, "bad_beat", client.post("/beats", json={"lease": lease, "seq": 1, "ranges": [], "learner": 2})),
        (400, "bad_beat", client.post("/beats", json={"lease": lease, "seq": 2**53, "ranges": []})),
        (401, "malformed", client.post("/beats", json={"lease": "x", "seq": 1, "ranges": []})),
        (401, "not_ours", client.post("/beats", json={"lease": lease[:-1] + "!", "seq": 1, "ranges": []})),
        (405, "method", client.put("/beats", data="{}")),
        (411, "length", client.post("/beats", environ_overrides={"CONTENT_LENGTH": ""})),
        (413, "too_large", client.post("/beats", data="x" * (MOST_BYTES + 1))),
    ):
        assert (answer.status_code, set(answer.get_json()), answer.get_json()["error"]) == (
            status, {"error", "text"}, code,
        )  # fmt: skip
        assert f"{status}" in TEXT
    token = web.token_in(client.get("/account"))
    for status, body, head in (
        (400, {"lesson": 1}, {}),
        (422, {"lesson": "one"}, {"X-CSRFToken": token}),
        (404, {"lesson": 999}, {"X-CSRFToken": token}),
    ):
        assert client.post("/viewings", json=body, headers=head).status_code == status
    visitor = web.browser(academy_app)
    token = web.token_in(visitor.get("/sign-in"))
    assert visitor.post("/viewings", json={"lesson": 1}, headers={"X-CSRFToken": token}).status_code == 401
