"""The rows of a roster: a person each, or what is wrong with it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.rules.roster import cells, headings
from app.rules.roster.cells import Wrong
from app.rules.roster.model import (
    BAND,
    EMAIL,
    KEY,
    NAME,
    NATURE,
    PARENT,
    PHONE,
    STAFF,
    UNIT,
    Cell,
    Entry,
    Fault,
    Head,
    Reading,
    Row,
)  # fmt: skip

_READ: dict[str, Callable[[Cell], Any]] = {
    STAFF: cells.staff_number, NAME: cells.name, PHONE: cells.phone, EMAIL: cells.email, UNIT: cells.unit,
    PARENT: lambda cell: cells.unit(cell, "parent") or None, NATURE: cells.nature, BAND: cells.band,
    KEY: cells.yes_no,
}  # fmt: skip
_SHARED = frozenset({UNIT, PARENT, NATURE, BAND, KEY})
ASIDE = re.compile(
    r"\s*(?:(?:合\s*计|总\s*计|小\s*计|共\s*计)\S{0,3}|(?:备\s*注|说\s*明)|注1?)\s*(?:[:：(（、.]|\s|$)|"
    r"\s*(?:(?:制表|填表|填报|审核|审批)[人者时日间期]*|单位负责人|联系人|日\s*期)\s*(?:[:：(（]|$)|\s*第.{1,4}页|"
    r"\s*(?:(?:sub)?total|note)\s*(?::|$)|\s*(?:prepared\s+by|page\s+\d)",
    re.IGNORECASE,
)


def read(rows: Sequence[Row], head: Head) -> Reading:
    """All rows below the headings."""
    found, reader = Reading(), _Reader(head, zero_width(rows, head))
    given: dict[str, list[Entry]] = defaultdict(list)
    for number in range(head.row + 1, len(rows)):
        row = rows[number]
        if all(cells.is_empty(cell) for cell in row):
            continue
        if _is_aside(row, head):
            found.skipped.append(number + 1)
            continue
        entry, faults, values = reader.one(row, number + 1)
        found.faults += faults
        if STAFF in values:
            found.held.add(values[STAFF])
        else:
            found.unreadable.append((values.get(NAME, ""), values.get(PHONE) or ""))
        if entry is not None:
            given[entry.staff_number].append(entry)
    for entries in given.values():
        kept, faults = _once(entries)
        found.faults += faults
        found.entries += kept
    _agree(found)
    found.held -= {entry.staff_number for entry in found.entries}
    found.faults.sort(key=lambda fault: fault.row)
    found.entries.sort(key=lambda entry: entry.row)
    return found


def _is_aside(row: Row, head: Head) -> bool:
    """A total, a note, a heading that a page break repeats: no person."""
    place = head.columns[STAFF]
    staff = row[place] if place < len(row) else None
    if headings.field_of(staff) is not None and len(headings.recognised(row)) >= 3:
        return True
    texts = [cell for cell in row if isinstance(cell, str) and cell.strip()]
    if texts and ASIDE.match(texts[0]) and len([cell for cell in row if not cells.is_empty(cell)]) <= 4:
        name = head.columns[NAME]
        return cells.is_empty(staff) or staff is texts[0] or (name < len(row) and cells.is_empty(row[name]))
    return False


def zero_width(rows: Sequence[Row], head: Head) -> int:
    """How long staff numbers are that begin with zero: the same number kept as a number has lost its zeros."""
    place, lengths = head.columns[STAFF], Counter[int]()
    for row in rows[head.row + 1 :]:
        cell = row[place] if place < len(row) else None
        if isinstance(cell, str) and cell.strip().isdigit() and cell.strip()[0] == "0":
            lengths[len(cell.strip())] += 1
    return lengths.most_common(1)[0][0] if lengths else 0


class _Reader:
    """Reads rows. What stands in hundreds of rows, a unit's name, is read once."""

    def __init__(self, head: Head, width: int) -> None:
        self._head, self._width = head, width
        self._known: dict[tuple[str, str], Any] = {}

    def one(self, row: Row, number: int) -> tuple[Entry | None, list[Fault], dict[str, Any]]:
        """A row: the person, or the faults; and what could be read."""
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for field, place in self._head.columns.items():
            cell = row[place] if place < len(row) else None
            try:
                value = self._value(field, cell)
                if field == STAFF:
                    zeros(cell, value, self._width)
                values[field] = value
            except Wrong as wrong:
                faults.append(Fault(number, field, wrong.problem, cells.shown(cell), wrong.wanted))
        if UNIT in values and not values[UNIT]:
            faults.append(Fault(number, UNIT, "missing"))
        parent = values.get(PARENT)
        if parent and values.get(UNIT) and cells.same(parent) == cells.same(values[UNIT]):
            faults.append(Fault(number, PARENT, "own_parent", parent))
        return (None if faults else Entry(number, **values)), faults, values

    def _value(self, field: str, cell: Cell) -> Any:
        if field not in _SHARED or not isinstance(cell, str):
            return _READ[field](cell)
        key = field, cell
        if key not in self._known:
            self._known[key] = _READ[field](cell)
        return self._known[key]


def zeros(cell: Cell, staff: str, width: int) -> None:
    """`Wrong` for a staff number that has lost the zeros it begins with."""
    if isinstance(cell, int | float) and len(staff) < width:
        raise Wrong("zeros_lost", staff.zfill(width))


def _once(entries: list[Entry]) -> tuple[list[Entry], list[Fault]]:
    """A staff number stands once. Repeated word for word, the first row counts; else nobody can tell which is right."""
    if len(entries) == 1:
        return entries, []
    first = entries[0]
    if all(replace(entry, row=first.row) == first for entry in entries[1:]):
        return [first], [
            Fault(entry.row, STAFF, "twice_same", entry.staff_number, other=str(first.row)) for entry in entries[1:]
        ]
    return [], [
        Fault(
            entry.row, STAFF, "twice", entry.staff_number,
            other=", ".join(str(each.row) for each in entries if each is not entry),
        )
        for entry in entries
    ]  # fmt: skip


def unit_key(name: str, parent: str | None) -> tuple[str, str]:
    """What tells a unit of a roster from another: its name and its superior unit's."""
    return cells.same(name), cells.same(parent or "")


def _agree(found: Reading) -> None:
    """Rows of one unit say one nature: those that differ from most are wrong."""
    natures: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for entry in found.entries:
        if entry.nature is not None:
            natures[unit_key(entry.unit, entry.parent)][entry.nature] += 1
    disputed: Mapping[tuple[str, str], str] = {
        key: counts.most_common(1)[0][0] for key, counts in natures.items() if len(counts) > 1
    }
    if not disputed:
        return
    kept = []
    for entry in found.entries:
        most = disputed.get(unit_key(entry.unit, entry.parent))
        if most is not None and entry.nature not in (None, most):
            found.faults.append(Fault(entry.row, NATURE, "nature_differs", entry.nature or "", most, entry.unit))
            found.held.add(entry.staff_number)
        else:
            kept.append(entry)
    found.entries[:] = kept
