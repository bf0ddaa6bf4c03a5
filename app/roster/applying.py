"""Applying a roster: everything it would change, in one transaction, with what undoing it needs. No function commits.

People are written many rows to a statement: on SQLite nobody else writes meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

from flask_babel import ngettext
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import audit, clock, tasks
from app.base.db import insert_into
from app.classes import service as classes
from app.classes.models import ClassMembership
from app.people import service as people
from app.people.models import Person, RoleGrant, UnitMembership
from app.roster.importing import Order
from app.roster.models import RosterChange, RosterImport, RosterPerson
from app.roster.naming import Named
from app.rules.roster.difference import CHANGED, COMPARED, LEAVING, MOVED, NEW, Change, Difference

T = TypeVar("T")
UNIT_KIND = "unit"
CHUNK = 500


def write(session: Session, row: RosterImport, order: Order, found: Difference) -> None:
    """Everything that a roster changes."""
    _Applying(session, row, order, found).run()


def many_text(closing: int, percent: int, base: int) -> str:
    """What is said before many accounts are closed."""
    text = ngettext(
        "This would close %(num)s account, more than %(percent)s %% of the %(base)s of this source. "
        "Confirm that they have really left.",
        "This would close %(num)s accounts, more than %(percent)s %% of the %(base)s of this source. "
        "Confirm that they have really left.",
        closing, percent=percent, base=base,
    )  # fmt: skip
    return str(text)


class _Applying:
    """One import, step by step."""

    def __init__(self, session: Session, row: RosterImport, order: Order, found: Difference) -> None:
        self._session, self._row, self._order, self._found = session, row, order, found
        self._kept: list[dict[str, Any]] = []
        self._units = Named(session)
        self._evidence = False

    def run(self) -> None:
        for unit in self._units.make(self._found):
            after = {"parent": unit.parent, "nature": unit.nature}
            self._keep(UNIT_KIND, unit.code, unit.name, {}, after, unit_id=unit.id)
        self._add(self._found.of(NEW))
        for change in (*self._found.of(CHANGED), *self._found.of(MOVED)):
            self._change(change)
        self._write_fields()
        for change in self._found.of(LEAVING):
            self._leave(change)
        self._link()
        for part in parts(self._kept):
            self._session.execute(insert(RosterChange), part)
        if self._evidence:
            tasks.enqueue(self._session, "credits.sweep")

    def _keep(self, kind: str, staff_number: str, name: str, before: Any, after: Any, **ids: int) -> None:
        self._kept.append(
            {
                "import_id": self._row.id, "kind": kind, "staff_number": staff_number, "name": name,
                "before": json.dumps(before, ensure_ascii=False), "after": json.dumps(after, ensure_ascii=False),
                "person_id": ids.get("person_id"), "unit_id": ids.get("unit_id"),
            }
        )  # fmt: skip

    # People

    def _add(self, changes: Sequence[Change]) -> None:
        """New people: account without password, unit, the right to study."""
        now, day = clock.now(), self._order.day
        granted = min(day, (now - timedelta(hours=12)).date())
        for part in parts(changes):
            rows = [
                {
                    "key": str(ULID()), "login": c.staff_number,
                    "name": c.name, "name_pinyin": people.pinyin_of(c.name),
                    "phone": c.entry.phone, "email": c.entry.email, "key_trainee": bool(c.entry.key_trainee),
                    "locale": "", "created_at": now,
                }
                for c in part if c.entry is not None
            ]  # fmt: skip
            self._session.execute(insert(Person), rows)
            mine = select(Person.login, Person.id).where(Person.login.in_([each["login"] for each in rows]))
            ids: dict[str, int] = dict(self._session.execute(mine).tuples().all())
            self._session.execute(insert(UnitMembership), [self._membership(c, ids[c.staff_number], day) for c in part])
            self._session.execute(
                insert(RoleGrant),
                [
                    {"person_id": ids[c.staff_number], "role": "learner", "scope_kind": "own", "since": granted}
                    for c in part
                ],
            )
            for c in part:
                self._keep(NEW, c.staff_number, c.name, {}, self._told(c), person_id=ids[c.staff_number])

    def _membership(self, change: Change, person_id: int, day: date) -> dict[str, Any]:
        assert change.entry is not None
        return {
            "person_id": person_id, "unit_id": self._units.of(change), "band": change.entry.band or "",
            "since": self._units.since(change, day),
        }  # fmt: skip

    def _told(self, change: Change) -> dict[str, Any]:
        entry = change.entry
        assert entry is not None
        return {
            "name": entry.name, "phone": entry.phone, "email": entry.email, "key_trainee": bool(entry.key_trainee),
            "band": entry.band or "", "unit": entry.unit, "unit_id": self._units.of(change),
            "since": self._units.since(change, self._order.day).isoformat(),
        }  # fmt: skip

    def _change(self, change: Change) -> None:
        person, entry = change.present, change.entry
        assert person is not None
        assert entry is not None
        before, after = dict(change.old), dict(change.new)
        if change.back:
            row = self._session.get_one(Person, person.id)
            before["disabled_at"] = row.disabled_at.isoformat() if row.disabled_at else None
            row.disabled_at = None
            audit.record(self._session, self._order.actor_id, "person.reopen", f"person:{row.key}", by="roster")
        if change.kind == MOVED or "band" in after:
            self._move(change, before, after)
        self._keep(change.kind, change.staff_number, change.name, before, after, person_id=person.id)

    def _move(self, change: Change, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Another unit, or another band there: the membership before it ends, with its dates."""
        person, entry = change.present, change.entry
        assert person is not None
        assert entry is not None
        unit_id = self._units.of(change)
        band = entry.band if entry.band is not None else person.band
        old = home(self._session, person.id)
        day = self._units.since(change, self._order.day)
        if old is not None:
            before["membership"] = [old.unit_id, old.band, old.since.isoformat()]
            day = max(day, old.since)
        else:  # who comes back: not before the last day in the unit before
            ended = self._session.scalar(
                select(func.max(UnitMembership.until)).where(UnitMembership.person_id == person.id)
            )
            day = max(day, ended or day)
        made = people.join_unit(self._session, person.id, unit_id, band, day)
        after["membership"] = [made.unit_id, made.band, made.since.isoformat()]
        if _in_class(self._session, person.id):
            after["evidence"] = [self._standing(person.id, "changed", day)]
        audit.record(
            self._session, self._order.actor_id, "person.move", f"login:{person.staff_number}",
            unit=[change.old.get("unit"), entry.unit], since=day,
        )  # fmt: skip

    def _standing(self, person_id: int, change: str, day: date) -> str:
        self._evidence = True
        return classes.note_standing(
            self._session, person_id, change, day, self._order.actor_id, occasion=self._occasion, settled=False
        )

    @property
    def _occasion(self) -> str:
        return f"i{self._row.id}"

    def _write_fields(self) -> None:
        """What differs in the accounts themselves, many rows to a statement."""
        rows: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for change in self._found.changes:
            fields = {name: change.new[name] for name in COMPARED if name in change.new and name != "band"}
            if change.present is None or not fields:
                continue
            if "name" in fields:
                fields["name_pinyin"] = people.pinyin_of(str(fields["name"]))
            rows.setdefault(tuple(sorted(fields)), []).append({"id": change.present.id, **fields})
        for given in rows.values():
            self._session.execute(update(Person), given)
            for each in given:
                if "email" in each:  # a link that is on its way to the address before opens nothing more
                    people.end_keys(self._session, each["id"], "mail", "confirm")

    def _leave(self, change: Change) -> None:
        """The account is closed, unit and class are left; whom another source has as well, or who is closed already,
        leaves this source only."""
        person = change.present
        assert person is not None
        before: dict[str, Any] = {}
        after: dict[str, Any] = {"kept": change.kept}
        if not change.kept:
            day = self._order.day
            old = home(self._session, person.id)
            group = _in_class(self._session, person.id)
            if group is not None:
                before["class_membership"] = group.id
                until = max(day, group.since)
                key = classes.leave_class(
                    self._session, person.id, until, self._order.actor_id, occasion=self._occasion, settled=False
                )
                self._evidence = True
                after |= {"class_until": until.isoformat(), "evidence": [key]}
            if old is not None:
                before["membership"] = [old.unit_id, old.band, old.since.isoformat()]
                old.until = max(day, old.since + timedelta(days=1))
                after["until"] = old.until.isoformat()
            people.disable(self._session, person.id, self._order.actor_id)
            closed = self._session.get_one(Person, person.id).disabled_at
            after["disabled_at"] = closed.isoformat() if closed else None
            listed = self._session.get_one(RosterPerson, (self._row.source_id, person.id))
            before["closed_at"] = listed.closed_at.isoformat() if listed.closed_at else None
            listed.closed_at = closed
        self._keep(LEAVING, change.staff_number, change.name, before, after, person_id=person.id)

    def _link(self) -> None:
        """Whom the source has from now on."""
        source_id, gone = self._row.source_id, [c.present.id for c in self._found.of(LEAVING) if c.present]
        here = [c.present.id for c in self._found.changes if c.kind != LEAVING and c.present and not c.present.here]
        here += [each["person_id"] for each in self._kept if each["kind"] == NEW]
        insertion = insert_into(self._session, RosterPerson)
        statement = insertion.on_conflict_do_update(
            index_elements=["source_id", "person_id"], set_={"gone_import_id": None}
        )
        was: dict[int, int | None] = {}
        for part in parts(here):
            mine = RosterPerson.source_id == source_id, RosterPerson.person_id.in_(part)
            former = select(RosterPerson.person_id, RosterPerson.gone_import_id).where(*mine)
            was |= dict(self._session.execute(former).tuples().all())
            rows = [{"source_id": source_id, "person_id": each, "gone_import_id": None} for each in part]
            self._session.execute(statement, rows)
        for part in parts(gone):
            mine = RosterPerson.source_id == source_id, RosterPerson.person_id.in_(part)
            self._session.execute(
                update(RosterPerson).where(*mine).values(gone_import_id=self._row.id),
                execution_options={"synchronize_session": False},
            )
        for change in self._found.changes:
            if change.kind != LEAVING and change.present is not None and not change.present.here:
                person_id = change.present.id
                before = {"gone": was[person_id]} if person_id in was else {}
                self._keep("linked", change.staff_number, change.name, before, {}, person_id=person_id)


def parts(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    """As many at a time as one statement takes."""
    return (rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK))


def home(session: Session, person_id: int | None) -> UnitMembership | None:
    """The membership of a unit that has no end."""
    return session.scalar(
        select(UnitMembership).where(UnitMembership.person_id == person_id, UnitMembership.until.is_(None))
    )


def _in_class(session: Session, person_id: int) -> ClassMembership | None:
    return session.scalar(
        select(ClassMembership).where(ClassMembership.person_id == person_id, ClassMembership.until.is_(None))
    )
