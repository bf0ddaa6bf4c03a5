"""The tree of units, read whole: it is small; and what a unit becomes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people.models import Unit, UnitPast
from app.rules.access import Scope


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit where one may be chosen; `depth` below the first that is shown."""

    id: int
    code: str
    name: str
    name_en: str
    depth: int


_ALL = select(Unit.id, Unit.parent_id, Unit.code, Unit.name, Unit.name_en).order_by(Unit.id)


def below(session: Session, unit_ids: Iterable[int]) -> frozenset[int]:
    """These units and all below them."""
    children: dict[int | None, list[int]] = defaultdict(list)
    for row in session.execute(_ALL):
        children[row.parent_id].append(row.id)
    found: set[int] = set()
    waiting = list(unit_ids)
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting += children[at]
    return frozenset(found)


def choices(scope: Scope, session: Session) -> list[UnitChoice]:
    """The units that a scope reaches, as a tree."""
    rows = session.execute(_ALL).all()
    known = {row.id for row in rows}
    children = defaultdict(list)
    for row in rows:
        children[row.parent_id if row.parent_id in known else None].append(row)
    tops = children[None] if scope.everything else [row for row in rows if row.id in scope.unit_ids]
    found: dict[int, UnitChoice] = {}
    waiting = [(row, 0) for row in reversed(tops)]
    while waiting:
        row, depth = waiting.pop()
        if row.id not in found:
            found[row.id] = UnitChoice(row.id, row.code, row.name, row.name_en, depth)
            waiting += [(child, depth + 1) for child in reversed(children[row.id])]
    return list(found.values())


def become(session: Session, unit_id: int, values: Mapping[str, Any], day: date) -> None:
    """Another name, nature or unit above, from a day on. What the unit was is kept until the day; two changes of one
    day are one."""
    row = session.get_one(Unit, unit_id, populate_existing=True)
    kept = select(UnitPast.id).where(UnitPast.unit_id == unit_id, UnitPast.until == day)
    if row.since != day and session.scalar(kept) is None:
        session.add(
            UnitPast(
                unit_id=unit_id, until=day, name=row.name, name_en=row.name_en, nature=row.nature,
                parent_id=row.parent_id,
            )
        )  # fmt: skip
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()


def unit_code(name: str, taken: set[str]) -> str:
    """A code for a new unit: the initials of its name in pinyin, with a number where they are taken."""
    from pypinyin import Style, lazy_pinyin  # see people.service.pinyin_of

    letters = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).casefold()
    base = re.sub(r"[^a-z0-9]", "", letters)[:30] or "unit"
    code, number = base, 1
    while code in taken:
        number += 1
        code = f"{base}-{number}"
    return code
