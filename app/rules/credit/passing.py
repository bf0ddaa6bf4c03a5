"""What one period leaves to others: what a share cuts at its close, what it carries on, what it still lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.rules.credit.clauses import Carry, Requirement, Share, Test
from app.rules.credit.close import Closing
from app.rules.credit.names import bucket_of
from app.rules.credit.periods import months_later
from app.rules.credit.plan import Plan
from app.rules.credit.settlement import TestResult
from app.rules.credit.tally import COUNTABLE, EARNED, Tally


@dataclass(slots=True)
class Debt:
    """A test of an old period that is short by `missing`, and may be cured before `until`."""

    test: str
    clause: str
    missing: int
    until: date


@dataclass(frozen=True, slots=True)
class Carried:
    """Thousandths that a clause passes on: the surplus there was, and what of it goes."""

    clause: Carry
    bucket: str
    surplus: int
    amount: int


@dataclass(slots=True)
class Under:
    """A posting that a share may cut: its place among the postings, its plan, and what of it counts."""

    place: int
    plan: Plan
    countable: int


def cuts(closing: Closing, tally: Tally, postings: Sequence[Under]) -> list[tuple[Under, Share, int, int]]:
    """What shares cut: (posting, share, what counts now, what the share allows in all); `countable` is lowered.

    Share after share by id, and again until nothing changes: a cut may lower the whole of another share.
    """
    book, version = closing.book, closing.version
    found: list[tuple[Under, Share, int, int]] = []
    changed = True
    while changed:
        changed = False
        for share in sorted(version.shares, key=lambda each: each.id):
            part = [each for each in postings if book.shares(version, share, each.plan)]
            for each, left, allowed in _cut(closing, tally, share, part):
                tally.add(closing.index, closing.end, each.plan, 0, left - each.countable)
                each.countable = left
                found.append((each, share, left, allowed))
                changed = True
    return found


def room(closing: Closing, tally: Tally, plan: Plan) -> int | None:
    """How much such a plan may still add to a closed period without passing a share of it; None: no share looks."""
    version, found = closing.version, None
    for share in version.shares:
        if not closing.book.shares(version, share, plan):
            continue
        test, got, whole, _ = _of(closing, tally, share)
        free = share.at_most * whole - got
        counted = not share.of_quota and test.id in closing.book.counted_by(version, plan)
        gain = 1 - share.at_most if counted else Fraction(1)
        if gain > 0:
            most = max(0, (free / gain).__floor__())
            found = most if found is None else min(found, most)
    return found


def _of(closing: Closing, tally: Tally, share: Share) -> tuple[Test, int, int, bool]:
    """Of a share: the test it is part of, what counts of it, the whole, and whether cutting lowers the whole."""
    book, version = closing.book, closing.version
    test = next(each for each in version.tests if each.id == share.of)
    spans = closing.cycle if test.cycle else range(closing.index, closing.index + 1)
    got = sum(
        sums[COUNTABLE]
        for index in spans
        for plan, sums in tally.groups.get(index, {}).items()
        if book.shares(version, share, plan)
    )
    if share.of_quota:
        return test, got, closing.tests()[test.id].quota, False
    # A cut lowers what counts, never what was earned.
    earned = test.measure == "earned"
    return test, got, tally.by_test(version, spans)[test.id][EARNED if earned else COUNTABLE], not earned


def _cut(closing: Closing, tally: Tally, share: Share, part: Sequence[Under]) -> list[tuple[Under, int, int]]:
    book, version = closing.book, closing.version
    test, got, whole, lowers = _of(closing, tally, share)
    taken_of: list[tuple[Under, int]] = []
    for each in reversed(part):
        excess = got - share.at_most * whole
        if excess <= 0:
            break
        # Cutting what the test counts too makes the whole smaller with it.
        counted = lowers and test.id in book.counted_by(version, each.plan)
        gain = 1 - share.at_most if counted else Fraction(1)
        if each.countable <= 0 or gain <= 0:
            continue
        taken = min(each.countable, -(-excess // gain))
        got -= taken
        whole -= taken if counted else 0
        taken_of.append((each, each.countable - int(taken)))
    return [(each, left, int(share.at_most * whole)) for each, left in taken_of]


def carried(closing: Closing, tally: Tally, tests: Mapping[str, TestResult]) -> list[Carried]:
    """What goes into the next period, by clause; nothing where a test or a duty is short that must not be."""
    version, found = closing.version, []
    if not version.carries:
        return []
    whole = own = closing.here()
    if any(plan.carried for plan in tally.groups.get(closing.index, ())):
        own = tally.by_test(version, [closing.index], own=True, late=closing.late)
    by_id = {test.id: test for test in version.tests}
    for clause in sorted(version.carries, key=lambda each: each.id):
        place = EARNED if clause.measure == "earned" else COUNTABLE
        name = clause.surplus_of
        surplus = max(0, whole[name][place] - tests[name].quota)
        amount = surplus if clause.again else min(surplus, max(0, own[name][place]))
        if clause.most_m is not None:
            amount = min(amount, clause.most_m)
        unmet = clause.unless_unmet and "not met" in closing.requirements(tests).values()
        if unmet or any(tests[each].short for each in clause.unless_short):
            amount = 0
        found.append(Carried(clause, bucket_of(clause, by_id[name]) or version.unit, surplus, amount))
    return found


def debts(closing: Closing, tests: Mapping[str, TestResult], words: Mapping[str, str]) -> list[Debt]:
    """Shortfalls that later hours may pay: of tests that make somebody miss a duty, or that no duty names."""
    version = closing.version
    if not version.make_ups or closing.duty.word != "full":
        return []
    found: dict[str, Debt] = {}
    # Where two rows say it, the longer time holds.
    for row in sorted(version.make_ups, key=lambda each: (-each.months, each.id)):
        until = months_later(closing.rule.start(closing.index + 1), row.months)
        for name in row.tests:
            if _owed(version.requirements, tests[name], name, words) and name not in found:
                found[name] = Debt(name, row.id, tests[name].short, until)
    return list(found.values())


def _owed(requirements: Sequence[Requirement], test: TestResult, name: str, words: Mapping[str, str]) -> bool:
    if not test.short or not test.due:
        return False
    naming = [each for each in requirements if name in each.meets.names()]
    return not naming or any(words[each.id] == "not met" for each in naming)
