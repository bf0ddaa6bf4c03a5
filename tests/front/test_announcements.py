"""Announcements: drafts, days, who reads what when, and two who write at once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.errors import BadInput, NotFound, Refused
from app.classes import service as classes
from app.front import queries, service
from app.front.service import MOST_BODY, MOST_TITLE, Wanted
from tests import factories

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def wanted(title: str = "停机", since: date = TODAY, until: date | None = None, body: str = "今晚。") -> Wanted:
    return Wanted(title, "", body, "", False, since, until)


def test_a_draft_is_read_by_nobody_until_it_is_published(session: Session) -> None:
    admin = factories.academy(session, rules=False).admin
    made = service.add(session, admin.id, wanted(), publish=False)
    assert queries.shown(session, TODAY, 10) == []
    service.change(session, admin.id, made, 1, wanted("停机通知"), publish=True)
    (row,) = queries.shown(session, TODAY, 10)
    assert (row.title, row.state(TODAY), row.edition) == ("停机通知", "shown", 2)
    service.take_back(session, admin.id, made)
    assert queries.count_shown(session, TODAY) == 0
    assert [each.state(TODAY) for each in queries.every(session)] == ["draft"]
    service.remove(session, admin.id, made)
    assert queries.find_announcement(session, made) is None
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"announcement:{made}"))
    assert list(actions) == [f"announcement.{verb}" for verb in ("save", "publish", "take_back", "delete")]


@pytest.mark.parametrize(
    ("since", "until", "state"),
    [
        (TODAY, None, "shown"),
        (TODAY, TODAY, "shown"),
        (TODAY - DAY, TODAY, "shown"),
        (TODAY + DAY, None, "coming"),
        (TODAY - 2 * DAY, TODAY - DAY, "over"),
    ],
)
def test_the_days_decide_and_both_ends_belong_to_them(
    session: Session, since: date, until: date | None, state: str
) -> None:
    service.add(session, None, wanted(since=since, until=until), publish=True)
    assert [each.state(TODAY) for each in queries.every(session)] == [state]
    assert queries.count_shown(session, TODAY) == len(queries.shown(session, TODAY, 10)) == (state == "shown")


def test_the_pinned_stand_first_then_the_newest(session: Session) -> None:
    for days, pinned in ((5, False), (9, True), (1, False), (20, True)):
        factories.announcement(session, f"{days}", since=TODAY - days * DAY, pinned=pinned)
    assert [each.title for each in queries.shown(session, TODAY, 10)] == ["9", "20", "1", "5"]
    assert [each.title for each in queries.shown(session, TODAY, 2, 1)] == ["20", "1"]


def test_who_saves_second_is_told_and_nothing_is_lost(session: Session) -> None:
    admin = factories.academy(session, rules=False).admin
    made = factories.announcement(session, "初稿")
    service.change(session, admin.id, made, 1, wanted("甲改的"), publish=False)
    with pytest.raises(Refused) as refused:
        service.change(session, admin.id, made, 1, wanted("乙改的"), publish=False)
    assert "saved this announcement meanwhile" in refused.value.text
    row = queries.find_announcement(session, made)
    assert row is not None
    assert (row.title, row.edition) == ("甲改的", 2)


def test_only_a_draft_is_deleted_or_published(session: Session) -> None:
    admin = factories.academy(session, rules=False).admin
    made = factories.announcement(session)
    with pytest.raises(Refused, match="Take the announcement back first"):
        service.remove(session, admin.id, made)
    service.take_back(session, admin.id, made)
    with pytest.raises(Refused, match="a draft already"):
        service.take_back(session, admin.id, made)
    for act in (service.take_back, service.remove):
        with pytest.raises(NotFound):
            act(session, admin.id, made + 1)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (wanted(title=""), "title"),
        (wanted(title="题" * (MOST_TITLE + 1)), "title"),
        (wanted(title="一行\n两行"), "title"),
        (wanted(title="反\u202e向"), "title"),
        (wanted(body=""), "body"),
        (wanted(body="字" * (MOST_BODY + 1)), "body"),
        (wanted(until=TODAY - DAY), "until"),
    ],
)
def test_what_cannot_be_kept_is_named(session: Session, asked: Wanted, field: str) -> None:
    with pytest.raises(BadInput) as wrong:
        service.add(session, None, asked, publish=True)
    assert wrong.value.field == field
    assert queries.every(session) == []


def test_courses_for_everybody_and_no_others(session: Session) -> None:
    made = factories.academy(session)
    for code, group in (("all", None), ("class-only", made.group), ("empty", None), ("later", None), ("gone", None)):
        course = factories.course(session, code, lessons=() if code == "empty" else (factories.HOUR_MS,) * 2)
        if code == "later":
            continue
        offer = factories.offer(session, course, group)
        if code == "gone":
            classes.withdraw_offer(session, offer, made.admin.id)
    (found,) = queries.public_courses(session, TODAY)
    assert (found.row.code, found.lessons, found.length_ms) == ("all", 2, 2 * factories.HOUR_MS)
    assert (found.bucket, found.worth) == ("general", 2000)
    assert queries.public_courses(session, factories.SINCE - DAY) == []
