"""What a roster says: cells as a spreadsheet gives them, people as rows tell of them, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

# A day comes as a date or a moment.
Cell: TypeAlias = str | int | float | bool | date | datetime | None
Row: TypeAlias = Sequence[Cell]

# The fields that a roster may have, in the order in which a file of ours has them.
STAFF, NAME, PHONE, EMAIL, UNIT, PARENT, NATURE, BAND, KEY = (
    "staff_number", "name", "phone", "email", "unit", "parent", "nature", "band", "key_trainee",
)  # fmt: skip
FIELDS = (STAFF, NAME, PHONE, EMAIL, UNIT, PARENT, NATURE, BAND, KEY)
REQUIRED = (STAFF, NAME, UNIT)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one row. `row` counts as the spreadsheet does, from 1; `field` is one of FIELDS.

    `problem` is a code; `shown` what stands in the cell; `wanted` what it would be if it were right, where that can
    be guessed; `other` a row or a value that it disagrees with.
    """

    row: int
    field: str
    problem: str
    shown: str = ""
    wanted: str = ""
    other: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A person as a row tells. None: the file says nothing about it (no such column, or an empty cell)."""

    row: int
    staff_number: str
    name: str
    unit: str
    parent: str | None = None
    nature: str | None = None
    phone: str | None = None
    email: str | None = None
    band: str | None = None
    key_trainee: bool | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the headings stand (row from 0), and which column (from 0) is which field."""

    row: int
    columns: Mapping[str, int]


@dataclass(slots=True)
class Reading:
    """What a table says: who, what is wrong, and who is in a row that cannot be used (by staff number).

    `unreadable`: (name, phone) of rows without a usable staff number. `skipped`: totals, notes, repeated headings.
    """

    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
