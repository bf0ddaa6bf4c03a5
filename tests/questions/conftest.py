"""The usual fixtures of the rooms, and a course with two lessons."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.courses.models import Course
from tests import factories
from tests.factories.fixtures import db, session, traveller

__all__ = ["db", "session", "traveller"]


@pytest.fixture
def course(session: Session) -> Course:
    """A course with two lessons and no question."""
    return factories.course(session, "c1", lessons=(60_000, 60_000))
