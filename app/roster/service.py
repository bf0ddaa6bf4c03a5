"""What others ask of the import desk: look at a file, apply it, undo it; as runs for the desk, at once for commands.

`what` says which sort of file it is: a roster (`ROSTER`), or what an older platform kept (`OPENING`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import clock, runs
from app.base.db import Database
from app.base.errors import BadInput, NotFound
from app.base.settings import Settings
from app.roster import importing, queries, staging
from app.roster.files import BadFile, Table
from app.roster.importing import OPENING, ROSTER, Applied, ManyLeave, Order, PeopleChanged, counts_of
from app.roster.looking import File, NoHeadings, Understood
from app.roster.opening import applying as opening
from app.roster.queries import ChangeRow
from app.roster.subjects import SUBJECTS

__all__ = [
    "APPLY",
    "LOOK",
    "OPENING",
    "ROSTER",
    "UNDO",
    "Applied",
    "ManyLeave",
    "Order",
    "PeopleChanged",
    "apply",
    "begin_apply",
    "begin_look",
    "begin_undo",
    "conflicts",
    "counts_of",
    "order_of",
    "remembered",
    "settle",
    "undo",
]  # fmt: skip
LOOK, APPLY, UNDO = "roster.look", "roster.apply", "roster.undo"
SAMPLES = 3  # of what stands in a column, where somebody must say what it is


def remembered(session: Session, source: str, what: str = ROSTER) -> Mapping[str, str]:
    """What the headings of a source stood for the last time."""
    known = queries.source_by_name(session, source)
    if known is None:
        return {}
    return known.columns if what == ROSTER else known.opening_columns


def apply(session: Session, understood: Understood, order: Order, what: str = ROSTER) -> Applied:
    """Apply a file that was read (`importing.apply`). Who applies opening balances settles them next (`settle`)."""
    return importing.apply(session, understood, order, SUBJECTS[what])


def undo(session: Session, import_id: int, actor_id: int | None, what: str = ROSTER) -> dict[str, int]:
    """Undo an import of this sort (`importing.undo`)."""
    return importing.undo(session, import_id, actor_id, SUBJECTS[what])


def settle(db: Database, import_id: int, progress: runs.Progress | None = None) -> None:
    """Bring the ledgers that an import (or its undoing) touched to their evidence."""
    with db.reading() as session:
        learners = opening.waiting(session, import_id)
    opening.settle(db, learners, progress)


def order_of(settings: Settings, file: File, source: str, day: date | None, actor_id: int | None) -> Order:
    """The order to apply a file; `BadInput` for a day that is still to come."""
    today = clock.local_day(clock.now(), settings.timezone)
    day = day or today
    if day > today:
        raise BadInput(_("A roster cannot hold from a day that is still to come."), "day")
    return Order(
        source, file.name, hashlib.sha256(file.raw).hexdigest(), day, actor_id, percent=settings.roster_leaving_percent
    )


def begin_look(
    session: Session, settings: Settings, file: File, source: str, day: date, actor_id: int,
    columns: Mapping[str, str] | None = None, staged: str = "", what: str = ROSTER,
) -> int:  # fmt: skip
    """Put looking at a file in line; the run's number. `columns`: what somebody said that headings stand for."""
    source = source.strip()
    if not 1 <= len(source) <= 60:
        raise BadInput(_("The source's name has 1 to 60 characters."), "source")
    if not staged and not file.raw.strip():
        raise BadFile("empty")
    order_of(settings, file, source, day, actor_id)
    staged = staged or staging.keep(settings, file.raw)
    return runs.begin(
        session, LOOK, actor_id, file=staged, name=file.name[:200], sheet=file.sheet, source=source,
        day=day.isoformat(), columns=dict(columns or {}), by=actor_id, nonce=clock.to_ms(clock.now()),
        what=what,
    )  # fmt: skip


def begin_apply(session: Session, run: runs.Run, actor_id: int, *, many_may_leave: bool) -> int:
    """Put applying what a look showed in line."""
    found = run.result or {}
    return runs.begin(
        session, APPLY, actor_id, **run.parameters, print=found.get("print", ""), look=run.id,
        many_may_leave=many_may_leave,
    )  # fmt: skip


def begin_undo(session: Session, import_id: int, actor_id: int) -> int:
    """Put undoing an import in line."""
    row = queries.find_import(session, import_id)
    if row is None:
        raise NotFound(_("There is no such import."))
    return runs.begin(session, UNDO, actor_id, import_id=import_id, by=actor_id, what=row.what)


def conflicts(session: Session, import_id: int, first: int = 0, most: int = 100_000) -> list[ChangeRow]:
    """What undoing an import left as it is, and why."""
    return queries.changes(session, import_id, "conflict", first, most)


def _file(settings: Settings, parameters: Mapping[str, Any]) -> File:
    return File(staging.load(settings, parameters["file"]), parameters["name"], parameters["sheet"])


def _understood(db: Database, file: File, parameters: Mapping[str, Any]) -> Understood:
    with db.reading() as session:
        known = {**remembered(session, parameters["source"], _what(parameters)), **parameters["columns"]}
    return SUBJECTS[_what(parameters)].understand(file, known)


def _what(parameters: Mapping[str, Any]) -> str:
    return str(parameters.get("what", ROSTER))


@runs.work(LOOK)
def _look(db: Database, settings: Settings, progress: runs.Progress, **parameters: Any) -> dict[str, Any]:
    """Read the file and compare. What is wrong is told by codes: who reads it has a language, a run has none."""
    progress(0, 2)
    subject = SUBJECTS[_what(parameters)]
    try:
        understood = _understood(db, _file(settings, parameters), parameters)
    except NoHeadings as error:
        return {
            "state": "columns", "asked": _asked(error.table, error.row, error.found), "missing": list(error.missing),
            "sheet": error.table.sheet, "others": list(error.table.others),
        }  # fmt: skip
    except BadFile as error:
        return {"state": "refused", "code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}}
    except staging.Gone:
        return {"state": "gone"}
    progress(1, 2)
    with db.reading() as session:
        found = subject.difference(session, understood, parameters["source"])
    head = understood.head
    detail = subject.detail(found) | {"columns": _asked(understood.table, head.row, head.columns)}
    return {
        "state": "shown", "what": subject.what, "counts": counts_of(found), "print": found.print(),
        "closing": found.closing(), "base": found.base, "sheet": understood.table.sheet,
        "others": list(understood.table.others),
        "columns": understood.columns, "skipped": len(understood.reading.skipped),
        "twins": len(detail["twins"]), "held": len(found.held), "detail": staging.keep_json(settings, detail),
        "headings": {
            field: str(understood.table.rows[understood.head.row][place])
            for field, place in understood.head.columns.items()
        },
    }  # fmt: skip


def _asked(table: Table, number: int, found: Mapping[str, int]) -> list[dict[str, Any]]:
    """The columns below row `number` (from 0): heading, what it was taken for, a few cells."""
    row = table.rows[number] if table.rows else []
    by_place = {place: field for field, place in found.items()}
    asked: list[dict[str, Any]] = []
    for place, cell in enumerate(row):
        heading = str(cell if cell is not None else "").strip()
        below = (each[place] for each in table.rows[number + 1 : number + 40] if place < len(each))
        samples = [str(each)[:40] for each in below if each is not None and str(each).strip()][:SAMPLES]
        if heading or samples:
            field = by_place.get(place, "")
            asked.append({"place": place, "heading": heading[:80], "field": field, "samples": samples})
    return asked


@runs.work(APPLY)
def _apply(db: Database, settings: Settings, progress: runs.Progress, **parameters: Any) -> dict[str, Any]:
    """Apply what was looked at, if it is still the same."""
    progress(0, 2)
    try:
        file = _file(settings, parameters)
        understood = _understood(db, file, parameters)
    except staging.Gone:
        return {"state": "gone"}
    progress(1, 2)
    order = Order(
        parameters["source"], file.name, hashlib.sha256(file.raw).hexdigest(), date.fromisoformat(parameters["day"]),
        parameters["by"], parameters["print"], parameters["many_may_leave"], settings.roster_leaving_percent,
    )  # fmt: skip
    try:
        with db.writing() as session:
            done = apply(session, understood, order, _what(parameters))
    except PeopleChanged:
        return {"state": "changed"}
    except ManyLeave:
        return {"state": "many"}
    if _what(parameters) == OPENING:
        settle(db, done.import_id, progress)
    return {"state": "applied", "import": done.import_id}


@runs.work(UNDO)
def _undo(
    db: Database, settings: Settings, progress: runs.Progress, *, import_id: int, by: int, what: str = ROSTER
) -> dict[str, Any]:
    """Undo an import."""
    progress(0, 1)
    with db.writing() as session:
        found = undo(session, import_id, by, what)
    if what == OPENING:
        settle(db, import_id, progress)
    return {"state": "undone", **found}
