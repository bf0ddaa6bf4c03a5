"""Trying offers: what is there and what they would leave, folded together on days that suit them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.evidence import Piece
from app.rules.credit.fold import settle
from app.rules.credit.settlement import PeriodResult, Settlement
from app.rules.planning import goals
from app.rules.planning.goals import Duty, Goal
from app.rules.planning.offers import Imagined, Offer
from app.rules.planning.schedule import Place, Want, fit, taken, want_of

# Ways to lay things on days: so that limits a day cost nothing, all at once, one step a day.
FIT, TOGETHER, APART = "fit", "together", "apart"
# Words of reasons that have nothing to do with other pieces (but for a companion).
_FREE = frozenset({"gives", "weighs", "below mark", "no clause", "waits", "waited"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of some offers (their numbers, in order): everything settled, and the day of each step."""

    chosen: tuple[int, ...]
    settlement: Settlement
    days: Mapping[Place, date]
    pieces: tuple[Piece, ...]
    fine: bool

    @property
    def owners(self) -> dict[str, int]:
        """The offer of each imagined piece, by the piece's id."""
        return {piece.id: number for (number, _), piece in zip(self.days, self.pieces, strict=True)}


class Trial:
    """One learner, one day, some offers: every question is answered by a fold of the whole."""

    def __init__(
        self,
        book: RuleBook,
        pieces: Sequence[Piece],
        day: date,
        offers: Sequence[Offer],
        seals: Mapping[date, datetime],
        version: RuleSet,
    ) -> None:
        """`version`: the one of that day."""
        self.book, self.pieces, self.day, self.seals = book, list(pieces), day, seals
        self.version = version
        self.offers = offers
        self.imagined = Imagined(book, offers, pieces)
        index = book.period.index(day)
        self.start, self.end = book.period.start(index), book.period.end(index)
        self.mode = FIT
        self.folds = 0
        self._known: dict[tuple[frozenset[int], str, frozenset[tuple[Place, int]], bool], Outcome] = {}
        self._urgent: dict[Place, int] = {}
        self._order = frozenset(self._urgent.items())  # of them, to know outcomes by
        self.duties: tuple[Duty, ...] = ()
        self.wants: dict[Place, Want] = {}
        self.base = self.run((), explain=True)
        self.duties = goals.duties(book, self.base.settlement, self.start, day, seals)
        self.base = replace(self.base, fine=goals.fine(self.base.settlement, self.duties))
        self._known = {(frozenset(), self.mode, self._order, True): self.base}
        self._busy = taken(book, pieces, self.base.settlement.postings, day)

    @property
    def present(self) -> PeriodResult:
        """The period as it stands."""
        return self.base.settlement.periods[self.start]

    def places(self, chosen: Iterable[int]) -> list[Place]:
        """The steps of these offers, in the order in which they are to be done."""
        found = [(number, place) for number in chosen for place in range(len(self.offers[number].steps))]
        return sorted(found, key=lambda place: -self._urgent.get(place, 0)) if self._urgent else found

    def put_first(self, urgent: Mapping[Place, int]) -> None:
        """From now on steps are done in this order, the largest number first; of equal ones as always."""
        self._urgent = dict(urgent)
        self._order = frozenset(urgent.items())

    def ordered(self, chosen: Iterable[int]) -> tuple[int, ...]:
        """Required ones first, then by due day, then the shorter ones."""
        return tuple(sorted(set(chosen), key=lambda number: self.offers[number].rank()))

    def run(self, chosen: Iterable[int], *, explain: bool = False, mode: str | None = None) -> Outcome:
        """Fold with these offers done; an explained outcome also serves who asks for none."""
        order, mode = self.ordered(chosen), mode or self.mode
        key = frozenset(order), mode, self._order
        for told in (True, explain):
            if (*key, told) in self._known:
                return self._known[(*key, told)]
        found = self._known[(*key, explain)] = self._fold(order, self._laid(order, mode), explain)
        return found

    def without(self, found: Outcome, number: int) -> Outcome:
        """The same on the same days, without one of the offers."""
        days = {place: day for place, day in found.days.items() if place[0] != number}
        return self._fold(tuple(each for each in found.chosen if each != number), days, False)

    def explained(self, found: Outcome) -> Outcome:
        """The same with its reasons."""
        known = self.run(found.chosen, explain=True)
        return known if known.days == found.days else self._fold(found.chosen, found.days, True)

    def _fold(self, order: tuple[int, ...], days: Mapping[Place, date], explain: bool) -> Outcome:
        imagined = [self.imagined.piece(*place, day, turn) for turn, (place, day) in enumerate(days.items())]
        self.folds += 1
        settled = settle(self.book, [*self.pieces, *imagined], explain=explain, until=self.day, seals=self.seals)
        return Outcome(order, settled, days, tuple(imagined), goals.fine(settled, self.duties))

    def _laid(self, order: Sequence[int], mode: str) -> dict[Place, date]:
        places = self.places(order)
        if mode == APART:
            many = (self.end - self.day).days + 1
            return {place: self.day + timedelta(days=turn % many) for turn, place in enumerate(places)}
        if mode == TOGETHER or not self.wants:
            return dict.fromkeys(places, self.day)
        return fit(places, self.wants, self._busy, self.day, self.end)

    def learn(self) -> None:
        """Note what each step asks of the limits a day."""
        for place in self.places(range(len(self.offers))):
            piece = self.imagined.piece(*place, self.day, 0)
            want = want_of(self.book, self.version, piece, *self.imagined.amount(piece))
            if want.caps or want.likes:
                self.wants[place] = want

    def lacks(self, outcome: Outcome, way: Iterable[Goal]) -> dict[Goal, int]:
        """What the tests of a way still lack."""
        return goals.shorts(outcome.settlement, way)

    def entangled(self, outcome: Outcome) -> bool:
        """Has any clause given less, or elsewhere, because of something else?"""
        own = {piece.id for piece in outcome.pieces}
        settled = outcome.settlement
        said = {nothing.did for nothing in settled.nothing if nothing.evidence in own}
        for posting in settled.postings:
            if posting.evidence in own or posting.day >= self.day:
                said.update(why.did for why in posting.why)
        return not said <= _FREE
