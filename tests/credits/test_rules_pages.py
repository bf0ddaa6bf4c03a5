"""The rules as pages: read them, check the next version, publish it; who may."""

from __future__ import annotations

import re

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import select

from app.base.db import Database
from app.credits import manage, rulebook
from app.credits.models import RuleVersion
from app.rules.credit import document
from app.rules.credit.clauses import RuleSet
from tests.credits.browsing import main_of, page, plain, signed_in
from tests.credits.samples import next_rules


def test_rules_are_read_and_published(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["admin"])
    assert "in force" in page(client, "/rules")
    draft = page(client, "/rules/new")
    assert "version = 2" in draft
    assert "effective = 2026-04-01" in draft
    before = main_of(page(signed_in(app, db, people_of["learner"]), "/statement?open=1"))

    text = next_rules(effective="2026-04-01").replace("limit = 8", "limit = 6").replace("最多计8", "最多计6")
    answer = client.post("/rules/new", data=checked(client, text), follow_redirects=True)
    assert answer.status_code == 200
    read = plain(answer.text)
    assert "Version 2 holds from 2026-04-01 on. Nothing that was already earned changes." in read
    assert "limit = 6" in read
    assert "limit = 8" in read[read.index("Before:") :]
    assert "At most 8 hours a day" in read
    assert "最多计" not in read[: read.index("Show the whole text")]
    assert main_of(page(signed_in(app, db, people_of["learner"]), "/statement?open=1")) == before
    assert "comes into force" in page(client, "/rules")
    page(client, "/rules/9", 404)


def checked(client: FlaskClient, text: str) -> dict[str, str]:
    """What the button under the changes posts, after this text was checked."""
    answer = client.post("/rules/new", data={"text": text})
    assert answer.status_code == 200, plain(main_of(answer.text))
    return {"text": text, "publish": re.findall(r'name="publish" value="(\w+)"', answer.text)[0]}


def numbers(db: Database) -> list[int]:
    """The versions that are published."""
    with db.reading() as session:
        return list(session.scalars(select(RuleVersion.version).order_by(RuleVersion.version)))


def test_a_check_shows_what_publishing_would_change_and_publishes_nothing(
    app: Flask, db: Database, people_of: dict[str, str]
) -> None:
    client = signed_in(app, db, people_of["admin"])
    text = next_rules(effective="2026-04-01").replace("limit = 8", "limit = 6")
    text = text.replace('start = "01-01"', 'start = "01-01"\nlate = "sealed"')
    read = plain(main_of(client.post("/rules/new", data={"text": text}).text))
    for words in (
        "No mistakes found. Nothing is published yet.",
        "From then on it judges what 2 learners learn. Nothing that was already earned changes",
        "At most 8 hours a day",
        "limit = 6", "limit = 8", "[period] late = &#34;sealed&#34;", "Publish from 2026-04-01", "Check again",
    ):  # fmt: skip
        assert words in read, words
    assert numbers(db) == [1]


def test_an_edited_text_is_checked_again(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["admin"])
    sent = checked(client, next_rules(effective="2026-04-01").replace("\n", "\r\n"))
    for again in ({"text": sent["text"].replace("limit = 8", "limit = 6")}, {"publish": "x"}):
        answer = client.post("/rules/new", data=sent | again)
        assert answer.status_code == 409
        assert "The text was changed after the check, so it is not published." in plain(answer.text)
    assert client.post("/rules/new", data=sent | {"text": sent["text"] + "x"}).status_code == 422
    assert numbers(db) == [1]
    assert client.post("/rules/new", data=sent).status_code == 302
    assert client.post("/rules/new", data=sent).status_code == 422  # once more: the number is taken
    assert numbers(db) == [1, 2]


def test_nothing_is_locked_while_a_text_is_read(
    app: Flask, db: Database, people_of: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(app, db, people_of["admin"])
    sent = checked(client, next_rules(effective="2026-04-01"))
    read: list[bool] = []

    def noted(text: str) -> RuleSet:
        read.append("session" in g)
        return document.load(text)

    monkeypatch.setattr(manage, "load", noted)
    monkeypatch.setattr(rulebook, "load", noted)
    assert client.post("/rules/new", data=sent).status_code == 302
    assert read == [False]


def test_mistakes_are_said_in_chinese_on_chinese_pages(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["admin"], "zh_Hans_CN")
    text = next_rules(version=7, effective="2026-03-01").replace("limit = 8", "limit = 8.5")
    read = plain(client.post("/rules/new", data={"text": text}).text)
    assert "：&#39;limit&#39;：浮点数不精确，请加引号写成文本：要写数，如3、" in read
    assert re.search(r"第\d+行：\[\[cap\]\] &#39;\w+&#39;：", read)
    read = plain(client.post("/rules/new", data={"text": text.replace("8.5", "8")}).text)
    assert "第4行：[ruleset] &#39;yunting&#39;：下一版的版号是2。" in read
    read = plain(client.post("/rules/new", data={"text": "[ruleset\n"}).text)
    assert "第1行：不是TOML：表名后面缺“]”" in read


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
    assert numbers(db) == [1]


def test_rules_are_for_those_who_may(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    for role, status in (("learner", 403), ("teacher", 403), ("editor", 403), ("admin", 200)):
        client = signed_in(app, db, people_of[role])
        for url in ("/rules", "/rules/1", "/rules/new"):
            page(client, url, status)
        if status == 403:
            assert client.post("/rules/new", data={"text": next_rules()}).status_code == 403
