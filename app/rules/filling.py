"""How one group of people fills its classes: sizes within bounds, few moves, people of one unit together. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Coming = tuple[int, str]  # a person and their unit


@dataclass(eq=False)
class Room:
    """A class while it is filled. `held`: how many stay whatever happens; `members`: the others, by unit, in order."""

    key: int
    held: int = 0
    members: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    units: Counter[str] = field(default_factory=Counter)
    size_free: int = 0

    @property
    def size(self) -> int:
        """How many are in it."""
        return self.held + self.size_free

    def admit(self, keys: Sequence[int], unit: str) -> None:
        """They come in."""
        self.members[unit].extend(keys)
        self.units[unit] += len(keys)
        self.size_free += len(keys)

    def release(self, count: int) -> list[Coming]:
        """So many go: whole units that fit, the largest first; then a part of the largest that is left."""
        gone: list[Coming] = []
        for unit in sorted(self.members, key=lambda each: (-len(self.members[each]), each)):
            if 0 < len(self.members[unit]) <= count - len(gone):
                gone += self._dismiss(unit, len(self.members[unit]))
        if len(gone) < count:
            unit = max(sorted(self.members), key=lambda each: len(self.members[each]))
            gone += self._dismiss(unit, count - len(gone))
        return gone

    def _dismiss(self, unit: str, count: int) -> list[Coming]:
        keys = self.members[unit]
        gone = keys[len(keys) - count :]
        del keys[len(keys) - count :]
        self.units[unit] -= count
        self.size_free -= count
        return [(key, unit) for key in gone]


@dataclass
class Filled:
    """`rooms`: all classes that are there now, the opened ones too; `left_over`: for whom there is no room."""

    rooms: list[Room]
    opened: list[Room]
    closed: list[int]
    left_over: list[int]


def number_of(people: int, smallest: int, best: int, largest: int) -> int | None:
    """How many classes come nearest to the best size within the bounds; None where no number fits."""
    fewest, most = -(-people // largest), people // smallest
    if fewest > most or most == 0:
        return None
    return max(fewest, min(most, (2 * people + best) // (2 * best)))


def fill(
    rooms: Sequence[Room], coming: Sequence[Coming], smallest: int, best: int, largest: int, made_before: int
) -> Filled:
    """Bring everybody into a class. Those who come early in `coming` have a place before others where room is short."""
    closing, opening = _shape(rooms, len(coming), smallest, best, largest)
    opened = [Room(-(made_before + number + 1)) for number in range(opening)]
    kept = [room for room in rooms if room not in closing] + opened
    pool = [each for room in closing for each in room.release(room.size_free)]
    pool += _released(kept, len(coming) + len(pool), smallest, largest)
    left_over: list[Coming] = []
    room_for = sum(max(0, largest - room.size) for room in kept) - len(pool)
    if len(coming) > room_for:
        coming, left_over = coming[: max(0, room_for)], list(coming[max(0, room_for) :])
    _seat(kept, [*pool, *coming], smallest, largest)
    return Filled(kept, opened, [room.key for room in closing], [key for key, _unit in left_over])


Way = tuple[list[Room], int]  # which classes are closed, and how many are opened


def _shape(rooms: Sequence[Room], coming: int, smallest: int, best: int, largest: int) -> Way:
    """The fewest moves; then nearest to the best size. While the classes that are there can hold everybody within the
    bounds, none is opened."""
    # Who is held above the largest size fills no other class.
    people = sum(room.size - max(0, room.held - largest) for room in rooms) + coming
    wished = number_of(people, smallest, best, largest) or 0
    closable = sorted((room for room in rooms if not room.held), key=lambda room: (room.size, -room.key))
    more = max(0, people // smallest - len(rooms)) if people > len(rooms) * largest else 0
    ways: list[Way] = [(closable[:number], 0) for number in range(len(closable) + 1)]
    ways += [([], number) for number in range(1, more + 1)]

    def lowest(way: Way) -> int:
        kept = (room for room in rooms if room not in way[0])
        return sum(max(smallest, min(room.held, largest)) for room in kept) + way[1] * smallest

    def cost(way: Way) -> tuple[int, int, int]:
        closing, opening = way
        kept = [room for room in rooms if room not in closing]
        number = len(kept) + opening
        return _moves(closing, kept, opening, coming, smallest, largest), abs(number - wished), len(closing) + opening

    within = [way for way in ways if lowest(way) <= people <= (len(rooms) - len(way[0]) + way[1]) * largest]
    if within:
        return min(within, key=cost)
    # No number of classes fits: as many as can be filled.
    return [], max((number for number in range(more + 1) if lowest(([], number)) <= people), default=0)


def _moves(
    closing: Sequence[Room], kept: Sequence[Room], opening: int, coming: int, smallest: int, largest: int
) -> int:
    """How many leave the class they are in."""
    must = sum(room.size for room in closing) + sum(max(0, room.size - largest) for room in kept)
    wanted = sum(max(0, smallest - room.size) for room in kept) + opening * smallest
    return must + max(0, wanted - must - coming)


def _released(kept: Sequence[Room], coming: int, smallest: int, largest: int) -> list[Coming]:
    """Who must leave a class that stays: what is above the largest size, as far as others have room, and then, from the
    largest classes, what the small ones still lack."""
    free = sum(max(0, largest - room.size) for room in kept)
    gone: list[Coming] = []
    for room in kept:
        over = min(room.size - largest, room.size_free, free - len(gone))
        if over > 0:
            gone += room.release(over)
    lacking = sum(max(0, smallest - room.size) for room in kept) - coming - len(gone)
    spare = sum(min(max(0, room.size - smallest), room.size_free) for room in kept)
    if lacking <= 0 or spare < lacking:
        return gone
    giving: Counter[int] = Counter()
    for _ in range(lacking):
        able = [room for room in kept if room.size_free > giving[room.key] and room.size - giving[room.key] > smallest]
        giving[max(able, key=lambda room: (room.size - giving[room.key], -room.key)).key] += 1
    for room in kept:
        if giving[room.key]:
            gone += room.release(giving[room.key])
    return gone


def _seat(rooms: Sequence[Room], pool: Sequence[Coming], smallest: int, largest: int) -> None:
    """Everybody of the pool gets a place, unit by unit, the largest first.

    `spare` is what the pool has beyond what small classes still lack: a class takes what it lacks and of the spare, so
    there is always enough for the others.
    """
    by_unit: dict[str, list[int]] = defaultdict(list)
    for key, unit in pool:
        by_unit[unit].append(key)
    spare = max(0, len(pool) - sum(max(0, smallest - room.size) for room in rooms))

    def place(room: Room) -> int:
        return min(largest - room.size, max(0, smallest - room.size) + spare)

    for unit in sorted(by_unit, key=lambda each: (-len(by_unit[each]), each)):
        keys = sorted(by_unit[unit])
        known = sorted((room for room in rooms if room.units[unit] > 0), key=lambda r: (-r.units[unit], r.key))
        while keys:
            room = next((each for each in known if place(each) > 0), None)
            if room is not None:
                count = min(len(keys), place(room))
            else:
                room, count = _elsewhere(rooms, len(keys), place)
            spare -= max(0, count - max(0, smallest - room.size))
            room.admit(keys[:count], unit)
            keys = keys[count:]


def _elsewhere(rooms: Sequence[Room], count: int, place: Callable[[Room], int]) -> tuple[Room, int]:
    """A class that takes all of them, the smallest of those; else even parts for the classes with most room."""
    whole = [room for room in rooms if place(room) >= count]
    if whole:
        return min(whole, key=lambda room: (room.size, abs(room.key))), count
    room = max(rooms, key=lambda each: (place(each), -abs(each.key)))
    parts = -(-count // place(room))
    return room, -(-count // parts)
