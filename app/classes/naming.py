"""What classes that are made are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.classes.models import VirtualClass
from app.classes.roll import Roll, RuleRow
from app.rules.grouping import Made

HOLES = ("n", "year", "district")
HOLE = re.compile(r"\{([^{}]*)\}")
_TAKEN = select(VirtualClass.code, VirtualClass.name)
MOST_NAME = 120


@dataclass(frozen=True, slots=True)
class NewClass:
    """A class to be made."""

    rule_id: int
    code: str
    name: str
    name_en: str


def named(session: Session, roll: Roll, rules: Sequence[RuleRow], made: Sequence[Made], year: int) -> list[NewClass]:
    """The classes of a plan with a code and the first name of their rule's pattern that no class ever had."""
    if not made:
        return []
    taken = session.execute(_TAKEN).all()
    codes, names = {row.code for row in taken}, {row.name for row in taken}
    rows = {row.id: row for row in rules}
    found = []
    numbers = count(1)
    for each in made:
        row, top = rows[each.rule], roll.tops.get(each.district)
        district, district_en = (top.name, top.name_en) if top else ("", "")
        number = next(n for n in count(1) if filled(row.pattern, n, year, district) not in names)
        code = next(text for text in (f"{year}-{n:02d}" for n in numbers) if text not in codes)
        name = filled(row.pattern, number, year, district)
        names.add(name)
        found.append(NewClass(each.rule, code, name, filled(row.pattern_en, number, year, district_en)))
    return found


def filled(pattern: str, number: int, year: int, district: str) -> str:
    """A name by a pattern. A long district gives way to what distinguishes one class from the next."""
    told = {"n": str(number), "year": str(year), "district": district}
    room = MOST_NAME - len(HOLE.sub(lambda hole: told[hole[1]] if hole[1] != "district" else "", pattern))
    told["district"] = district[: max(0, room) // max(1, pattern.count("{district}"))]
    return " ".join(HOLE.sub(lambda hole: told[hole[1]], pattern).split())
