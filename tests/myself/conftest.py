"""Two units, a liaison officer and a learner of each, and the academy, at noon of 2 March 2026."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from app.base.db import Database
from app.factory import Academy
from app.people import service as people
from tests import factories
from tests.factories import web
from tests.factories.fixtures import db, session, traveller
from tests.factories.web import academy_app, web_db
from tests.services import DatabaseUrls

__all__ = ["academy_app", "db", "session", "traveller", "web_db"]


@pytest.fixture
def any_database(sqlite_database: DatabaseUrls) -> DatabaseUrls:
    """One engine is enough for pages; `test_both.py` takes both."""
    return sqlite_database


@dataclass
class City:
    """Who is there: ids and keys by login."""

    app: Academy
    db: Database
    ids: dict[str, int] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def city(academy_app: Academy, web_db: Database) -> City:
    """Learners `a1` of water and `b1` of roads, their liaison officers `la` and `lb`, the administrator `academy`."""
    found = City(academy_app, web_db)
    with web_db.writing() as writing:
        for code, name in (("water", "水务局"), ("roads", "交通局")):
            unit = people.create_unit(writing, code, name, code.title(), "public_institution")
            found.units[code] = unit.id
        for login, name, role, unit_code in (
            ("a1", "鲍知夏", "learner", "water"), ("b1", "阚秋澍", "learner", "roads"),
            ("la", "蔺水生", "unit_liaison", "water"), ("lb", "逄路平", "unit_liaison", "roads"),
            ("academy", "蒋和", "academy_admin", ""),
        ):  # fmt: skip
            kind = {"learner": "own", "unit_liaison": "unit", "academy_admin": "academy"}[role]
            scope = found.units[unit_code] if kind == "unit" else None
            made = factories.person(writing, login, name, role, kind, scope)
            if unit_code:
                people.join_unit(writing, made.id, found.units[unit_code], "staff", factories.SINCE)
            if login in ("a1", "b1"):
                made.phone = "1390000000" + ("1" if login == "a1" else "2")
            found.ids[login], found.keys[login] = made.id, made.key
    return found


def browser(city: City, login: str, language: str = "zh") -> FlaskClient:
    """Signed in."""
    return web.browser(city.app, login, language)
