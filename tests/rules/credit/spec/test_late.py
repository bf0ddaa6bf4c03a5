"""Late evidence and the clauses that look at days and periods: repeats, limits, pools, companions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
SEALS = {"2025-01-01": "2026-02-01"}
MODES = pytest.mark.parametrize("late", ["current", "sealed"])


def text(body: str, late: str, period: str = "") -> str:
    return rules(CLASS + body, period=f'late = "{late}"\n{period}')


def hours(name: str, happened: str, amount: float, **more: Any) -> dict[str, Any]:
    happened = happened if "T" in happened else f"{happened}T10:00"
    return piece(name, "session", happened, **{"item": "x", "hours_m": round(amount * 1000), **more})


def late(name: str, amount: float, day: str = "2025-12-20", known: str = "2026-03-05", **more: Any) -> dict[str, Any]:
    return hours(name, day, amount, known=f"{known}T09:00", **more)


def judge(name: str, kind: str, happened: str, known: str | None = None, **more: Any) -> dict[str, Any]:
    return piece(name, kind, f"{happened}T09:00", known=f"{known or happened}T09:00", **more)


# Repeats go by the day of happening.


@MODES
@pytest.mark.parametrize(
    ("within", "others", "given"),
    [
        ('"day"', [hours("o", "2025-12-20T08:00", 3)], False),
        ('"day"', [hours("o", "2025-12-19", 3)], True),
        # The day on which it became known is not its own.
        ('"day"', [hours("o", "2026-03-05T08:00", 3)], True),
        ('"period"', [hours("o", "2025-02-01", 3)], False),
        ('"period"', [hours("o", "2026-02-01", 3)], True),
        ('"cycle"', [hours("o", "2024-02-01", 3)], True),
        ('"cycle"', [hours("o", "2026-02-01", 3)], False),
        ('"ever"', [hours("o", "2024-02-01", 3)], False),
        ("{years = 1}", [hours("o", "2024-12-20", 3)], True),
        ("{years = 1}", [hours("o", "2024-12-21", 3)], False),
        # What was credited before it may have happened later.
        ("{years = 1}", [hours("o", "2026-03-04", 3)], False),
    ],
)
def test_a_late_repeat_goes_by_its_own_day(late: str, within: str, others: list[dict[str, Any]], given: bool) -> None:
    body = f'duplicate = [{{id = "once", key = ["item"], within = {within}}}]\n'
    facts = [*others, hours("l", "2025-12-20", 4, known="2026-03-05T09:00")]
    told = tell(text(body, late, "cycle = 2"), facts, seals=SEALS)
    assert told.got("l") == [4000 if given else 0]
    assert told.words.get("l") == (None if given else "repeat")


@MODES
def test_a_later_piece_repeats_a_late_one_by_the_day_it_happened(late: str) -> None:
    """2025-12-20, known in March: what happens in 2026 is another year's, and a year later than 20 December is free."""
    facts = [hours("l", "2025-12-20", 4, known="2026-03-05T09:00"), hours("n", "2026-12-19", 3)]
    period = 'duplicate = [{id = "once", key = ["item"], within = "period"}]\n'
    assert tell(text(period, late), facts, seals=SEALS).got("l", "n") == [4000, 3000]
    year = 'duplicate = [{id = "once", key = ["item"], within = {years = 1}}]\n'
    assert tell(text(year, late), facts, seals=SEALS).got("l", "n") == [4000, 0]
    facts[1]["happened"] = "2026-12-20T10:00"
    assert tell(text(year, late), facts, seals=SEALS).got("l", "n") == [4000, 3000]


@MODES
def test_a_late_span_overlaps_what_lay_there(late: str) -> None:
    body = 'duplicate = [{id = "o", overlap = true, keep = "largest"}]\n'
    facts = [
        hours("a", "2025-12-20T11:00", 2, begun="2025-12-20T09:00"),
        hours("l", "2025-12-20T13:00", 3, begun="2025-12-20T10:00", known="2026-03-05T09:00"),
        hours("l2", "2025-12-20T14:00", 1, begun="2025-12-20T13:00", known="2026-03-05T09:00"),
    ]
    assert tell(text(body, late), facts, seals=SEALS).got("a", "l", "l2") == [2000, 1000, 1000]


# A limit per day is that of the day of happening; others are those of the period it is posted to.


@MODES
def test_a_limit_per_day_is_that_of_its_own_day(late: str) -> None:
    facts = [
        hours("a", "2025-12-20T08:00", 3),
        hours("l1", "2025-12-20", 4, known="2026-03-05T09:00"),
        hours("l2", "2025-12-20", 4, known="2026-03-06T09:00"),
        hours("l3", "2025-12-21", 4, known="2026-03-05T09:00"),
        hours("n", "2026-03-05", 4),
    ]
    told = tell(text('cap = [{id = "day", limit = 4, per = "day"}]\n', late), facts, seals=SEALS)
    assert told.got("a", "l1", "l2", "l3", "n") == [3000, 1000, 0, 4000, 4000]
    assert told.got("l2", key="earned") == [4000]


@MODES
def test_a_pool_per_day_is_that_of_its_own_day(late: str) -> None:
    """0.6 and 0.6 of 20 December are one hour together; 0.6 of the day on which that became known stands alone."""
    body = CLASS.replace("}]", ', pool = "day"}]') + 'round = [{id = "r", to = 1, mode = "floor"}]\n'
    facts = [
        hours("a", "2025-12-20T08:00", 0.6),
        hours("l", "2025-12-20", 0.6, known="2026-03-05T09:00"),
        hours("n", "2026-03-05", 0.6),
    ]
    told = tell(rules(body, period=f'late = "{late}"'), facts, seals=SEALS)
    assert told.got("a", "l", "n") == [0, 1000, 0]


@pytest.mark.parametrize(
    ("per", "mode", "expected"),
    [
        # 5 a year: 2025 has 4, so 1 is left there; in 2026 4, then 1 is left for what comes after.
        ("period", "sealed", [4000, 1000, 4000]),
        ("period", "current", [4000, 4000, 1000]),
        ("item", "sealed", [4000, 1000, 4000]),
        ("item", "current", [4000, 4000, 1000]),
        # 2024 and 2025 are a cycle, 2026 and 2027 the next.
        ("cycle", "sealed", [4000, 1000, 4000]),
        ("cycle", "current", [4000, 4000, 1000]),
        ("ever", "sealed", [4000, 1000, 0]),
        ("ever", "current", [4000, 1000, 0]),
        ("run", "sealed", [4000, 1000, 0]),
        ("run", "current", [4000, 1000, 0]),
    ],
)
def test_other_limits_are_those_of_the_period_it_is_posted_to(per: str, mode: str, expected: list[int]) -> None:
    facts = [
        hours("a", "2025-05-04", 4, run="K"),
        late("l", 4, run="K"),
        hours("n", "2026-06-01", 4, run="K"),
    ]  # fmt: skip
    body = f'cap = [{{id = "five", limit = 5, per = "{per}"}}]\n'
    period = "cycle = 2" if per == "cycle" else ""
    made = text(body, mode, period).replace("first = 2015", "first = 2014")
    assert tell(made, facts, seals=SEALS).got("a", "l", "n") == expected


# What waits, of late evidence.

EXAM = 'needs = [{{id = "n", when = {{kind = "session"}}, evidence = {{kind = "exam"}}, same = "item", {}}}]\n'


@MODES
@pytest.mark.parametrize(
    ("clause", "passed_on", "counts"),
    [
        ("valid_years = 1", "2024-12-20", False),
        ("valid_years = 1", "2024-12-21", True),
        ("within_days = 30", "2026-03-20", False),
        ("within_days = 90", "2026-03-20", True),
    ],
)
def test_needs_of_a_late_piece_go_by_its_own_day(late: str, clause: str, passed_on: str, counts: bool) -> None:
    """20 December, known on 5 March: 20 March is 90 days after it."""
    facts = [judge("e", "exam", passed_on, item="x"), hours("l", "2025-12-20", 4, known="2026-03-05T09:00")]
    assert tell(text(EXAM.format(clause), late), facts, seals=SEALS).got("l") == [4000 if counts else 0]


@MODES
@pytest.mark.parametrize(
    ("clause", "passed_on", "session", "counts"),
    [
        ("within_days = 30", "2025-12-25", "2025-12-20", True),
        ("within_days = 30", "2025-12-25", "2025-11-20", False),
        ("valid_years = 1", "2025-02-01", "2026-06-01", False),
        ("valid_years = 1", "2025-12-25", "2026-06-01", True),
    ],
)
def test_a_late_companion_serves_from_the_day_it_happened(
    late: str, clause: str, passed_on: str, session: str, counts: bool
) -> None:
    facts = [judge("e", "exam", passed_on, "2026-03-05", item="x"), hours("s", session, 3)]
    told = tell(text(EXAM.format(clause), late), facts, seals=SEALS)
    assert told.got("s") == [3000 if counts else 0]


@pytest.mark.parametrize(("mode", "expected"), [("sealed", [0, 1000, 0]), ("current", [0, 0, 1000])])
def test_a_pool_per_period_is_that_of_the_period_it_is_posted_to(mode: str, expected: list[int]) -> None:
    body = CLASS.replace("}]", ', pool = "period"}]') + 'round = [{id = "r", to = 1, mode = "floor"}]\n'
    facts = [hours("a", "2025-05-04", 0.6), late("l", 0.6), hours("n", "2026-06-01", 0.6)]
    assert tell(rules(body, period=f'late = "{mode}"'), facts, seals=SEALS).got("a", "l", "n") == expected
