"""What a roster would change: who is new, who differs, who moved, who has gone; and who may be somebody else."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.rules.roster import cells
from app.rules.roster.model import BAND, EMAIL, KEY, NAME, PARENT, PHONE, STAFF, UNIT, Entry, Fault, Reading
from app.rules.roster.rows import unit_key

NEW, CHANGED, MOVED, LEAVING, SAME = "new", "changed", "moved", "leaving", "unchanged"
KINDS = (NEW, CHANGED, MOVED, LEAVING, SAME)
# The fields of a person that a roster may change, in the order in which they are shown.
COMPARED = (NAME, PHONE, EMAIL, KEY, BAND)
# By these one signs in and gets a new password.
_CONTACT = frozenset({NAME, PHONE, EMAIL})


@dataclass(frozen=True, slots=True)
class UnitNow:
    """A unit as it stands; `parent` is the name of the one above, "" for none.

    `gone`: no unit is called so any more: it was closed, or has another name. `now`: what it is called today, or the
    unit that its people went to; "" where nobody took its place.
    """

    id: int
    name: str
    parent: str
    nature: str
    gone: bool = False
    now: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """A person as the academy has them today. `unit_id` None: in no unit. `here`: came from this source and is in it.

    `closed`: the account is closed; `by_roster`: a roster closed it because the person had left.
    `elsewhere`: another source has the person too. `guarded`: an administrator, whose account no roster closes or
    opens, and whose name, telephone number and address, to which keys are sent, no roster changes.
    """

    id: int
    staff_number: str
    name: str
    phone: str | None
    email: str | None
    key_trainee: bool
    unit_id: int | None
    band: str
    closed: bool = False
    by_roster: bool = False
    here: bool = False
    elsewhere: bool = False
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one person. `old` and `new` by field; a unit by its name. `entry` is None for who leaves.

    `back`: the account was closed because the person had left, and opens again. `kept`: leaves this source only.
    """

    kind: str
    staff_number: str
    name: str
    entry: Entry | None
    present: Present | None
    old: Mapping[str, str | bool | None] = field(default_factory=dict)
    new: Mapping[str, str | bool | None] = field(default_factory=dict)
    back: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Twin:
    """Two who may be one person: the same phone, or the same name in the same unit. `why`: phone or name."""

    why: str
    staff_number: str
    other: str
    name: str
    other_name: str


@dataclass(slots=True)
class Difference:
    """The whole difference. `units`: new units, (name, superior unit, nature), superior ones first.

    `held`: who is in no row that can be used, and is not taken for gone. `base`: how many the source had.
    """

    changes: list[Change]
    faults: list[Fault]
    units: list[tuple[str, str, str]]
    twins: list[Twin]
    held: list[str]
    base: int

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]

    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        found = dict.fromkeys(KINDS, 0)
        for change in self.changes:
            found[change.kind] += 1
        return found

    def closing(self) -> int:
        """How many accounts would be closed."""
        return sum(change.kind == LEAVING and not change.kept for change in self.changes)

    def print(self) -> str:
        """A fingerprint: equal exactly where the same would be done."""
        digest = hashlib.sha256()
        for change in self.changes:
            if change.kind != SAME or (change.present is not None and not change.present.here):
                told = change.kind, change.staff_number, sorted(change.old.items()), sorted(change.new.items())
                new = replace(change.entry, row=0) if change.present is None and change.entry is not None else None
                digest.update(repr((*told, change.back, change.kept, new)).encode())
        digest.update(repr(self.units).encode())
        return digest.hexdigest()


class Units:
    """Finds the units that a roster names among those there are."""

    def __init__(self, units: Iterable[UnitNow]) -> None:
        self._by_name: dict[str, list[UnitNow]] = defaultdict(list)
        self.by_id: dict[int, UnitNow] = {}
        self._gone: dict[str, list[UnitNow]] = defaultdict(list)
        for unit in units:
            (self._gone if unit.gone else self._by_name)[cells.same(unit.name)].append(unit)
            if not unit.gone or unit.id not in self.by_id:
                self.by_id[unit.id] = unit

    def is_called(self, name: str) -> bool:
        """Is any unit called so?"""
        return cells.same(name) in self._by_name

    def gone(self, name: str, parent: str | None) -> UnitNow | None:
        """The unit that was called so and is not any more, where none is called so today."""
        if self.is_called(name):
            return None
        called = self._gone.get(cells.same(name), [])
        exact = [unit for unit in called if parent is not None and cells.same(unit.parent) == cells.same(parent)]
        return next(iter(exact or called), None)

    def find(self, name: str, parent: str | None) -> UnitNow | None:
        """The unit; by its name alone where the roster says no superior unit, or only one is called so and has none.
        None: there is none. `LookupError`: several are called so, and nothing tells which."""
        called = self._by_name.get(cells.same(name), [])
        if parent is not None:
            above = cells.same(parent)
            exact = [unit for unit in called if cells.same(unit.parent) == above]
            called = exact or [unit for unit in called if not unit.parent]
        if len(called) > 1:
            raise LookupError(name)
        return called[0] if called else None


def compare(reading: Reading, present: Sequence[Present], units: Iterable[UnitNow]) -> Difference:
    """What applying a reading would change, by staff number; the order is that of the rows, who leaves comes last."""
    known = Units(units)
    there = {person.staff_number: person for person in present}
    faults, changes, used = list(reading.faults), [], []
    held = set(reading.held)
    above: dict[str, dict[str, str]] = defaultdict(dict)
    for entry in reading.entries:
        if entry.parent:
            above[cells.same(entry.unit)].setdefault(cells.same(entry.parent), entry.parent)
    for entry in reading.entries:
        try:
            unit = known.find(entry.unit, entry.parent)
            if unit is None:
                past = known.gone(entry.unit, entry.parent), known.gone(entry.parent or "", None)
                if past != (None, None):
                    faults.append(_past(entry, *past))
                    held.add(entry.staff_number)
                    continue
                entry = _clear(entry, known, above)
        except LookupError as error:
            name = str(error.args[0])
            faults.append(Fault(entry.row, UNIT if name == entry.unit else PARENT, "unit_unclear", name))
            held.add(entry.staff_number)
            continue
        change = _change(entry, there.get(entry.staff_number), unit, known)
        if change.present is not None and change.present.guarded and {*change.new} & _CONTACT:
            faults.append(Fault(entry.row, STAFF, "guarded", entry.staff_number))
            held.add(entry.staff_number)
            continue
        used.append(entry)
        changes.append(change)
    told = {entry.staff_number for entry in used} | held
    gone = [person for person in present if person.here and person.staff_number not in told]
    meant = _meant(gone, reading)
    held |= meant
    gone = [person for person in gone if person.staff_number not in meant]
    changes += [
        Change(LEAVING, person.staff_number, person.name, None, person, kept=_stays(person))
        for person in sorted(gone, key=lambda person: person.staff_number)
    ]
    faults.sort(key=lambda fault: fault.row)
    base = sum(person.here for person in present)
    return Difference(changes, faults, _new_units(used, known), twins(used, present, known), sorted(held), base)


def _past(entry: Entry, unit: UnitNow | None, parent: UnitNow | None) -> Fault:
    """A row that names a unit, or one above, as none is called any more: nobody is put into it, none is made anew."""
    if unit is not None:
        return Fault(entry.row, UNIT, "unit_gone", entry.unit, unit.now)
    assert parent is not None
    return Fault(entry.row, PARENT, "unit_gone", entry.parent or "", parent.now)


def _stays(person: Present) -> bool:
    """Does the account stay although this source has the person no more?"""
    return person.elsewhere or person.closed or person.guarded


def _clear(entry: Entry, known: Units, above: Mapping[str, Mapping[str, str]]) -> Entry:
    """A row of a unit to be made: without a superior unit it means the one that other rows name. `LookupError` where
    the unit, or the one above it, may be any of several."""
    named = above.get(cells.same(entry.parent or entry.unit), {})
    if entry.parent:
        known.find(entry.parent, None)
    if len(named) > 1:
        raise LookupError(entry.parent or entry.unit)
    return entry if entry.parent or not named else replace(entry, parent=next(iter(named.values())))


def _meant(gone: Sequence[Present], reading: Reading) -> set[str]:
    """Who seems gone and is meant by a row without a usable staff number, by name or phone: nobody's account is closed
    for a slip of the pen. It stays until the row is mended."""
    names = {name for name, _phone in reading.unreadable if name}
    phones = {phone for _name, phone in reading.unreadable if phone}
    return {person.staff_number for person in gone if person.name in names or (person.phone or "") in phones}


def _change(entry: Entry, person: Present | None, unit: UnitNow | None, known: Units) -> Change:
    if person is None:
        return Change(NEW, entry.staff_number, entry.name, entry, None)
    old: dict[str, str | bool | None] = {}
    new: dict[str, str | bool | None] = {}
    for name in COMPARED:
        wanted, has = getattr(entry, name), getattr(person, name)
        if wanted is not None and wanted != has:
            old[name], new[name] = has, wanted
    moved = unit is None or unit.id != person.unit_id
    if moved:
        before = known.by_id.get(person.unit_id) if person.unit_id is not None else None
        old[UNIT], new[UNIT] = before.name if before else None, unit.name if unit else entry.unit
    back = person.closed and person.by_roster and not person.guarded
    kind = MOVED if moved else CHANGED if new or back else SAME
    return Change(kind, entry.staff_number, entry.name, entry, person, old, new, back)


def _new_units(entries: Iterable[Entry], known: Units) -> list[tuple[str, str, str]]:
    """The units that are not there yet, superior ones first; one that is only named as superior has nature ""."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    natures: dict[tuple[str, str], str] = {}
    above: dict[str, str] = {}
    for entry in entries:
        key = unit_key(entry.unit, entry.parent)
        if entry.nature:
            natures.setdefault(key, entry.nature)
        if key not in found and known.find(entry.unit, entry.parent) is None:
            found[key] = entry.unit, entry.parent or "", ""
            if entry.parent:
                above.setdefault(cells.same(entry.parent), entry.parent)
    named = {key[0] for key in found}
    tops = [(name, "", "") for key, name in above.items() if key not in named and not known.is_called(name)]
    rest = [(name, parent, natures.get(key, "")) for key, (name, parent, _) in found.items()]
    return tops + _downwards(rest)


def _downwards(rest: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Superior ones first, whatever the order of the rows; a ring as it stands."""
    ordered: list[tuple[str, str, str]] = []
    while rest:
        names = {cells.same(name) for name, _parent, _nature in rest}
        ready = [each for each in rest if cells.same(each[1]) not in names] or rest
        ordered += ready
        rest = [each for each in rest if each not in ready]
    return ordered


def twins(entries: Sequence[Entry], present: Sequence[Present], known: Units) -> list[Twin]:
    """New people who may be there already under another number, or stand twice in the file, for a person to decide."""
    there = {person.staff_number for person in present}
    phones: dict[str, tuple[str, str]] = {}
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for person in present:
        who = person.staff_number, person.name
        if person.phone:
            phones.setdefault(person.phone, who)
        if person.unit_id in known.by_id:
            names.setdefault((person.name, cells.same(known.by_id[person.unit_id].name)), who)
    found = []
    for entry in entries:
        if entry.staff_number in there:
            continue
        who = entry.staff_number, entry.name
        by_phone = phones.setdefault(entry.phone, who) if entry.phone else who
        by_name = names.setdefault((entry.name, cells.same(entry.unit)), who)
        for why, other in (("phone", by_phone), ("name", by_name)):
            if other[0] != entry.staff_number:
                found.append(Twin(why, entry.staff_number, other[0], entry.name, other[1]))
                break
    return found
