"""The units that a roster names: those that are there, and those that it makes. No function commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.people import service as people
from app.people.models import Unit
from app.people.units import unit_code
from app.roster import queries
from app.rules.roster import cells
from app.rules.roster.difference import Change, Difference, Units
from app.rules.roster.rows import unit_key


@dataclass(frozen=True, slots=True)
class Made:
    """A unit that was made; `parent` as the roster calls it."""

    id: int
    code: str
    name: str
    parent: str
    nature: str


class Named:
    """Units by what the roster calls them."""

    def __init__(self, session: Session) -> None:
        self._session, self._known = session, Units(queries.units(session))  # as the difference saw them
        self._ids: dict[tuple[str, str], int] = {}
        began = select(Unit.id, Unit.since).where(Unit.since.is_not(None))
        self._since: dict[int, date] = {row.id: row.since for row in session.execute(began)}

    def make(self, found: Difference) -> Iterator[Made]:
        """Make those that are not there, superior ones first."""
        codes = set(self._session.scalars(select(Unit.code)))
        made: dict[str, int] = {}
        for name, parent, nature in found.units:
            above = made.get(cells.same(parent)) if parent else None
            if parent and above is None:
                there = self._known.find(parent, None)
                above = there.id if there is not None else None
            code = unit_code(name, codes)
            codes.add(code)
            unit = people.create_unit(self._session, code, name, name, nature, above)
            made.setdefault(cells.same(name), unit.id)
            self._ids[unit_key(name, parent)] = unit.id
            yield Made(unit.id, code, name, parent, nature)

    def of(self, change: Change) -> int:
        """The id of the unit that a row names."""
        assert change.entry is not None
        key = unit_key(change.entry.unit, change.entry.parent)
        if key not in self._ids:
            found = self._known.find(change.entry.unit, change.entry.parent)
            assert found is not None, key
            self._ids[key] = found.id
        return self._ids[key]

    def since(self, change: Change, day: date) -> date:
        """From when somebody belongs to it by a roster of a day: not before the unit was there."""
        return max(day, self._since.get(self.of(change), day))
