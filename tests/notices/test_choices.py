"""How messages reach somebody: what is switched off, what cannot be, and mails that only say that one is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.base import tasks
from app.base.db import Database
from app.base.tasks import Task
from app.factory import Academy
from app.notices import kinds, queries, service, sorts
from app.notices.models import NoticeChoice
from app.people.models import Person
from tests import factories
from tests.factories import web
from tests.people import mailbox
from tests.people.mailbox import Kept
from tests.services import DatabaseUrls

AT = "/account/messages"
FACTS = {"lesson": "一", "lesson_en": "One", "by": "沈静宜"}


@pytest.fixture
def any_database(sqlite_database: DatabaseUrls) -> DatabaseUrls:
    return sqlite_database


@pytest.fixture
def box() -> Iterator[Kept]:
    with mailbox.serving() as kept:
        yield kept


@pytest.fixture
def mailing_app(
    sqlite_database: DatabaseUrls, traveller: object, tmp_path: Path, box: Kept, monkeypatch: pytest.MonkeyPatch
) -> Academy:
    chosen = {
        "DUXUE_SMTP_HOST": "127.0.0.1", "DUXUE_SMTP_PORT": str(box.port), "DUXUE_SMTP_FROM": "school@example.cn",
        "DUXUE_SMTP_TLS": "off", "DUXUE_PUBLIC_URL": "https://school.example.cn",
    }  # fmt: skip
    for name, value in {
        "DUXUE_DATA_DIR": str(tmp_path),
        "DUXUE_DATABASE_URL": sqlite_database.app_url,
        **chosen,
    }.items():
        monkeypatch.setenv(name, value)  # the task reads them
    return web.make_app(sqlite_database, tmp_path, **chosen)


def learner(db: Database, email: str | None = None) -> int:
    with db.writing() as session:
        made = factories.person(session, "l001", "学员甲", "learner", "own")
        made.email = email
        return made.id


def tell(db: Database, person_id: int, kind: str = "ticket.answered", **facts: str) -> None:
    with db.writing() as session:
        service.tell(session, person_id, kind, "/tickets", **(facts or FACTS))


def count(db: Database, person_id: int) -> int:
    with db.reading() as session:
        return queries.counts(session, person_id).every


def save(client: FlaskClient, **ways: str) -> int:
    return web.send(client, AT, AT, **ways).status_code


def test_what_is_switched_off_does_not_arrive_and_the_rest_does(academy_app: Academy, web_db: Database) -> None:
    person_id = learner(web_db)
    client = web.browser(academy_app, "l001")
    assert save(client, tickets="off", copies="app", data="app", certificates="app") == 302
    tell(web_db, person_id)
    assert count(web_db, person_id) == 0
    tell(web_db, person_id, "copy.ready")
    assert count(web_db, person_id) == 1
    assert save(client, tickets="app") == 302
    tell(web_db, person_id)
    assert count(web_db, person_id) == 2
    with web_db.reading() as session:
        assert session.scalar(select(func.count()).select_from(NoticeChoice)) == 0


def test_what_must_arrive_cannot_be_switched_off_and_the_page_says_why(academy_app: Academy, web_db: Database) -> None:
    person_id = learner(web_db)
    client = web.browser(academy_app, "l001")
    html = web.strict(client.get(AT))
    assert 'name="tickets" value="off"' in html
    assert 'name="data" value="off"' not in html
    assert "有关你个人信息的处理结果，一律告诉你。" in html
    assert save(client, data="off") == 422
    with web_db.writing() as session:  # not even by a row that stands there otherwise
        session.add(NoticeChoice(person_id=person_id, sort="data", way="off"))
    tell(web_db, person_id, "correction.declined", field="name", wanted="甲", reason="不对", by="蔺水生")
    assert count(web_db, person_id) == 1


def test_a_mail_is_offered_only_where_one_can_be_sent(academy_app: Academy, web_db: Database) -> None:
    learner(web_db, "l001@example.cn")
    client = web.browser(academy_app, "l001")
    html = client.get(AT).text
    assert 'value="mail"' not in html
    assert "本学院不发邮件" in html
    assert save(client, tickets="mail") == 422


def test_a_mail_says_that_something_is_there_and_not_what(mailing_app: Academy, box: Kept) -> None:
    db: Database = mailing_app.extensions["duxue.db"]
    person_id = learner(db)
    client = web.browser(mailing_app, "l001")
    assert 'value="mail"' not in client.get(AT).text, "there is no address"
    with db.writing() as session:
        session.get_one(Person, person_id).email = "l001@example.cn"
    assert 'value="mail"' in client.get(AT).text
    assert save(client, tickets="mail") == 302
    tell(db, person_id)
    tell(db, person_id, "copy.ready")
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Task)) == 1
    assert tasks.run_one(db)
    assert box.recipients == [["l001@example.cn"]]
    assert "https://school.example.cn/messages" in box.text()
    assert "沈静宜" not in box.text()
    assert count(db, person_id) == 2
    with db.writing() as session:
        session.get_one(Person, person_id).email = None
    tell(db, person_id)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Task)) == 0
    db.engine.dispose()


def test_staff_choose_for_their_work_and_learners_do_not_see_it(academy_app: Academy, web_db: Database) -> None:
    learner(web_db)
    with web_db.writing() as session:
        factories.person(session, "academy", "蒋和", "academy_admin", "academy")
    assert 'name="work"' not in web.browser(academy_app, "l001").get(AT).text
    html = web.browser(academy_app, "academy").get(AT).text
    assert 'name="work" value="off"' in html
    assert 'name="to_decide" value="off"' not in html
    assert 'name="tickets"' not in html


def test_every_kind_of_message_has_a_sort_and_every_sort_a_kind(academy_app: Academy) -> None:
    known = {kind: sorts.sort_of(kind).name for kind in kinds.names() if not kind.startswith("tests.")}
    assert [kind for kind, name in known.items() if name == "other"] == []
    assert set(known.values()) == {each.name for each in sorts.SORTS}
