"""Why not more: the way from what a piece would have given to what counts, step by step. Exact, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from app.rules.credit.settlement import Why

# What a step may be: a clause's word of `settlement.WORDS`, or one of these four.
ROUNDING = "rounding"  # the one rounding
BEFORE = "before"  # what an earlier piece of the same series or pool was given already
ELSEWHERE = "elsewhere"  # the other part of the piece: it pays an older period, or counts in the newer one
PASSED_ON = "passed on"  # what a clause of carrying leaves behind


@dataclass(frozen=True, slots=True)
class Taken:
    """One step. `took` and `left` are exact thousandths; a step that adds something has a negative `took`.

    `clause` is the clause that says so ("" for none); `why` the reason behind the step, where there is one.
    """

    what: str
    clause: str
    took: Fraction
    left: Fraction
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """`would` − the sum of what each step took = `counted`, in thousandths, always exactly."""

    would: Fraction
    taken: tuple[Taken, ...]
    counted: int

    @property
    def shown(self) -> tuple[int, list[tuple[Taken, int, int]]]:
        """(would, [(step, took, left)]) in whole thousandths that add up as well: each amount is the nearest one."""
        found, before = [], _nearest(self.would)
        for step in self.taken:
            left = _nearest(step.left)
            found.append((step, before - left, left))
            before = left
        return _nearest(self.would), found


def _nearest(amount: Fraction) -> int:
    return (amount + Fraction(1, 2)).__floor__()


def shortfall(why: Sequence[Why], countable: int, *, plain: bool = True, whole: int | None = None,
              rounded_by: str = "") -> Shortfall | None:  # fmt: skip
    """From the reasons of one posting and what it counts for (thousandths). Steps that took nothing are left out.

    `plain`: the piece is rounded by itself; else (a series, a pool) the amount is the weighed sum of all that belongs
    together. `whole`: the amount after the rounding by clause `rounded_by`; None where that is not known. None for
    postings that no conversion and no carrying gave, such as what takes back a sealed one, whole or in part.
    """
    first = next((row for row in why if row.did in ("gives", "carried")), None)
    if first is None or any(row.did == "returned" for row in why):
        return None
    way = _Way()
    if first.did == "carried":
        way.start(Fraction(first.numbers[0]))
        way.to(PASSED_ON, first.clause, first.numbers[1], first)
    else:
        _amount(way, first, [row for row in why if row.did == "weighs"], plain, whole, rounded_by)
    paid = next((row for row in why if row.did == "make_up"), None)
    for row in why:
        _later(way, row, paid)
    way.to(ELSEWHERE, "", countable, paid)
    return Shortfall(way.would, tuple(way.taken), countable)


def _amount(way: _Way, gives: Why, weights: Sequence[Why], plain: bool, whole: int | None, rounded_by: str) -> None:
    top, bottom, given = gives.numbers
    exact = Fraction(top, bottom)
    times = [Fraction(row.numbers[0], row.numbers[1]) for row in weights]
    if plain:  # the sum of a series or pool was weighed piece by piece
        way.start(exact / prod(times, start=Fraction(1)))
        for factor, row in zip(times, weights, strict=True):
            way.to("weighs", row.clause, way.left * factor, row)
    else:
        way.start(exact)
    if whole is None and plain:
        whole = given
    if whole is not None:
        way.to(ROUNDING, rounded_by, whole)
    way.to(BEFORE, gives.clause, given)


def _later(way: _Way, row: Why, paid: Why | None) -> None:
    first, second, third = row.numbers
    if row.did in ("repeat", "overlaps"):
        way.to(row.did, row.clause, third, row)
    elif row.did == "cut":
        way.to("cut", row.clause, second, row)
    elif row.did == "share":
        way.to(ELSEWHERE, "", first, paid)  # a share cuts what was left to the period
        way.to("share", row.clause, second, row)


class _Way:
    """Where the amount stands, and the steps so far."""

    def __init__(self) -> None:
        self.would = self.left = Fraction(0)
        self.taken: list[Taken] = []

    def start(self, amount: Fraction) -> None:
        self.would = self.left = amount

    def to(self, what: str, clause: str, amount: Fraction | int, why: Why | None = None) -> None:
        """Go on to this amount."""
        left = Fraction(amount)
        if left != self.left:
            self.taken.append(Taken(what, clause, self.left - left, left, why))
            self.left = left
