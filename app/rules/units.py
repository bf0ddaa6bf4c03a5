"""Units in time, pure: what a unit was on a day, what an act may not do, and which memberships it ends and begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

OPEN, CHANGE, MERGE, SPLIT, CLOSE = "open", "change", "merge", "split", "close"
ACTS = (OPEN, CHANGE, MERGE, SPLIT, CLOSE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is, or as it was on a day. `since` None: always; `closed_on`: the first day on which it is no
    more."""

    id: int
    parent: int | None
    code: str
    name: str
    name_en: str
    nature: str
    since: date | None = None
    closed_on: date | None = None
    successor: int | None = None

    def there(self, day: date) -> bool:
        """Is it there on a day?"""
        return (self.since is None or self.since <= day) and (self.closed_on is None or self.closed_on > day)


@dataclass(frozen=True, slots=True)
class Past:
    """What a unit was until a day (the first on which it was otherwise)."""

    unit: int
    until: date
    name: str
    name_en: str
    nature: str
    parent: int | None


@dataclass(frozen=True, slots=True)
class Stay:
    """A membership: who, in which unit and band, from when until when (the first day no longer)."""

    id: int
    person: int
    unit: int
    band: str
    since: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Does it hold on a day?"""
        return self.since <= day and (self.until is None or self.until > day)


@dataclass(frozen=True, slots=True)
class Steps:
    """What happens to memberships: `ended` end on the day, `begun` begin on it (their id is 0), `turned` began on the
    day or later and are in the other unit from their beginning."""

    ended: tuple[Stay, ...]
    begun: tuple[Stay, ...]
    turned: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act cannot be: a code, and the field that it is about. `day` or `unit`: what the text names."""

    code: str
    field: str
    day: date | None = None
    unit: int | None = None


def as_of(units: Iterable[Unit], past: Iterable[Past], day: date) -> list[Unit]:
    """The units that were there on a day, as they were then."""
    then: dict[int, Past] = {}
    for each in past:
        if each.until > day and (each.unit not in then or each.until < then[each.unit].until):
            then[each.unit] = each
    found = []
    for unit in units:
        if unit.there(day):
            was = then.get(unit.id)
            found.append(
                unit
                if was is None
                else replace(unit, parent=was.parent, name=was.name, name_en=was.name_en, nature=was.nature)
            )
    return found


def below(units: Iterable[Unit], top: int) -> frozenset[int]:
    """A unit and all below it."""
    children: dict[int | None, list[int]] = defaultdict(list)
    for unit in units:
        children[unit.parent].append(unit.id)
    found: set[int] = set()
    waiting = [top]
    while waiting:
        if (at := waiting.pop()) not in found:
            found.add(at)
            waiting += children[at]
    return frozenset(found)


def sums(units: Sequence[Unit], own: Mapping[int, int]) -> dict[int, int]:
    """By unit: how many in it and in all below it. A unit above that is not there counts nothing."""
    parents = {unit.id: unit.parent for unit in units}
    found = dict.fromkeys(parents, 0)
    for unit, count in own.items():
        seen: set[int] = set()
        at: int | None = unit
        while at is not None and at in found and at not in seen:
            seen.add(at)
            found[at] += count
            at = parents[at]
    return found


def move(stays: Iterable[Stay], target: int, day: date) -> Steps:
    """These memberships as they are when their unit is another one from a day on: no day without a unit, none with two,
    and nothing before the day is touched."""
    ended, begun, turned = [], [], []
    for stay in stays:
        if stay.unit == target or (stay.until is not None and stay.until <= day):
            continue
        if stay.since >= day:
            turned.append(replace(stay, unit=target))
        else:
            ended.append(replace(stay, until=day))
            begun.append(replace(stay, id=0, unit=target, since=day))
    return Steps(tuple(ended), tuple(begun), tuple(turned))


def earliest(stays: Iterable[Stay], today: date) -> date | None:
    """The first day from which an act with all these memberships may hold: nobody came or went after it, up to today.
    None: any day."""
    days = [day for stay in stays for day in (stay.since, stay.until) if day is not None and day <= today]
    return max(days, default=None)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants done with a unit. `into`: whom it is merged into; `parent`: the one above from now on, of a
    change; `name`: a new unit's, or the new one; `below`: the units that go along with a split."""

    kind: str
    unit: int
    day: date
    into: int | None = None
    name: str = ""
    parent: int | None = None
    below: frozenset[int] = frozenset()


def refusal(
    act: Act,
    units: Sequence[Unit],
    stays: Sequence[Stay],
    last: date | None,
    today: date,
    past: Sequence[Past] = (),
) -> Refusal | None:
    """Why an act cannot be done; None where it can. `stays`: the memberships of the unit (of a split: those that go);
    `last`: the day of the newest act with the unit, or of its beginning; `past`: what all units were."""
    unit = next((each for each in units if each.id == act.unit), None)
    if unit is None or unit.closed_on is not None:
        return Refusal("closed", "unit", unit.closed_on if unit else None)
    if act.day > today:
        return Refusal("ahead", "day", today)
    if last is not None and act.day < last:
        return Refusal("before_act", "day", last)
    found = {MERGE: _merge, CHANGE: _change, SPLIT: _split, CLOSE: _close}[act.kind](act, units, stays)
    found = found or _ring(act, units, past) or _below_changed(act, units, past)
    if found is not None or act.kind == CHANGE:
        return found
    first = earliest(stays, today)
    return Refusal("before_stay", "day", first) if first is not None and act.day < first else None


def _merge(act: Act, units: Sequence[Unit], stays: Sequence[Stay]) -> Refusal | None:
    into = next((each for each in units if each.id == act.into), None)
    if into is None or into.closed_on is not None:
        return Refusal("no_target", "target")
    if into.id in below(units, act.unit):
        return Refusal("own_branch", "target", unit=into.id)
    if into.since is not None and act.day < into.since:
        return Refusal("target_later", "day", into.since)
    children = {
        each.name for each in units if each.parent == into.id and each.closed_on is None and each.id != act.unit
    }
    twice = [each for each in units if each.parent == act.unit and each.closed_on is None and each.name in children]
    return Refusal("name_below", "target", unit=twice[0].id) if twice else None


def _change(act: Act, units: Sequence[Unit], stays: Sequence[Stay]) -> Refusal | None:
    if act.parent is not None:
        above = next((each for each in units if each.id == act.parent), None)
        if above is None or above.closed_on is not None:
            return Refusal("no_parent", "parent")
        if above.id in below(units, act.unit):
            return Refusal("own_branch", "parent", unit=above.id)
        if above.since is not None and act.day < above.since:
            return Refusal("target_later", "day", above.since)
    return taken(units, act.name, act.parent, but=act.unit)


def _ring(act: Act, units: Sequence[Unit], past: Sequence[Past]) -> Refusal | None:
    """Did the other unit stand below this one on a day since? Then both would stand below each other on that day."""
    above = act.into if act.kind == MERGE else act.parent if act.kind == CHANGE else None
    if above is None:
        return None
    days = [act.day, *sorted({each.until for each in past if each.until > act.day})]
    rings = [above in below(as_of(units, past, day), act.unit) for day in days]
    if True not in rings:
        return None
    over = len(rings) - rings[::-1].index(True)  # there is a later day: how they stand today is checked otherwise
    return Refusal("branch_then", "day", days[min(over, len(days) - 1)], unit=above)


def _below_changed(act: Act, units: Sequence[Unit], past: Sequence[Past]) -> Refusal | None:
    """Was something done since with a unit that gets another one above it? Before that day it would be called as it is
    called now. Or did one stand below it since that does not any more? It would stand below nothing until then."""
    children = {each.id for each in units if each.parent == act.unit and each.closed_on is None}
    moving = children if act.kind == MERGE else children & act.below
    found = [(each.until, each.unit) for each in past if each.until > act.day and each.unit in moving]
    if act.kind in (MERGE, CLOSE):
        found += [(each.until, each.unit) for each in past if each.until > act.day and each.parent == act.unit]
        found += [(each.closed_on, each.id) for each in units if each.parent == act.unit and each.closed_on is not None]
    day, unit = max(found, default=(act.day, 0))
    return Refusal("below_act", "day", day, unit=unit) if day > act.day else None


def _split(act: Act, units: Sequence[Unit], stays: Sequence[Stay]) -> Refusal | None:
    unit = next(each for each in units if each.id == act.unit)
    return taken(units, act.name, unit.parent)


def _close(act: Act, units: Sequence[Unit], stays: Sequence[Stay]) -> Refusal | None:
    if any(stay.until is None or stay.until > act.day for stay in stays):
        return Refusal("members", "unit")
    below_it = [each for each in units if each.parent == act.unit and each.closed_on is None]
    return Refusal("units_below", "unit", unit=below_it[0].id) if below_it else None


def taken(units: Iterable[Unit], name: str, parent: int | None, but: int | None = None) -> Refusal | None:
    """Is there a unit of this name beside it already? Rosters tell units apart by their names."""
    for each in units:
        if each.closed_on is None and each.parent == parent and each.id != but and each.name == name:
            return Refusal("name_taken", "name", unit=each.id)
    return None
