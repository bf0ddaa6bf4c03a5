"""The real application over a test's database, browsers without scripts, and a counter of statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from app.base.db import Database
from app.base.settings import load
from app.factory import Academy, create_app
from tests import factories

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

__all__ = ["academy_app", "web_db"]


def make_app(urls: DatabaseUrls, folder: Path, **more: str) -> Academy:
    """The application over a migrated database, without its scheduler; nobody must have a second factor."""
    made = create_app(
        load(
            {
                "DUXUE_DATA_DIR": str(folder),
                "DUXUE_DATABASE_URL": urls.app_url,
                "DUXUE_OWNER_DATABASE_URL": urls.owner_url,
                "DUXUE_EMBEDDED": "0",
                "DUXUE_SECOND_FACTOR": "offered",
                **more,
            }
        )
    )
    made.config["TESTING"] = True
    return made


@pytest.fixture
def academy_app(any_database: DatabaseUrls, traveller: time_machine.Traveller, tmp_path: Path) -> Iterator[Academy]:
    """The application at noon of 2 March 2026."""
    made = make_app(any_database, tmp_path)
    yield made
    made.extensions["duxue.db"].engine.dispose()


@pytest.fixture
def web_db(academy_app: Academy) -> Database:
    """The application's database, to prepare and to look."""
    found: Database = academy_app.extensions["duxue.db"]
    return found


def token_in(page: TestResponse) -> str:
    """The CSRF token that a page carries."""
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
    assert found, page.text[:500]
    return found.group(1)


def browser(app: Academy, login: str = "", language: str = "zh", address: str = "127.0.0.1") -> FlaskClient:
    """A browser; with a login, signed in through the form."""
    client = app.test_client()
    client.environ_base.update({"HTTP_ACCEPT_LANGUAGE": language, "REMOTE_ADDR": address})
    if language == "en":  # chosen in this browser: it goes before the account's language
        send(client, "/sign-in", "/language?locale=en", back="/sign-in")
    if login:
        answer = sign_in(client, login)
        assert answer.status_code == 302, answer.text
    return client


def sign_in(client: FlaskClient, login: str, password: str = factories.PASSWORD, goal: str = "") -> TestResponse:
    """Open the form and send it."""
    page = client.get("/sign-in", query_string={"next": goal} if goal else {})
    data = {"csrf_token": token_in(page), "login": login, "password": password, "next": goal}
    return client.post("/sign-in", data=data)


def send(client: FlaskClient, form_at: str, to: str, **data: str) -> TestResponse:
    """Post to an address with the token of a page."""
    return client.post(to, data={"csrf_token": token_in(client.get(form_at)), **data})


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """The SQL that is executed inside."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def strict(page: TestResponse) -> str:
    """The page's HTML, after a look that the content security policy will not cripple it."""
    assert page.status_code == 200, page.text[:2000]
    html = page.text
    data = r'<script(?![^>]*\s(src=|type="application/json"))'  # what is only data is not run, so not blocked
    assert not re.search(rf"<style|\sstyle=|\son[a-z]+=|javascript:|{data}", html), "blocked by CSP"
    assert "%(" not in html
    assert "Undefined" not in html
    return html
