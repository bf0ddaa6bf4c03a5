"""Which clauses make the difference between two settlements of the same evidence, to the thousandth.

The reasons of a posting add up: what a conversion gives, what repeats, overlaps, caps and shares take from it. So the
difference of a piece is the sum of the differences of its clauses. Where one settlement gives a piece nothing, the
clause that refuses it makes all of the difference; where no clause fits it, the one that converts it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.rules.credit.settlement import Nothing, Posting, Settlement, Why

_TAKES = frozenset({"repeat", "overlaps", "cut", "share"})


def amounts(before: Settlement | None, after: Settlement, start: date) -> dict[str, int]:
    """By clause: countable thousandths of this period that it gives more (below 0: fewer) than before.

    Both need reasons. What postings hold beyond their reasons (what pays an older period) falls to the conversion.
    """
    old, new = _Told(before, start), _Told(after, start)
    found: dict[str, int] = {}
    for name in {**old.posted, **new.posted}:
        for clause, amount in _of_piece(name, old, new).items():
            found[clause] = found.get(clause, 0) + amount
    return {clause: amount for clause, amount in found.items() if amount}


class _Told:
    """Of one settlement and period: clause → amount by piece, and why pieces gave nothing."""

    def __init__(self, settlement: Settlement | None, start: date) -> None:
        self.posted: dict[str, dict[str, int]] = {}
        self.refused: dict[str, str] = {}
        if settlement is None:
            return
        for posting in settlement.postings:
            if posting.period == start:
                own = self.posted.setdefault(posting.evidence, {})
                for clause, amount in _parts(posting):
                    own[clause] = own.get(clause, 0) + amount
        self.refused = {each.evidence: each.clause for each in _here(settlement.nothing, start)}


def _here(nothing: Iterable[Nothing], start: date) -> Iterable[Nothing]:
    return (each for each in nothing if each.period == start)


def _of_piece(name: str, old: _Told, new: _Told) -> dict[str, int]:
    before, after = old.posted.get(name), new.posted.get(name)
    if before is not None and after is not None:
        return {clause: after.get(clause, 0) - before.get(clause, 0) for clause in {**before, **after}}
    if before is not None:
        return {new.refused.get(name) or _first(before): -sum(before.values())}
    return {old.refused.get(name) or _first(after): sum(after.values())} if after else {}


def _first(parts: dict[str, int]) -> str:
    return next(iter(parts), "")


def _parts(posting: Posting) -> list[tuple[str, int]]:
    """(clause, countable thousandths it gives or takes); they add up to what counts."""
    found: list[tuple[str, int]] = []
    left = 0
    for why in posting.why:
        amount = _gives(why, left)
        if amount is not None:
            found.append((why.clause, amount))
            left += amount
    rest = posting.countable - left
    if rest or not found:
        found.insert(0, (found[0][0] if found else posting.why[0].clause if posting.why else "", rest))
    return found


def _gives(why: Why, left: int) -> int | None:
    """What a reason adds to what is left so far; None where it changes no amount."""
    _, second, third = why.numbers
    if why.did == "gives":
        return third
    if why.did == "carried":
        return second
    if why.did in _TAKES:
        # repeat and overlaps say (day, asked, left), cut says (asked, taken, limit), share (before, after, allowed)
        return (third if why.did in ("repeat", "overlaps") else second) - left
    return None
