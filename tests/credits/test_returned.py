"""Hours that made up a sealed year and are worth less by now: the statement says what goes back, and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from app.base.db import Database
from app.credits import service
from tests import factories
from tests.credits.browsing import page, plain, signed_in
from tests.credits.closing import years
from tests.credits.closing.years import Y2025, attend, join

RULES = years.rules(more=years.MAKE_UP)


pytestmark = pytest.mark.usefixtures("rooms")


@pytest.fixture
def learner(db: Database, tmp_path: Path, traveller: time_machine.Traveller) -> int:
    """2025 lacked 10 of 50; 55 of February paid them. After the seal 55 of January became known, of which 60 count."""
    traveller.move_to("2026-03-05T04:00:00Z")
    with db.writing() as session:
        service.publish_rules(session, RULES, None)
        found = factories.academy(session, rules=False).learner.id
        join(session, found, "2025-01-02")
        attend(session, found, "去年", "2025-05-04", 40)
        attend(session, found, "二月", "2026-02-01", 55)
        service.settle(session, found)
    years.seal(db, tmp_path, Y2025)
    traveller.move_to("2026-04-05T04:00:00Z")
    with db.writing() as session:
        attend(session, found, "一月", "2026-01-10", 55, known="2026-04-05")
        service.settle(session, found)
    return found


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ("Why 5.0 hours were taken back", "had made up 10.0 h of the period from 1 Jan 2025 before its seal")),
        ("zh_Hans_CN", ("2025 年 1 月 1 日起的周期封账前补了 10.0 学时，现在只够补 5.0 学时", "每年最多计60学时")),
    ],
)  # fmt: skip
def test_the_line_says_what_goes_back(
    app: Flask, db: Database, learner: int, locale: str, words: tuple[str, ...]
) -> None:
    with db.reading() as session:
        returned = [
            row for row in years.postings(session, learner, years.Y2026) if row[3] == "2025-01-01" and row[2] < 0
        ]
    assert returned == [("二月", 0, -5_000, "2025-01-01")]
    client = signed_in(app, db, "l001", locale)
    html = page(client, "/statement")
    [number] = [seq for seq, row in re.findall(r"open=(\d+)[^>]*>(.*?)</tr>", html, re.S) if "−5.0" in row]
    text = plain(page(client, f"/statement?open={number}"))
    for each in words:
        assert each in text, each
    assert "Known after" not in text, "it was known in time"
    assert "封账后才知道" not in text
