"""The signature views cost as many statements, and no more bytes than promised, whether 10 people study or 600."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

from app.base.db import Database
from app.classes.models import VirtualClass
from app.factory import Academy
from app.people.models import Unit
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "traveller", "web_db"]

KB = 1000
FEW, MANY = 10, 600
COURSES = 12
# (whose, address, most statements, most bytes of the compressed page). The sign-in's own statement counts.
VIEWS = {
    "my year": ("l001", "/", 9, 30 * KB),
    "player": ("l001", "/lessons/1", 10, 30 * KB),
    "statement": ("l001", "/statement", 8, 30 * KB),
    "my class": ("head1", "/classes/class-1", 10, 60 * KB),
    "a learner": ("head1", "/classes/class-1/learners/{key}", 10, 30 * KB),
    "course": ("l001", "/courses/course-1", 8, 30 * KB),
    "catalogue": ("l001", "/courses", 7, 40 * KB),
    "editor": ("editor", "/edit/course-1", 10, 30 * KB),
}


@pytest.fixture
def made(web_db: Database) -> factories.Academy:
    """Ten learners who have all watched the first lesson, and a dozen courses."""
    with web_db.writing() as session:
        found = factories.academy(session, learners=FEW)
        for number in range(1, COURSES + 1):
            course = factories.course(session, f"course-{number}", lessons=(factories.HOUR_MS,) * 2)
            factories.offer(session, course, None, "required" if number < 3 else "elective")
            for learner in found.learners if number == 1 else []:
                factories.watched(session, learner.id, course)
        return found


def _costs(client: FlaskClient, db: Database, path: str) -> tuple[int, int]:
    """(statements, bytes) of one opening; what is read once a process was read before."""
    client.get(path)
    with web.statements(db) as seen:
        html = web.strict(client.get(path))
    return len(seen), len(gzip.compress(html.encode(), 6))


@pytest.mark.parametrize("view", list(VIEWS))
def test_a_view_costs_the_same_for_10_and_for_600(
    academy_app: Academy, web_db: Database, made: factories.Academy, view: str
) -> None:
    login, path, most, most_bytes = VIEWS[view]
    client, address = web.browser(academy_app, login), path.format(key=made.learner.key)
    few, _size = _costs(client, web_db, address)
    with web_db.writing() as session:
        unit, group = session.get(Unit, made.unit.id), session.get(VirtualClass, made.group.id)
        assert unit is not None
        assert group is not None
        factories.crowd(session, unit, group, range(FEW + 1, MANY + 1))
    many, size = _costs(client, web_db, address)
    assert few == many
    assert 0 < many <= most
    assert size <= most_bytes
