"""The trace behind a credit: for its learner, for staff whose scope reaches them, and for nobody else."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.base import audit
from tests.factories import web
from tests.tickets.place import LENGTH, MARK, Place


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.fixture
def credited(place: Place) -> Place:
    """All of the lesson, in two viewings."""
    place.open()
    place.play((0, 100_000), after_ms=110_000)
    place.seq = 0
    place.open()
    for start in range(100_000, LENGTH, 65_000):
        place.play((start, start + 65_000), after_ms=70_000)
    return place


def test_from_the_line_to_the_viewing(credited: Place) -> None:
    learner = web.browser(credited.app, "l001", "en")
    statement = learner.get("/statement?open=1").text
    address = f"/traces/{credited.version}?mark={MARK}"
    assert f'href="{address}"' in statement
    html = web.strict(learner.get(address))
    text = plain(html)
    assert "5:24 watched on" in text
    assert "this credit" in text
    assert "The whole lesson counts." in text
    assert html.count('class="viewing-svg wide-only"') == 2
    assert f"/lessons/{credited.lesson}/ticket" in html
    assert "这一笔" in web.browser(credited.app, "l001").get(address).text


def test_staff_in_scope_see_it_and_leave_a_trace(credited: Place) -> None:
    key = credited.made.learner.key
    staff = web.browser(credited.app, "head1", "en")
    address = f"/statement/{key}/traces/{credited.version}?mark={MARK}"
    assert f'href="{address}"' in staff.get(f"/statement/{key}?open=1").text
    html = web.strict(staff.get(address))
    assert credited.made.learner.name in html
    assert "/ticket" not in html
    with credited.db.reading() as session:
        looks = session.execute(
            select(audit.AuditEntry.action, audit.AuditEntry.subject).where(audit.AuditEntry.action == "trace.see")
        ).all()
    assert [tuple(look) for look in looks] == [("trace.see", f"person:{key}")]


def test_nobody_else_sees_it(credited: Place) -> None:
    key, version = credited.made.learner.key, credited.version
    assert web.browser(credited.app, "head2").get(f"/statement/{key}/traces/{version}").status_code == 404
    assert web.browser(credited.app, "l002").get(f"/statement/{key}/traces/{version}").status_code == 403
    # One's own of a lesson that one never opened: nothing is there, and nothing is said of others.
    assert web.browser(credited.app, "l002").get(f"/traces/{version}").status_code == 404
    assert web.browser(credited.app, "l001").get("/traces/999").status_code == 404
    assert web.browser(credited.app, "l001").get(f"/traces/{version}?mark=x").status_code == 200
    assert credited.app.test_client().get(f"/traces/{version}").status_code == 302
