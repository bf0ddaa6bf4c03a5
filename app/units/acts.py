"""Acts with units: planned, looked at, done. All or nothing; no function commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.base import audit, clock, events, labels
from app.base.errors import BadInput, Refused
from app.classes import moving
from app.people import roles_queries, timeline
from app.people import service as people
from app.people.models import Person, Unit, UnitMembership, UnitPast
from app.people.units import unit_code
from app.rules import units as rules
from app.rules.units import CHANGE, CLOSE, MERGE, OPEN, SPLIT, Act, Refusal, Stay, Steps
from app.units import queries
from app.units.models import UnitAct

CHUNK = 5000
NOTHING = Steps((), (), ())


class Changed(Refused):
    """What would be done is no longer what was shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An act that somebody asks for. `unit`, `target`, `parent`: codes ("" for none). `people`: the staff numbers that
    go to a new unit, `below`: the codes of units that go along."""

    kind: str
    unit: str
    day: date
    name: str = ""
    name_en: str = ""
    nature: str = ""
    parent: str = ""
    target: str = ""
    people: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an act would do. `below`: the units that get another one above them; `appointed`: how many work for the unit
    and are appointed for nothing afterwards; `classes`: how many of those who move are in a class."""

    wanted: Wanted
    unit: rules.Unit | None
    into: rules.Unit | None
    parent: rules.Unit | None
    steps: Steps
    below: tuple[rules.Unit, ...] = ()
    appointed: int = 0
    classes: int = 0
    names: tuple[tuple[str, str], ...] = ()

    @property
    def people(self) -> tuple[int, ...]:
        """Who moves."""
        return tuple(sorted({each.person for each in (*self.steps.begun, *self.steps.turned)}))

    def fingerprint(self) -> str:
        """What was shown: another plan has another one."""
        moved = [(each.id, each.person, str(each.until)) for each in (*self.steps.ended, *self.steps.turned)]
        above = [(each.id, each.parent) for each in self.below]
        text = repr((self.wanted, self.unit, self.into, self.parent, moved, above))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def plan(session: Session, wanted: Wanted, today: date) -> Plan:
    """What an act would do; `BadInput` names the field where it cannot be done."""
    every = timeline.units(session)
    by_code = {unit.code: unit for unit in every}
    parent = _given(by_code, wanted.parent, "parent")
    into = _given(by_code, wanted.target, "target") if wanted.kind == MERGE else None
    _check_words(wanted)
    if wanted.kind == OPEN:
        _refuse(_opening(wanted, every, parent, today), every)
        return Plan(wanted, None, None, parent, NOTHING)
    unit = by_code.get(wanted.unit)
    if unit is None:
        raise BadInput(_("There is no such unit."), "unit")
    stays = queries.stays(session, unit.id)
    if wanted.kind == SPLIT:
        stays = _going(session, wanted, stays)
    act = Act(
        wanted.kind, unit.id, wanted.day, into.id if into else None, wanted.name, parent.id if parent else None
    )  # fmt: skip
    _refuse(rules.refusal(act, every, stays, queries.last_day(session, unit), today), every)
    below = _below(wanted, unit, every)
    if wanted.kind == SPLIT and not (stays or below):
        raise BadInput(_("Write at least one staff number, or choose a unit that goes along."), "people")
    if wanted.kind == CHANGE and (wanted.name, wanted.name_en, wanted.nature, act.parent) == (
        unit.name, unit.name_en, unit.nature, unit.parent,
    ):  # fmt: skip
        raise BadInput(_("Nothing is different from what it is now."), "name")
    steps = rules.move(stays, into.id if into else 0, wanted.day) if wanted.kind in (MERGE, SPLIT) else NOTHING
    moved = {each.person for each in (*steps.begun, *steps.turned)}
    appointed = 0
    if wanted.kind in (MERGE, CLOSE):
        held = roles_queries.of_unit(session, unit.id, today)
        appointed = sum(each.scope_id == unit.id for each in held)
    return Plan(
        wanted, unit, into, parent, steps, below, appointed, moving.in_classes(session, moved), _some(session, moved)
    )


def _given(by_code: Mapping[str, rules.Unit], code: str, field: str) -> rules.Unit | None:
    if not code:
        return None
    if code not in by_code:
        raise BadInput(_("There is no such unit."), field)
    return by_code[code]


def _check_words(wanted: Wanted) -> None:
    if wanted.kind in (OPEN, CHANGE, SPLIT):
        if not 2 <= len(wanted.name) <= 120:
            raise BadInput(_("The unit's name has 2 to 120 characters."), "name")
        if len(wanted.name_en) > 120:
            raise BadInput(_("The name has at most 120 characters."), "name_en")
        if not 1 <= len(wanted.nature) <= 40:
            raise BadInput(_("Choose the nature of the unit."), "nature")


def _opening(wanted: Wanted, every: Sequence[rules.Unit], parent: rules.Unit | None, today: date) -> Refusal | None:
    if wanted.day > today:
        return Refusal("ahead", "day", today)
    if parent is not None and parent.closed_on is not None:
        return Refusal("no_parent", "parent")
    if parent is not None and parent.since is not None and parent.since > wanted.day:
        return Refusal("target_later", "day", parent.since)
    return rules.taken(every, wanted.name, parent.id if parent else None)


def _going(session: Session, wanted: Wanted, stays: Sequence[Stay]) -> list[Stay]:
    """The memberships of those who go to the new unit; `BadInput` names who is not in this one."""
    numbers = [people.plain_login(each) for each in wanted.people]
    found: dict[str, int] = {}
    for at in range(0, len(numbers), CHUNK):
        rows = select(Person.login, Person.id).where(Person.login.in_(numbers[at : at + CHUNK]))
        found |= dict(session.execute(rows).tuples().all())
    here = {each.person for each in stays if each.until is None or each.until > wanted.day}
    strange = [number for number in numbers if found.get(number) not in here]
    if strange:
        text = ngettext(
            "This staff number is not of anybody in the unit: %(numbers)s",
            "These staff numbers are not of anybody in the unit: %(numbers)s",
            len(strange), numbers=", ".join(strange[:20]),
        )  # fmt: skip
        raise BadInput(text, "people")
    going = set(found.values())
    return [each for each in stays if each.person in going]


def _below(wanted: Wanted, unit: rules.Unit, every: Sequence[rules.Unit]) -> tuple[rules.Unit, ...]:
    """The units that get another one above them."""
    if wanted.kind not in (MERGE, SPLIT):
        return ()
    children = [each for each in every if each.parent == unit.id and each.closed_on is None]
    if wanted.kind == SPLIT:
        if not set(wanted.below) <= {each.code for each in children}:
            raise BadInput(_("There is no such unit."), "below")
        children = [each for each in children if each.code in wanted.below]
    later = next((each.since for each in children if each.since is not None and each.since > wanted.day), None)
    _refuse(Refusal("below_later", "day", later) if later is not None else None, every)
    return tuple(children)


def _some(session: Session, ids: Collection[int], most: int = 12) -> tuple[tuple[str, str], ...]:
    """(name, staff number) of a few of them, by name."""
    if not ids:
        return ()
    wanted = select(Person.name, Person.login).where(Person.id.in_(sorted(ids)[:CHUNK]))
    rows = session.execute(wanted.order_by(Person.name_pinyin, Person.id).limit(most))
    return tuple((row.name, row.login) for row in rows)


def _refuse(found: Refusal | None, every: Sequence[rules.Unit]) -> None:
    if found is None:
        return
    unit = next((each for each in every if each.id == found.unit), None)
    called = unit_name(unit) if unit else ""
    day = found.day
    words = {
        "closed": _("This unit is closed: nothing more is done with it."),
        "ahead": _("An act is entered when it holds: today at the latest."),
        "before_act": _("Something was done with this unit on %(day)s. Choose that day or a later one.", day=day),
        "before_stay": _("Somebody came to this unit or left it on %(day)s. Choose that day or a later one.", day=day),
        "no_target": _("Choose a unit that is not closed."),
        "no_parent": _("Choose a unit that is not closed."),
        "own_branch": _("%(unit)s is this unit itself, or stands below it.", unit=called),
        "target_later": _("The other unit was not there before %(day)s.", day=day),
        "below_later": _("A unit below it was not there before %(day)s.", day=day),
        "name_below": _("Both have a unit %(unit)s below them. Merge or rename one of those first.", unit=called),
        "name_taken": _("There is a unit %(unit)s in the same place already.", unit=called),
        "members": _("People still belong to it. Merge it, or transfer them first."),
        "units_below": _("%(unit)s still stands below it. Put it elsewhere first.", unit=called),
    }
    raise BadInput(str(words[found.code]), found.field)


def unit_name(unit: rules.Unit) -> str:
    """A unit's name in the reader's language."""
    return (unit.name_en if labels.english() else "") or unit.name


def perform(session: Session, wanted: Wanted, actor_id: int | None, today: date, shown: str | None = None) -> str:
    """Do it; gives the code of the unit whose page tells of it. `Changed` where it is not what was `shown` any more."""
    # One act at a time, and nobody joins a unit meanwhile: who waits here sees what the other has done.
    session.execute(select(Unit.id).order_by(Unit.id).with_for_update()).all()
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
            self._become(unit.id, self._new_values())
        self._move(made.id if made else self._plan.into.id if self._plan.into else 0)
        above = made.id if made else self._plan.into.id if self._plan.into else None
        for each in self._plan.below:
            self._become(each.id, {"parent_id": above})
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

    def _become(self, unit_id: int, values: Mapping[str, Any]) -> None:
        """What the unit was is kept until the day; two changes of one day are one."""
        row = self._session.get_one(Unit, unit_id, populate_existing=True)
        kept = select(UnitPast.id).where(UnitPast.unit_id == unit_id, UnitPast.until == self._day)
        if row.since != self._day and self._session.scalar(kept) is None:
            self._session.add(
                UnitPast(
                    unit_id=unit_id, until=self._day, name=row.name, name_en=row.name_en, nature=row.nature,
                    parent_id=row.parent_id,
                )
            )  # fmt: skip
        for name, value in values.items():
            setattr(row, name, value)
        self._session.flush()

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
