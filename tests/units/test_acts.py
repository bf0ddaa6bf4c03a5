"""Acts with units as the database has them: dated memberships, history, standing as evidence, audit old to new."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import BadInput
from app.credits.models import Evidence
from app.people import queries as people_queries
from app.people import service as people
from app.people import timeline
from app.people.models import Unit, UnitMembership
from app.rules.access import Scope
from app.units import acts, queries
from app.units.acts import Wanted
from tests import factories

TODAY = date(2026, 3, 2)
EVERYTHING = Scope(everything=True)


@pytest.fixture
def made(session: Session) -> factories.Academy:
    """City with two learners in a class; below it water (with dams) and roads, each with one who is in no class."""
    found = factories.academy(session, learners=2)
    for code, name, parent in (("water", "水务局", "city"), ("dams", "大坝处", "water"), ("roads", "公路局", "city")):
        above = session.scalars(select(Unit).where(Unit.code == parent)).one().id
        unit = people.create_unit(session, code, name, code.title(), "public_institution", above)
        person = factories.person(session, f"{code}1", f"{name}一", "learner", "own")
        people.join_unit(session, person.id, unit.id, "section", factories.SINCE)
    people.join_unit(session, found.learners[1].id, _unit(session, "water").id, "staff", date(2026, 2, 1))
    session.flush()
    return found


def _unit(session: Session, code: str) -> Unit:
    return session.scalars(select(Unit).where(Unit.code == code)).one()


def _do(session: Session, kind: str, unit: str, day: date = TODAY, **more: Any) -> str:
    wanted = Wanted(kind, unit, day, **more)
    shown = acts.plan(session, wanted, TODAY).fingerprint()
    return acts.perform(session, wanted, None, TODAY, shown)


def _code(session: Session, person_id: int, day: date) -> str:
    found = people_queries.unit_of(session, person_id, day)
    return found.code if found else ""


def _noted(session: Session, action: str) -> dict[str, Any]:
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)).all()[-1]
    found: dict[str, Any] = json.loads(entry.detail)
    return found


def test_a_merge_moves_everybody_on_its_day_and_keeps_what_was(session: Session, made: factories.Academy) -> None:
    learner, day = made.learners[1], date(2026, 2, 20)
    assert _do(session, "merge", "water", day, target="roads", reason="云编〔2026〕3号") == "roads"
    assert [_code(session, learner.id, each) for each in (date(2026, 1, 15), date(2026, 2, 19), day, TODAY)] == [
        "city", "water", "roads", "roads",
    ]  # fmt: skip
    water, dams = _unit(session, "water"), _unit(session, "dams")
    roads = _unit(session, "roads")
    assert (water.closed_on, water.successor_id, dams.parent_id) == (day, roads.id, roads.id)
    before = {unit.code: unit for unit in timeline.units_on(session, day - timedelta(days=1))}
    after = {unit.code: unit for unit in timeline.units_on(session, day)}
    assert before["dams"].parent == water.id
    assert "water" not in after
    with pytest.raises(BadInput):  # a closed unit takes nobody
        people.join_unit(session, made.learner.id, water.id, "staff", TODAY)
    stood = select(Evidence.facts).where(Evidence.learner_id == learner.id, Evidence.kind == "standing")
    facts = [json.loads(each) for each in session.scalars(stood.order_by(Evidence.id))]
    assert (facts[0]["unit"], facts[-1]) == (
        "city", {"change": "changed", "class": "class-1", "unit": "roads", "band": "staff"},
    )  # fmt: skip
    noted = _noted(session, "unit.merge")
    assert (noted["other"], noted["people"], noted["below"], noted["reason"]) == (
        "roads",
        2,
        ["dams"],
        "云编〔2026〕3号",
    )
    history = queries.history(session, water.id)
    assert [(each.kind, each.people, each.reason) for each in history] == [("merge", 2, "云编〔2026〕3号")]


@pytest.mark.postgres
def test_on_postgresql_a_merge_does_the_same(session: Session, made: factories.Academy) -> None:
    test_a_merge_moves_everybody_on_its_day_and_keeps_what_was(session, made)


def test_who_came_on_the_very_day_is_in_the_other_unit_from_their_beginning(
    session: Session, made: factories.Academy
) -> None:
    people.join_unit(session, made.learner.id, _unit(session, "water").id, "staff", TODAY)
    _do(session, "merge", "water", TODAY, target="roads")
    rows = session.execute(
        select(Unit.code, UnitMembership.since, UnitMembership.until)
        .join(Unit, Unit.id == UnitMembership.unit_id)
        .where(UnitMembership.person_id == made.learner.id)
        .order_by(UnitMembership.since)
    ).all()
    assert [tuple(row) for row in rows] == [("city", factories.SINCE, TODAY), ("roads", TODAY, None)]


def test_a_split_takes_some_and_leaves_the_rest(session: Session, made: factories.Academy) -> None:
    code = _do(
        session, "split", "water", name="水文局", nature="public_institution", people=("water1",), below=("dams",)
    )
    new = _unit(session, code)
    assert (new.since, new.parent_id, _unit(session, "dams").parent_id) == (TODAY, _unit(session, "city").id, new.id)
    number = people_queries.person_by_login(session, "water1")
    assert number is not None
    assert (_code(session, number.id, TODAY - timedelta(days=1)), _code(session, number.id, TODAY)) == ("water", code)
    assert _code(session, made.learners[1].id, TODAY) == "water"
    for people_given, field in ((("nobody",), "people"), ((), "people")):
        with pytest.raises(BadInput) as refused:
            _do(session, "split", "roads", name="新局", nature="school", people=people_given)
        assert refused.value.field == field


def test_names_and_places_are_readable_for_every_day(session: Session, made: factories.Academy) -> None:
    first, second = date(2026, 2, 1), date(2026, 2, 20)
    _do(session, "change", "dams", first, name="水库处", nature="public_institution", parent="water")
    _do(session, "change", "dams", second, name="水库中心", nature="school", parent="roads")
    _do(session, "change", "dams", second, name="水库管理中心", nature="school", parent="roads")

    def was(day: date) -> tuple[str, str]:
        found = next(each for each in timeline.units_on(session, day) if each.code == "dams")
        return found.name, found.nature

    assert [was(day) for day in (date(2026, 1, 9), first, second, TODAY)] == [
        ("大坝处", "public_institution"), ("水库处", "public_institution"), ("水库管理中心", "school"),
        ("水库管理中心", "school"),
    ]  # fmt: skip
    names = queries.names_of(timeline.past(session), _unit(session, "dams").id)
    assert [(each.name, since) for each, since in names] == [("水库处", first), ("大坝处", None)]
    assert _noted(session, "unit.change")["was"]["name"] == "水库中心"
    with pytest.raises(BadInput, match="2026"):
        _do(session, "change", "dams", first, name="别名", nature="school", parent="roads")
    assert made.learners


def test_only_an_empty_unit_is_closed(session: Session, made: factories.Academy) -> None:
    for unit in ("dams", "city"):
        with pytest.raises(BadInput):
            _do(session, "close", unit)
    person = people_queries.person_by_login(session, "dams1")
    assert person is not None
    people.join_unit(session, person.id, _unit(session, "roads").id, "section", date(2026, 2, 10))
    with pytest.raises(BadInput):
        _do(session, "close", "dams", date(2026, 2, 9))
    _do(session, "close", "dams", date(2026, 2, 10))
    assert _unit(session, "dams").closed_on == date(2026, 2, 10)
    assert made.learners


def test_a_plan_that_is_not_what_was_shown_does_nothing(session: Session, made: factories.Academy) -> None:
    wanted = Wanted("merge", "water", TODAY, target="roads")
    shown = acts.plan(session, wanted, TODAY).fingerprint()
    people.join_unit(session, made.learner.id, _unit(session, "water").id, "staff", TODAY)
    with pytest.raises(acts.Changed):
        acts.perform(session, wanted, None, TODAY, shown)
    assert _unit(session, "water").closed_on is None


def test_the_tree_of_a_day_counts_branches_and_keeps_to_the_scope(session: Session, made: factories.Academy) -> None:
    _do(session, "merge", "water", date(2026, 2, 20), target="roads")
    after = factories.NOON + timedelta(days=1)

    def counted(scope: Scope, day: date) -> dict[str, tuple[int, int]]:
        return {row.unit.code: (row.own, row.all) for row in queries.tree(scope, session, day, after).rows}

    assert counted(EVERYTHING, date(2026, 1, 15)) == {
        "city": (2, 5), "water": (1, 2), "dams": (1, 1), "roads": (1, 1),
    }  # fmt: skip
    assert counted(EVERYTHING, TODAY) == {"city": (1, 5), "roads": (3, 4), "dams": (1, 1)}
    own = Scope(unit_ids=frozenset({_unit(session, "roads").id}))
    assert counted(own, TODAY) == {"roads": (3, 3)}
    assert queries.find(own, session, "city") is None
    assert made.learners


def test_what_was_done_since_with_a_unit_below_is_not_written_over(session: Session, made: factories.Academy) -> None:
    early, late = date(2026, 2, 10), date(2026, 2, 20)
    _do(session, "change", "dams", late, name="水库中心", nature="school", parent="water")
    for kind, more in (
        ("merge", {"target": "roads"}),
        ("split", {"name": "水文局", "nature": "school", "below": ("dams",)}),
    ):
        with pytest.raises(BadInput, match=r"水库中心.*2026"):
            _do(session, kind, "water", early, **more)
    _do(session, "merge", "water", late, target="roads")
    with pytest.raises(BadInput, match="2026"):  # it got another unit above it on that day
        _do(session, "change", "dams", early, name="别名", nature="school", parent="roads")
    before = next(each for each in timeline.units_on(session, late - timedelta(days=1)) if each.code == "dams")
    assert (before.name, before.parent) == ("大坝处", _unit(session, "water").id)
    assert made.learners


def test_nothing_stands_below_what_stood_below_it_on_a_day_since(session: Session, made: factories.Academy) -> None:
    early, late = date(2026, 2, 10), date(2026, 2, 20)
    _do(session, "change", "dams", late, name="大坝处", nature="public_institution", parent="city")
    for kind, more in (
        ("change", {"name": "水务局", "nature": "public_institution", "parent": "dams"}),
        ("merge", {"target": "dams"}), ("merge", {"target": "roads"}),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=r"大坝处.*2026"):
            _do(session, kind, "water", early, **more)
    _do(session, "change", "water", late, name="水务局", nature="public_institution", parent="dams")
    for day in (early, late, TODAY):
        tree = queries.tree(EVERYTHING, session, day, factories.NOON + timedelta(days=1))
        assert {row.unit.code for row in tree.rows} == {"city", "water", "dams", "roads"}, "nobody is lost in a ring"
    assert made.learners


@pytest.mark.postgres
def test_who_leaves_while_a_merge_is_done_is_not_taken_along(
    db: Database, session: Session, made: factories.Academy
) -> None:
    session.commit()
    water = _unit(session, "water")
    leaving = session.scalars(
        select(UnitMembership).where(
            UnitMembership.person_id == made.learners[1].id, UnitMembership.unit_id == water.id
        )
    ).one()
    leaving.until = date(2026, 3, 1)
    session.flush()

    def merge() -> None:
        with db.writing() as other:
            acts.perform(other, Wanted("merge", "water", TODAY, target="roads"), None, TODAY)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(merge)
        with pytest.raises(TimeoutError):
            done.result(1)
        session.commit()
        done.result(20)
    session.expire_all()
    mine = select(UnitMembership.until).where(UnitMembership.person_id == made.learners[1].id)
    assert date(2026, 3, 1) in session.scalars(mine).all()
    assert None not in session.scalars(mine).all()
