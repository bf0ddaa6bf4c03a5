"""Publishing a version of the rules: what is refused, and that nothing earned before it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.credits import rulebook, service
from app.credits.models import LearnerPeriod, LedgerTransaction, RuleVersion
from app.rules.credit.errors import RuleErrors
from tests.credits.samples import RULES, new_learner, next_rules, watch


def errors_of(session: Session, text: str) -> list[tuple[int, str]]:
    """(line, message) of every mistake that publishing names."""
    with pytest.raises(RuleErrors) as caught:
        service.publish_rules(session, text, None)
    return [(error.line, error.message) for error in caught.value.errors]


def test_the_first_version_may_hold_from_a_past_day(session: Session, learner: int) -> None:
    row = session.scalars(select(RuleVersion)).one()
    assert (row.ruleset, row.version, row.effective) == ("yunting", 1, date(2026, 1, 1))
    found = service.book(session)
    assert found is not None
    assert found.id == "yunting"


@pytest.mark.parametrize("day", ["2026-03-02", "2025-12-31", "2026-01-01"])
def test_a_version_for_today_or_before_is_refused(session: Session, learner: int, day: str) -> None:
    found = errors_of(session, next_rules(effective=day))
    assert [line for line, _message in found] == [5]
    assert "2026-03-02" in found[0][1]


def test_today_is_the_academys_day(session: Session, learner: int, traveller) -> None:  # type: ignore[no-untyped-def]
    traveller.move_to(datetime(2026, 3, 2, 16, 30, tzinfo=UTC))  # 3 March in Shanghai
    assert errors_of(session, next_rules(effective="2026-03-03"))
    assert service.publish_rules(session, next_rules(effective="2026-03-04"), None).version == 2


def test_every_mistake_is_named_with_its_line(session: Session, learner: int) -> None:
    text = next_rules(version=5, effective="2026-02-01").replace('id = "yunting"', 'id = "other"')
    text = text.replace(', en = "At most 8 hours a day"', "")
    found = errors_of(session, text)
    lines = text.split("\n")
    assert [lines[line - 1].split(" = ")[0] for line, _message in found[:3]] == ["id", "version", "effective"]
    assert lines[found[3][0] - 1] == "[[cap]]"


def test_a_day_far_ahead_would_shut_out_all_nearer_ones(session: Session, learner: int) -> None:
    ((line, message),) = errors_of(session, next_rules(effective="9999-12-31"))
    assert (line, "2028-03-02" in message) == (5, True)
    assert service.publish_rules(session, next_rules(effective="2028-03-02"), None).version == 2


def test_another_zone_or_period_is_refused(session: Session, learner: int) -> None:
    assert errors_of(session, next_rules().replace("Asia/Shanghai", "Asia/Tokyo"))
    assert errors_of(session, next_rules().replace('start = "01-01"', 'start = "12-01"'))


def test_what_was_earned_before_stays(session: Session, learner: int, traveller) -> None:  # type: ignore[no-untyped-def]
    watch(session, learner, 1, hours=2)
    service.settle(session, learner)
    before = [row.hash for row in session.scalars(select(LedgerTransaction))]
    service.publish_rules(session, next_rules(effective="2026-04-01").replace('"length / 45"', '"length / 90"'), None)
    service.resettle(session)
    assert [row.hash for row in session.scalars(select(LedgerTransaction))] == before

    traveller.move_to(datetime(2026, 4, 1, 4, tzinfo=UTC))
    watch(session, learner, 2, hours=2, at=datetime(2026, 3, 31, 15, 59, tzinfo=UTC))
    watch(session, learner, 3, hours=2, at=datetime(2026, 3, 31, 16, 0, tzinfo=UTC))
    assert [posted.earned for posted in service.settle(session, learner).posted] == [2000, 1000]
    assert session.scalars(select(LearnerPeriod)).one().countable == 5000


def test_publishing_is_audited_and_settles_everybody(session: Session) -> None:
    publisher = new_learner(session)
    service.publish_rules(session, RULES, publisher)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor_id, entry.action, entry.subject) == (publisher, "rules.publish", "rules:yunting:1")
    queued = "name FROM task" if session.get_bind().dialect.name == "sqlite" else "task_name FROM procrastinate_jobs"
    assert list(session.scalars(text(f"SELECT {queued}"))) == ["credits.resettle"]


def test_the_draft_of_the_next_version_changes_two_lines_only() -> None:
    draft = rulebook.next_text(RULES, 2, date(2026, 4, 1))
    changed = [(old, new) for old, new in zip(RULES.split("\n"), draft.split("\n"), strict=True) if old != new]
    assert changed == [
        ("version = 1", "version = 2"),
        ("effective = 2026-01-01", "effective = 2026-04-01"),
    ]


def test_windows_line_ends_from_a_form_are_plain_ones(session: Session) -> None:
    service.publish_rules(session, RULES.replace("\n", "\r\n"), None)
    assert session.scalars(select(RuleVersion.text)).one() == RULES
