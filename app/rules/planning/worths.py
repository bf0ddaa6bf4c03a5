"""About how much each offer would give to each test: only to decide what to try first; folds decide what holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from app.rules.credit.clauses import Cap, Share, Test
from app.rules.credit.evidence import Piece, Snapshot
from app.rules.credit.kinds import NUMBERS
from app.rules.credit.plan import values
from app.rules.credit.settlement import Posting
from app.rules.planning import goals
from app.rules.planning.goals import Goal
from app.rules.planning.offers import NOON_MINUTE
from app.rules.planning.schedule import Place
from app.rules.planning.trial import Outcome, Trial

_HALF_DAYS, _DURATION, _MONTHS = (NUMBERS.index(name) for name in ("half_days", "duration_ms", "months_m"))
# One amount of an offer: how much, of which piece, in which bucket.
_Amount = tuple[Posting, Piece]


class Worths:
    """What the offers give where all of them are done, by offer."""

    def __init__(self, trial: Trial, everything: Outcome) -> None:
        self._trial = trial
        self._amounts: defaultdict[int, list[_Amount]] = defaultdict(list)
        self._fits: dict[tuple[Goal, Snapshot, str], bool] = {}
        own = {piece.id: (place, piece) for place, piece in zip(everything.days, everything.pieces, strict=True)}
        before = {posting.evidence for posting in trial.base.settlement.postings}
        there = {piece.id: piece for piece in trial.pieces}
        for posting in everything.settlement.postings:
            if posting.evidence in own:
                (number, _), piece = own[posting.evidence]
                self._amounts[number].append((posting, piece))
            elif posting.evidence not in before and posting.evidence in there:
                self._released(posting, there[posting.evidence], own.values())

    def _released(self, posting: Posting, piece: Piece, own: Iterable[tuple[tuple[int, int], Piece]]) -> None:
        """What waited for something of an offer counts with that offer."""
        for (number, _), other in own:
            if (piece.item and piece.item == other.item) or (piece.run and piece.run == other.run):
                self._amounts[number].append((posting, piece))
                return

    def gives(self, number: int, way: Iterable[Goal], spent: frozenset[str] = frozenset()) -> dict[Goal, int]:
        """About what an offer gives to the tests of a way, thousandths; `spent`: limits with no room left."""
        found: dict[Goal, int] = {}
        for goal in way:
            test, total = goals.named_test(self._trial.book, self._trial.base.settlement, goal), 0
            for posting, piece in self._amounts[number]:
                if self._counts(goal, test, piece, posting.bucket) and not self._spent(piece, posting.bucket, spent):
                    total += _measured(test.measure, posting, piece)
            if total:
                found[goal] = -total if test.at_most else total
        return found

    def _counts(self, goal: Goal, test: Test, piece: Piece, bucket: str) -> bool:
        key = (goal, piece.snapshot, bucket)
        if key not in self._fits:
            self._fits[key] = test.when.fits(values(piece.snapshot, NOON_MINUTE, bucket))
        return self._fits[key]

    def _spent(self, piece: Piece, bucket: str, spent: frozenset[str]) -> bool:
        if not spent:
            return False
        seen = values(piece.snapshot, NOON_MINUTE, bucket)
        clauses: tuple[Cap | Share, ...] = (*self._trial.version.caps, *self._trial.version.shares)
        return any(clause.id in spent and clause.when.fits(seen) for clause in clauses)


def urgency(trial: Trial, outcome: Outcome, lacking: Collection[Goal]) -> dict[Place, int]:
    """How many of the tests that lack something count each step by itself: what helps more of them goes first where
    steps take each other's room."""
    tests = [goals.named_test(trial.book, trial.base.settlement, goal) for goal in lacking]
    found: dict[Place, int] = {}
    for place, piece in zip(outcome.days, outcome.pieces, strict=True):
        bucket, asked = trial.imagined.amount(piece)
        if asked:
            seen = values(piece.snapshot, NOON_MINUTE, bucket)
            found[place] = sum(not test.at_most and test.when.fits(seen) for test in tests)
    return found


def _measured(measure: str, posting: Posting, piece: Piece) -> int:
    if measure == "days":
        return piece.numbers[_HALF_DAYS] * 500
    if measure == "minutes":
        return piece.numbers[_DURATION] // 60
    if measure == "count":
        return 1000
    if measure == "months":
        return piece.numbers[_MONTHS]
    return posting.earned


def useful(gives: Mapping[Goal, int], lacks: Mapping[Goal, int]) -> int:
    """How much of what is lacking is given."""
    return sum(min(short, gives.get(goal, 0)) for goal, short in lacks.items())
