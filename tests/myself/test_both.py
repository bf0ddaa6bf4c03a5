"""What the two databases must do alike: one open correction a field, and a copy that reads every table."""

from __future__ import annotations

import pytest

from app.base.db import Database
from app.base.errors import Refused
from app.factory import Academy
from app.myself.corrections import queries, service
from app.myself.taking import reading
from app.myself.taking.parts import AUDIT, PARTS
from app.rules.access import Scope
from tests import factories
from tests.conftest import any_database
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "any_database", "web_db"]
DAY = factories.NOON.date()


def test_one_open_correction_and_a_copy_of_every_part(academy_app: Academy, web_db: Database) -> None:
    with academy_app.test_request_context(), web_db.writing() as session:
        made = factories.academy(session, learners=1)
        course = factories.course(session, "course-1")
        factories.watched(session, made.learner.id, course)
        service.ask(session, made.learner.id, "name", "学员壹", "", DAY)
        with pytest.raises(Refused):
            service._keep(session, made.learner.id, "name", "", "学员壹", "", DAY)
        found = queries.listing(Scope(everything=True), session, DAY, waiting=True, page=1)
        assert [row.wanted for row in found.rows] == ["学员壹"]
        service.accept(session, made.admin.id, found.rows[0], "", DAY, mail=False)
        told = dict(reading.everything(session, made.learner.id))
    assert list(told) == [*(part.name for part in PARTS), AUDIT]
    assert told["person"][0]["name"] == "学员壹"
    assert told["corrections"][0]["decided_by"] == ["academy_admin"]
    assert told["coverage"][0]["spans"] == [[0, factories.HOUR_MS]]
    assert told["messages"][0]["facts"] == {"field": "name", "reason": "", "wanted": "学员壹"}
