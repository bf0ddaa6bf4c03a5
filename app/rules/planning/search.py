"""Which offers close a gap: required ones first, then the least time; nothing that is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.rules.credit.clauses import RuleSet
from app.rules.planning import goals
from app.rules.planning.goals import Goal, Way
from app.rules.planning.offers import Offer
from app.rules.planning.trial import Outcome, Trial
from app.rules.planning.worths import Worths, useful

# Limits that are used up for good; those of a day, an item or a run leave room elsewhere.
_LASTING = frozenset({"period", "cycle", "ever"})


def wayward(version: RuleSet, offers: Sequence[Offer]) -> bool:
    """May more be less? Then one pass over what is not needed is not enough."""
    items = [step.facts.get("item") for offer in offers for step in offer.steps]
    twice = len(set(items)) < len(items) or None in items
    return (
        any(test.at_most or test.share_of or (test.blocking and test.measure == "minutes") for test in version.tests)
        or bool(version.shares)
        or any(convert.pool != "piece" for convert in version.converts)
        or any(rule.key != ("item",) or (twice and not rule.largest) for rule in version.duplicates)
    )


class Search:
    """Looks for the offers by which one way of meeting the duty is met."""

    def __init__(self, trial: Trial, worths: Worths, way: Way, ways: Sequence[Way]) -> None:
        """`ways`: all there are; `way`: the one that is looked for."""
        self._trial, self._worths, self._way, self._ways = trial, worths, way, ways
        self._shunned: frozenset[int] = frozenset()

    def closing(self) -> Outcome | None:
        """Offers that close the gap, none of them idle; None where this way of looking finds none."""
        found = self._grown() or self._wary() or self._leaning()
        if found is None:
            return None
        return self.reduced(found)

    def _wary(self) -> Outcome | None:
        """Once more without the offers that also fill what has an upper limit."""
        many = range(len(self._trial.offers))
        self._shunned = frozenset(n for n in many if any(v < 0 for v in self._worths.gives(n, self._way).values()))
        return self._grown() if self._shunned else None

    def _leaning(self) -> Outcome | None:
        """Once more from the offers that raise a share of what is learned, which all others lower."""
        trial = self._trial
        shares = [
            goal for goal in self._way if goals.named_test(trial.book, trial.base.settlement, goal).share_of is not None
        ]
        first = [n for n in range(len(trial.offers)) if any(v > 0 for v in self._worths.gives(n, shares).values())]
        self._shunned = frozenset()
        return self._grown(first) if first else None

    def _grown(self, first: Sequence[int] = ()) -> Outcome | None:
        chosen = [*first]
        outcome = self._trial.run(chosen, explain=True) if chosen else self._trial.base
        while not outcome.fine:
            lacks = self._trial.lacks(outcome, self._way)
            if not lacks:
                return None  # the way is gone, and yet something else is not met
            more = self._path(lacks, chosen, self._spent(outcome))
            if not more:
                return None
            chosen += more
            outcome = self._trial.run(chosen, explain=True)
        return outcome

    def _spent(self, outcome: Outcome) -> frozenset[str]:
        """The limits that have cut what these offers would have given."""
        version = self._trial.version
        lasting = {cap.id for cap in version.caps if cap.per in _LASTING} | {share.id for share in version.shares}
        own = {piece.id for piece in outcome.pieces}
        return frozenset(
            why.clause
            for posting in outcome.settlement.postings
            if posting.evidence in own and posting.countable < posting.earned
            for why in posting.why
            if why.clause in lasting
        )

    def _path(self, lacks: dict[Goal, int], chosen: Iterable[int], spent: frozenset[str]) -> list[int]:
        """Offers that should about close what is lacking: the shortest of the paths that end with one offer each."""
        offers, gone = self._trial.offers, self._shunned.union(chosen)
        gives = {
            number: found
            for number in range(len(offers))
            if number not in gone and (found := self._worths.gives(number, self._way, spent))
        }
        path, best, best_ms, spent_ms = list[int](), None, 0, 0
        rest = dict(lacks)
        while rest:
            able = [number for number in gives if useful(gives[number], rest) > 0]
            if not able:
                break
            last = self._last(able, gives, rest)
            if last is not None and (best is None or spent_ms + offers[last].left_ms < best_ms):
                best, best_ms = [*path, last], spent_ms + offers[last].left_ms
            number = self._next(able, gives, rest)
            path.append(number)
            spent_ms += 0 if offers[number].required else offers[number].left_ms
            rest = _less(rest, gives.pop(number))
        return best if best is not None and (rest or best_ms <= spent_ms) else path

    def _next(self, able: Sequence[int], gives: dict[int, dict[Goal, int]], rest: dict[Goal, int]) -> int:
        """A required one, the nearest due; else the one that gives most of what is lacking for its time."""
        offers = self._trial.offers
        required = [number for number in able if offers[number].required]
        if required:
            return min(required, key=lambda number: offers[number].rank())
        return min(
            able,
            key=lambda number: (
                (offers[number].left_ms + 1) / useful(gives[number], rest),
                offers[number].rank(),
            ),
        )

    def _last(self, able: Sequence[int], gives: dict[int, dict[Goal, int]], rest: dict[Goal, int]) -> int | None:
        """The shortest offer that alone gives all that is lacking; only once no required one is left."""
        offers = self._trial.offers
        if any(offers[number].required for number in able):
            return None
        whole = [n for n in able if all(gives[n].get(goal, 0) >= short for goal, short in rest.items())]
        return min(whole, key=lambda number: offers[number].rank(), default=None)

    def reduced(self, found: Outcome) -> Outcome:
        """Without the offers that are not needed: the longest elective is given up first, what is due soonest last."""
        wild = wayward(self._trial.version, self._trial.offers)
        if not wild:
            found = self._trial.explained(found)
            if not self._trial.entangled(found):
                # What one gives does not depend on the others: subtraction says what a fold would, which confirms it.
                less = self._trial.run(self._subtracted(found))
                if less.fine:
                    return less
        while True:
            before = found.chosen
            for number in sorted(before, key=self._dispensable):
                rest = self._trial.run([n for n in found.chosen if n != number])
                if not rest.fine and self._trial.wants:  # other days may be worse than the same ones
                    rest = self._trial.without(found, number)
                found = rest if rest.fine else found
            if found.chosen == before or not wild:
                return found

    def _subtracted(self, found: Outcome) -> list[int]:
        """The offers without which no way is met."""
        own, all_ = Worths(self._trial, found), frozenset[Goal]().union(*self._ways)
        gives = {number: own.gives(number, all_) for number in found.chosen}
        tests = {(start, name): found.settlement.periods[start].tests[name] for start, name in all_}
        over = {goal: test.got - test.quota for goal, test in tests.items() if test.blocking and test.due}
        kept = list(found.chosen)
        for number in sorted(found.chosen, key=self._dispensable):
            rest = {goal: amount - gives[number].get(goal, 0) for goal, amount in over.items()}
            if any(all(rest.get(goal, 0) >= 0 for goal in way) for way in self._ways):
                over = rest
                kept.remove(number)
        return kept

    def _dispensable(self, number: int) -> tuple[bool, int, int, int]:
        offer = self._trial.offers[number]
        due = offer.due.toordinal() if offer.due is not None else 10**7
        return offer.required, -due if offer.required else 0, -offer.left_ms, -number


def _less(rest: dict[Goal, int], given: dict[Goal, int]) -> dict[Goal, int]:
    return {goal: short - given.get(goal, 0) for goal, short in rest.items() if short > given.get(goal, 0)}
