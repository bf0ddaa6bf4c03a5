"""Everything that putting people into classes reads: rules, classes, units, people. As many statements for ten as for
sixteen thousand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, false, func, or_, select
from sqlalchemy.orm import Session

from app.base.db import holds
from app.classes.models import ClassMembership, ClassRule, VirtualClass
from app.people.models import Person, RoleGrant, Unit, UnitMembership
from app.rules.grouping import Rule


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as it is kept, with what its classes are called. The law of it is `rule`."""

    rule: Rule
    position: int
    pattern: str
    pattern_en: str

    @property
    def id(self) -> int:
        """The number of its row; 0 and below while it is only proposed."""
        return self.rule.key


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A class that is not closed."""

    id: int
    code: str
    name: str
    name_en: str
    rule_id: int | None
    year: int | None


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit, and the code of the one at the top above it (its own where it stands there)."""

    id: int
    code: str
    name: str
    name_en: str
    nature: str
    district: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A learner, or somebody whose account is closed and who is still in a class (`gone`). `since`: the first day in
    the class."""

    id: int
    key: str
    login: str
    name: str
    gone: bool
    key_trainee: bool
    unit_id: int | None
    band: str
    membership_id: int | None
    class_id: int | None
    since: date | None
    pinned: bool


@dataclass(frozen=True, slots=True)
class Roll:
    """The academy on a day, as far as classes matter."""

    day: date
    rules: list[RuleRow]
    classes: dict[int, GroupRow]
    units: dict[int, UnitRow]
    people: list[Enrolled]
    tops: dict[str, UnitRow] = field(default_factory=dict)

    def sizes(self) -> dict[int, int]:
        """How many are in each class; empty ones are missing."""
        found: dict[int, int] = {}
        for each in self.people:
            if each.class_id is not None:
                found[each.class_id] = found.get(each.class_id, 0) + 1
        return found


_DAY: BindParameter[date] = bindparam("day")
_RULES = select(ClassRule).order_by(ClassRule.position, ClassRule.id)
_CLASSES = (
    select(
        VirtualClass.id, VirtualClass.code, VirtualClass.name, VirtualClass.name_en, VirtualClass.rule_id,
        VirtualClass.year,
    )
    .where(VirtualClass.closed_on.is_(None))
    .order_by(VirtualClass.code)
)  # fmt: skip
_UNITS = select(Unit.id, Unit.parent_id, Unit.code, Unit.name, Unit.name_en, Unit.nature)
_LEARNS: ColumnElement[bool] = exists().where(
    RoleGrant.person_id == Person.id, RoleGrant.role == "learner", holds(RoleGrant, _DAY)
)
_IN_CLASS = and_(ClassMembership.person_id == Person.id, ClassMembership.until.is_(None))
_PEOPLE = (
    select(
        Person.id, Person.key, Person.login, Person.name, Person.disabled_at.is_not(None), Person.key_trainee,
        UnitMembership.unit_id, func.coalesce(UnitMembership.band, ""), ClassMembership.id, ClassMembership.class_id,
        ClassMembership.since, func.coalesce(ClassMembership.pinned, false()),
    )
    .outerjoin(UnitMembership, and_(UnitMembership.person_id == Person.id, holds(UnitMembership, _DAY)))
    .outerjoin(ClassMembership, _IN_CLASS)
    .where(or_(ClassMembership.id.is_not(None), and_(Person.disabled_at.is_(None), _LEARNS)))
    .order_by(Person.id)
)  # fmt: skip


def read(session: Session, day: date) -> Roll:
    """The roll of a day, in four statements."""
    found, tops = units(session)
    people = [Enrolled(*row) for row in session.execute(_PEOPLE, {"day": day})]
    return Roll(day, rules(session), open_classes(session), found, people, tops)


def rules(session: Session) -> list[RuleRow]:
    """All rules in their order."""
    return [rule_row(row) for row in session.scalars(_RULES)]


def rule_row(row: ClassRule) -> RuleRow:
    """A rule from its row."""
    rule = Rule(
        row.id, row.smallest, row.best, row.largest, _set(row.natures), _set(row.bands), _set(row.districts),
        row.key_trainee, row.by_district, row.join_small,
    )  # fmt: skip
    return RuleRow(rule, row.position, row.pattern, row.pattern_en)


def _set(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def open_classes(session: Session) -> dict[int, GroupRow]:
    """By id, in the order of their codes: the classes that are not closed."""
    return {row.id: GroupRow(*row) for row in session.execute(_CLASSES)}


def units(session: Session) -> tuple[dict[int, UnitRow], dict[str, UnitRow]]:
    """All units by id, and those at the top by code."""
    rows = session.execute(_UNITS).all()
    parents = {row.id: row.parent_id for row in rows}
    codes = {row.id: row.code for row in rows}
    tops = {each: _top(each, parents) for each in parents}
    units = {row.id: UnitRow(row.id, row.code, row.name, row.name_en, row.nature, codes[tops[row.id]]) for row in rows}
    return units, {units[each].code: units[each] for each in sorted(set(tops.values()), key=lambda each: codes[each])}


def _top(unit: int, parents: Mapping[int, int | None]) -> int:
    """The unit at the top above one; a tree that bites its tail ends where it begins."""
    seen = {unit}
    while (parent := parents.get(unit)) is not None and parent not in seen:
        seen.add(unit := parent)
    return unit
