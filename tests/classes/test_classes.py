"""Joining and leaving classes, and which offer a learner has."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import events
from app.base.errors import BadInput, NotFound
from app.classes import queries, service
from app.classes.models import CourseOffer
from app.credits.models import Evidence, LearnerPeriod
from app.people import service as people
from app.rules.access import Scope
from tests import factories

DAY = date(2026, 3, 2)


def standings(session: Session, person_id: int) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Evidence).where(Evidence.learner_id == person_id, Evidence.kind == "standing").order_by(Evidence.id)
    )
    return [json.loads(row.facts) | {"at": row.happened_at.isoformat()} for row in rows]


def test_enrolling_is_evidence_and_begins_the_duty(session: Session) -> None:
    found = factories.academy(session)
    assert standings(session, found.learner.id) == [
        {
            "change": "joined", "class": "class-1", "unit": "city", "band": "staff",
            "at": "2025-12-31T16:00:00+00:00",  # the first moment of 1 January in Shanghai
        }
    ]  # fmt: skip
    period = session.get(LearnerPeriod, (found.learner.id, date(2026, 1, 1)))
    assert period is not None
    assert json.loads(period.tests)["total"]["quota"] == 50_000
    assert not period.met
    service.enrol(session, found.learner.id, found.group.id, DAY, None)
    assert len(standings(session, found.learner.id)) == 1


def test_changing_the_class_closes_the_one_before_and_tells(session: Session) -> None:
    found = factories.academy(session)
    left: list[tuple[int, int]] = []

    def listener(_session: Session, person_id: int, class_id: int) -> None:
        left.append((person_id, class_id))

    events.listen(events.LEARNER_LEFT, listener)
    try:
        service.enrol(session, found.learner.id, found.other_group.id, DAY, found.admin.id)
        service.leave_class(session, found.learner.id, date(2026, 5, 1), None)
    finally:
        events._listeners[events.LEARNER_LEFT].remove(listener)
    assert left == [(found.learner.id, found.group.id), (found.learner.id, found.other_group.id)]
    codes = []
    for day in (date(2025, 12, 31), date(2026, 3, 1), DAY, date(2026, 5, 1)):
        group = queries.class_of(session, found.learner.id, day)
        codes.append(group and group.code)
    assert codes == [None, "class-1", "class-2", None]
    assert [row["change"] for row in standings(session, found.learner.id)] == ["joined", "changed", "left"]
    with pytest.raises(NotFound):
        service.leave_class(session, found.learner.id, date(2026, 5, 1), None)


def test_a_transfer_between_units_is_noted_without_touching_the_past(session: Session) -> None:
    found = factories.academy(session)
    water = people.create_unit(session, "water", "水务局", "Water", "party_government")
    people.join_unit(session, found.learner.id, water.id, "section", DAY)
    service.note_standing(session, found.learner.id, "changed", DAY, None)
    assert [(row["unit"], row["band"]) for row in standings(session, found.learner.id)] == [
        ("city", "staff"),
        ("water", "section"),
    ]


def test_the_classes_own_offer_goes_before_the_one_to_all(session: Session) -> None:
    found = factories.academy(session)
    first, second, third = (factories.course(session, code) for code in ("one", "two", "three"))
    factories.offer(session, first, None, "required", date(2026, 11, 30))
    own = factories.offer(session, first, found.group, "elective", date(2026, 6, 30))
    factories.offer(session, second, found.other_group)
    late = service.offer_course(session, third.id, None, "required", date(2026, 4, 1), None, None)
    offers = queries.offers_for_learner(session, found.learner.id, DAY)
    assert [(o.offer_id, o.requirement_class, o.due) for o in offers] == [(own, "elective", date(2026, 6, 30))]
    assert queries.offers_for_class(session, found.group.id, DAY) == offers
    assert queries.offer_of(session, found.learner.id, second.id, DAY) is None
    assert queries.offer_of(session, found.learner.id, third.id, DAY) is None
    later = queries.offers_for_learner(session, found.learner.id, date(2026, 4, 1))
    assert [o.offer_id for o in later] == [late.id, own]  # required first
    assert queries.offers_for_learner(session, found.teacher.id, DAY) == []  # outside a class
    assert len(queries.offers_of_course(session, third.id)) == 1


def test_withdrawn_offers_and_courses_are_gone(session: Session) -> None:
    found = factories.academy(session)
    course, other = factories.course(session, "one"), factories.course(session, "two")
    offer = factories.offer(session, course, None)
    factories.offer(session, other, None)
    told: list[tuple[int, int | None]] = []

    def listener(_session: Session, course_id: int, class_id: int | None) -> None:
        told.append((course_id, class_id))

    events.listen(events.OFFER_WITHDRAWN, listener)
    try:
        service.withdraw_offer(session, offer, None)
        service.withdraw_offer(session, offer, None)
    finally:
        events._listeners[events.OFFER_WITHDRAWN].remove(listener)
    assert told == [(course.id, None)]
    assert [o.course_id for o in queries.offers_for_learner(session, found.learner.id, DAY)] == [other.id]
    other.withdrawn_at = factories.NOON
    session.flush()
    assert queries.offers_for_learner(session, found.learner.id, DAY) == []


def test_an_offer_replaces_the_one_before_to_the_same_class(session: Session) -> None:
    found = factories.academy(session)
    course = factories.course(session, "one")
    first = factories.offer(session, course, found.group, "elective")
    assert factories.offer(session, course, found.group, "elective") == first
    second = factories.offer(session, course, found.group, "required")
    assert second != first
    assert factories.count(session, CourseOffer) == 2
    assert [o.offer_id for o in queries.offers_of_course(session, course.id)] == [second]
    with pytest.raises(BadInput, match=r".") as wrong:
        service.offer_course(session, course.id, None, "required", DAY, date(2026, 1, 1), None)
    assert wrong.value.field == "due"
    with pytest.raises(NotFound):
        service.offer_course(session, 999, None, "required", DAY, None, None)


def test_staff_see_the_classes_of_their_scope(session: Session) -> None:
    found = factories.academy(session, learners=3)
    mine, none, all_ = Scope(class_ids=frozenset({found.group.id})), Scope(), Scope(everything=True)
    assert [row.code for row in queries.classes_in(mine, session)] == ["class-1"]
    assert [row.code for row in queries.classes_in(all_, session)] == ["class-1", "class-2"]
    assert queries.classes_in(none, session) == []
    assert queries.class_by_code(mine, session, "class-2") is None
    assert queries.class_by_code(mine, session, "class-1") is not None
    assert [row.id for row in queries.members(session, found.group.id, DAY)] == [p.id for p in found.learners]
    assert queries.sizes(session, [found.group.id, found.other_group.id], DAY) == {found.group.id: 3}
