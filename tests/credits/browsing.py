"""A browser without a window, and what it reads."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from app.base.db import Database
from app.people import service as people
from tests import factories


def signed_in(app: Flask, db: Database, login: str, locale: str = "en") -> FlaskClient:
    """A browser in which this person is signed in."""
    with db.writing() as session:
        _person, token = people.sign_in(session, login, factories.PASSWORD, "test", "127.0.0.1")
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"], cookie["locale"] = token, True, locale
    return client


def page(client: FlaskClient, url: str, status: int = 200) -> str:
    """A page's text; fails on another status."""
    answer = client.get(url)
    assert answer.status_code == status, answer.text[:600]
    return answer.text


def plain(html: str) -> str:
    """What is read on a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def main_of(html: str) -> str:
    """The page without its frame."""
    return html[html.index("<main") : html.index("</main>")]
