"""What comes of evidence: postings, sums, and what one period leaves to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from app.rules.credit import passing, steps
from app.rules.credit.book import RuleBook
from app.rules.credit.close import Closing, period_result
from app.rules.credit.evidence import Piece
from app.rules.credit.judges import Ban, Gone
from app.rules.credit.order import Order, Place
from app.rules.credit.passing import Carried, Debt, Under
from app.rules.credit.settlement import Nothing, PeriodResult, Posting, TestResult, Why, carried_name
from app.rules.credit.state import At, State, plain_day
from app.rules.credit.tally import Tally
from app.rules.credit.written import NOTHING_FROZEN, Frozen, Paid, Written


class Account:
    """One learner's postings as they arise. Periods are closed in their order (`reach`)."""

    def __init__(
        self, book: RuleBook, order: Order, state: State, explain: bool, frozen: Frozen = NOTHING_FROZEN
    ) -> None:
        self.book, self.order, self.explain = book, order, explain
        self.state = state
        self.tally = Tally(book)
        self.written = Written(seals=order.has_seals)
        self.postings = self.written.postings
        self.nothing: list[Nothing] = []
        self.debts: dict[int, list[Debt]] = {}
        self.made_up: dict[int, dict[str, int]] = {index: dict(made) for index, made in frozen.made_up.items()}
        self.paid: list[Paid] = []  # of older periods, in the order of the fold
        self._frozen = dict(frozen.paid)
        self.carried: dict[int, list[Carried]] = {}
        # What a sealed period passed on in all, where adjustments changed it since.
        self.passed_on: dict[int, list[Carried]] = {}
        # Closed periods with their tests, as long as nothing was posted to any of them since.
        self._closed: dict[int, tuple[Closing, dict[str, TestResult]]] = {}
        self._first = self.last = -1  # the periods that close
        self._under: dict[int, list[Under]] = {}  # where postings may still be cut by a share
        # Do periods leave anything to others? Their closing version says so.
        self._passes = any(v.carries or v.make_ups or v.shares for v in book.versions)

    def reach(self, index: int) -> None:
        """From now on this period is one of those that close; all before it have."""
        if index < 0:
            return
        if self.last < 0:
            self._first = self.last = index
        elif index < self._first:
            self._first = index
        while self.last < index:
            self._unpaid(self.last)
            self._close(self.last)
            self.last += 1
            self._open(self.last)

    def give(self, at: At, earned: int, countable: int) -> None:
        """What a piece gives: first what older periods still lack, the rest to its own."""
        if self._frozen:
            earned, countable = self._stands(at, earned, countable)
        if self.debts:
            paid = self._pay(at, countable)
            earned, countable = earned - paid, countable - paid
        if earned or countable:
            self._post(at, earned, countable)

    def refuse(self, piece: Piece, day: date, index: int, why: Why, version: int) -> None:
        """A piece gives nothing, and why; told only if reasons are wanted."""
        if self.explain:
            start = self.book.period.start(index) if index >= 0 else None
            self.nothing.append(Nothing(piece.id, start, day, *why, version))

    def _post(self, at: At, earned: int, countable: int) -> None:
        """What a piece gives to its own period, or as an adjustment to the sealed one."""
        plan, piece, index, origin, book = at.plan, at.piece, at.index, None, self.book
        if at.late is not None:
            origin = book.start(at.late.origin)
            index = at.posted_in
        why = tuple(at.why) if at.why else ()
        # As Posting(…) does it, at half the cost.
        posting = tuple.__new__(
            Posting,
            (piece.id, book.start(index), at.day, plan.bucket, earned, countable, plan.version.version, why, origin),
        )
        late = index != at.index
        numbers, new = piece.numbers, 1
        if at.over is not None:
            # It adds to a piece that gave already: what both say of days and minutes counts once.
            numbers, new = tuple(max(0, a - b) for a, b in zip(numbers, at.over, strict=True)), 0
        self.tally.piece(index, at.day, plan, earned, countable, numbers, pieces=new, late=late)
        if book.has_shares and at.late is None:
            self._under.setdefault(index, []).append(Under(len(self.postings), plan, countable))
        self.written.add(posting, plan, piece, at.learnt, numbers, new)
        if late:
            self._carry_again(index, at.day)

    def _pay(self, at: At, countable: int) -> int:
        """make-up: what of a countable amount goes to older periods, the oldest first."""
        left, book = countable, self.book
        for index in sorted(self.debts):
            version = book.version_on(book.period.end(index)) or book.versions[0]
            counted = book.counted_by(version, at.plan)
            open_ = [d for d in self.debts[index] if d.missing and at.day < d.until and d.test in counted]
            amount = min(left, max((d.missing for d in open_), default=0))
            # Late evidence may be posted to a sealed period, which is older than what it would pay.
            if amount <= 0 or index >= at.posted_in:
                continue
            if version.shares:
                closing = Closing(book, self.order, self.tally, index)
                most = passing.room(closing, self.tally, at.plan)
                amount = amount if most is None else min(amount, most)
                if not amount:
                    continue
            start = book.period.start(index)
            first = max(open_, key=lambda d: d.missing)
            at.note(first.clause, "make_up", amount, first.missing, plain_day(start))
            made = self.made_up.setdefault(index, {})
            for debt in open_:
                part = min(amount, debt.missing)
                debt.missing -= part
                made[debt.test] = made.get(debt.test, 0) + part
            why = tuple(at.why or ())
            posting = Posting(at.piece.id, start, at.day, at.plan.bucket, amount, amount, at.plan.version.version, why)
            paid = Paid(index, posting, at.plan, at.piece, at.learnt)
            self._count(paid)
            self.written.add(posting, at.plan, at.piece, at.learnt)
            if at.why is not None:
                at.why.pop()
            left -= amount
        return countable - left

    def _count(self, each: Paid) -> None:
        """Count what pays of an older period's shortfall there."""
        posting = each.posting
        self._closed.clear()
        self.tally.add(each.into, posting.day, each.plan, posting.earned, posting.countable)
        self.paid.append(each)
        self._passes_no_more(each.into)

    def _stands(self, at: At, earned: int, countable: int) -> tuple[int, int]:
        """What a piece gave to sealed periods when they were sealed stays there; what is left of the piece.

        Where it is worth less by now, an adjustment takes the difference back. Who withdraws the piece later takes
        both back.
        """
        for each in self._frozen.pop((at.piece.id, at.index), ()):
            self._count(each)
            self.written.add(each.posting, each.plan, at.piece, at.learnt)
            paid = each.posting.countable
            why = tuple(at.why or ())
            if self.explain:
                start = plain_day(each.posting.period)
                why = (*why, Why("", "returned", (paid, min(paid, countable), start)))
            back = self._return(each, at.index, at.piece.id, max(0, paid - earned), max(0, paid - countable), why)
            if back is not None:
                self.written.add(back, each.plan, None, at.learnt)
            earned, countable = max(0, earned - paid), max(0, countable - paid)
        return earned, countable

    def _unpaid(self, index: int) -> None:
        """Pieces of this period that gave to a sealed one when it was sealed, and would not now: that period keeps
        what it had, and an adjustment takes it back. The piece has nothing any more that could be withdrawn."""
        for payer in [payer for payer in self._frozen if payer[1] == index]:
            for each in self._frozen.pop(payer):
                self._count(each)
                self.postings.append(each.posting)
                gone = self.order.verdict(index).out(each.piece, each.learnt) or Gone("", each.piece.id, (0, 0, 0))
                posting, why = each.posting, self._withdrawn(gone)
                back = self._return(each, index, gone.by, posting.earned, posting.countable, why)
                if back is not None:
                    self.postings.append(back)

    def _return(
        self, each: Paid, index: int, by: str, earned: int, countable: int, why: tuple[Why, ...]
    ) -> Posting | None:
        """The adjustment that takes back what paid a sealed period: in that period or in this one, as the rules say.
        None where nothing is to be taken back."""
        if not earned and not countable:
            return None
        posting, sealed = each.posting, each.plan.version.period.late == "sealed"
        into = each.into if sealed else index
        part = posting._replace(earned=earned, countable=countable)
        back = self._back(part, by, why, posting.day, into, posting.period)
        self.tally.add(into, posting.day, each.plan, back.earned, back.countable, late=sealed)
        if sealed:
            self._passes_no_more(into)
        return back

    def _passes_no_more(self, index: int) -> None:
        """What makes a sealed period up, or returns of that, is not carried on: later adjustments start from here."""
        if self.order.sealed(index) is None:
            return
        closing = Closing(self.book, self.order, self.tally, index, late=True)
        if closing.version.carries:
            self.passed_on[index] = passing.carried(closing, self.tally, closing.tests())

    def _close(self, index: int) -> None:
        """What the end of a period settles for those after it."""
        if not self._passes:
            return
        closing = Closing(self.book, self.order, self.tally, index)
        self._share(closing)
        version = closing.version
        if not version.carries and not version.make_ups:
            return
        tests = closing.tests()
        self._closed[index] = closing, tests
        self.carried[index] = passing.carried(closing, self.tally, tests)
        found = passing.debts(closing, tests, closing.requirements(tests))
        if found and self.order.sealed(index) is None:
            self.debts[index] = found

    def _share(self, closing: Closing) -> None:
        under = self._under.pop(closing.index, None)
        if not under or not closing.version.shares:
            return
        for each, share, left, allowed in passing.cuts(closing, self.tally, under):
            old = self.postings[each.place]
            why = old.why
            if self.explain:
                why = (*why, Why(share.id, "share", (old.countable, left, allowed)))
            self.postings[each.place] = old._replace(countable=left, why=why)

    def _open(self, index: int) -> None:
        """What the period before carries in comes first."""
        start = self.book.period.start(index)
        for each in self.carried.get(index - 1, ()):
            if each.amount:
                self._bring(index, start, index - 1, each, each.amount, None)

    def _bring(self, index: int, day: date, origin: int, each: Carried, amount: int, adjusts: date | None) -> None:
        rule, book = self.book.period, self.book
        version = book.version_on(day) or book.versions[0]
        old = book.version_on(rule.end(origin)) or book.versions[0]
        plan = book.carried(version, each.clause, each.bucket)
        start = rule.start(origin)
        at = At(_nobody(each.clause.id, start, day), day, 0, index, plan, [] if self.explain else None)
        at.note(each.clause.id, "carried", each.surplus, amount, plain_day(start))
        countable = steps.capped(self.state, at, amount) if plan.caps and amount > 0 else amount
        name = carried_name(each.clause.id, start)
        posting = Posting(
            name, rule.start(index), day, each.bucket, 0, countable, old.version, tuple(at.why or ()), adjusts
        )
        if not countable:
            if at.why:
                self.nothing.append(Nothing(name, rule.start(index), day, *at.why[-1], old.version))
            return
        self.tally.add(index, day, plan, 0, countable)
        if book.has_shares and adjusts is None:
            self._under.setdefault(index, []).append(Under(len(self.postings), plan, countable))
        self.postings.append(posting)

    def undo(self, name: str, gone: Gone, place: Place, origin: int) -> None:
        """A piece that stood at a seal was withdrawn later: its postings are taken back where they now may be.

        `origin`: the sealed period that this concerns, where a posting itself stands in an open one.
        """
        rule = self.book.period
        sealed: set[int] = set()
        for posting, given in self.written.take(name):
            plan, own = given.plan, rule.index(posting.period)
            shut = self._shut(own, place.moment)
            index = own if shut and plan.version.period.late == "sealed" else place.period
            start = rule.start(own if shut else origin)
            self.postings.append(self._back(posting, gone.by, self._withdrawn(gone), place.day, index, start))
            late = index != place.period
            self.tally.piece(
                index, place.day, plan, -posting.earned, -posting.countable, given.numbers,
                sign=-1, pieces=given.pieces, late=late,
            )  # fmt: skip
            if late:
                sealed.add(index)
        for index in sorted(sealed):
            self._carry_again(index, place.day)

    def _withdrawn(self, gone: Gone) -> tuple[Why, ...]:
        """Why something was taken back, if reasons are wanted."""
        return (Why(gone.clause, "withdrawn", gone.numbers),) if self.explain else ()

    def _back(self, posting: Posting, by: str, why: tuple[Why, ...], day: date, index: int, origin: date) -> Posting:
        """What takes a posting back on a day, in a period: named after the piece that did it."""
        return posting._replace(
            evidence=by, period=self.book.start(index), day=day, earned=-posting.earned,
            countable=-posting.countable, origin=origin, why=why,
        )  # fmt: skip

    def _shut(self, index: int, moment: datetime) -> bool:
        """Was a period sealed by then?"""
        seal = self.order.sealed(index)
        return seal is not None and seal <= moment

    def covered(self, ban: Ban, place: Place) -> list[str]:
        """What a ban covers that became known now: pieces with postings of sealed periods, and companions in them."""
        rule = self.book.period
        found = self.written.covered(ban, lambda start: self._shut(rule.index(start), place.moment))
        for name, (kind, day, order) in self.state.came.items():
            if ban.covers(kind, day, order) and self._shut(rule.index(day), place.moment):
                found[name] = None
        return list(found)

    def _carry_again(self, index: int, day: date) -> None:
        """A sealed period got an adjustment: what it would now carry on beyond what it did is a posting of its own."""
        self._closed.clear()  # tests over a cycle count adjustments
        closing = Closing(self.book, self.order, self.tally, index, late=True)
        passed = self.passed_on.get(index, self.carried.get(index, ()))
        before = {each.clause.id: each.amount for each in passed}
        now = passing.carried(closing, self.tally, closing.tests())
        for each in now:
            more = each.amount - before.get(each.clause.id, 0)
            if more:
                self._bring(self.last, day, index, each, more, self.book.period.start(index))
        self.passed_on[index] = now

    def results(self, since: date | None = None) -> list[PeriodResult]:
        """All periods that close (from the one that holds `since` on), empty ones included; the last as it stands.

        Before the first there are only those that opening balances stand in: nobody had a duty then.
        """
        early = [] if since is not None else sorted(index for index in self.tally.groups if index < 0)
        before = [_no_duty(self._result(index)) for index in early]
        if self.last < 0:
            return before
        self._unpaid(self.last)
        self._close(self.last)
        first = self._first if since is None else max(self._first, self.book.period.index(since))
        return before + [self._result(index) for index in range(first, self.last + 1)]

    def _result(self, index: int) -> PeriodResult:
        closing, tests = self._closed.get(index) or (Closing(self.book, self.order, self.tally, index), None)
        carry = {each.clause.id: each.amount for each in self.carried.get(index, ()) if each.amount}
        sealed = self.order.sealed(index) is not None
        return period_result(closing, tests or closing.tests(), self.made_up.get(index, {}), carry, sealed=sealed)


def _no_duty(result: PeriodResult) -> PeriodResult:
    """A period before the first, in which hours were taken over: nothing was asked of anybody."""
    tests = {name: replace(test, quota=0, short=0, met=True, due=True) for name, test in result.tests.items()}
    requirements = dict.fromkeys(result.requirements, "does not apply")
    return replace(result, duty="none", tests=tests, requirements=requirements)


def _nobody(clause: str, start: date, day: date) -> Piece:
    """Carried hours have no piece of their own; caps ask for its item and run, which it has not."""
    moment = datetime(day.year, day.month, day.day)
    return Piece(carried_name(clause, start), "carried", moment, moment, (), ())
