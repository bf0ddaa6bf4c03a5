"""Reads of units: the tree of a day with its people, one unit with its history and members. Every read takes its
scope; what lies outside of it is not there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.base.db import holds
from app.people import timeline
from app.people.models import Person, Unit, UnitMembership
from app.rules import units as rules
from app.rules.access import Scope
from app.units.models import UnitAct

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A unit in the tree of a day. `own`: people in it; `all`: with all units below it. `bands`: of its own people."""

    unit: rules.Unit
    depth: int
    own: int
    all: int
    bands: Mapping[str, int]
    parent: str
    parent_en: str


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree of a day, as far as the scope reaches; `found`: the codes of those that a search found, or None."""

    day: date
    rows: list[Row]
    total: int
    bands: list[str]
    found: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who belonged to a unit on a day. `since`: from when, there and in that band."""

    key: str
    login: str
    name: str
    band: str
    since: date
    until: date | None
    unit_code: str
    unit: str
    unit_en: str


@dataclass(frozen=True, slots=True)
class ActRow:
    """An act with a unit. `unit` and `other`: (code, name, name in English)."""

    id: int
    kind: str
    day: date
    people: int
    detail: Mapping[str, Any]
    reason: str
    acted_at: datetime
    by: str
    unit: tuple[str, str, str]
    other: tuple[str, str, str] | None


_DAY: Any = bindparam("day")
# Who had no account any more by the end of the day is not counted.
_MEMBERS = (
    select(UnitMembership.unit_id, UnitMembership.band, func.count())
    .join(Person, Person.id == UnitMembership.person_id)
    .where(
        holds(UnitMembership, _DAY), or_(Person.disabled_at.is_(None), Person.disabled_at >= bindparam("after"))
    )
    .group_by(UnitMembership.unit_id, UnitMembership.band)
)  # fmt: skip
_OTHER = aliased(Unit)
_HISTORY = (
    select(
        UnitAct.id, UnitAct.kind, UnitAct.day, UnitAct.people, UnitAct.detail, UnitAct.reason, UnitAct.acted_at,
        func.coalesce(Person.name, ""), Unit.code, Unit.name, Unit.name_en, _OTHER.code, _OTHER.name, _OTHER.name_en,
    )
    .join(Unit, Unit.id == UnitAct.unit_id)
    .outerjoin(_OTHER, _OTHER.id == UnitAct.other_id)
    .outerjoin(Person, Person.id == UnitAct.acted_by)
    .where(or_(UnitAct.unit_id == bindparam("unit"), UnitAct.other_id == bindparam("unit")))
    .order_by(UnitAct.day.desc(), UnitAct.id.desc())
)  # fmt: skip
_STAYS = (
    select(
        UnitMembership.id, UnitMembership.person_id, UnitMembership.unit_id, UnitMembership.band, UnitMembership.since,
        UnitMembership.until,
    )
    .where(UnitMembership.unit_id == bindparam("unit"))
    .order_by(UnitMembership.id)
)  # fmt: skip
_LAST = select(func.max(UnitAct.day)).where(
    or_(UnitAct.unit_id == bindparam("unit"), UnitAct.other_id == bindparam("unit"))
)


def sees(scope: Scope, unit: rules.Unit) -> bool:
    """Does a scope reach a unit?"""
    return scope.everything or unit.id in scope.unit_ids


def find(scope: Scope, session: Session, code: str) -> rules.Unit | None:
    """A unit by its code, closed or not, if the scope reaches it."""
    unit = next((each for each in timeline.units(session) if each.code == code), None)
    return unit if unit is not None and sees(scope, unit) else None


def tree(scope: Scope, session: Session, day: date, after: datetime, text: str = "") -> Tree:
    """The units of a day as they were then, each after the one that it stood below, with their people. `after`: the end
    of that day. Three queries, however many there are."""
    every = timeline.units_on(session, day)
    counts: dict[int, int] = {}
    bands: dict[int, dict[str, int]] = {}
    for unit_id, band, number in session.execute(_MEMBERS, {"day": day, "after": after}):
        counts[unit_id] = counts.get(unit_id, 0) + number
        bands.setdefault(unit_id, {})[band] = number
    mine = [unit for unit in every if sees(scope, unit)]
    inside = {unit.id: counts.get(unit.id, 0) for unit in mine}
    sums, names = rules.sums(mine, inside), {unit.id: unit for unit in every}
    rows = [
        Row(
            unit, depth, inside[unit.id], sums[unit.id], bands.get(unit.id, {}), *_names(names.get(unit.parent or 0))
        )
        for unit, depth in ordered(mine)
    ]  # fmt: skip
    held = sorted({band for unit in mine for band in bands.get(unit.id, {})})
    found = None
    if text.strip():
        plain = text.strip().casefold()
        hits = [row.unit for row in rows if plain in row.unit.name.casefold() or plain in row.unit.name_en.casefold()
                or row.unit.code.casefold().startswith(plain)]  # fmt: skip
        found = frozenset(unit.code for unit in hits)
        kept = _with_above(mine, [unit.id for unit in hits])
        rows = [row for row in rows if row.unit.id in kept]
    return Tree(day, rows, sum(inside.values()), held, found)


def _names(unit: rules.Unit | None) -> tuple[str, str]:
    return (unit.name, unit.name_en) if unit is not None else ("", "")


def _with_above(units: Sequence[rules.Unit], ids: Sequence[int]) -> set[int]:
    parents = {unit.id: unit.parent for unit in units}
    found: set[int] = set()
    for each in ids:
        at: int | None = each
        while at is not None and at in parents and at not in found:
            found.add(at)
            at = parents[at]
    return found


def ordered(units: Sequence[rules.Unit]) -> list[tuple[rules.Unit, int]]:
    """(unit, depth), each after the one that it stands below; beside each other in their given order."""
    ids = {unit.id for unit in units}
    below: dict[int | None, list[rules.Unit]] = {}
    for unit in units:
        below.setdefault(unit.parent if unit.parent in ids else None, []).append(unit)
    found: list[tuple[rules.Unit, int]] = []
    waiting = [(unit, 0) for unit in reversed(below.get(None, []))]
    while waiting:
        unit, depth = waiting.pop()
        found.append((unit, depth))
        waiting += [(each, depth + 1) for each in reversed(below.get(unit.id, []))]
    return found


def members(
    session: Session, unit_ids: Sequence[int], day: date, after: datetime, page: int = 1
) -> tuple[list[Member], int]:
    """A page of those who belonged to these units on a day, by pinyin, and how many there are."""
    mine = (
        UnitMembership.unit_id.in_(unit_ids),
        holds(UnitMembership, day),
        or_(Person.disabled_at.is_(None), Person.disabled_at >= after),
    )
    joined = UnitMembership.person_id == Person.id
    total = session.scalar(select(func.count()).select_from(UnitMembership).join(Person, joined).where(*mine)) or 0
    wanted = (
        select(
            Person.key, Person.login, Person.name, UnitMembership.band, UnitMembership.since, UnitMembership.until,
            Unit.code, Unit.name, Unit.name_en,
        )
        .join(Person, joined)
        .join(Unit, Unit.id == UnitMembership.unit_id)
        .where(*mine)
        .order_by(Person.name_pinyin, Person.id)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )  # fmt: skip
    return [Member(*row) for row in session.execute(wanted)], total


def history(session: Session, unit_id: int) -> list[ActRow]:
    """All acts with a unit, and those of others that led into it, the latest first."""
    return [
        ActRow(
            row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6], row[7], (row[8], row[9], row[10]),
            None if row[11] is None else (row[11], row[12], row[13]),
        )
        for row in session.execute(_HISTORY, {"unit": unit_id})
    ]  # fmt: skip


def stays(session: Session, unit_id: int) -> list[rules.Stay]:
    """All memberships of a unit, those that are over too."""
    return [rules.Stay(*row) for row in session.execute(_STAYS, {"unit": unit_id})]


def last_day(session: Session, unit: rules.Unit, past: Sequence[rules.Past]) -> date | None:
    """The day of the newest act with a unit, of the newest change (it got another one above it, or another system
    renamed it), or of its beginning; None where there is none of these."""
    changed = [each.until for each in past if each.unit == unit.id]
    days = [day for day in (session.scalar(_LAST, {"unit": unit.id}), unit.since, *changed) if day is not None]
    return max(days, default=None)


def names_of(past: Sequence[rules.Past], unit_id: int) -> list[tuple[rules.Past, date | None]]:
    """What a unit was before, the latest first: each with the day from which it was so (None: from its beginning)."""
    mine = [each for each in past if each.unit == unit_id]
    return [(each, mine[at - 1].until if at else None) for at, each in enumerate(mine)][::-1]
