"""Balances as of a day of happening and as known on a day; sums; whom a scope reaches; versions compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from app.credits import changes, queries, reach, service
from app.people import service as people
from app.people.models import Person
from app.rules.access import Scope
from tests.credits.samples import NOON, RULES, watch, withdraw

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = date(2026, 1, 1)
TODAY = date(2026, 3, 2)


def test_two_kinds_of_as_of(session: Session, learner: int, traveller) -> None:  # type: ignore[no-untyped-def]
    watch(session, learner, 1, hours=2, at=NOON)
    service.settle(session, learner)
    traveller.move_to(datetime(2026, 5, 1, tzinfo=UTC))
    watch(session, learner, 2, hours=3, at=datetime(2026, 3, 2, 15, 59, tzinfo=UTC))  # known in May
    watch(session, learner, 3, hours=1, at=datetime(2026, 3, 2, 16, 0, tzinfo=UTC))  # 3 March in Shanghai
    withdraw(session, learner, "watched:1", at=datetime(2026, 5, 1, tzinfo=UTC))
    service.settle(session, learner)

    def hours(**limits: date) -> int:
        found = queries.balances(session, learner, ZONE, **limits)
        return found[YEAR, "general"].countable if found else 0

    assert hours() == 4000
    assert hours(known=date(2026, 3, 1)) == 0
    assert hours(known=TODAY) == 2000
    assert hours(happened=TODAY) == 3000
    assert hours(happened=TODAY, known=date(2026, 4, 30)) == 2000
    assert hours(happened=date(2026, 3, 3)) == 4000


def test_sums_by_learner_and_period(session: Session, learner: int) -> None:
    watch(session, learner, 1, hours=9)
    service.settle(session, learner)
    found = queries.sums_of(session, [learner, 999], YEAR)
    assert list(found) == [learner]
    assert (found[learner].earned, found[learner].countable) == (9000, 8000)
    assert found[learner].buckets == {"general": (9000, 8000)}
    assert found[learner].tests["total"] == queries.Result(8000, 50000, 42000, False)
    assert queries.periods_of(session, learner) == [found[learner]]
    assert queries.sums_of(session, [learner], date(2025, 1, 1)) == {}


@dataclass(frozen=True)
class Group:
    """A class, as far as a scope is concerned."""

    id: int
    name: str = "一班"
    name_en: str = "Class 1"


@pytest.fixture
def wired() -> Iterator[None]:
    """Every learner is in class 7."""
    before = reach._wired[:]
    reach.wire(lambda _session, _person, _day: Group(7))
    yield
    reach._wired[:] = before


@pytest.mark.usefixtures("wired")
def test_a_scope_reaches_its_class_its_unit_or_everybody(session: Session, learner: int) -> None:
    unit = people.create_unit(session, "u", "单位", "Unit", "school")
    people.join_unit(session, learner, unit.id, "staff", YEAR)
    person = session.get_one(Person, learner)

    def found(scope: Scope) -> bool:
        return queries.learner_in_scope(scope, session, person.key, TODAY) is not None

    assert found(Scope(everything=True))
    assert found(Scope(class_ids=frozenset({7})))
    assert found(Scope(unit_ids=frozenset({unit.id})))
    assert not found(Scope(class_ids=frozenset({8}), unit_ids=frozenset({unit.id + 1})))
    assert not found(Scope())
    assert queries.learner_in_scope(Scope(everything=True), session, "nobody", TODAY) is None


def test_nothing_wired_reaches_no_class(session: Session, learner: int) -> None:
    before = reach._wired[:]
    reach._wired.clear()
    try:
        assert not reach.sees(Scope(class_ids=frozenset({7})), session, learner, TODAY)
    finally:
        reach._wired[:] = before


def test_what_differs_between_two_versions() -> None:
    after = RULES.replace("limit = 8", "limit = 6").replace('id = "general"\n', 'id = "common"\n')
    found = changes.changes(RULES, after)
    said = [(c.before.id if c.before else None, c.after.id if c.after else None) for c in found]
    assert said == [("day", "day"), (None, "common"), ("general", None)]
    assert found[0].before is not None
    assert ("limit", "8") in found[0].before.keys
    assert found[0].after is not None
    assert ("limit", "6") in found[0].after.keys
    assert changes.changes(RULES, RULES) == []
