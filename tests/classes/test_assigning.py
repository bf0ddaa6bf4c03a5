"""Putting people into classes: what is written, what stays, what leaves, evidence, the new year, two at once."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pytest
import time_machine
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.base import events
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import BadInput
from app.classes import applying, assigning, class_rules, pinning, queries, service
from app.classes.applying import Changed
from app.classes.assigning import Plan, Wanted
from app.classes.models import ClassMembership, ClassRule, VirtualClass
from app.credits import service as credits
from app.credits.models import Evidence, LearnerPeriod
from app.credits.recording import Conflict, Told
from app.people import service as people
from app.people.models import Person, Unit
from tests import factories
from tests.classes import crowds
from tests.factories import web

TODAY = date(2026, 3, 2)


def assign(session: Session, wanted: Wanted | None = None, day: date = TODAY, **more: object) -> Plan:
    plan = applying.assign(session, day, wanted or Wanted(), None, **more)  # type: ignore[arg-type]
    session.flush()
    return plan


def classes_of(session: Session, ids: list[int], day: date = TODAY) -> list[str | None]:
    found = [queries.class_of(session, each, day) for each in ids]
    return [None if row is None else row.name for row in found]


def counts(plan: Plan) -> tuple[int, int, int, int, int]:
    return len(plan.new), len(plan.joined), len(plan.moved), len(plan.left), plan.stays


def test_people_come_into_classes_and_a_second_run_moves_nobody(session: Session) -> None:
    schools = crowds.learners(session, crowds.unit(session, "s1"), 12)
    hospital = crowds.learners(session, crowds.unit(session, "h1", "hospital"), 4, first=100)
    crowds.rule(session, "school")
    crowds.rule(session, "hospital")
    plan = assign(session)
    assert counts(plan) == (3, 16, 0, 0, 0)
    assert Counter(classes_of(session, schools)) == {"school2026年1班": 6, "school2026年2班": 6}
    assert set(classes_of(session, hospital)) == {"hospital2026年1班"}
    made = session.scalars(select(VirtualClass).order_by(VirtualClass.code)).all()
    assert [(each.code, each.year, each.closed_on) for each in made] == [
        ("2026-01", 2026, None), ("2026-02", 2026, None), ("2026-03", 2026, None),
    ]  # fmt: skip
    assert made[0].name_en == "school class 1 of 2026"
    again = assign(session)
    assert (counts(again), again.changes) == ((0, 0, 0, 0, 16), False)


def test_the_standing_of_everybody_is_evidence_and_a_duty_begins(session: Session) -> None:
    credits.publish_rules(session, factories.RULES, None)
    ids = crowds.learners(session, crowds.unit(session, "s1"), 3)
    crowds.rule(session, "school")
    assign(session)
    rows = session.scalars(select(Evidence).order_by(Evidence.id)).all()
    assert [row.learner_id for row in rows] == ids
    assert {json.dumps(json.loads(row.facts), sort_keys=True) for row in rows} == {
        '{"band": "staff", "change": "joined", "class": "2026-01", "unit": "s1"}'
    }
    assert {row.happened_at.isoformat() for row in rows} == {"2026-03-01T16:00:00+00:00"}
    assert {row.recorded_by for row in rows} == {"system"}
    credits.sweep(session)
    assert factories.count(session, LearnerPeriod) == 3


def test_who_comes_under_another_rule_moves_alone_and_the_others_are_not_touched(session: Session) -> None:
    school, hospital = crowds.unit(session, "s1"), crowds.unit(session, "h1", "hospital")
    ids = crowds.learners(session, school, 6)
    crowds.learners(session, hospital, 6, first=100)
    crowds.rule(session, "school")
    crowds.rule(session, "hospital")
    assign(session)
    people.join_unit(session, ids[0], hospital.id, "section", TODAY)
    told: list[list[int]] = []

    def listener(_session: Session, person_ids: list[int]) -> None:
        told.append(person_ids)

    events.listen(events.LEARNERS_LEFT, listener)
    try:
        plan = assign(session)
    finally:
        events._listeners[events.LEARNERS_LEFT].remove(listener)
    assert (counts(plan), told) == ((0, 0, 1, 0, 11), [[ids[0]]])
    assert classes_of(session, ids[:2]) == ["hospital2026年1班", "school2026年1班"]
    newest = session.scalars(select(Evidence).where(Evidence.learner_id == ids[0]).order_by(Evidence.id.desc())).first()
    assert newest is not None
    assert json.loads(newest.facts) == {"band": "section", "change": "changed", "class": "2026-02", "unit": "h1"}
    session.expire_all()
    spans = session.execute(
        select(ClassMembership.since, ClassMembership.until)
        .where(ClassMembership.person_id == ids[0]).order_by(ClassMembership.id)
    ).all()  # fmt: skip
    assert [tuple(span) for span in spans] == [(TODAY, TODAY), (TODAY, None)]


def test_a_closed_account_leaves_and_who_fits_no_rule_stays_and_is_reported(session: Session) -> None:
    school, other = crowds.unit(session, "s1"), crowds.unit(session, "x1", "mass_organisation")
    ids = crowds.learners(session, school, 6)
    crowds.rule(session, "school")
    assign(session)
    people.disable(session, ids[0], None)
    people.join_unit(session, ids[1], other.id, "staff", TODAY)
    stranger = crowds.learners(session, other, 1, first=50)[0]
    plan = assign(session)
    assert [each.id for each in plan.left] == [ids[0]]
    assert [(each.person.id, each.why, each.class_id is None) for each in plan.unplaced] == [
        (ids[1], "no_rule", False), (stranger, "no_rule", True),
    ]  # fmt: skip
    assert classes_of(session, [ids[0], ids[1], stranger]) == [None, "school2026年1班", None]
    facts = session.scalars(select(Evidence.facts).where(Evidence.learner_id == ids[0]).order_by(Evidence.id)).all()
    assert json.loads(facts[-1]) == {"band": "staff", "change": "left", "class": "2026-01", "unit": "s1"}


def test_staff_without_the_role_of_a_learner_are_put_into_no_class(session: Session) -> None:
    school = crowds.unit(session, "s1")
    crowds.learners(session, school, 3)
    teacher = factories.person(session, "head9", "沈静宜", "head_teacher", "academy")
    people.join_unit(session, teacher.id, school.id, "staff", factories.SINCE)
    crowds.rule(session, "school")
    assert len(assign(session).joined) == 3


def test_people_in_a_class_without_a_rule_stay_unless_they_are_taken_in(session: Session) -> None:
    found = factories.academy(session, learners=4)
    crowds.rule(session, "party_government", sizes=(2, 5, 8))
    plan = assign(session)
    assert (counts(plan), plan.outside) == ((0, 0, 0, 0, 4), 4)
    plan = assign(session, Wanted(take_in=True))
    assert counts(plan) == (0, 0, 0, 0, 4)  # the class itself goes over to the rule
    session.expire_all()
    assert session.get_one(VirtualClass, found.group.id).rule_id is not None
    assert session.get_one(VirtualClass, found.group.id).year == 2026
    assert assign(session).outside == 0


def test_a_rule_that_is_removed_leaves_its_classes_as_they_are(session: Session) -> None:
    admin = factories.person(session, "academy", "蒋和", "academy_admin", "academy")
    crowds.learners(session, crowds.unit(session, "s1"), 6)
    rule = crowds.rule(session, "school")
    assign(session)
    class_rules.remove(session, rule, admin.id)
    session.expire_all()
    assert session.scalars(select(VirtualClass.rule_id)).all() == [None]
    assert counts(assign(session)) == (0, 0, 0, 0, 6)


def test_a_pin_holds_until_it_is_released(session: Session) -> None:
    admin = factories.person(session, "academy", "蒋和", "academy_admin", "academy")
    school, hospital = crowds.unit(session, "s1"), crowds.unit(session, "h1", "hospital")
    ids = crowds.learners(session, school, 6)
    crowds.learners(session, hospital, 4, first=100)
    crowds.rule(session, "school")
    crowds.rule(session, "hospital")
    assign(session)
    key = session.get_one(Person, ids[0]).key
    pinning.pin(session, key, "2026-02", TODAY, admin.id)
    assert classes_of(session, ids[:1]) == ["hospital2026年1班"]
    assert counts(assign(session)) == (0, 0, 0, 0, 10)
    pinning.release(session, key, admin.id)
    assert counts(assign(session)) == (0, 0, 1, 0, 9)
    assert classes_of(session, ids[:1]) == ["school2026年1班"]


def test_only_a_learner_is_pinned_and_only_to_a_class_that_is_open(session: Session) -> None:
    admin = factories.person(session, "academy", "蒋和", "academy_admin", "academy")
    ids = crowds.learners(session, crowds.unit(session, "s1"), 3)
    group = service.open_class(session, "old", "旧班", "Old class")
    service.open_class(session, "new", "新班", "New class")
    group.closed_on = TODAY
    session.flush()
    key = session.get_one(Person, ids[0]).key
    with pytest.raises(BadInput):
        pinning.pin(session, key, "old", TODAY, admin.id)
    with pytest.raises(BadInput):
        pinning.pin(session, admin.key, "new", TODAY, admin.id)
    with pytest.raises(BadInput):
        service.enrol(session, ids[0], group.id, TODAY, None)


def test_a_new_year_closes_the_classes_and_makes_them_anew_and_history_stays(session: Session) -> None:
    ids = crowds.learners(session, crowds.unit(session, "s1"), 6)
    crowds.rule(session, "school")
    assign(session)
    key = session.get_one(Person, ids[0]).key
    admin = factories.person(session, "academy", "蒋和", "academy_admin", "academy")
    pinning.pin(session, key, "2026-01", TODAY, admin.id)
    later = date(2026, 12, 30)
    with time_machine.travel("2026-12-30T04:00:00Z", tick=False):
        plan = assign(session, Wanted(year=2027), later)
        assert counts(plan) == (1, 0, 6, 0, 0)
        assert set(classes_of(session, ids, later)) == {"school2027年1班"}
        assert set(classes_of(session, ids, date(2026, 12, 29))) == {"school2026年1班"}
        assert not assign(session, Wanted(year=2027), later).changes
        assert not assign(session, None, later).changes
        crowds.learners(session, session.scalars(select(Unit)).one(), 4, first=500)
        assert assign(session, None, later).new[0].name == "school2027年2班"
        with pytest.raises(BadInput):
            assign(session, Wanted(year=2025), later)
    session.expire_all()
    old = session.scalars(select(VirtualClass).where(VirtualClass.year == 2026)).one()
    assert old.closed_on == later
    assert [row.code for row in queries.classes(session)] == ["2027-01", "2027-02"]


def test_without_rules_the_first_ones_are_one_for_each_nature(session: Session) -> None:
    crowds.learners(session, crowds.unit(session, "s1"), 250)
    crowds.learners(session, crowds.unit(session, "n1", "民办{n}机构"), 220, first=1000)
    plan = assigning.plan(session, TODAY, propose=True)
    assert [(row.pattern, set(row.rule.natures)) for row in plan.rules] == [
        ("{year}年学校{n}班", {"school"}), ("{year}年民办机构{n}班", {"民办{n}机构"}),
    ]  # fmt: skip
    assert factories.count(session, ClassRule) == 0
    assert sorted(plan.sizes.values()) == [220, 250]
    assert counts(assign(session, propose=True)) == (2, 470, 0, 0, 0)
    assert factories.count(session, ClassRule) == 2
    assert not assign(session, propose=True).changes


def test_what_was_shown_is_what_is_done_or_nothing(session: Session) -> None:
    """security: two administrators at the same preview."""
    school = crowds.unit(session, "s1")
    crowds.learners(session, school, 6)
    crowds.rule(session, "school")
    shown = assigning.plan(session, TODAY).fingerprint()
    crowds.learners(session, school, 1, first=100)
    with pytest.raises(Changed):
        assign(session, shown=shown)
    assert factories.count(session, ClassMembership) == 0
    shown = assigning.plan(session, TODAY).fingerprint()
    assign(session, shown=shown)
    with pytest.raises(Changed):
        assign(session, shown=shown)


def test_a_run_is_in_the_audit_log_with_where_people_came_from(session: Session) -> None:
    school, hospital = crowds.unit(session, "s1"), crowds.unit(session, "h1", "hospital")
    ids = crowds.learners(session, school, 6)
    crowds.learners(session, hospital, 3, first=100)
    crowds.rule(session, "school")
    crowds.rule(session, "hospital")
    assign(session)
    people.join_unit(session, ids[0], hospital.id, "staff", TODAY)
    assign(session)
    session.flush()
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "class.assign").order_by(AuditEntry.id)
    ).all()
    assert [(entry.subject, json.loads(entry.detail)["joined"]) for entry in entries[:2]] == [
        ("class:2026-01", 6), ("class:2026-02", 3),
    ]  # fmt: skip
    key = session.get_one(Person, ids[0]).key
    assert json.loads(entries[-1].detail)["moved"] == {key: "2026-01"}
    assert session.scalar(select(func.count()).where(AuditEntry.action == "classes.assign")) == 2


def test_who_was_moved_by_another_hand_meanwhile_makes_the_plan_void(session: Session) -> None:
    school, hospital = crowds.unit(session, "s1"), crowds.unit(session, "h1", "hospital")
    ids = crowds.learners(session, school, 6)
    crowds.rule(session, "school")
    crowds.rule(session, "hospital", sizes=(1, 5, 8))
    assign(session)
    people.join_unit(session, ids[0], hospital.id, "staff", TODAY)
    plan = assigning.plan(session, TODAY)
    session.execute(update(ClassMembership).where(ClassMembership.person_id == ids[0]).values(until=TODAY))
    with pytest.raises(Changed):
        applying._apply(session, plan, None)


@pytest.mark.parametrize("made", [60, 600])
def test_a_run_costs_as_many_statements_for_60_as_for_600(db: Database, made: int) -> None:
    with db.writing() as session:
        for at in range(6):
            crowds.learners(session, crowds.unit(session, f"s{at}"), made // 6, first=at * 1000)
        crowds.rule(session, "school", sizes=(made // 6, made // 3, made // 2))
    with web.statements(db) as seen, db.reading() as session:
        plan = assigning.plan(session, TODAY)
    assert (len(plan.new), len(seen)) == (3, 6)
    with web.statements(db) as seen, db.writing() as session:
        applying.assign(session, TODAY, Wanted(), None)
    assert len(seen) == (21 if db.sqlite else 17), seen


def test_evidence_of_many_keeps_the_law_of_one(session: Session) -> None:
    ids = crowds.learners(session, crowds.unit(session, "s1"), 3)
    facts = {"change": "joined", "class": "c", "unit": "s1", "band": "staff"}

    def told(key: str, **more: str) -> Told:
        return Told(key, "standing", factories.NOON, factories.NOON, "test", facts | more)

    assert credits.record_each(session, [(each, told("a")) for each in ids]) == 3
    assert credits.record_each(session, [(each, told("a")) for each in ids]) == 0
    assert credits.record_each(session, [(ids[0], told("a")), (ids[0], told("b")), (ids[0], told("b"))]) == 1
    assert credits.record_each(session, []) == 0
    with pytest.raises(Conflict):
        credits.record_each(session, [(ids[1], told("c")), (ids[2], told("a", band="section"))])
    with pytest.raises(Conflict):
        credits.record_each(session, [(ids[1], told("d")), (ids[1], told("d", band="section"))])
    one = Told("e", "standing", factories.NOON, factories.NOON, "test", facts)
    assert credits.record_all(session, ids[0], [one]) == 1
    assert credits.record_each(session, [(ids[0], one)]) == 0


def test_a_class_that_was_closed_with_people_in_it_gives_them_back(session: Session) -> None:
    school, other = crowds.unit(session, "s1"), crowds.unit(session, "x1", "mass_organisation")
    ids = [*crowds.learners(session, school, 3), *crowds.learners(session, other, 1, first=50)]
    group = service.open_class(session, "old", "旧班", "Old class")
    for each in ids:
        service.enrol(session, each, group.id, TODAY, None)
    group.closed_on = TODAY
    crowds.rule(session, "school")
    session.flush()
    plan = assign(session)
    assert counts(plan)[:4] == (1, 0, 3, 0)
    assert [each.why for each in plan.unplaced] == ["no_rule"]
    assert assigning.told(plan)["sizes"] == {"#1": 1, "2026-01": 3}
