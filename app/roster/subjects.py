"""The sorts of files that the import desk takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.roster import applying, looking, undoing
from app.roster.importing import OPENING, ROSTER, Subject
from app.roster.looking import Understood
from app.roster.opening import applying as taking
from app.roster.opening import reading
from app.rules.roster import headings, opening
from app.rules.roster.balances import Balances, Line, told_of
from app.rules.roster.difference import KINDS, Change, Difference
from app.rules.roster.model import Fault

MOST_TOLD = 3000  # lines of a kind that a page can go through; the numbers count all


def _of_people(session: Session, understood: Understood, source: str) -> Difference:
    return looking.difference(session, understood.reading, source)


def _faults(faults: Sequence[Fault]) -> list[list[Any]]:
    return [[f.row, f.field, f.problem, f.shown, f.wanted, f.other, f.sheet] for f in faults]


def _detail(found: Difference) -> dict[str, Any]:
    return {
        "changes": {kind: [_told(change) for change in found.of(kind)] for kind in KINDS if kind != "unchanged"},
        "faults": _faults(found.faults),
        "units": [list(unit) for unit in found.units],
        "twins": [[t.why, t.staff_number, t.name, t.other, t.other_name] for t in found.twins],
        "held": found.held,
    }


def _told(change: Change) -> list[Any]:
    """Staff number, name, row, old, new, back, kept; of new people the unit and the band."""
    entry = change.entry
    new = dict(change.new)
    if change.present is None and entry is not None:
        new = {"unit": entry.unit, "band": entry.band or "", "phone": entry.phone or ""}
    row = entry.row if entry is not None else None
    return [change.staff_number, change.name, row, dict(change.old), new, change.back, change.kept]


def _opening_detail(found: Balances) -> dict[str, Any]:
    changes = {kind: [_line(line) for line in found.of(kind)[:MOST_TOLD]] for kind in KINDS if kind != "unchanged"}
    sums = [[s.unit, s.year, s.said, s.file, s.taken] for s in found.sums]
    return {"changes": changes, "faults": _faults(found.faults), "units": [], "twins": [], "held": found.held,
            "sums": sums}  # fmt: skip


def _line(line: Line) -> list[Any]:
    """As of people; what is said of the thing as a list (`balances.told_of`), its key first, then its hours."""
    old = {"said": json.loads(line.stood.said)} if line.stood is not None else {}
    new = {"said": json.loads(told_of(line.told))} if line.told is not None else {}
    return [line.staff_number, line.name, line.told.row if line.told else None, old, new, False, False]


SUBJECTS = {
    ROSTER: Subject(
        ROSTER, headings.ROSTER, looking.understand, _of_people, _detail, applying.write, undoing.take_back,
        applying.many_text,
    ),
    OPENING: Subject(
        OPENING, opening.WORDS, reading.understand, reading.difference, _opening_detail, taking.write,
        taking.take_back, taking.many_text,
    ),
}  # fmt: skip
