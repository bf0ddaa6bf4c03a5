"""Acts with units: planned, looked at, done. All or nothing; no function commits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.base import audit, clock, events
from app.base.errors import Refused
from app.classes import moving
from app.people import service as people
from app.people.models import Unit, UnitMembership
from app.people.units import become, unit_code
from app.rules.units import CHANGE, CLOSE, MERGE, OPEN, SPLIT
from app.units.models import UnitAct
from app.units.planning import CHUNK, Plan, Wanted, plan, unit_name

__all__ = ["Changed", "Plan", "Wanted", "perform", "plan", "unit_name"]


class Changed(Refused):
    """What would be done is no longer what was shown."""


def perform(session: Session, wanted: Wanted, actor_id: int | None, today: date, shown: str | None = None) -> str:
    """Do it; gives the code of the unit whose page tells of it. `Changed` where it is not what was `shown` any more."""
    # One act at a time, and nobody joins a unit meanwhile: who waits here sees what the other has done.
    session.execute(select(Unit.id).order_by(Unit.id).with_for_update()).all()
    # Nor does anybody leave it: who has left would be put into the other unit.
    here = select(UnitMembership.id).join(Unit, Unit.id == UnitMembership.unit_id).where(Unit.code == wanted.unit)
    session.execute(here.order_by(UnitMembership.id).with_for_update(of=UnitMembership)).all()
    found = plan(session, wanted, today)
    if shown is not None and shown != found.fingerprint():
        raise Changed(_("People or units have changed since the preview. Nothing was done; look at the new preview."))
    return _Doing(session, found, actor_id).run()


class _Doing:
    """One planned act, done."""

    def __init__(self, session: Session, found: Plan, actor_id: int | None) -> None:
        self._session, self._plan, self._actor_id = session, found, actor_id
        self._wanted, self._day = found.wanted, found.wanted.day

    def run(self) -> str:
        unit, made = self._plan.unit, None
        if self._wanted.kind in (OPEN, SPLIT):
            made = self._make()
        if self._wanted.kind == CHANGE:
            assert unit is not None
            become(self._session, unit.id, self._new_values(), self._day)
        self._move(made.id if made else self._plan.into.id if self._plan.into else 0)
        above = made.id if made else self._plan.into.id if self._plan.into else None
        for each in self._plan.below:
            become(self._session, each.id, {"parent_id": above}, self._day)
        if self._wanted.kind in (MERGE, CLOSE):
            assert unit is not None
            self._close(unit.id)
        first = unit.id if unit else made.id if made else 0
        other = made.id if unit and made else self._plan.into.id if self._plan.into else None
        self._note(first, other, made)
        self._session.flush()
        self._session.expire_all()
        return made.code if made else self._plan.into.code if self._plan.into else unit.code if unit else ""

    def _make(self) -> Unit:
        wanted, unit = self._wanted, self._plan.unit
        parent = self._plan.parent.id if self._plan.parent else None
        if unit is not None:  # what is split off stands beside what it came from
            parent = unit.parent
        code = unit_code(wanted.name, set(self._session.scalars(select(Unit.code))))
        english = wanted.name_en or wanted.name
        return people.create_unit(self._session, code, wanted.name, english, wanted.nature, parent, self._day)

    def _new_values(self) -> dict[str, Any]:
        wanted = self._wanted
        return {
            "name": wanted.name, "name_en": wanted.name_en or wanted.name, "nature": wanted.nature,
            "parent_id": self._plan.parent.id if self._plan.parent else None,
        }  # fmt: skip

    def _move(self, target: int) -> None:
        steps = self._plan.steps
        if not (steps.ended or steps.turned):
            return
        self._update([each.id for each in steps.ended], {"until": self._day})
        self._update([each.id for each in steps.turned], {"unit_id": target})
        rows = [
            {"person_id": each.person, "unit_id": target, "band": each.band, "since": each.since, "until": each.until}
            for each in steps.begun
        ]
        for at in range(0, len(rows), CHUNK):
            self._session.execute(insert(UnitMembership), rows[at : at + CHUNK])
        moving.note_moved(self._session, self._plan.people, self._day, self._actor_id)

    def _update(self, ids: Sequence[int], values: Mapping[str, Any]) -> None:
        for at in range(0, len(ids), CHUNK):
            mine = UnitMembership.id.in_(ids[at : at + CHUNK])
            self._session.execute(
                update(UnitMembership).where(mine).values(**values).execution_options(synchronize_session=False)
            )

    def _close(self, unit_id: int) -> None:
        row = self._session.get_one(Unit, unit_id, populate_existing=True)
        row.closed_on = self._day
        row.successor_id = self._plan.into.id if self._plan.into else None
        self._session.flush()
        events.announce(self._session, events.UNIT_CLOSED, unit_id=unit_id, actor_id=self._actor_id)

    def _note(self, unit_id: int, other_id: int | None, made: Unit | None) -> None:
        wanted, unit, found = self._wanted, self._plan.unit, self._plan
        was: dict[str, Any] | None = None
        now: dict[str, Any] = {"since": self._day}
        if wanted.kind == CHANGE and unit is not None:
            was = {"name": unit.name, "name_en": unit.name_en, "nature": unit.nature, "parent": self._code(unit.parent)}
            now = {"name": wanted.name, "name_en": wanted.name_en or wanted.name, "nature": wanted.nature,
                   "parent": wanted.parent}  # fmt: skip
        elif made is not None:
            now = {
                "name": made.name,
                "name_en": made.name_en,
                "nature": made.nature,
                "parent": self._code(made.parent_id),
            }
        other = found.into.code if found.into else made.code if made and unit else ""
        act = UnitAct(
            kind=wanted.kind, unit_id=unit_id, other_id=other_id, day=self._day, people=len(found.people),
            detail=json.dumps({"was": was, "now": now}, ensure_ascii=False, default=str),
            reason=wanted.reason[:300], acted_at=clock.now(), acted_by=self._actor_id,
        )  # fmt: skip
        self._session.add(act)
        subject, kind = unit.code if unit else made.code if made else "", wanted.kind
        audit.record(
            self._session, self._actor_id,
            "unit.open" if kind == OPEN else "unit.change" if kind == CHANGE else "unit.split" if kind == SPLIT
            else "unit.merge" if kind == MERGE else "unit.close",
            f"unit:{subject}", day=self._day, was=was, now=now if kind in (CHANGE, OPEN, SPLIT) else None, other=other,
            people=len(found.people) or None, below=[each.code for each in found.below] or None,
            reason=wanted.reason or None,
        )  # fmt: skip

    def _code(self, unit_id: int | None) -> str:
        return "" if unit_id is None else self._session.get_one(Unit, unit_id).code
