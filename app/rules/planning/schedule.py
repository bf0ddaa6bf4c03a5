"""On which days to do things, so that nothing is lost to limits a day or to repeats on one day."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import Cap, RuleSet
from app.rules.credit.evidence import Piece
from app.rules.credit.plan import values
from app.rules.credit.settlement import Posting
from app.rules.planning.offers import NOON_MINUTE

Place = tuple[int, int]  # number of the offer, place of the step in it


@dataclass(frozen=True, slots=True)
class Want:
    """What a step asks of a day: so many thousandths of these limits, and to be the first of its like."""

    amount: int = 0
    caps: tuple[Cap, ...] = ()
    likes: tuple[Hashable, ...] = ()


@dataclass(slots=True)
class Load:
    """What one day already takes, by cap, and what it has of which a second one is a repeat."""

    used: dict[str, int] = field(default_factory=dict)
    likes: set[Hashable] = field(default_factory=set)

    def room(self, want: Want) -> int:
        """How much of it still counts."""
        if not self.likes.isdisjoint(want.likes):
            return 0
        return min((max(0, cap.limit_m - self.used.get(cap.id, 0)) for cap in want.caps), default=want.amount)

    def take(self, want: Want, amount: int) -> None:
        """Note that so much of it counts."""
        for cap in want.caps:
            self.used[cap.id] = self.used.get(cap.id, 0) + amount
        if amount:
            self.likes.update(want.likes)


def want_of(book: RuleBook, version: RuleSet, piece: Piece, bucket: str, amount: int) -> Want:
    """What such a piece asks of its day."""
    seen = values(piece.snapshot, book.part(NOON_MINUTE), bucket)
    caps = tuple(cap for cap in version.caps if cap.per == "day" and cap.when.fits(seen))
    known = {**piece.facts(), "item": piece.item, "edition": piece.edition, "run": piece.run, "take": piece.take}
    likes = [
        (rule.id, *(known[field] for field in rule.key))
        for rule in version.duplicates
        if rule.within == "day" and rule.key and rule.when.fits(seen) and any(known[field] for field in rule.key)
    ]
    return Want(amount, caps, tuple(likes))


def taken(book: RuleBook, pieces: Sequence[Piece], postings: Iterable[Posting], since: date) -> dict[date, Load]:
    """What is counted already of days from `since` on."""
    by_id = {piece.id: piece for piece in pieces}
    found: dict[date, Load] = {}
    for posting in postings:
        piece = by_id.get(posting.evidence)
        version = book.version_on(posting.day)
        if posting.day < since or piece is None or version is None:
            continue
        want = want_of(book, version, piece, posting.bucket, posting.countable)
        found.setdefault(posting.day, Load()).take(want, posting.countable)
    return found


def fit(
    places: Sequence[Place], wants: Mapping[Place, Want], busy: Mapping[date, Load], first: date, last: date
) -> dict[Place, date]:
    """The first day, for each in order, on which all of it counts; where none is left, the one with most room."""
    loads = {day: Load(dict(load.used), set(load.likes)) for day, load in busy.items()}
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    begin: dict[tuple[Hashable, ...], int] = {}  # where days are still free for such pieces: before it all are full
    found: dict[Place, date] = {}
    for place in places:
        want = wants.get(place, Want())
        if not want.amount or not (want.caps or want.likes):
            found[place] = first
            continue
        day = found[place] = _free_day(days, loads, want, begin)
        load = loads.setdefault(day, Load())
        load.take(want, min(want.amount, load.room(want)))
    return found


def _free_day(
    days: Sequence[date], loads: Mapping[date, Load], want: Want, begin: dict[tuple[Hashable, ...], int]
) -> date:
    """A day on which all counts, or as much as ever can; `begin` skips the days that are full."""
    best, most = days[-1], -1
    wanted = min(want.amount, Load().room(want))
    key = (*(cap.id for cap in want.caps), *want.likes)
    full = True
    for number in range(begin.get(key, 0), len(days)):
        load = loads.get(days[number])
        room = wanted if load is None else load.room(want)
        if room >= wanted:
            return days[number]
        full = full and room == 0
        if full:
            begin[key] = number + 1
        if room > most:
            best, most = days[number], room
    return best
