"""The page of the books: begin a proof, see what does not agree, take the trial balance and the heads away."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.base import runs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.settings import Settings
from app.credits import heads, service
from app.credits.books import daily
from app.credits.books import service as books
from app.factory import Academy
from tests import factories
from tests.credits.samples import NOON, watch
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "traveller", "web_db"]


@pytest.fixture
def db(web_db: Database) -> Database:
    """An academy of two learners with hours."""
    with web_db.writing() as session:
        made = factories.academy(session, learners=2)
        for learner in made.learners:
            watch(session, learner.id, 1, hours=3, at=NOON - timedelta(days=1))
            watch(session, learner.id, 2, hours=9, at=NOON - timedelta(hours=1))
            service.settle(session, learner.id)
    return web_db


@pytest.fixture
def client(academy_app: Academy, db: Database) -> FlaskClient:
    """The academy's administrator."""
    assert db is not None
    return web.browser(academy_app, "academy")


def perform(db: Database, settings: Settings) -> None:
    """What the task of a waiting run does."""
    with db.reading() as session:
        run = runs.latest(session, books.KIND)
    assert run is not None
    assert run.is_open
    runs.perform(db, settings, run.id)


def test_from_the_button_to_the_result(client: FlaskClient, academy_app: Academy, db: Database) -> None:
    settings: Settings = academy_app.extensions["duxue.settings"]
    page = web.strict(client.get("/books"))
    assert "还没有核验过" in page
    web.send(client, "/books", "/books/proof")
    page = web.strict(client.get("/books"))
    assert "全部重算并核对" in page
    assert "data-run=" in page
    perform(db, settings)
    page = web.strict(client.get("/books"))
    assert "全部一致" in page
    assert "data-run=" not in page
    assert page.count("不平衡") == 0
    rows = list(csv.reader(io.StringIO(client.get("/books/trial-balance.csv").data.decode("utf-8-sig"))))
    assert rows[1] == ["2026-01-01", "来自证据：看完一节", "", "", "-24.000"]
    assert rows[2] == ["2026-01-01", "学员：公需", "22.000", "2.000", "24.000"]
    assert rows[-1] == ["2026-01-01", "差额", "", "", "0.000"]


def test_a_difference_is_shown_here_and_announced_elsewhere(
    client: FlaskClient, academy_app: Academy, db: Database
) -> None:
    with db.writing() as session:
        session.execute(text("UPDATE learner_period SET countable = countable + 1"))
    web.send(client, "/books", "/books/proof")
    perform(db, academy_app.extensions["duxue.settings"])
    page = web.strict(client.get("/books"))
    assert "有不一致" in page
    assert page.count("learner_period 2026-01-01.countable") == 2
    assert "账本与学习证据不一致" in client.get("/rules").text
    teacher = web.browser(academy_app, "head1")
    assert "账本与学习证据不一致" not in teacher.get("/classes").text
    with db.reading() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "books.verify"))
    assert entry.outcome == "differences"


def test_heads_are_downloaded_and_it_is_noted(client: FlaskClient, academy_app: Academy, db: Database) -> None:
    settings: Settings = academy_app.extensions["duxue.settings"]
    with db.reading() as session:
        exported = heads.export(session)
    daily.keep(settings.heads_dir, exported, date(2026, 3, 1))
    assert "/books/heads/2026-03-01.json" in client.get("/books").text
    answer = client.get("/books/heads/2026-03-01.json")
    assert json.loads(answer.data) == exported
    assert "heads-2026-03-01.json" in answer.headers["Content-Disposition"]
    answer.close()
    for day in ("2026-03-02", "x", "..%2F..%2Fsecret"):
        assert client.get(f"/books/heads/{day}.json").status_code == 404
    with db.reading() as session:
        noted = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "books.heads")).all()
    assert noted == ["heads:2026-03-01"]


def test_nothing_is_there_before_the_first_proof(client: FlaskClient) -> None:
    answer = client.get("/books/trial-balance.csv")
    assert (answer.status_code, answer.location) == (302, "/books")


def test_a_heads_file_that_cannot_be_read_is_said(client: FlaskClient, academy_app: Academy, db: Database) -> None:
    settings: Settings = academy_app.extensions["duxue.settings"]
    folder: Path = settings.heads_dir
    folder.mkdir(parents=True)
    (folder / "heads-2026-03-01.json").write_text("[]")
    web.send(client, "/books", "/books/proof")
    perform(db, settings)
    assert "heads-2026-03-01.json" in client.get("/books").text
