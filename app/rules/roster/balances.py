"""What an older platform's file would change: compared with what was taken over from the same source before."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.rules.roster import amounts, cells
from app.rules.roster.cells import Wrong
from app.rules.roster.difference import CHANGED, KINDS, LEAVING, NEW, SAME
from app.rules.roster.model import NAME, STAFF, Fault
from app.rules.roster.opening import BALANCE, CATEGORY, DAY, HALF, YEAR, OpeningReading, Told

Place = tuple[str, int]  # unit as the file names it, year


@dataclass(frozen=True, slots=True)
class Standing:
    """What was taken over and holds: `said` is `told_of` its row."""

    id: int
    person_id: int
    staff_number: str
    name: str
    key: str
    evidence_key: str
    said: str


@dataclass(frozen=True, slots=True)
class Now:
    """What the academy knows: people by staff number (id, name), what stands of this source, the codes of categories,
    the year it is, and the years that are sealed."""

    people: Mapping[str, tuple[int, str]]
    standing: Sequence[Standing]
    codes: frozenset[str] = frozenset()
    year: int = 9999
    sealed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of one learner. `told` is None for what the file has no more, `stood` for what is new."""

    kind: str
    person_id: int
    staff_number: str
    name: str
    told: Told | None
    stood: Standing | None


@dataclass(frozen=True, slots=True)
class Sum:
    """Thousandths of hours of a unit and year: as the old platform says (None: it does not), in the rows of the file,
    in the rows that are taken."""

    unit: str
    year: int
    said: int | None
    file: int
    taken: int

    @property
    def apart(self) -> bool:
        """Do they differ?"""
        return self.file != self.taken or self.said not in (None, self.file)


@dataclass(slots=True)
class Balances:
    """The whole difference. `held`: who is in no row that can be used; what stands of theirs stays."""

    lines: list[Line]
    faults: list[Fault]
    held: list[str]
    base: int
    sums: list[Sum] = field(default_factory=list)

    def of(self, kind: str) -> list[Line]:
        """The lines of one kind."""
        return [line for line in self.lines if line.kind == kind]

    def counts(self) -> dict[str, int]:
        """How many of each kind. Nobody moves by hours: that one is 0, so that all imports count alike."""
        found = dict.fromkeys(KINDS, 0)
        for line in self.lines:
            found[line.kind] += 1
        return found

    def closing(self) -> int:
        """How many would be withdrawn because the file has them no more."""
        return sum(line.kind == LEAVING for line in self.lines)

    def print(self) -> str:
        """A fingerprint: equal exactly where the same would be done."""
        digest = hashlib.sha256()
        for line in self.lines:
            if line.kind != SAME:
                said = told_of(line.told) if line.told else ""
                digest.update(repr((line.kind, line.person_id, said, line.stood and line.stood.id)).encode())
        return digest.hexdigest()


def told_of(told: Told) -> str:
    """What a row says of its learner, in one form: equal where nothing has changed. Where it stood does not matter,
    nor how its unit is called."""
    parts = told.key, told.hours_m, told.certificate, told.course, told.seen_ms, told.length_ms, told.category, told.day
    return json.dumps([str(part) if part is not None else "" for part in parts], ensure_ascii=False)


def compare(reading: OpeningReading, now: Now) -> Balances:
    """What applying it would change; the order is that of the rows, what the file has no more comes last."""
    faults, held, lines = list(reading.faults), set(reading.held), []
    stood = {(each.staff_number, each.key): each for each in now.standing}
    taken: dict[Place, int] = defaultdict(int)
    judge = _Judge(now)
    judged = [(raw, *judge.judged(raw)) for raw in reading.told]
    given: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for _raw, told, wrong in judged:
        if wrong is None:
            given[told.staff_number, told.key].append(told)
    for raw, told, wrong in judged:
        others = [each for each in given[told.staff_number, told.key] if each is not told]
        if wrong is None and others:  # two words for one category: nobody can tell which row is meant
            rows = ", ".join(str(each.row) for each in others[:5])
            wrong = Fault(told.row, CATEGORY, "twice_other", raw.category, other=rows, sheet=told.sheet)
        if wrong is not None:
            faults.append(wrong)
            held.add(told.staff_number)
            continue
        if told.kind == BALANCE and told.year is not None:
            taken[told.unit, told.year] += told.hours_m
        before = stood.pop((told.staff_number, told.key), None)
        kind = NEW if before is None else SAME if before.said == told_of(told) else CHANGED
        lines.append(Line(kind, now.people[told.staff_number][0], told.staff_number, judge.name(told), told, before))
    gone = [each for each in stood.values() if each.staff_number not in held]
    lines += [Line(LEAVING, each.person_id, each.staff_number, each.name, None, each) for each in gone]
    faults.sort(key=lambda fault: (fault.sheet, fault.row))
    return Balances(lines, faults, sorted(held), len(now.standing), _sums(reading, taken))


class _Judge:
    """Rows against what the academy knows."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._buckets: dict[str, str | Wrong] = {}

    def name(self, told: Told) -> str:
        """The learner's name here."""
        return self._now.people[told.staff_number][1]

    def judged(self, told: Told) -> tuple[Told, Fault | None]:
        """The row with the academy's code for its category; or what is wrong with it."""
        person = self._now.people.get(told.staff_number)
        if person is None:
            return told, Fault(told.row, STAFF, "nobody", told.staff_number, sheet=told.sheet)
        if told.name and cells.same(told.name) != cells.same(person[1]):
            return told, Fault(told.row, NAME, "other_name", told.name, person[1], sheet=told.sheet)
        day_year = told.day.year if told.day else None
        if (told.year or day_year or 0) > self._now.year:
            about, shown = (YEAR, str(told.year)) if told.year else (DAY, str(told.day))
            return told, Fault(told.row, about, "year_ahead", shown, sheet=told.sheet)
        if told.kind in (BALANCE, HALF) and told.year in self._now.sealed:
            return told, Fault(told.row, YEAR, "year_sealed", str(told.year), sheet=told.sheet)
        if told.kind == HALF and day_year in self._now.sealed:
            return told, Fault(told.row, DAY, "year_sealed", str(told.day), sheet=told.sheet)
        if not told.category:
            return told, None
        bucket = self._bucket(told.category)
        if isinstance(bucket, Wrong):
            return told, Fault(told.row, CATEGORY, bucket.problem, told.category, bucket.wanted, sheet=told.sheet)
        return replace(told, category=bucket), None

    def _bucket(self, word: str) -> str | Wrong:
        if word not in self._buckets:
            try:
                self._buckets[word] = amounts.bucket(word, self._now.codes)
            except Wrong as wrong:
                self._buckets[word] = wrong
        return self._buckets[word]


def _sums(reading: OpeningReading, taken: Mapping[Place, int]) -> list[Sum]:
    """By unit and year. Names that differ only in width or spaces are one unit."""
    file, said, mine = _by_name(reading.file), _by_name(reading.totals), _by_name(taken)
    words = {cells.same(unit): unit for unit, _year in (*reading.totals, *reading.file)}
    places = sorted({*file, *said, *mine}, key=lambda place: (words[place[0]], place[1]))
    return [
        Sum(words[unit], year, said.get((unit, year), 0) if reading.totals else None, file.get((unit, year), 0),
            mine.get((unit, year), 0))
        for unit, year in places
    ]  # fmt: skip


def _by_name(sums: Mapping[Place, int]) -> dict[Place, int]:
    found: dict[Place, int] = defaultdict(int)
    for (unit, year), amount in sums.items():
        found[cells.same(unit), year] += amount
    return dict(found)
