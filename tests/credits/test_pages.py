"""Statements as pages: what they say, who may open them, how much they ask of the database."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.db import Database
from app.credits import service
from app.credits.export import cell
from app.people.queries import person_by_login
from tests.credits.browsing import page, plain, signed_in
from tests.credits.samples import NOON, watch


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
        "At most 8 hours a day", "Counted as General subjects 2.0", "Version 1, in force from 1 January 2026",
        "The player, from what was watched", "2 March 2026, 11:00", "No. 3", "Taken back by no. 5",
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
            if statement != "BEGIN":
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
