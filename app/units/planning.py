"""What an act with a unit would do: nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import labels, plain
from app.base.errors import BadInput
from app.classes import moving
from app.people import roles_queries, timeline
from app.people import service as people
from app.people.models import Person
from app.rules import units as rules
from app.rules.units import CHANGE, CLOSE, MERGE, OPEN, SPLIT, Act, Refusal, Stay, Steps
from app.units import queries

CHUNK = 5000  # that one statement names
NOTHING = Steps((), (), ())


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
        wanted.kind, unit.id, wanted.day, into.id if into else None, wanted.name, parent.id if parent else None,
        frozenset(by_code[code].id for code in wanted.below if code in by_code),
    )  # fmt: skip
    past = timeline.past(session)
    _refuse(rules.refusal(act, every, stays, queries.last_day(session, unit, past), today, past), every)
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
        plain.check(wanted.name, "name")
        plain.check(wanted.name_en, "name_en")
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
        "branch_then": _(
            "%(unit)s stood below this unit until %(day)s. Choose that day or a later one.", unit=called, day=day
        ),
        "below_act": _(
            "Something was done with %(unit)s, which stands or stood below it, on %(day)s. "
            "Choose that day or a later one.",
            unit=called,
            day=day,
        ),
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
