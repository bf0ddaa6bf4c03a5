"""In which order and place each piece is judged: by happening, or by becoming known where its period was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import NamedTuple

from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece
from app.rules.credit.judges import Ban, Gone, Verdict, judged
from app.rules.credit.kinds import RANK
from app.rules.credit.standing import Line

_BAN = -1  # in the place of a kind's rank


class Late(NamedTuple):
    """What came after the seal of period `origin`: a piece to judge, or one whose postings are taken back."""

    origin: int
    known: date
    undone: Gone | None


class Place(NamedTuple):
    """Sorted by the first four. `day` and `minute` of the place; `gone`: why the piece gives nothing there."""

    period: int
    moment: datetime
    rank: int
    name: str
    piece: Piece
    day: date
    minute: int
    gone: Gone | None
    late: Late | None


class Order:
    """One learner's evidence in its order. `places` are sorted; `verdict(index)` and `line(index)` are what was known
    of a period: of a sealed one what its seal knew."""

    def __init__(self, book: RuleBook, pieces: Sequence[Piece], seals: Mapping[date, datetime]) -> None:
        self._book, self._pieces = book, pieces
        self._now = judged(book, pieces)
        # Sealed period → the moment of its seal; seals of what is no period of these rules say nothing.
        self._sealed = {
            book.period.index(start): moment
            for start, moment in seals.items()
            if book.period.index(start) >= 0 and book.period.start(book.period.index(start)) == start
        }
        self.has_seals = bool(self._sealed)
        # What an earlier seal knew may ban what is free now.
        self.has_bans = self.has_seals or bool(self._now.bans)
        self._then: dict[datetime, Verdict] = {}
        self._lines: dict[datetime | None, Line] = {}
        # Bans that became known after a seal, by the name of their place.
        self.bans: dict[str, Ban] = {}
        self.places: list[Place] = sorted(self._plain()) if not self._sealed else self._among_seals()

    def sealed(self, index: int) -> datetime | None:
        """When a period was sealed."""
        return self._sealed.get(index)

    def verdict(self, index: int) -> Verdict:
        """What pieces say about each other, as far as it matters to a period."""
        return self._verdict(self._sealed.get(index))

    def line(self, index: int) -> Line:
        """Standings and exemptions, as far as they matter to a period."""
        moment = self._sealed.get(index)
        line = self._lines.get(moment)
        if line is None:
            gone = self._verdict(moment).gone
            known = [p for p in self._pieces if p.id not in gone and (moment is None or p.known < moment)]
            known.sort(key=Piece.order)
            line = self._lines[moment] = Line(known, lambda p: self._book.local(p.happened, p.kind)[0])
        return line

    def _verdict(self, moment: datetime | None) -> Verdict:
        if moment is None:
            return self._now
        found = self._then.get(moment)
        if found is None:
            found = self._then[moment] = judged(self._book, [p for p in self._pieces if p.known < moment])
        return found

    def _plain(self) -> Iterator[Place]:
        book, gone = self._book, self._now.gone
        local, index_of, rank, why = book.local, book.index, RANK, gone.get
        made = tuple.__new__  # as Place(…) does it, at half the cost
        for piece in self._pieces:
            day, minute = local(piece.happened, piece.kind)
            name, kind, happened = piece.id, piece.kind, piece.happened
            yield made(
                Place, (index_of(day), happened, rank[kind], name, piece, day, minute, why(name), None)
            )  # fmt: skip

    def _among_seals(self) -> list[Place]:
        """A piece may have several places at the same moment: then in the order in which they were found."""
        return sorted([*self._places(), *self._late_bans()], key=itemgetter(0, 1, 2, 3))

    def _late_bans(self) -> Iterator[Place]:
        """Bans that became known after a seal: they take back what they cover of the sealed periods."""
        first = min(self._sealed.values())
        by_id = {p.id: p for p in self._pieces}
        for number, ban in enumerate(self._now.bans):
            judge = by_id[ban.by]
            if judge.known >= first:
                day, name = self._day(judge.known), f"{judge.id} {number}"
                self.bans[name] = ban
                late = Late(-1, day, Gone(ban.clause, ban.by, (0, 0, 0)))
                yield Place(self._book.period.index(day), judge.known, _BAN, name, judge, day, 0, None, late)

    def _places(self) -> Iterator[Place]:
        book = self._book
        for piece in self._pieces:
            own, minute = book.local(piece.happened, piece.kind)
            day, index, moment, late = own, book.period.index(own), piece.happened, None
            seal = self._sealed.get(index)
            if seal is not None and piece.known >= seal:
                late = Late(index, self._day(piece.known), None)
                index, day, moment = book.period.index(late.known), late.known, piece.known
                seal = self._sealed.get(index)
            rank = RANK[piece.kind]
            yield Place(index, moment, rank, piece.id, piece, day, minute, self._verdict(seal).gone.get(piece.id), late)
            if seal is not None:
                yield from self._changes(piece, index, own, seal)

    def _changes(self, piece: Piece, origin: int, own: date, seal: datetime) -> Iterator[Place]:
        """What later judges changed about a piece in a sealed period: taken back, and perhaps given again."""
        since, then = seal, self._verdict(seal)
        # A ban that held at the seal and no longer does gives back; one that came later has a place of its own.
        before = then.out(piece, own)
        for moment in [*sorted(m for m in self._sealed.values() if m > seal), None]:
            verdict = self._verdict(moment)
            now = verdict.gone.get(piece.id) if before is None else verdict.out(piece, own)
            if (now is None) != (before is None):
                known = self._told(now, before, since, then, verdict)
                day = self._day(known)
                late = Late(origin, day, now)
                yield Place(self._book.period.index(day), known, RANK[piece.kind], piece.id, piece, day, 0, None, late)
            before, then, since = now, verdict, moment or since

    def _told(
        self, now: Gone | None, before: Gone | None, since: datetime, then: Verdict, verdict: Verdict
    ) -> datetime:
        """When, after `since`, it became known that a piece is gone, or that what withdrew it is.

        `then` was the verdict at `since`, `verdict` is the one that changed it.
        """
        by_id = {p.id: p for p in self._pieces}
        cause = now.by if now is not None else None
        if cause is not None and by_id[cause].known < since:
            # It had been withdrawn itself, and what withdrew it no longer holds.
            held = then.gone.get(cause)
            back = verdict.gone.get(held.by) if held is not None else None
            cause = back.by if back is not None else None
        elif now is None and before is not None:
            back = verdict.gone.get(before.by)
            cause = back.by if back is not None else None
        if cause is not None and by_id[cause].known >= since:
            return by_id[cause].known
        return max(p.known for p in self._pieces)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._book.zone).date()
