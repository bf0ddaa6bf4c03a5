"""Who belongs to which class: people are grouped by rules, and each group fills classes within their bounds.

What is there stays: somebody moves only when another rule holds for them, or when a class has left its bounds; see
`docs/adr/0027-classes-by-rule.md`. The order in which people and classes are given does not matter; that of the rules
does: the first that fits holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.rules.filling import Room, fill

NO_RULE, TOO_FEW, NO_ROOM = "no_rule", "too_few", "no_room"
BELOW, ABOVE = "below", "above"


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody to be placed. `group`: the present class, None for none; `held`: stays there whatever rules say."""

    key: int
    unit: str = ""
    nature: str = ""
    band: str = ""
    district: str = ""
    key_trainee: bool = False
    group: int | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom it takes (an empty set takes all; `key_trainee` None: both), and how large its classes are.

    `by_district`: each district has classes of its own. `join_small`: too few for a class are put together with others:
    small districts with each other, a whole rule with the next one.
    """

    key: int
    smallest: int
    best: int
    largest: int
    natures: frozenset[str] = frozenset()
    bands: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    key_trainee: bool | None = None
    by_district: bool = False
    join_small: bool = False

    def fits(self, learner: Learner) -> bool:
        """Does it take this person?"""
        return (
            (not self.natures or learner.nature in self.natures)
            and (not self.bands or learner.band in self.bands)
            and (not self.districts or learner.district in self.districts)
            and self.key_trainee in (None, learner.key_trainee)
        )


@dataclass(frozen=True, slots=True)
class Present:
    """A class that is there. `rule`: that by which it was made, None where there is none (any more)."""

    key: int
    rule: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A class to be made; its key is below zero. `district`: where all of it are of one and the rule asks for that."""

    key: int
    rule: int
    district: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What does not come out: `people` of a rule who are too few or for whom no class has room, or a class (`group`)
    of `people` that lies below or above its bounds."""

    kind: str
    rule: int
    people: int
    district: str = ""
    group: int | None = None


@dataclass
class Arrangement:
    """What follows. `places`: class of each person who has one; `unplaced`: why not, also of those who fit no rule and
    stay in the class where they are; `ties`: classes that go over to another rule."""

    places: dict[int, int] = field(default_factory=dict)
    unplaced: dict[int, str] = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    ties: dict[int, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


@dataclass
class _Group:
    """People who share classes, by the sizes of one rule. `rules`: those which brought them here."""

    rule: Rule
    district: str
    people: list[Learner]
    rules: set[int]


# How often what came out is looked at again. Seldom more than once: a class whose last people of its own rule had to
# leave may go over to those who are still in it, and then others have room.
ROUNDS = 8


def arrange(learners: Iterable[Learner], rules: Sequence[Rule], classes: Iterable[Present]) -> Arrangement:
    """Put everybody into classes, until doing so once more moves nobody."""
    people, there = list(learners), list(classes)
    first = max((each.key for each in there), default=0) + 1
    found = _arranged_once(people, rules, there)
    for _ in range(ROUNDS):
        now = _settled(people, there, found, first)
        again = _arranged_once(now.people, rules, now.classes)
        if not (again.made or again.closed or again.ties) and all(
            again.places.get(each.key) == each.group for each in now.people
        ):
            break
        found = _joined(there, found, again, first)
    return found


@dataclass
class _Settled:
    people: list[Learner]
    classes: list[Present]


def _settled(people: Iterable[Learner], there: Iterable[Present], found: Arrangement, first: int) -> _Settled:
    """Everybody where the arrangement puts them. Classes that it makes have keys from `first` on, as when they are
    there: after all others, in their order."""
    places = {key: _real(place, first) for key, place in found.places.items()}
    kept = [replace(e, rule=found.ties.get(e.key, e.rule)) for e in there if e.key not in found.closed]
    made = [Present(_real(each.key, first), each.rule) for each in found.made]
    now = [
        each
        if places.get(each.key) == each.group
        else replace(each, group=places.get(each.key), held=each.held and each.key in places)
        for each in people
    ]
    return _Settled(now, [*kept, *made])


def _real(key: int, first: int) -> int:
    return key if key > 0 else first - key - 1


def _joined(there: Iterable[Present], earlier: Arrangement, later: Arrangement, first: int) -> Arrangement:
    """Two arrangements, one after the other, as one."""
    districts = {_real(each.key, first): each.district for each in earlier.made}
    rules = {_real(each.key, first): later.ties.get(_real(each.key, first), each.rule) for each in earlier.made}
    made = [Made(0, rules[key], districts[key]) for key in rules if key not in later.closed]
    names = {key: -number for number, key in enumerate((key for key in rules if key not in later.closed), 1)}
    for each in later.made:
        names[each.key] = -len(names) - 1
        made.append(each)
    before = {each.key: each.rule for each in there}
    ties = {key: rule for key, rule in (earlier.ties | later.ties).items() if key in before and before[key] != rule}
    closed = {*earlier.closed, *(key for key in later.closed if key in before)}
    return Arrangement(
        places={key: names.get(place, place) for key, place in later.places.items()},
        unplaced=later.unplaced,
        made=[replace(each, key=-number) for number, each in enumerate(made, 1)],
        closed=sorted(closed),
        ties={key: rule for key, rule in ties.items() if key not in closed},
        troubles=[
            each if each.group is None else replace(each, group=names.get(each.group, each.group))
            for each in later.troubles
        ],
    )


def _arranged_once(people: list[Learner], rules: Sequence[Rule], classes: Iterable[Present]) -> Arrangement:
    people = sorted(people, key=lambda each: each.key)
    found = Arrangement()
    groups = _grouped(people, rules, found)
    homes = _homes(people, groups, sorted(classes, key=lambda each: each.key), found)
    homeless = [number for number, group in enumerate(groups) if number not in homes.values()]
    for number in homeless:
        group = groups[number]
        if len(group.people) < group.rule.smallest:
            _leave(group, group.people, TOO_FEW, found)
            group.people = []
    rooms = _rooms(people, groups, homes, found)
    for number, group in enumerate(groups):
        if group.people or rooms[number]:
            _fill(group, rooms[number], homes, number, found)
    found.closed.sort()
    return found


def _grouped(people: Iterable[Learner], rules: Sequence[Rule], found: Arrangement) -> list[_Group]:
    """Who is to be together, in the order of the rules. Those who are held elsewhere are in no group."""
    taken: list[list[Learner]] = [[] for _ in rules]
    owner: dict[int, int] = {}
    known: dict[tuple[str, str, str, bool], int | None] = {}
    for each in people:
        if each.held:
            continue
        facts = (each.nature, each.band, each.district, each.key_trainee)
        if facts not in known:
            known[facts] = next((at for at, rule in enumerate(rules) if rule.fits(each)), None)
        place = known[facts]
        if place is None:
            found.unplaced[each.key] = NO_RULE
            if each.group is not None:
                found.places[each.key] = each.group
        else:
            taken[place].append(each)
            owner[each.key] = rules[place].key
    groups: list[_Group] = []
    for at, rule in enumerate(rules):
        own = _divided(rule, taken[at])
        small = rule.join_small and len(own) == 1 and len(own[0].people) < rule.smallest
        later = next((n for n in range(at + 1, len(rules)) if taken[n]), None) if small else None
        if later is not None:
            taken[later].extend(taken[at])
        elif small and groups:
            last = groups[-1].rule
            _nearest(each for each in groups if each.rule is last).people.extend(taken[at])
        else:
            groups += own
    for group in groups:
        group.people.sort(key=lambda each: each.key)
        group.rules = {owner[each.key] for each in group.people}
    return groups


def _nearest(groups: Iterable[_Group]) -> _Group:
    return min(groups, key=lambda each: (len(each.people), each.district))


def _divided(rule: Rule, people: list[Learner]) -> list[_Group]:
    """A rule's people as they are to share classes: together, or by district."""
    if not people:
        return []
    if not rule.by_district:
        return [_Group(rule, "", list(people), set())]
    by_district: dict[str, list[Learner]] = defaultdict(list)
    for each in people:
        by_district[each.district].append(each)
    groups = [_Group(rule, district, by_district[district], set()) for district in sorted(by_district)]
    if not rule.join_small:
        return groups
    large = [each for each in groups if len(each.people) >= rule.smallest]
    rest = [learner for each in groups if len(each.people) < rule.smallest for learner in each.people]
    if not rest:
        return large
    if large and len(rest) < rule.smallest:
        joined = _nearest(large)
        joined.people, joined.district = joined.people + rest, ""
        return large
    return [*large, _Group(rule, "", rest, set())]


def _homes(
    people: Iterable[Learner], groups: Sequence[_Group], classes: Sequence[Present], found: Arrangement
) -> dict[int, int]:
    """Class → the group that fills it: of its own rule that which most of its people are in; where its rule has none of
    them any more, the one with most. Classes with nobody in them are closed."""
    group_of = {each.key: number for number, group in enumerate(groups) for each in group.people}
    inside: dict[int, Counter[int]] = defaultdict(Counter)
    held: set[int] = set()
    for each in people:
        if each.group is None:
            continue
        if each.key in group_of:
            inside[each.group][group_of[each.key]] += 1
        else:
            held.add(each.group)
    homes: dict[int, int] = {}
    for present in classes:
        counts = inside[present.key]
        own = [n for n in counts if present.rule in (groups[n].rule.key, *groups[n].rules)]
        if counts:
            most = max((counts[number], -number) for number in own or counts)
            homes[present.key] = -most[1]
            if not own:
                found.ties[present.key] = groups[homes[present.key]].rule.key
        elif present.key not in held and present.rule is not None:
            found.closed.append(present.key)
    return homes


def _leave(group: _Group, people: Iterable[Learner], why: str, found: Arrangement) -> None:
    """For these there is no class by their rule: who is in one stays there."""
    people = list(people)
    for each in people:
        found.unplaced[each.key] = why
        if each.group is not None:
            found.places[each.key] = each.group
    found.troubles.append(Trouble(why, group.rule.key, len(people), group.district))


def _rooms(
    people: Iterable[Learner], groups: Sequence[_Group], homes: Mapping[int, int], found: Arrangement
) -> list[list[Room]]:
    """The classes of each group as they are now. Who belongs to another group is not in them; who stays whatever
    happens takes a place."""
    rooms = {key: Room(key) for key in homes}
    for each in people:
        if each.held and each.group is not None:
            found.places[each.key] = each.group
        if each.key in found.places and each.group in rooms:
            rooms[each.group].held += 1
            rooms[each.group].units[each.unit] += 1
    for number, group in enumerate(groups):
        for each in group.people:
            if each.group is not None and homes.get(each.group) == number:
                rooms[each.group].admit([each.key], each.unit)
    return [[rooms[key] for key in sorted(homes) if homes[key] == number] for number in range(len(groups))]


def _fill(group: _Group, rooms: list[Room], homes: Mapping[int, int], number: int, found: Arrangement) -> None:
    """Settle one group: who stays, who moves, which classes are made and closed."""
    rule = group.rule
    seated = {key for room in rooms for keys in room.members.values() for key in keys}
    # Who has a class of another group comes first: where there is not room for all they would lose what they have.
    coming = sorted((each for each in group.people if each.key not in seated), key=lambda e: (e.group is None, e.key))
    filled = fill(
        rooms, [(each.key, each.unit) for each in coming], rule.smallest, rule.best, rule.largest, len(found.made)
    )
    found.closed += filled.closed
    found.made += [Made(room.key, rule.key, group.district) for room in filled.opened]
    for room in filled.rooms:
        for keys in room.members.values():
            found.places.update(dict.fromkeys(keys, room.key))
        if not rule.smallest <= room.size <= rule.largest:
            kind = BELOW if room.size < rule.smallest else ABOVE
            found.troubles.append(Trouble(kind, rule.key, room.size, group.district, room.key))
    if filled.left_over:
        left = set(filled.left_over)
        _leave(group, [each for each in coming if each.key in left], NO_ROOM, found)
