"""An editor hears when a film cannot be prepared: once for all its renditions, until that is read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.base import clock
from app.base.db import Database
from app.base.settings import Settings, load
from app.courses.models import Course
from app.courses.renditions import making
from app.courses.renditions.models import Rendition
from app.notices import queries as notices
from app.notices import service as notices_service
from app.people.models import Person
from tests import factories
from tests.services import DatabaseUrls


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory, any_database: DatabaseUrls) -> Settings:
    folder = tmp_path_factory.mktemp("data")
    return load({"DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": any_database.app_url})


def film(db: Database, login: str | None, kinds: tuple[str, ...]) -> int:
    """A course's film whose file is not there, with these renditions waiting; the media version's number."""
    with db.writing() as session:
        if session.scalars(select(Person).where(Person.login == "editor")).first() is None:
            factories.academy(session)
        course = factories.course(session, f"c-{login}")
        by = session.scalars(select(Person.id).where(Person.login == login)).first()
        session.get_one(Course, course.id).created_by = by
        (version,) = factories.versions(session, course)
        for kind in kinds:
            factories.rendition(session, version.id, kind)
        return version.id


def told(db: Database, login: str) -> list[tuple[str, str]]:
    """(what, where) of somebody's unread messages."""
    with db.reading() as session:
        who = session.scalars(select(Person.id).where(Person.login == login)).one()
        return [(row.said.text, row.url) for row in notices.latest(session, who, 9, only_unread=True)]


def test_the_courses_editor_is_told_once(db: Database, settings: Settings) -> None:
    version = film(db, "editor", ("360p", "720p", "audio"))
    assert making.make_all(db, settings, version) == 0
    with db.reading() as session:
        assert set(session.scalars(select(Rendition.error))) == {"missing"}
    ((text, where),) = told(db, "editor")
    assert "第1节" in text
    assert "课程c-editor" in text
    assert where.startswith("/edit/c-editor/lessons/")
    assert told(db, "academy") == []
    with db.writing() as session:
        who = session.scalars(select(Person.id).where(Person.login == "editor")).one()
        notices_service.read_all(session, who, notices.counts(session, who).newest)
        session.execute(update(Rendition).values(state="waiting"))
    assert making.make_all(db, settings, version) == 0
    assert len(told(db, "editor")) == 1


def test_everybody_who_edits_is_told_where_its_editor_edits_no_more(db: Database, settings: Settings) -> None:
    for login in (None, "l001"):
        making.make_all(db, settings, film(db, login, ("360p",)))
    assert len(told(db, "editor")) == len(told(db, "academy")) == 2
    assert told(db, "l001") == told(db, "head1") == []


def test_what_kills_its_process_is_told_and_a_cover_is_not(db: Database, settings: Settings) -> None:
    version = film(db, "editor", ("360p", "cover"))
    with db.writing() as session:
        old = clock.now() - timedelta(minutes=1)
        session.execute(
            update(Rendition)
            .where(Rendition.kind == "360p")
            .values(state="working", tries=3, token="x", touched_at=old)
        )
    making.make_all(db, settings, version)
    with db.reading() as session:
        states = dict(session.execute(select(Rendition.kind, Rendition.state)).tuples().all())
    assert states == {"360p": "failed", "cover": "failed"}
    assert len(told(db, "editor")) == 1
    making.make_all(db, settings, film(db, "academy", ("cover",)))
    assert told(db, "academy") == []
