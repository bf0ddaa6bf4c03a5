"""Taking over what an older platform says, as evidence; and taking it back by evidence. No function commits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import ngettext
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.base import clock, tasks
from app.base.db import Database, insert_into
from app.base.runs import Cancelled, Progress
from app.credits import service as credits
from app.credits.models import ChainHead, Evidence
from app.people.models import Person
from app.roster.applying import parts
from app.roster.importing import Order
from app.roster.models import RosterImport, RosterSource
from app.roster.opening import queries
from app.roster.opening.models import OpeningEntry
from app.roster.opening.queries import Calendar
from app.rules.roster.balances import Balances, Line, told_of
from app.rules.roster.difference import CHANGED, LEAVING, NEW
from app.rules.roster.opening import BALANCE, HALF, Told

Piece = tuple[int, credits.Told]
CHUNK = 5000  # pieces that are recorded at once
SETTLED = 250  # learners that are settled in one transaction: on SQLite nobody else writes meanwhile
PROVIDER = "earlier-platform"


def write(session: Session, row: RosterImport, order: Order, found: Balances) -> None:
    """Record what is new, withdraw what is gone, both for what differs."""
    row.report = json.dumps([[s.unit, s.year, s.said, s.file, s.taken] for s in found.sums], ensure_ascii=False)
    source = session.get_one(RosterSource, row.source_id)
    fresh = sorted((*found.of(NEW), *found.of(CHANGED)), key=lambda line: line.person_id)
    ended = [line for line in (*found.of(CHANGED), *found.of(LEAVING)) if line.stood is not None]
    # All at once, in the order of their ids: what is taken back and what is new may be of other people.
    credits.locked_heads(session, sorted({line.person_id for line in (*fresh, *ended)}))
    writer = _Writer(session, row, source.name)
    _record(session, [writer.correction(line) for line in ended])
    for part in parts([line.stood.id for line in ended if line.stood is not None]):
        gone = update(OpeningEntry).where(OpeningEntry.id.in_(part)).values(ended_import_id=row.id)
        session.execute(gone, execution_options={"synchronize_session": False})
    for at in range(0, len(fresh), CHUNK):
        writer.add(fresh[at : at + CHUNK])
    if fresh or ended:
        tasks.enqueue(session, "credits.sweep")


class _Writer:
    """One import: its rows as evidence, each with where it comes from."""

    def __init__(self, session: Session, row: RosterImport, source: str) -> None:
        self._session, self._row, self._source, self._now = session, row, source, clock.now()
        self._by = recorder(session, row.applied_by)
        self._calendar: Calendar = queries.calendar(session)
        self._years: dict[int, datetime] = {}
        self._sheets: dict[str, int] = {}

    def add(self, lines: Sequence[Line]) -> None:
        """Record these rows."""
        pieces: list[Piece] = []
        entries = []
        for line in lines:
            told = line.told
            assert told is not None
            sheet = self._sheets.setdefault(told.sheet, len(self._sheets) + 1)
            key = f"opening:{self._row.id}:{sheet}.{told.row}"
            kind = "watched_elsewhere" if told.kind == HALF else "opening"
            happened = self._happened(told)
            pieces.append((line.person_id, credits.Told(key, kind, happened, self._now, self._by, self._facts(told))))
            entries.append(
                {
                    "source_id": self._row.source_id, "import_id": self._row.id, "person_id": line.person_id,
                    "key": told.key[:200], "evidence_key": key, "said": told_of(told), "unit": told.unit,
                    "year": told.year if told.kind == BALANCE else None,
                }
            )  # fmt: skip
        _record(self._session, pieces)
        self._session.execute(insert_into(self._session, OpeningEntry), entries)

    def _happened(self, told: Told) -> datetime:
        if told.day is not None and told.kind != BALANCE:
            return self._calendar.noon(told.day, self._now)
        if told.year is None:
            return self._now
        if told.year not in self._years:
            self._years[told.year] = self._calendar.end_of(told.year, self._now)
        return self._years[told.year]

    def _facts(self, told: Told) -> dict[str, Any]:
        """What rules read, and what people are told. Of a half-watched course rules hear how much was seen and never
        how long it is: nobody gets the hours of a course that was not finished here."""
        origin = {
            "file": self._row.file_name, "sha256": self._row.sha256, "sheet": told.sheet, "row": told.row,
            "source": self._source, "import": self._row.id, "unit": told.unit,
        }  # fmt: skip
        facts: dict[str, Any] = {"provider": PROVIDER, "item": f"opening:{told.key}"[:200], "origin": origin}
        if told.category:
            facts["subject_bucket"] = told.category
        if told.certificate:
            facts["certificate"] = told.certificate
        if told.course:
            facts["title"] = told.course
        if told.kind == HALF:
            return facts | {"seen_ms": told.seen_ms, "whole_ms": told.length_ms}
        return facts | {"hours_m": told.hours_m}

    def correction(self, line: Line) -> Piece:
        """What withdraws a piece that the file has otherwise now, or no more."""
        assert line.stood is not None
        key = f"opening:{self._row.id}:end:{line.stood.id}"
        return line.person_id, _withdrawal(key, line.stood.evidence_key, self._by)


def _withdrawal(key: str, names: str, by: str) -> credits.Told:
    now = clock.now()
    return credits.Told(key, "correction", now, now, by, {}, names)


def _record(session: Session, pieces: Sequence[Piece]) -> None:
    ordered = sorted(pieces, key=lambda piece: piece[0])
    for at in range(0, len(ordered), CHUNK):
        credits.record_each(session, ordered[at : at + CHUNK])


def recorder(session: Session, actor_id: int | None) -> str:
    """Who records: a member of staff, or the command."""
    actor = session.get(Person, actor_id) if actor_id is not None else None
    return f"person:{actor.key}" if actor is not None else "takeover"


def take_back(session: Session, row: RosterImport, actor_id: int | None) -> dict[str, int]:
    """Withdraw what an import recorded; what it withdrew holds again, since its withdrawal is withdrawn."""
    by = recorder(session, actor_id)
    mine = select(OpeningEntry.id, OpeningEntry.person_id, OpeningEntry.evidence_key)
    made = session.execute(mine.where(OpeningEntry.import_id == row.id, OpeningEntry.ended_import_id.is_(None))).all()
    ended = session.execute(mine.where(OpeningEntry.ended_import_id == row.id, OpeningEntry.import_id != row.id)).all()
    pieces = [(who, _withdrawal(f"undo:{row.id}:{number}", key, by)) for number, who, key in made]
    pieces += [
        (who, _withdrawal(f"undo:{row.id}:{number}", f"opening:{row.id}:end:{number}", by)) for number, who, _ in ended
    ]
    _record(session, pieces)
    back = update(OpeningEntry).where(OpeningEntry.ended_import_id == row.id).values(ended_import_id=None)
    gone = update(OpeningEntry).where(OpeningEntry.import_id == row.id).values(ended_import_id=row.id)
    for statement in (back, gone):
        session.execute(statement, execution_options={"synchronize_session": False})
    if pieces:
        tasks.enqueue(session, "credits.sweep")
    return {"undone": len(pieces), "conflicts": 0}


def waiting(session: Session, import_id: int) -> list[int]:
    """Who has evidence of an import, or of its undoing, that was not settled yet."""
    mine = Evidence.key.like(f"opening:{import_id}:%") | Evidence.key.like(f"undo:{import_id}:%")
    found = (
        select(Evidence.learner_id)
        .join(ChainHead, ChainHead.learner_id == Evidence.learner_id)
        .where(mine, Evidence.id > ChainHead.settled_evidence)
        .distinct()
    )
    return sorted(session.scalars(found))


def settle(db: Database, learner_ids: Sequence[int], progress: Progress | None = None) -> None:
    """Bring these ledgers to their evidence, a few learners to a transaction. Whoever stops it, or a process that is to
    end, leaves the rest to the sweep that was put in line with the evidence: the import itself is done, once."""
    for at in range(0, len(learner_ids), SETTLED):
        with db.writing() as session:
            credits.settle_all(session, learner_ids[at : at + SETTLED])
        if progress is not None:
            try:
                progress(min(at + SETTLED, len(learner_ids)), len(learner_ids))
            except (Cancelled, tasks.Again):
                return


def many_text(closing: int, percent: int, base: int) -> str:
    """What is said before much is withdrawn."""
    text = ngettext(
        "The file lacks %(num)s entry that came from this source before, more than %(percent)s %% of %(base)s. "
        "Confirm that it is to be withdrawn.",
        "The file lacks %(num)s entries that came from this source before, more than %(percent)s %% of %(base)s. "
        "Confirm that they are to be withdrawn.",
        closing, percent=percent, base=base,
    )  # fmt: skip
    return str(text)
