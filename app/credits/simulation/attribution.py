"""Which clauses make the difference between two settlements of the same evidence, to the thousandth.

The reasons of a posting add up: what a conversion gives, what repeats, overlaps, caps and shares take from it. So the
difference of a piece is the sum of the differences of its clauses. Where one settlement gives a piece nothing, the
clause that refuses it makes all of the difference; where no clause fits it, the one that converts it does.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from app.rules.credit.settlement import Posting, Settlement, Why

_TAKES = frozenset({"repeat", "overlaps", "cut", "share"})


class Told(msgspec.Struct, array_like=True):
    """Of one settlement and period: clause → amount by piece, which clause gave a piece nothing, quota by test."""

    posted: dict[str, dict[str, int]] = {}
    refused: dict[str, str] = {}
    quotas: dict[str, int] = {}


pack = msgspec.msgpack.Encoder().encode
unpack: Any = msgspec.msgpack.Decoder(Told).decode


def told(settlement: Settlement | None, start: date) -> Told:
    """What a settlement (with reasons) says of one period. What postings hold beyond their reasons, as what pays an
    older period does, falls to the conversion."""
    found = Told()
    if settlement is None:
        return found
    for posting in settlement.postings:
        if posting.period == start:
            own = found.posted.setdefault(posting.evidence, {})
            for clause, amount in _parts(posting):
                own[clause] = own.get(clause, 0) + amount
    found.refused = {each.evidence: each.clause for each in settlement.nothing if each.period == start}
    result = settlement.periods.get(start)
    found.quotas = {} if result is None else {name: test.quota for name, test in result.tests.items()}
    return found


def amounts(old: Told, new: Told) -> dict[str, int]:
    """By clause: countable thousandths that it gives more (below 0: fewer) than before; by test: how much less is
    asked (below 0: more)."""
    found = {name: old.quotas.get(name, 0) - new.quotas.get(name, 0) for name in {**old.quotas, **new.quotas}}
    for name in {**old.posted, **new.posted}:
        for clause, amount in _of_piece(name, old, new).items():
            found[clause] = found.get(clause, 0) + amount
    return {clause: amount for clause, amount in found.items() if amount}


def _of_piece(name: str, old: Told, new: Told) -> dict[str, int]:
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
