"""What a learner might still do: offers, their steps, and the evidence that doing them would leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from app.rules.credit.kinds import NUMBERS
from app.rules.credit.marks import watch_marks, worth
from app.rules.credit.plan import Plan

NOON = time(12)
NOON_MINUTE = 720
_OWN = ("item", "edition", "length_ms")  # what tells the lessons of a course from each other
_SEEN, _LENGTH = NUMBERS.index("seen_ms"), NUMBERS.index("length_ms")
# Ids of evidence that is only imagined; recorded keys never begin like this.
IMAGINED = "planned:"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `facts` as its evidence would carry them (kind, item, edition, length_ms, …), without id,
    times and what was seen. `left_ms`: the study time that it still takes."""

    facts: Mapping[str, Any]
    left_ms: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A course (or one of its exams with it) as a whole: it is proposed with all its steps or not at all.

    `due`: the last day, if there is one. A lesson that counts with an exam only has the exam as a step.
    """

    code: str
    steps: tuple[Step, ...]
    required: bool = False
    due: date | None = None

    @property
    def left_ms(self) -> int:
        """Study time of all its steps."""
        return sum(step.left_ms for step in self.steps)

    def rank(self) -> tuple[bool, date, int, str]:
        """Required ones first, the nearest due first, then the shorter way."""
        return not self.required, self.due or date.max, self.left_ms, self.code


class Imagined:
    """The evidence of every step of some offers, on whatever day; built once, moved about cheaply."""

    def __init__(self, book: RuleBook, offers: Sequence[Offer], pieces: Sequence[Piece]) -> None:
        self._book = book
        self.offers = offers
        taken = {piece.id for piece in pieces}
        self._late = _last_moments(book, pieces)
        self._made: dict[tuple[int, int, int], Piece] = {}
        self._seen: dict[tuple[Plan, int], int] = {}
        self._first: dict[tuple[tuple[str, Any], ...], Piece] = {}
        self._names = {
            (number, place): _free(f"{IMAGINED}{offer.code}:{place}", taken)
            for number, offer in enumerate(offers)
            for place in range(len(offer.steps))
        }

    def name(self, number: int, place: int) -> str:
        """The id of a step's evidence."""
        return self._names[number, place]

    def piece(self, number: int, place: int, day: date, turn: int) -> Piece:
        """A step's evidence on a day: after its noon and what is there of it, `turn` puts those of one day in order."""
        version = self._book.version_on(day)
        key = (number, place, version.version if version is not None else 0)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._fresh(number, place, day)
        moment = datetime.combine(day, NOON, self._book.zone)
        moment = max(moment, self._late.get(day, moment)) + timedelta(milliseconds=turn + 1)
        return replace(found, happened=moment, known=moment)

    def amount(self, piece: Piece) -> tuple[str, int]:
        """The bucket of a piece, and what it asks for by itself: before repeats and limits, in thousandths."""
        day, part = self._book.local(piece.happened, piece.kind)
        version = self._book.version_on(day)
        plan = self._book.plan(version, piece.snapshot, part) if version is not None else None
        return ("", 0) if plan is None else (plan.bucket, plan.rounded(*plan.exact(piece.numbers)))

    def _fresh(self, number: int, place: int, day: date) -> Piece:
        facts = self.offers[number].steps[place].facts
        found = self._alike(facts, self.name(number, place), day)
        if found.kind != "watched" or "seen_ms" in facts:
            return found
        numbers = list(found.numbers)
        numbers[_SEEN] = self._last_mark(found, day, facts)
        return replace(found, numbers=tuple(numbers))

    def _alike(self, facts: Mapping[str, Any], name: str, day: date) -> Piece:
        """The piece that these facts make. Lessons of a course differ by three of them: the rest is read once."""
        rest = tuple(pair for pair in facts.items() if pair[0] not in _OWN)
        first, item, edition, length = self._first.get(rest), *(facts.get(field) for field in _OWN)
        if first is None or not (_key(item) and _key(edition) and type(length) is int and length >= 0):
            moment = datetime.combine(day, NOON, self._book.zone)
            found = parse({"kind": "watched", **facts, "id": name, "happened": moment})
            self._first[rest] = found
            return found
        numbers = list(first.numbers)
        numbers[_LENGTH] = length
        return replace(first, id=name, item=item, edition=edition, numbers=tuple(numbers))

    def _last_mark(self, piece: Piece, day: date, facts: Mapping[str, Any]) -> int:
        """How much the last evidence of such a lesson says to be seen, ms; all of it where no mark is set."""
        length, version = piece.numbers[_LENGTH], self._book.version_on(day)
        plan = self._book.plan(version, piece.snapshot, self._book.part(NOON_MINUTE)) if version is not None else None
        if plan is None:
            return length
        if (plan, length) not in self._seen:
            first = worth(self._book, day, facts, length).at_least_ms
            marks = () if plan.series == "first" else watch_marks(self._book, day, facts, length)
            self._seen[plan, length] = marks[-1] if marks else first or length
        return self._seen[plan, length]


def _key(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "+"
    taken.add(name)
    return name


def _last_moments(book: RuleBook, pieces: Sequence[Piece]) -> dict[date, datetime]:
    """By academy-local day the last moment at which something is known to have happened."""
    found: dict[date, datetime] = {}
    for piece in pieces:
        moment = piece.happened.astimezone(book.zone)
        found[moment.date()] = max(moment, found.get(moment.date(), moment))
    return found
