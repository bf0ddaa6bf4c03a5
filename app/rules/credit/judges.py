"""The first pass: pieces that judge other pieces. Corrections, revocations and leave, in any order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import Attendance, Revoke, RuleSet
from app.rules.credit.errors import EvidenceError
from app.rules.credit.evidence import Numbers, Piece
from app.rules.credit.formula import Ratio
from app.rules.credit.kinds import CREDITABLE, NUMBERS
from app.rules.credit.periods import years_later
from app.rules.credit.plan import values

_LEAVE, _RUN_HOURS = NUMBERS.index("leave_m"), NUMBERS.index("run_hours_m")
_CREDITABLE = frozenset(CREDITABLE)


class Gone(NamedTuple):
    """Why a piece no longer counts: the clause (or the correction's id), the piece that did it, three numbers."""

    clause: str
    by: str
    numbers: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Ban:
    """Pieces of these kinds give nothing from a revocation on, until (not on) a day."""

    clause: str
    by: str
    kinds: frozenset[str]
    since: tuple[datetime, int, str]
    first: date
    until: date

    def covers(self, kind: str, day: date, order: tuple[datetime, int, str]) -> bool:
        """Does it hold for what counts on this day, of a piece at this place of the order?"""
        return kind in self.kinds and self.first <= day < self.until and (day > self.first or order > self.since)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judging pieces among some evidence come to: id → why it is gone, and the bans."""

    gone: Mapping[str, Gone]
    bans: tuple[Ban, ...] = ()

    def banned(self, kind: str, day: date, place: tuple[datetime, int, str]) -> Ban | None:
        """The ban that holds for a piece which counts on this day, at this place of the order."""
        return next((ban for ban in self.bans if ban.covers(kind, day, place)), None)

    def out(self, piece: Piece, day: date) -> Gone | None:
        """Why a piece in its own place gives nothing, also because it is banned."""
        gone = self.gone.get(piece.id)
        if gone is not None or not self.bans:
            return gone
        ban = self.banned(piece.kind, day, piece.order())
        return None if ban is None else Gone(ban.clause, ban.by, (0, 0, 0))


def judged(book: RuleBook, pieces: Sequence[Piece]) -> Verdict:
    """Everything that pieces say about each other."""
    gone = {name: Gone(by, by, (0, 0, 0)) for name, by in withdrawn(pieces).items()}
    kinds = {piece.kind for piece in pieces}
    bans: list[Ban] = []
    if "revocation" in kinds:
        _revoke(book, pieces, gone, bans)
    if "leave" in kinds:
        _attend(book, pieces, gone)
    return Verdict(gone, tuple(bans))


def withdrawn(pieces: Sequence[Piece]) -> dict[str, str]:
    """Which pieces no longer count: id → id of the piece that names them (of several the latest known).

    A correction withdraws what it names; any other piece with `names` stands in its place, also where another one
    stands in its own. A correction that was itself withdrawn has no effect, whichever became known first.
    """
    by_id: dict[str, Piece] = {}
    for piece in pieces:
        if by_id.setdefault(piece.id, piece) is not piece:
            raise EvidenceError(f"piece {piece.id!r}: the id is used twice")
    judges = sorted((p for p in pieces if p.names and p.kind != "revocation"), key=_heard)
    naming: dict[str, list[Piece]] = {}
    for judge in judges:
        for name in judge.names:
            if name in by_id and name != judge.id:
                naming.setdefault(name, []).append(judge)
    effective = _effective(judges, naming)
    gone: dict[str, str] = {}
    for name, named_by in naming.items():
        target = by_id[name]
        for judge in named_by:  # the latest known last
            # Of two that name each other the later known stands.
            mutual = judge.id in target.names and target.kind != "revocation" and _heard(target) > _heard(judge)
            if effective[judge.id] and not mutual:
                gone[name] = judge.id
    return gone


def _effective(judges: Sequence[Piece], naming: Mapping[str, Sequence[Piece]]) -> dict[str, bool]:
    """Which judges are not withdrawn by a correction that is effective itself; without recursion, as chains are long.

    Corrections that name each other in a circle: the latest known is heard first.
    """
    effective: dict[str, bool] = {}
    opened: set[str] = set()
    for first in judges:
        stack = [first]
        while stack:
            judge = stack[-1]
            if judge.id in effective:
                stack.pop()
                continue
            opened.add(judge.id)
            against = [each for each in naming.get(judge.id, ()) if each.kind == "correction"]
            open_ = [each for each in against if each.id not in effective and each.id not in opened]
            if open_:
                stack.append(open_[-1])
                continue
            effective[judge.id] = not any(effective.get(each.id) for each in against)
            stack.pop()
    return effective


def _heard(piece: Piece) -> tuple[object, ...]:
    return piece.known, piece.happened, piece.id


def _revoke(book: RuleBook, pieces: Sequence[Piece], gone: dict[str, Gone], bans: list[Ban]) -> None:
    """Revocations in the order of happening; those that a correction took back are silent."""
    for judge in sorted((p for p in pieces if p.kind == "revocation" and p.id not in gone), key=Piece.order):
        day, minute = book.local(judge.happened, judge.kind)
        version = book.version_on(day)
        if version is None:
            continue
        seen = values(judge.snapshot, minute)
        for row in version.revokes:
            if not row.when.fits(seen):
                continue
            for target in _cancelled(book, row, judge, day, pieces):
                gone.setdefault(target.id, Gone(row.id, judge.id, (0, 0, 0)))
            if row.ban_kinds:
                bans.append(Ban(row.id, judge.id, row.ban_kinds, judge.order(), day, years_later(day, row.ban_years)))


def _cancelled(book: RuleBook, row: Revoke, judge: Piece, day: date, pieces: Sequence[Piece]) -> Iterable[Piece]:
    creditable = (p for p in pieces if p.kind in _CREDITABLE)
    if row.cancels == "item":
        return [
            p for p in creditable if judge.item is not None and p.item == judge.item and p.happened <= judge.happened
        ]
    if row.cancels == "run":
        return [p for p in creditable if judge.run is not None and p.run == judge.run and p.happened <= judge.happened]
    if row.cancels == "named":
        return [p for p in creditable if p.id in judge.names]
    if row.cancels == "period":
        here = book.period.index(day)
        return [p for p in creditable if book.period.index(book.local(p.happened, p.kind)[0]) == here]
    return ()


def _attend(book: RuleBook, pieces: Sequence[Piece], gone: dict[str, Gone]) -> None:
    """Runs with leave: beyond the limit every piece of the run that the clause is about is withdrawn."""
    runs: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.run is not None and piece.id not in gone:
            runs.setdefault(piece.run, []).append(piece)
    for run in runs.values():
        leave = [p for p in run if p.kind == "leave"]
        if not leave:
            continue
        by = max(leave, key=_heard).id
        found: dict[tuple[int, str], tuple[int, int, int] | None] = {}
        for piece in run:
            if piece.kind not in _CREDITABLE:
                continue
            for version, clause in _attended(book, piece):
                if (version, clause.id) not in found:
                    found[version, clause.id] = _beyond(book, clause, run, leave)
                numbers = found[version, clause.id]
                if numbers is not None:
                    gone.setdefault(piece.id, Gone(clause.id, by, numbers))


def _attended(book: RuleBook, piece: Piece) -> list[tuple[int, Attendance]]:
    """The clauses of its own version that are about a piece."""
    version, seen = _seen(book, piece)
    if version is None:
        return []
    return [(version.version, clause) for clause in version.attendances if clause.when.fits(seen)]


def _seen(book: RuleBook, piece: Piece) -> tuple[RuleSet | None, Mapping[str, object]]:
    """The version of a piece's own day, and what conditions see of it, with the bucket that this version gives it."""
    day, minute = book.local(piece.happened, piece.kind)
    version = book.version_on(day)
    plan = None if version is None else book.plan(version, piece.snapshot, minute)
    return version, values(piece.snapshot, minute) if plan is None else plan.seen


def _beyond(
    book: RuleBook, clause: Attendance, run: Sequence[Piece], leave: Sequence[Piece]
) -> tuple[int, int, int] | None:
    """(leave, limit, 0) in thousandths of hours where the limit is passed."""
    about = [p for p in run if p.kind in _CREDITABLE and clause.when.fits(_seen(book, p)[1])]
    sums = [sum(p.numbers[place] for p in about) for place in range(len(NUMBERS))]
    sums[_LEAVE] = sum(p.numbers[_LEAVE] for p in leave)
    sums[_RUN_HOURS] = max(p.numbers[_RUN_HOURS] for p in run)
    numbers: Numbers = tuple(sums)
    if not clause.beyond(numbers):
        return None
    if isinstance(clause.limit, Ratio):
        top, bottom = clause.limit.pair(numbers)
        limit = clause.limit.coeff * top * 1000 / bottom
    else:
        limit = clause.limit.coeff * clause.limit.value(numbers) * 1000
    return sums[_LEAVE], limit.__floor__(), 0
