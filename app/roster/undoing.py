"""Undoing an import: what has not changed since is put back, to the row; the rest stays and is listed. No commit here.

No evidence and no audit entry is taken away: what the import recorded is withdrawn by new evidence.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.base import audit, clock, events, tasks
from app.base.db import Base
from app.classes.models import ClassMembership, VirtualClass
from app.credits import service as credits
from app.people import service as people
from app.people import timeline
from app.people.models import LoginSession, Person, RoleGrant, Unit, UnitMembership
from app.roster.applying import UNIT_KIND, home, parts
from app.roster.models import RosterChange, RosterImport, RosterPerson
from app.rules.roster.difference import CHANGED, COMPARED, LEAVING, MOVED, NEW

# What an import itself makes of a new person; any other row that names the person came since.
MADE = frozenset({"unit_membership", "role_grant", "roster_person"})


def take_back(session: Session, row: RosterImport, actor_id: int | None) -> dict[str, int]:
    """Put back what a roster changed; how many changes were `undone` and how many are `conflicts`."""
    return _Undoing(session, row, actor_id).run()


class _Undoing:
    def __init__(self, session: Session, row: RosterImport, actor_id: int | None) -> None:
        self._session, self._row, self._actor_id = session, row, actor_id
        self._withdrew = False

    def run(self) -> dict[str, int]:
        wanted = select(RosterChange).where(RosterChange.import_id == self._row.id).order_by(RosterChange.id)
        by_kind: dict[str, list[RosterChange]] = defaultdict(list)
        for change in self._session.scalars(wanted):
            by_kind[change.kind].append(change)
        for change in by_kind[LEAVING]:
            self._settle(change, self._return)
        for change in by_kind[MOVED] + by_kind[CHANGED]:
            self._settle(change, self._restore)
        self._unlink(by_kind["linked"])
        self._remove(by_kind[NEW])
        self._session.flush()  # who moved on the day of the membership before went back by a row that is changed
        self._remove_units(by_kind[UNIT_KIND])
        self._session.flush()
        if self._withdrew:
            tasks.enqueue(self._session, "credits.sweep")
        every = [change for changes in by_kind.values() for change in changes if change.kind != "linked"]
        conflicts = sum(change.conflict is not None for change in every)
        return {"undone": len(every) - conflicts, "conflicts": conflicts}

    def _settle(self, change: RosterChange, way: Callable[[RosterChange, Any, Any], str | None]) -> None:
        change.conflict = way(change, json.loads(change.before), json.loads(change.after))

    # Who had left

    def _return(self, change: RosterChange, before: Any, after: Any) -> str | None:
        if after["kept"]:
            self._link(change)
            return None
        person = self._session.get(Person, change.person_id)
        if person is None or person.disabled_at is None or person.disabled_at.isoformat() != after["disabled_at"]:
            return "account"
        conflict = None
        person.disabled_at = None
        if "membership" in before:
            unit_id, _band, since = before["membership"]
            ended = date.fromisoformat(after["until"])
            row = self._membership(change.person_id, unit_id, date.fromisoformat(since), UnitMembership.until == ended)
            if row is None or home(self._session, change.person_id) is not None:
                conflict = "unit"
            elif timeline.closed_on(self._session, unit_id) is not None:
                conflict = "unit_closed"
            else:
                row.until = None
        if "class_membership" in before:
            conflict = self._rejoin(change, before, after) or conflict
        self._link(change, before["closed_at"])
        audit.record(self._session, self._actor_id, "person.reopen", f"person:{person.key}", by="roster")
        return conflict

    def _rejoin(self, change: RosterChange, before: Any, after: Any) -> str | None:
        row = self._session.get(ClassMembership, before["class_membership"])
        other = select(ClassMembership.id).where(
            ClassMembership.person_id == change.person_id, ClassMembership.until.is_(None)
        )
        if row is None or row.until != date.fromisoformat(after["class_until"]) or self._session.scalar(other):
            return "class"
        group = self._session.get_one(VirtualClass, row.class_id)
        if group.closed_on is not None:
            return "class"
        row.until = None
        self._withdraw(change, after)
        return None

    # Who differs, who moved

    def _restore(self, change: RosterChange, before: Any, after: Any) -> str | None:
        person = self._session.get(Person, change.person_id)
        if person is None:
            return "account"
        if "disabled_at" in before and person.disabled_at is None and self._used_since(person.id):
            return "used"
        conflicts = []
        for name in COMPARED:
            if name in after and name != "band":
                if getattr(person, name) != after[name]:
                    conflicts.append(name)
                    continue
                setattr(person, name, before[name])
                if name == "email":
                    people.end_keys(self._session, person.id, "mail", "confirm")
                if name == "name":
                    person.name_pinyin = people.pinyin_of(before[name])
        if "membership" in after:
            conflicts += self._move_back(change, before, after)
        if "disabled_at" in before:
            if person.disabled_at is not None:
                conflicts.append("account")
            else:
                person.disabled_at = datetime.fromisoformat(before["disabled_at"])
                people.end_all(self._session, person.id)
                people.end_keys(self._session, person.id)
                audit.record(self._session, self._actor_id, "person.disable", f"person:{person.key}", by="roster")
                events.announce(self._session, events.PERSON_DISABLED, person_id=person.id)
        return conflicts[0] if conflicts else None

    def _used_since(self, person_id: int) -> bool:
        """Has who came back signed in, or joined a class, since? Then nobody is shut out again unasked."""
        signed = LoginSession.person_id == person_id, LoginSession.created_at >= self._row.applied_at
        inside = ClassMembership.person_id == person_id, ClassMembership.until.is_(None)
        return any(
            self._session.scalar(select(column).where(*mine).limit(1)) is not None
            for column, mine in ((LoginSession.id, signed), (ClassMembership.id, inside))
        )

    def _move_back(self, change: RosterChange, before: Any, after: Any) -> list[str]:
        unit_id, band, since = after["membership"]
        now = home(self._session, change.person_id)
        if now is None or [now.unit_id, now.band, now.since.isoformat()] != [unit_id, band, since]:
            return ["unit"]
        old = before.get("membership")
        if old is not None and timeline.closed_on(self._session, old[0]) is not None:
            return ["unit_closed"]
        if old is not None and old[2] == since:  # both began on one day: one row told of both
            now.unit_id, now.band = old[0], old[1]
        else:
            self._session.delete(now)
            self._session.flush()
            if old is not None:
                ended = UnitMembership.until == date.fromisoformat(since)
                row = self._membership(change.person_id, old[0], date.fromisoformat(old[2]), ended)
                if row is None:
                    return ["unit"]
                row.until = None
        self._withdraw(change, after)
        return []

    def _membership(
        self, person_id: int | None, unit_id: int, since: date, ended: ColumnElement[bool]
    ) -> UnitMembership | None:
        mine = UnitMembership.person_id == person_id, UnitMembership.unit_id == unit_id, UnitMembership.since == since
        return self._session.scalar(select(UnitMembership).where(*mine, ended))

    def _withdraw(self, change: RosterChange, after: Any) -> None:
        """Withdraw what the import recorded, by new evidence."""
        actor = self._session.get(Person, self._actor_id) if self._actor_id is not None else None
        for key in after.get("evidence", ()):
            assert change.person_id is not None
            credits.record(
                self._session, change.person_id, key=f"undo:{self._row.id}:{change.id}", kind="correction",
                happened_at=clock.now(), known_at=clock.now(), names=key, facts={},
                recorded_by=f"person:{actor.key}" if actor else "system",
            )  # fmt: skip
            self._withdrew = True

    # The source's own list

    def _link(self, change: RosterChange, closed_at: str | None = None) -> None:
        row = self._session.get(RosterPerson, (self._row.source_id, change.person_id))
        if row is not None:
            row.gone_import_id = None
            if "closed_at" in json.loads(change.before):
                row.closed_at = datetime.fromisoformat(closed_at) if closed_at else None

    def _unlink(self, changes: Sequence[RosterChange]) -> None:
        for change in changes:
            row = self._session.get(RosterPerson, (self._row.source_id, change.person_id))
            before = json.loads(change.before)
            if row is not None and "gone" in before:
                row.gone_import_id = before["gone"]
            elif row is not None:
                self._session.delete(row)

    # Who was new

    def _remove(self, changes: Sequence[RosterChange]) -> None:
        """Take away who was new and has done nothing since; whoever has anything of their own stays."""
        for part in parts(changes):
            ids = [change.person_id for change in part if change.person_id is not None]
            used = _referred(self._session, Person, ids, MADE)
            several = self._several(ids)
            rows = {p.id: p for p in self._session.scalars(select(Person).where(Person.id.in_(ids)))}
            homes = {
                m.person_id: m
                for m in self._session.scalars(select(UnitMembership).where(UnitMembership.person_id.in_(ids)))
            }
            gone = []
            for change in part:
                person, home = rows.get(change.person_id or 0), homes.get(change.person_id or 0)
                change.conflict = _since(person, home, json.loads(change.after), self._row.day)
                if change.conflict is None and change.person_id in used | several:
                    change.conflict = "used"
                if change.conflict is None and change.person_id is not None:
                    gone.append(change.person_id)
            for table in (RosterPerson, RoleGrant, UnitMembership):
                self._delete(delete(table).where(table.person_id.in_(gone)))
            self._delete(delete(Person).where(Person.id.in_(gone)))

    def _delete(self, statement: Any) -> None:
        self._session.execute(statement, execution_options={"synchronize_session": False})

    def _several(self, ids: Sequence[int]) -> set[int]:
        """Who has more than the one role, unit and source that the import gave."""
        found: set[int] = set()
        for column in (RoleGrant.person_id, UnitMembership.person_id, RosterPerson.person_id):
            counts = Counter(self._session.scalars(select(column).where(column.in_(ids))))
            found |= {person_id for person_id, count in counts.items() if count > 1}
        return found

    def _remove_units(self, changes: Sequence[RosterChange]) -> None:
        """New units that nobody is in and nothing hangs on, the lower ones first."""
        for change in reversed(changes):
            assert change.unit_id is not None
            used = _referred(self._session, Unit, [change.unit_id], frozenset())
            told = select(RoleGrant.id).where(RoleGrant.scope_kind == "unit", RoleGrant.scope_id == change.unit_id)
            if used or self._session.scalar(told.limit(1)) is not None:
                change.conflict = "unit_used"
                continue
            self._delete(delete(Unit).where(Unit.id == change.unit_id))


def _since(person: Person | None, home: UnitMembership | None, after: Any, day: date) -> str | None:
    """Why somebody who was new cannot be taken away: the account or the unit is not as the import left it."""
    if person is None:
        return "account"
    for name in ("name", "phone", "email", "key_trainee"):
        if getattr(person, name) != after[name]:
            return name
    if person.disabled_at is not None or person.locale:
        return "account"
    since = date.fromisoformat(after["since"]) if "since" in after else day
    as_left = home is not None and (home.unit_id, home.band, home.since, home.until) == (
        after["unit_id"], after["band"], since, None,
    )  # fmt: skip
    return None if as_left else "unit"


def _referred(session: Session, model: type[Base], ids: Sequence[int], but: frozenset[str]) -> set[int]:
    """Which of these rows another row names, in any table but those. A column without a foreign key says in its
    `info` which tables it `names`, by the row's `kind`."""
    found: set[int] = set()
    for table in Base.metadata.sorted_tables:
        if table.name in but:
            continue
        for column in table.columns:
            if any(key.column.table.name == model.__tablename__ for key in column.foreign_keys):
                found |= set(session.scalars(select(column).where(column.in_(ids))))
            kinds = [kind for kind, name in column.info.get("names", {}).items() if name == model.__tablename__]
            if kinds:
                found |= set(session.scalars(select(column).where(column.in_(ids), table.c.kind.in_(kinds))))
    return found
