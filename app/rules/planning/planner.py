"""The plan: what is short, which offers close it, what each gives, what stands in the way. Promises are folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece
from app.rules.credit.settlement import NO_SEALS
from app.rules.planning import goals
from app.rules.planning.goals import Goal
from app.rules.planning.goals import Way as GoalWay
from app.rules.planning.limits import idle, limits, waiting
from app.rules.planning.offers import Offer
from app.rules.planning.plans import Chosen, Plan, Shortage, Way
from app.rules.planning.schedule import Place
from app.rules.planning.search import Search
from app.rules.planning.trial import APART, FIT, TOGETHER, Outcome, Trial
from app.rules.planning.worths import Worths, urgency


def plan(
    book: RuleBook,
    pieces: Sequence[Piece],
    day: date,
    offers: Sequence[Offer],
    seals: Mapping[date, datetime] = NO_SEALS,
) -> Plan | None:
    """The plan of a learner with this evidence on a day; None before the first period or version.

    `offers` are what is not done. Offers of the same code are refused with ValueError.
    """
    if len({offer.code for offer in offers}) < len(offers):
        raise ValueError("a course is offered twice")
    version = book.version_on(day)
    if book.period.index(day) < 0 or version is None:
        return None
    return _Planner(Trial(book, pieces, day, offers, seals, version)).plan()


class _Planner:
    """One plan in the making."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.open = goals.open_ways(trial.book, trial.base.settlement, trial.duties)

    def plan(self) -> Plan:
        trial = self.trial
        if trial.base.fine:
            return self._told(self._word(), trial.base, (), trial.base)
        everything = self._everything()
        self._keep_in_mind(everything)
        worths = Worths(trial, everything)
        found = self._ways(everything, worths)
        closing = [(outcome, way) for way, outcome in found if outcome is not None]
        if closing:
            best, way = min(closing, key=lambda pair: (self._effort(pair[0]), pair[0].chosen))
        elif everything.fine:  # no way of looking found it, but all together do
            best = Search(trial, worths, self.open[0], self.open).reduced(everything)
            way = next((way for way in self.open if not trial.lacks(best, way)), self.open[0])
        else:
            way = min(self.open, key=lambda way: goals.share_short(everything.settlement, way))
            best = self._helping(everything, worths, way)
            return self._told("open", best, self._sorted(way, found, everything), everything)
        best = self._laid_well(best, worths, way)
        return self._told("closes", best, self._sorted(way, found, everything), everything)

    def _word(self) -> str:
        """Why nothing is short."""
        words = set(self.trial.present.requirements.values())
        if self.trial.present.duty != "full":
            return self.trial.present.duty
        return "met" if words - {"does not apply"} else "none"

    def _everything(self) -> Outcome:
        """All offers done, on the days and in the order that suit them best."""
        trial = self.trial
        if self._daily():
            trial.learn()
        plain, mode = self._best(), trial.mode
        if plain.fine or not trial.entangled(plain):
            return plain
        best, order = plain, dict[Place, int]()
        lacking = [frozenset(trial.lacks(trial.base, way)) for way in self.open]
        # What helps any way first; then, way by way, what helps that one: they may take each other's room.
        for wanted in dict.fromkeys((frozenset[Goal]().union(*lacking), *lacking)):
            urgent = urgency(trial, plain, wanted)
            trial.put_first(urgent)
            found = self._best()
            if found.fine or self._nearest(found) < self._nearest(best):
                best, order, mode = found, urgent, trial.mode
            if best.fine:
                break
        trial.put_first(order)
        trial.mode = mode
        return best

    def _keep_in_mind(self, everything: Outcome) -> None:
        """What is met by now and would be lost by doing everything (a share of what is learned) is to be met too."""
        trial, now = self.trial, self.trial.base.settlement
        kept = [duty for duty in trial.duties if goals.fine(now, [duty])]
        lost = [duty for duty in kept if not goals.fine(everything.settlement, [duty])]
        if lost:
            self.open = goals.open_ways(trial.book, now, trial.duties, lost)

    def _best(self) -> Outcome:
        """The way to lay everything on days that brings it nearest."""
        trial, many = self.trial, range(len(self.trial.offers))
        found = {}
        for mode in (FIT, TOGETHER, APART):
            found[mode] = trial.run(many, explain=True, mode=mode)
            if found[mode].fine or not self._daily():
                break
        trial.mode = min(found, key=lambda mode: (not found[mode].fine, self._nearest(found[mode])))
        return found[trial.mode]

    def _daily(self) -> bool:
        """Does it matter on which days things are done?"""
        version = self.trial.version
        return (
            any(cap.per == "day" for cap in version.caps)
            or any(rule.within == "day" or "day" in rule.key for rule in version.duplicates)
            or any(convert.pool == "day" for convert in version.converts)
            or len(self.trial.book.versions) > 1
        )

    def _nearest(self, outcome: Outcome) -> float:
        return min(goals.share_short(outcome.settlement, way) for way in self.open)

    def _ways(self, everything: Outcome, worths: Worths) -> list[tuple[GoalWay, Outcome | None]]:
        """Each way with the outcome that closes it; those that even everything leaves short are not searched."""
        found: list[tuple[GoalWay, Outcome | None]] = []
        wild = self.trial.entangled(everything)
        for way in self.open:
            hopeless = self.trial.lacks(everything, way) and not wild and not self._wayward(way)
            found.append((way, None if hopeless else Search(self.trial, worths, way, self.open).closing()))
        return found

    def _wayward(self, way: Iterable[Goal]) -> bool:
        """May a part of the offers do what all of them do not?"""
        settlement = self.trial.base.settlement
        for goal in way:
            version = goals.version_of(self.trial.book, settlement.periods[goal[0]])
            test = goals.named_test(self.trial.book, settlement, goal)
            if test.at_most or test.share_of or version.shares:
                return True
        return False

    def _laid_well(self, best: Outcome, worths: Worths, way: GoalWay) -> Outcome:
        """On days that lose nothing to limits a day, where all on offer had to be laid otherwise and these need not."""
        trial = self.trial
        spread = best if trial.mode == FIT else trial.run(best.chosen, mode=FIT)
        if spread is best or not spread.fine:
            return best
        trial.mode = FIT
        return Search(trial, worths, way, self.open).reduced(spread)

    def _effort(self, outcome: Outcome) -> int:
        return sum(self.trial.offers[number].left_ms for number in outcome.chosen)

    def _helping(self, everything: Outcome, worths: Worths, way: GoalWay) -> Outcome:
        """Of all offers those that bring anything to what is short; all of them where that cannot be told."""
        lacks = self.trial.lacks(self.trial.base, way)
        able = [n for n in everything.chosen if any(worths.gives(n, way).get(goal, 0) > 0 for goal in lacks)]
        some = self.trial.run(able, explain=True)
        counting = {posting.evidence for posting in some.settlement.postings if posting.countable > 0}
        gave = {number for name, number in some.owners.items() if name in counting}
        less = self.trial.run([n for n in able if n in gave], explain=True)
        wanted = self.trial.lacks(everything, way)
        for outcome in (less, some):
            if self.trial.lacks(outcome, way) == wanted:
                return outcome
        return everything

    def _sorted(
        self,
        first: GoalWay,
        found: Sequence[tuple[GoalWay, Outcome | None]],
        everything: Outcome,
    ) -> tuple[Way, ...]:
        """The ways as they are told: the one planned for, then those that close, then the nearest."""

        def rank(pair: tuple[GoalWay, Outcome | None]) -> tuple[bool, bool, float]:
            way, outcome = pair
            near = self._effort(outcome) if outcome else goals.share_short(everything.settlement, way)
            return way != first, outcome is None, near

        return tuple(
            Way(
                self._shortages(self.trial.base, way),
                self._shortages(everything, way),
                None if outcome is None else self._effort(outcome),
            )
            for way, outcome in sorted(found, key=rank)
        )

    def _shortages(self, outcome: Outcome, way: Iterable[Goal]) -> tuple[Shortage, ...]:
        found = []
        for (start, name), short in self.trial.lacks(outcome, way).items():
            test = goals.named_test(self.trial.book, outcome.settlement, (start, name))
            told = outcome.settlement.periods[start].tests[name]
            found.append(Shortage(start, name, test.measure, told.got, told.quota, short, test.at_most))
        order = {name: place for place, name in enumerate(self.trial.present.tests)}
        return tuple(sorted(found, key=lambda each: (each.start, order.get(each.test, 0))))

    def _told(self, state: str, outcome: Outcome, ways: tuple[Way, ...], everything: Outcome) -> Plan:
        trial = self.trial
        outcome = trial.explained(outcome)
        after = outcome.settlement.periods[trial.start]
        courses, given = self._courses(outcome)
        return Plan(
            trial.day,
            trial.start,
            trial.end,
            goals.version_of(trial.book, trial.present),
            state,
            trial.present,
            after,
            tuple(duty for duty in trial.duties if duty[0] < trial.start),
            courses,
            outcome.pieces,
            after.countable - trial.present.countable - given,
            ways,
            limits(trial, everything if state == "open" else outcome),
            idle(trial, everything, alone=state != "open"),
            waiting(trial, everything),
            trial.folds,
        )

    def _courses(self, outcome: Outcome) -> tuple[tuple[Chosen, ...], int]:
        """The courses with what each gives, and what they give to this period in all."""
        owner = outcome.owners
        here = dict.fromkeys(outcome.chosen, 0)
        earlier = dict.fromkeys(outcome.chosen, 0)
        for posting in outcome.settlement.postings:
            number = owner.get(posting.evidence)
            if number is not None:
                sums = here if posting.period == self.trial.start else earlier
                sums[number] += posting.countable
        return tuple(
            Chosen(
                self.trial.offers[number].code,
                self.trial.offers[number].left_ms,
                here[number],
                earlier[number],
                tuple(day for (own, _), day in outcome.days.items() if own == number),
                tuple(name for name, own in owner.items() if own == number),
            )
            for number in outcome.chosen
        ), sum(here.values())
