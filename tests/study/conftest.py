"""The usual fixtures of the rooms."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.base.db import Database
from app.factory import Academy
from tests import factories
from tests.factories.fixtures import db, session, traveller
from tests.factories.media import make_video
from tests.factories.web import academy_app, browser, web_db

__all__ = ["academy_app", "db", "session", "traveller", "web_db"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of film."""
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", 2).read_bytes()


@pytest.fixture
def editor(academy_app: Academy, web_db: Database) -> FlaskClient:
    """An editor who is signed in; there is one course without lessons, c1."""
    with web_db.writing() as session:
        factories.academy(session)
        factories.course(session, "c1")
    return browser(academy_app, "editor", language="en")
