"""The class that most tests look at, and its page as text."""

from __future__ import annotations

import re
from datetime import date, timedelta

import time_machine

from app.base.db import Database
from tests import factories
from tests.factories import HOUR_MS, NOON, Academy

YESTERDAY = NOON - timedelta(days=1)


def three_learners(db: Database, traveller: time_machine.Traveller) -> Academy:
    """Three learners; the first has done the required course, the second half of it, the third nothing."""
    with db.writing() as session:
        found = factories.academy(session, learners=3)
        course = factories.course(session, "minutes", lessons=(HOUR_MS, HOUR_MS), title="会议纪要怎么写")
        factories.offer(session, course, found.group, "required", date(2026, 6, 30))
        factories.offer(session, factories.course(session, "law"), None, "elective")
        factories.watched(session, found.learners[1].id, course, 0, YESTERDAY - timedelta(days=2))
        for place in (0, 1):
            traveller.shift(timedelta(minutes=1))
            factories.watched(session, found.learners[0].id, course, place, YESTERDAY)
        return found


def plain(html: str) -> str:
    """The text of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def rows(html: str) -> dict[str, str]:
    """The rows of the table of learners (or of the only table) as text, by name; none where nobody fits."""
    table = html.split('class="table to-cards class-table"')[-1]
    if table == html and "who-h" in html:
        return {}
    body = table.split("<tbody>", 1)[1].split("</tbody>")[0]
    found = [plain(row).strip() for row in body.split("<tr>")[1:]]
    return {row.split()[0]: row for row in found}
