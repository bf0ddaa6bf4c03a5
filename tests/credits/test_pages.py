"""Statement and rules as pages: what they say, who may open them, how much they ask of the database."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.settings import load
from app.classes import queries as classes
from app.credits import reach, service
from app.credits.export import cell
from app.credits.models import RuleVersion
from app.factory import create_app
from app.people import service as people
from app.people.queries import person_by_login
from tests import factories
from tests.credits.samples import NOON, RULES, next_rules, watch, withdraw

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services import DatabaseUrls


@pytest.fixture
def app(any_database: DatabaseUrls, tmp_path: Path) -> Iterator[Flask]:
    """The academy over this test's database, no threads."""
    made = create_app(
        load(
            {
                "DUXUE_DATA_DIR": str(tmp_path),
                "DUXUE_DATABASE_URL": any_database.app_url,
                "DUXUE_SECRET": "s" * 32,
                "DUXUE_EMBEDDED": "0",
            }
        )
    )
    made.config["WTF_CSRF_ENABLED"] = False
    reach.wire(classes.class_of)
    yield made
    made.extensions["duxue.db"].engine.dispose()


@pytest.fixture
def people_of(db: Database) -> dict[str, str]:
    """An academy of two learners in one class; login by role, and the learners' keys."""
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        made = factories.academy(session, learners=2, rules=False)
        for number, person in enumerate(made.learners):
            for lesson in range(1, 4):
                at = NOON - timedelta(hours=lesson)
                watch(session, person.id, lesson, hours=3, at=at, title=f"课{lesson}", title_en=f"Lesson {lesson}")
            watch(session, person.id, 1, key="again", at=NOON, title="=1+1")
            service.settle(session, person.id)
            if number == 0:
                withdraw(session, person.id, "watched:2")
                service.settle(session, person.id)
        found = {
            "learner": made.learner.login,
            "teacher": made.teacher.login,
            "other_teacher": made.other_teacher.login,
            "editor": made.editor.login,
            "admin": made.admin.login,
            "key": made.learner.key,
        }
    return found


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


def test_the_statement_adds_up(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    html = page(signed_in(app, db, people_of["learner"]), "/statement")
    # 3 + 3 + 2 (cap 8), then lesson 2 withdrawn: lesson 1 gets its third hour.
    assert [plain(dd).strip() for dd in re.findall(r"<dd>(.*?)</dd>", html)[:4]] == [
        "6.0 of 50", "+11.0", "−5.0", "0.0",
    ]  # fmt: skip
    assert "Account and evidence agree. 6 entries" in html
    assert html.count('<tr class="entry') == 6
    assert "Learned, not credited" in html
    assert "already credited" in html
    assert 'style="' not in html


def test_one_line_opens_and_says_why(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["learner"])
    html = page(client, "/statement?open=3")
    assert html.count('class="why-row is-open"') == 1
    text = plain(html[html.index("why-row") :])
    for words in (
        "Watched 2:15:00 of 2:15:00", "100.0%", "Nine tenths must be seen", "45 minutes are 1 hour",
        "At most 8 hours a day", "Counted as General subjects 2.0", "Version 1, in force from 2026-01-01",
        "The player, from what was watched", "2026-03-02 11:00", "No. 3", "Taken back by no. 5",
    ):  # fmt: skip
        assert words in text, words
    assert "why-row" not in page(client, "/statement?open=99")
    assert "No. 2 no longer holds" in page(client, "/statement?open=4")


def test_chinese_is_the_language_of_the_academy(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    html = page(signed_in(app, db, people_of["learner"], "zh_Hans_CN"), "/statement?open=3")
    for words in ("学时账单", "账本与凭据一致", "3月2日", "2026年3月", "每天最多计8学时", "公需"):
        assert words in html, words


@pytest.mark.parametrize("query", ["period=2019-01-01", "period=x", "period=2026-01-02"])
def test_an_unknown_period_is_not_found(app: Flask, db: Database, people_of: dict[str, str], query: str) -> None:
    page(signed_in(app, db, people_of["learner"]), f"/statement?{query}", 404)


def test_the_file_has_every_line_and_no_formula(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    answer = signed_in(app, db, people_of["learner"]).get("/statement.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=statement-l001-2026-01-01.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["6", "5", "4", "3", "2", "1"]
    assert [row[5] for row in rows[1:]] == ["3.000", "-2.000", "-3.000", "2.000", "3.000", "3.000"]
    assert rows[1][6] == "6.000"


def test_formulas_are_disarmed() -> None:
    assert [cell(text) for text in ("=1", "+1", "-1", "@a", "\t=1", "防汛", "")] == [
        "'=1", "'+1", "'-1", "'@a", "'\t=1", "防汛", "",
    ]  # fmt: skip


def test_staff_see_whom_they_supervise_and_leave_a_trace(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    html = page(signed_in(app, db, people_of["teacher"]), f"/statement/{people_of['key']}")
    assert "Account and evidence agree" in html
    page(signed_in(app, db, people_of["teacher"]), f"/statement/{people_of['key']}/statement.csv")
    with db.reading() as session:
        looks = session.execute(
            select(AuditEntry.action, AuditEntry.subject).where(AuditEntry.action.like("statement.%"))
        ).all()
    subject = f"person:{people_of['key']}"
    assert [tuple(look) for look in looks] == [("statement.see", subject), ("statement.export", subject)]
    page(signed_in(app, db, people_of["admin"]), f"/statement/{people_of['key']}")


def test_nobody_else_sees_it(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    address = f"/statement/{people_of['key']}"
    for url in (address, f"{address}/statement.csv"):
        page(signed_in(app, db, people_of["other_teacher"]), url, 404)
        page(signed_in(app, db, people_of["learner"]), url, 403)
        page(signed_in(app, db, people_of["editor"]), url, 403)
        page(app.test_client(), url, 302)
    page(signed_in(app, db, people_of["teacher"]), "/statement/01NOBODY", 404)
    page(app.test_client(), "/statement", 302)


def test_eight_queries_however_long_it_is(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    def count() -> int:
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        client = signed_in(app, db, people_of["learner"])
        page(client, "/statement")
        engine = app.extensions["duxue.db"].engine
        event.listen(engine, "before_cursor_execute", note)
        page(client, "/statement?open=1")
        event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    few = count()
    with db.writing() as session:
        person = person_id(session, people_of["learner"])
        for lesson in range(10, 110):
            watch(session, person, lesson, at=NOON - timedelta(days=lesson - 9, hours=1))
        service.settle(session, person)
    assert count() == few <= 8


def person_id(session: Session, login: str) -> int:
    """A person's id."""
    found = person_by_login(session, login)
    assert found is not None
    return found.id


def test_pages_of_a_long_statement(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    with db.writing() as session:
        person = person_id(session, people_of["learner"])
        for lesson in range(10, 60):
            watch(session, person, lesson, at=NOON - timedelta(days=lesson - 9, hours=1))
        service.settle(session, person)
    client = signed_in(app, db, people_of["learner"])
    assert "1–40 of " in page(client, "/statement")
    assert 'id="why-1"' in page(client, "/statement?open=1")


def test_rules_are_read_and_published(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["admin"])
    assert "in force" in page(client, "/rules")
    draft = page(client, "/rules/new")
    assert "version = 2" in draft
    assert "effective = 2026-04-01" in draft
    before = main_of(page(signed_in(app, db, people_of["learner"]), "/statement?open=1"))

    text = next_rules(effective="2026-04-01").replace("limit = 8", "limit = 6").replace("最多计8", "最多计6")
    answer = client.post("/rules/new", data={"text": text}, follow_redirects=True)
    assert answer.status_code == 200
    read = plain(answer.text)
    assert "Version 2 holds from 2026-04-01 on. Nothing that was already earned changes." in read
    assert "limit = 6" in read
    assert "limit = 8" in read[read.index("Before:") :]
    assert main_of(page(signed_in(app, db, people_of["learner"]), "/statement?open=1")) == before
    assert "comes into force" in page(client, "/rules")
    page(client, "/rules/9", 404)


def test_mistakes_are_listed_with_their_lines_and_the_text_is_kept(
    app: Flask, db: Database, people_of: dict[str, str]
) -> None:
    client = signed_in(app, db, people_of["admin"])
    text = next_rules(version=7, effective="2026-03-01").replace("limit = 8", "limit = 8.5")
    answer = client.post("/rules/new", data={"text": text})
    assert answer.status_code == 422
    assert re.search(r"line \d+: \[\[cap\]\]", plain(answer.text))
    assert "limit = 8.5" in answer.text
    text = text.replace("8.5", "8")
    read = plain(client.post("/rules/new", data={"text": text}).text)
    assert "line 4: " in read
    assert "line 5: " in read
    with db.reading() as session:
        assert len(session.scalars(select(RuleVersion)).all()) == 1


def test_rules_are_for_those_who_may(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    for role, status in (("learner", 403), ("teacher", 403), ("editor", 403), ("admin", 200)):
        client = signed_in(app, db, people_of[role])
        for url in ("/rules", "/rules/1", "/rules/new"):
            page(client, url, status)
        if status == 403:
            assert client.post("/rules/new", data={"text": next_rules()}).status_code == 403
