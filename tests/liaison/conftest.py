"""The usual fixtures of the rooms; on PostgreSQL where a test is marked so: most of this is the same on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.factories.fixtures import db, session, traveller
from tests.factories.web import academy_app, web_db

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

__all__ = ["academy_app", "db", "session", "traveller", "web_db"]


@pytest.fixture
def any_database(request: pytest.FixtureRequest) -> DatabaseUrls:
    """One database of this test."""
    marked = request.node.get_closest_marker("postgres") is not None
    urls: DatabaseUrls = request.getfixturevalue("postgres_database" if marked else "sqlite_database")
    return urls
