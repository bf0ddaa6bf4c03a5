"""The fold: one learner's evidence, in the order of happening, through the pipeline, period after period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from app.rules.credit import companions, steps
from app.rules.credit.account import Account
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece
from app.rules.credit.judges import Ban, Gone
from app.rules.credit.kinds import SILENT
from app.rules.credit.order import Order, Place
from app.rules.credit.settlement import NO_SEALS, Settlement, Why
from app.rules.credit.state import At, State, plain_day
from app.rules.credit.written import NOTHING_FROZEN, Frozen, Paid, Payer

_NO_CLAUSE = Why("", "no clause", (0, 0, 0))


def settle(
    book: RuleBook,
    pieces: Sequence[Piece],
    *,
    explain: bool,
    until: date | None = None,
    seals: Mapping[date, datetime] = NO_SEALS,
    since: date | None = None,
) -> Settlement:
    """Everything that follows from one learner's evidence; the order of `pieces` does not matter.

    Periods run from the earliest evidence to the latest, and to the one that holds `until`. Reasons (and
    `nothing`) are made only if `explain`. `seals`: first day of a period → when it was sealed, and with the first of
    them all before it; what became known from then on changes nothing in them. `since`: of periods before the one
    that holds this day no results are told, which saves time. Raises EvidenceError when an id is used twice.
    """
    seals = whole_seals(book, seals)
    fold = _folded(book, pieces, explain, until, seals, _frozen(book, pieces, explain, seals))
    account = fold.account
    results = account.results(since)
    fold.wait_on()
    return Settlement(
        book.id,
        tuple(v.version for v in book.versions),
        tuple(account.postings),
        {result.start: result for result in results},
        tuple(account.nothing),
    )


def whole_seals(book: RuleBook, seals: Mapping[date, datetime]) -> Mapping[date, datetime]:
    """The seals, and those of the periods before the first: they were empty when it was sealed, and are sealed with
    it, so that what is found out about them later passes the same barrier."""
    if not seals:
        return seals
    first = min(seals)
    return {**{book.period.start(index): seals[first] for index in range(book.period.index(first))}, **seals}


def _folded(
    book: RuleBook, pieces: Sequence[Piece], explain: bool, until: date | None, seals: Mapping[date, datetime],
    frozen: Frozen,
) -> _Fold:  # fmt: skip
    order = Order(book, pieces, seals)
    fold = _Fold(book, order, explain, frozen)
    for place in order.places:
        fold.take(place)
    if until is not None:
        fold.account.reach(book.period.index(until))
    return fold


def _frozen(book: RuleBook, pieces: Sequence[Piece], explain: bool, seals: Mapping[date, datetime]) -> Frozen:
    """What later hours had paid of each sealed period when it was sealed: found by folding what was known then."""
    if not seals or not any(version.make_ups for version in book.versions):
        return NOTHING_FROZEN
    paid: dict[Payer, list[Paid]] = {}
    made_up: dict[int, Mapping[str, int]] = {}
    before: dict[date, datetime] = {}
    for start, moment in sorted(seals.items(), key=lambda each: (each[1], each[0])):
        index, day = book.period.index(start), moment.astimezone(book.zone).date()
        known = [piece for piece in pieces if piece.known < moment]
        account = _folded(book, known, explain, day, before, Frozen(paid, made_up)).account
        account.results()
        for each in account.paid:
            if each.into == index:
                payer = each.piece.id, book.period.index(each.posting.day)
                paid.setdefault(payer, []).append(each)
        made_up[index] = account.made_up.get(index, {})
        before[start] = moment
    return Frozen(paid, made_up)


class _Fold:
    """One learner's evidence on its way through the pipeline."""

    def __init__(self, book: RuleBook, order: Order, explain: bool, frozen: Frozen) -> None:
        self.book, self.order, self.explain = book, order, explain
        self.state = State(book.period)
        self.account = Account(book, order, self.state, explain, frozen)

    def take(self, place: Place) -> None:
        """One place of the order: a piece through the pipeline, or what a seal makes of it."""
        period, piece = place.period, place.piece
        if period != self.account.last:
            self.account.reach(period)
        if place.late is not None and place.late.undone is not None:
            ban = self.order.bans.get(place.name) if place.late.origin < 0 else None
            names = [place.name] if ban is None else self.account.covered(ban, place)
            for name in names:
                self._undo(name, place, place.late.undone)
            return
        if place.gone is not None:
            if piece.kind not in SILENT:
                self.account.refuse(
                    piece, place.day, period, Why(place.gone.clause, "withdrawn", place.gone.numbers), 0
                )
            return
        ban = None
        if self.order.has_bans:
            late = place.late
            day = place.day if late is None else self.book.local(piece.happened, piece.kind)[0]
            here = place[1:4] if late is None else piece.order()
            ban = self.order.verdict(period).banned(piece.kind, day, here)
        if piece.kind not in SILENT:
            self._judge(place, ban)
        if self.book.has_needs and ban is None:
            for at in companions.arrived(self.book, self.state, place):
                self._release(at, place[1:4])

    def _undo(self, name: str, place: Place, gone: Gone) -> None:
        """A piece that stood at a seal is withdrawn, and with it what had only it for a companion."""
        origin = place.late.origin if place.late is not None else place.period
        at = companions.forget(self.state, name)
        if at is not None:
            self.account.refuse(at.piece, at.day, at.index, Why(gone.clause, "withdrawn", gone.numbers), 0)
        self.account.undo(name, gone, place, origin)
        for at in companions.left_alone(self.state, name):
            self.account.undo(at.piece.id, gone, place, origin)

    def wait_on(self) -> None:
        """What still waits for a companion when all is told gives nothing yet."""
        for at, clause in companions.waiting(self.state):
            self.account.refuse(at.piece, at.day, at.index, Why(clause, "waits", (0, 0, 0)), at.plan.version.version)

    def _judge(self, place: Place, ban: Ban | None) -> None:
        """The pipeline for one piece: mark, companions, and what follows. A ban holds on the day that counts, so what
        waits is not banned by its own."""
        book, piece, late = self.book, place.piece, place.late
        own, minute = (place.day, place.minute) if late is None else book.local(piece.happened, piece.kind)
        version, plan = book.judging(own, piece.snapshot, minute, place.period)
        if ban is not None and (plan is None or not plan.needs):
            self._banned(piece, place.day, place.period, ban)
            return
        if plan is None:
            self.account.refuse(piece, place.day, place.period, _NO_CLAUSE, version.version if version else 0)
            return
        at = At(piece, place.day, minute, place.period, plan, [] if self.explain else None, late)
        if late is not None:
            at.learnt, at.learnt_in = own, late.origin
            if version is not None and version.period.late == "sealed":
                at.posted_in = late.origin
        if plan.mark is not None and not plan.mark.reached(piece.numbers):
            steps.below(at, plan.mark)
            self._failed(at)
        elif plan.needs and not companions.found(self.state, at):
            return
        elif ban is not None:
            self._banned(piece, place.day, place.period, ban)
        else:
            self._credit(at)

    def _release(self, at: At, here: tuple[datetime, int, str]) -> None:
        """A piece whose last companion came: it counts now, unless a ban holds now."""
        ban = self.order.verdict(at.index).banned(at.piece.kind, at.day, here)
        if ban is not None:
            self._banned(at.piece, at.day, at.index, ban)
        else:
            self._credit(at)

    def _credit(self, at: At) -> None:
        """convert, weight, round, duplicate, caps, make-up, sums."""
        plan = at.plan
        earned = steps.amount(self.state, at)
        if earned and plan.duplicates:
            earned = steps.repeats(self.state, at, earned)
        if not earned:
            self._failed(at)
            return
        countable = steps.capped(self.state, at, earned) if plan.caps else earned
        if at.late is not None:
            start = self.book.period.start(at.late.origin)
            own = self.book.local(at.piece.happened, at.piece.kind)[0]
            at.note("", "late", plain_day(own), plain_day(at.late.known), plain_day(start))
        self.account.give(at, earned, countable)

    def _failed(self, at: At) -> None:
        if at.why:
            self.account.refuse(at.piece, at.day, at.index, at.why[-1], at.plan.version.version)

    def _banned(self, piece: Piece, day: date, period: int, ban: Ban) -> None:
        if piece.kind not in SILENT:
            last = plain_day(ban.until - timedelta(days=1))
            self.account.refuse(piece, day, period, Why(ban.clause, "banned", (last, 0, 0)), 0)
