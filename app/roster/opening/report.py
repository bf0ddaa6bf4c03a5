"""The reconciliation: hours by unit and year as the old platform says, as its rows say, and as they stand here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.roster.models import RosterImport
from app.roster.opening import queries
from app.roster.opening.queries import Posted
from app.rules.roster import cells
from app.rules.roster.balances import Sum


@dataclass(frozen=True, slots=True)
class Checked:
    """A unit and year, thousandths. `said` by the old platform (None: it does not), `file` in all rows whose hours can
    be read, `taken` in the rows that are taken; on the ledger `earned`, of it `countable`: None before it is applied.
    """

    unit: str
    year: int
    said: int | None
    file: int
    taken: int
    earned: int | None = None
    countable: int | None = None

    @property
    def apart(self) -> bool:
        """Do any two of them differ?"""
        numbers = {self.said, self.file, self.taken, self.earned, self.countable} - {None}
        return len(numbers) > 1


def before(sums: Sequence[Sum]) -> list[Checked]:
    """What a file says, while nothing is applied."""
    return [Checked(each.unit, each.year, each.said, each.file, each.taken) for each in sums]


def after(session: Session, import_id: int) -> list[Checked]:
    """What an import said, beside what stands on the ledger now of its source. Of one that was undone what it said."""
    row = session.execute(
        select(RosterImport.report, RosterImport.source_id, RosterImport.undone_at).where(RosterImport.id == import_id)
    ).one_or_none()
    if row is None or row[0] is None:
        return []
    sums = [Sum(*each) for each in json.loads(row[0])]
    if row[2] is not None:
        return before(sums)
    posted = dict(queries.posted(session, row[1]))
    found = []
    for each in sums:
        there = posted.pop((cells.same(each.unit), each.year), Posted())
        found.append(Checked(each.unit, each.year, each.said, each.file, each.taken, there.earned, there.countable))
    # What stands of units and years that the file does not name.
    found += [Checked(unit, year, None, 0, 0, there.earned, there.countable)
              for (unit, year), there in sorted(posted.items()) if there.earned]  # fmt: skip
    return found


def whole(rows: Sequence[Checked]) -> Checked:
    """All of them in one. The old platform's own sum counts where it gives any."""
    said = [each.said for each in rows if each.said is not None]
    earned = [each.earned for each in rows if each.earned is not None]
    countable = [each.countable for each in rows if each.countable is not None]
    return Checked(
        "", 0, sum(said) if said else None, sum(each.file for each in rows), sum(each.taken for each in rows),
        sum(earned) if earned else None, sum(countable) if countable else None,
    )  # fmt: skip
