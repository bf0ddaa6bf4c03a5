"""The statement's page says why, why not more, what is asked, and what would change what gave nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import service
from tests import factories
from tests.credits.browsing import page, plain, signed_in
from tests.credits.samples import HOUR_MS, NOON, RULES, watch

FULL = (
    (
        RULES.replace('meets = {all = ["total", "general"]}', 'meets = {all = ["total", {any = ["general", "days"]}]}')
        .replace('within = "period"', "within = {years = 3}")
        .replace('id = "day"', 'id = "day"\nwhen = {kind = "watched"}')
        .replace('to = "0.001"\nmode = "nearest"', 'to = "0.5"\nmode = "floor"')
    )
    + """
[[weight]]
id = "half"
when = {requirement_class = "elective"}
times = "0.5"
text = {zh = "选修按一半计", en = "Electives count half"}

[[convert]]
id = "class"
when = {kind = "session"}
amount = "days * 8"
bucket = "professional"
text = {zh = "每天8学时", en = "8 hours a day"}

[[needs]]
id = "pass"
when = {kind = "watched", category = "law"}
evidence = {kind = "exam"}
same = "item"
text = {zh = "须通过考试", en = "The exam must be passed"}

[[share]]
id = "online"
when = {kind = "watched"}
at_most = "0.25"
of = "total"
text = {zh = "网络学习不超过四分之一", en = "At most a quarter online"}

[[test]]
id = "days"
when = {kind = "session"}
measure = "days"
at_least = 5
text = {zh = "脱产不少于5天", en = "Five days in class"}
"""
)


def other(session: Session, learner: int, key: str, kind: str, **facts: Any) -> None:
    service.record(
        session, learner, key=key, kind=kind, happened_at=NOON, known_at=NOON, recorded_by="person:x", facts=facts
    )


@pytest.fixture
def learner(db: Database) -> int:
    """A learner under rules with a bit of everything."""
    with db.writing() as session:
        service.publish_rules(session, FULL, None)
        return factories.academy(session, rules=False).learner.id


def took(html: str) -> list[list[str]]:
    """The rows of "why not more": text, change, left."""
    table = html[html.index('<table class="took">') :].split("</table>")[0].split("<tbody>")[1]
    cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.S) for row in table.split("</tr>")[:-1]]
    return [[plain(cell).strip() for cell in row] for row in cells]


def test_why_two_and_not_more(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        other(session, learner, "class", "session", half_days=6, title="集中培训", title_en="In class")
        length = 7 * HOUR_MS + HOUR_MS // 2
        watch(session, learner, 1, hours=6, at=NOON - timedelta(hours=2))
        watch(session, learner, 2, length_ms=2 * length, seen_ms=2 * length, requirement_class="elective")
        service.settle(session, learner)
    client = signed_in(app, db, "l001")
    html = page(client, "/statement?open=3")
    assert "Why 2.0 and not 15.0" in html
    assert took(html) == [
        ["Would have given", "", "15.0"],
        ["Weight: × 0.5 Clause 9 Electives count half", "−7.5", "7.5"],
        ["Limit: 8.0 a day Clause 5 At most 8 hours a day The limit starts anew every day.", "−5.5", "2.0"],
        ["Counted", "", "2.0"],
    ]
    chinese = page(signed_in(app, db, "l001", "zh_Hans_CN"), "/statement?open=3")
    assert "为什么是2.0，不是15.0" in chinese
    assert took(chinese)[0] == ["本可计", "", "15.0"]


def test_a_share_says_what_it_cut_and_the_block_sums_it_up(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        other(session, learner, "class", "session", half_days=1, title="集中培训", title_en="In class")
        watch(session, learner, 1, hours=3, at=NOON - timedelta(days=1))
        service.settle(session, learner)
    html = page(signed_in(app, db, "l001"), "/statement?open=1")
    rows = took(html)
    assert rows[1][0].startswith("Share: of such hours only 1.333 may count in all")
    assert "Hours of other kinds raise what may count." in rows[1][0]
    assert rows[1][1:] == ["−1.667", "1.333"]
    block = plain(html[html.index('id="asks"') :].split("</section>")[0])
    for words in ("Cut by a share", "At most a quarter online −1.667", "0.5 days 5 days 4.5 days missing",
                  "All of these are needed: At least 50 hours a year not reached",
                  "One of these is enough: At least 15 hours of general subjects not reached"):  # fmt: skip
        assert words in block, words
    assert "Earned 3.0, 1.667 beyond a limit or share" in plain(html)


def test_what_gave_nothing_says_what_would_change_it(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        other(session, learner, "class", "session", half_days=12, title="集中培训", title_en="In class")
        days = [NOON - timedelta(days=n) for n in range(1, 8)]
        watch(session, learner, 1, hours=1, at=days[6])
        watch(session, learner, 1, hours=1, key="again", at=days[5], take="2")
        watch(session, learner, 2, seen_ms=HOUR_MS * 8 // 10, at=days[4])
        watch(session, learner, 3, category="law", at=days[3])
        watch(session, learner, 4, length_ms=HOUR_MS // 3, seen_ms=HOUR_MS // 3, at=days[2])
        other(session, learner, "exam", "exam", item="lesson:9", passed=True, title="考试", title_en="The exam")
        other(session, learner, "points", "points", count=3, title="积分", title_en="Points")
        service.settle(session, learner)
    html = page(signed_in(app, db, "l001"), "/statement")
    text = plain(html[html.index('id="nothing"') :])
    for words in (
        "Once a year It counts again from 23 February 2029 on.",
        "Nine tenths must be seen Watch 4:30 more. What was watched",
        "waits for what must go with it · Clause 11 The exam must be passed Pass the exam of this course.",
        "gives 0.333 h, less than one step, so 0",
        "The exam no clause applies Other learning needs it; it gives no hours of its own.",
        "Points no clause applies The rules of that day have no clause for this.",
    ):  # fmt: skip
        assert words in text, (words, text)
    assert f"/traces/2?mark={HOUR_MS * 8 // 10}" in html
    chinese = plain(page(signed_in(app, db, "l001", "zh_Hans_CN"), "/statement"))
    for words in ("再看4:30就达到标准。", "通过这门课的考试就计。", "2029年2月23日起再学可以再计。"):
        assert words in chinese, words


def test_what_waited_says_both_days(app: Flask, db: Database, learner: int) -> None:
    with db.writing() as session:
        other(session, learner, "class", "session", half_days=12, title="集中培训")
        watch(session, learner, 3, hours=2, category="law", at=NOON - timedelta(days=30))
        other(session, learner, "exam", "exam", item="lesson:3", passed=True)
        service.settle(session, learner)
    html = page(signed_in(app, db, "l001"), "/statement?open=1")
    assert "learned on 31 Jan 2026, counted from 2 Mar 2026, when what must go with it was done" in plain(html)
    assert "Nothing was taken off." in html


def test_the_clauses_are_there_for_everybody_whom_they_bind(app: Flask, db: Database, learner: int) -> None:
    client = signed_in(app, db, "l001")
    html = page(client, "/statement/rules/1")
    assert "Clause 1 45 minutes are 1 hour" in plain(html)
    assert 'id="clause-online"' in html
    assert "[[convert]]" not in html
    assert "第12条 网络学习不超过四分之一" in plain(
        page(signed_in(app, db, "l001", "zh_Hans_CN"), "/statement/rules/1")
    )
    page(client, "/statement/rules/2", 404)
    page(app.test_client(), "/statement/rules/1", 302)


def test_an_upper_limit_and_a_part_are_said(app: Flask, db: Database) -> None:
    more = """
[[test]]
id = "few"
when = {kind = "watched"}
measure = "count"
at_most = 0
blocking = false
text = {zh = "不看", en = "None watched"}

[[test]]
id = "part"
when = {bucket = "general"}
measure = "countable"
share_of = "total"
basis = "got"
at_least = "2/3"
text = {zh = "三分之二", en = "Two thirds"}
"""
    with db.writing() as session:
        service.publish_rules(session, RULES + more, None)
        learner = factories.academy(session, rules=False).learner.id
        watch(session, learner)
        service.settle(session, learner)
    text = plain(page(signed_in(app, db, "l001"), "/statement"))
    for words in ("An upper limit: less is right. It is noted; the requirement does not depend on it.",
                  "1 pieces 0 pieces 1 pieces too much",
                  "a part (66.66666…%) of: At least 50 hours a year"):  # fmt: skip
        assert words in text, (words, text)
