"""The usual fixtures of the rooms."""

from __future__ import annotations

from tests.factories.fixtures import db, session, traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "db", "session", "traveller", "web_db"]
