"""A new row, a new id, a first text: what a draft begins with, and what is added to it."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.credits.queries import VersionRow
from app.credits.rulebook import next_text
from app.credits.workshop import surgery
from app.credits.workshop.document import judge
from app.credits.workshop.fields import TABLES, Table

FIRST = """\
# The academy's credit rules. Free text is for learners: it is printed beside every credit.

[ruleset]
id = "academy"
version = 1
effective = {effective}
timezone = "{timezone}"
unit = "hours"
title = {{zh = "学时认定办法", en = "Credit rules"}}

[period]
start = "01-01"
months = 12
first = {year}
"""


def next_month(today: date, newest: VersionRow | None) -> date:
    """The first day of the month after today, or after the newest version if that still lies ahead."""
    last = max(today, newest.effective) if newest else today
    return date(last.year + last.month // 12, last.month % 12 + 1, 1)


def text_from(base: VersionRow | None, newest: VersionRow | None, today: date, timezone: str) -> str:
    """The text that a draft begins with: that of a version under the next number and day, or a header only."""
    day = next_month(today, newest)
    if base is None or newest is None:
        return FIRST.format(effective=day.isoformat(), timezone=timezone, year=day.year)
    return next_text(base.text, newest.version + 1, day)


def add(text: str, table: Table) -> tuple[str, int]:
    """The text with one more row of this kind, and the row's place. Unwritable."""
    data = judge(text).data or {}
    row = {"id": free_id(data, table.name.replace("_", "-")), **dict(table.fresh)}
    names = [each.name for each in TABLES]
    before = names[: names.index(table.name)]
    rows = data.get(table.name, [])
    return surgery.add_row(text, table.name, row, ("ruleset", "period", *before)), len(rows)


def free_id(data: dict[str, Any], wish: str) -> str:
    """An id that no row has: the wish itself, or with a number."""
    taken = {
        str(row.get("id"))
        for rows in data.values()
        if isinstance(rows, list)
        for row in rows
        if isinstance(row, dict)
    }  # fmt: skip
    return next(name for name in (wish, *(f"{wish}-{n}" for n in range(2, 10**6))) if name not in taken)
