"""Looking at a file: what it says, and what applying it would change. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base.errors import BadInput
from app.roster import queries
from app.roster.files import Table, read_table
from app.rules.roster import headings, rows
from app.rules.roster.difference import Difference, compare
from app.rules.roster.model import REQUIRED, Head, Reading, Row


@dataclass(frozen=True, slots=True)
class File:
    """A file as it came: its bytes, the name it had, the sheet that is meant ("" for the first with headings)."""

    raw: bytes
    name: str
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """A file that was read. `columns`: what each heading stands for, to be remembered with the source."""

    table: Table
    head: Head
    columns: dict[str, str]
    reading: Reading


class NoHeadings(BadInput):
    """Nobody can tell which column is what: somebody must say. `table` and `row` (from 0) are what to ask about."""

    def __init__(self, table: Table, row: int, found: Mapping[str, int], missing: Sequence[str] = ()) -> None:
        super().__init__(missing_text(missing), "file")
        self.table, self.row, self.found, self.missing = table, row, found, tuple(missing)


def understand(file: File, columns: Mapping[str, str] | None = None) -> Understood:
    """Read a file. `columns`: what headings stand for, by their plain form; what is missing there is recognised.

    `NoHeadings` where a column that is needed is not found; `BadInput` where the file cannot be read.
    """
    table = read_table(file.raw, file.sheet, columns)
    head = headings.find(table.rows, columns)
    if head is None:
        row = headings.likely(table.rows)
        raise NoHeadings(table, row, headings.recognised(table.rows[row], columns))
    missing = headings.missing(head)
    if missing:
        raise NoHeadings(table, head.row, head.columns, missing)
    return Understood(table, head, stand_for(table.rows[head.row], head, columns), rows.read(table.rows, head))


def stand_for(
    row: Row, head: Head, columns: Mapping[str, str] | None, known: headings.Vocabulary = headings.ROSTER
) -> dict[str, str]:
    """What each heading of a row stands for, by its plain form, to be remembered; "" for one that is not read."""
    by_place = {place: field for field, place in head.columns.items()}
    remembered: dict[str, str] = {}
    for place, cell in enumerate(row):
        name, field = headings.plain(cell) if isinstance(cell, str) else "", by_place.get(place, "")
        chosen = (columns or {}).get(name) == "" or headings.field_of(cell, known) is None  # else it only came second
        if name and (field or (name not in remembered and chosen)):
            remembered[name] = field
    return remembered


def missing_text(missing: Sequence[str]) -> str:
    """What is said where columns that are needed were not found; none: there are no headings at all."""
    if not missing:
        return str(_("No row of headings was found. Say which column is what."))
    words = ", ".join(field_word(field) for field in missing)
    return str(_("A column is missing: %(columns)s. Say which column it is, or add it to the file.", columns=words))


def difference(session: Session, reading: Reading, source: str) -> Difference:
    """What applying it for this source would change today."""
    known = queries.source_by_name(session, source)
    people = queries.present(session, known.id if known is not None else None)
    return compare(reading, people, queries.units(session))


def field_word(field: str) -> str:
    """The word for a column."""
    words = {
        "staff_number": _("Staff number"), "name": _("Name"), "phone": _("Phone"), "email": _("E-mail"),
        "unit": _("Unit"), "parent": _("Superior unit"), "nature": _("Nature of unit"), "band": _("Rank band"),
        "key_trainee": _("Key trainee"), "year": _("Year"), "category": _("Category"), "hours": _("Hours"),
        "certificate": _("Certificate no."), "course": _("Course"), "seen": _("Minutes watched"),
        "length": _("Length in minutes"), "day": _("Day"),
    }  # fmt: skip
    return str(words[field])


__all__ = ["REQUIRED", "File", "NoHeadings", "Understood", "difference", "field_word", "understand"]
