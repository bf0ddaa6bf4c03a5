"""Sealed periods: what becomes known afterwards is posted as such, and what was sealed stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import Told, tell

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
TEST = (
    'test = [{id = "total", measure = "countable", at_least = 50}]\n'
    'requirement = [{id = "yearly", meets = {all = ["total"]}}]\n'
)
CURRENT = rules(CLASS + TEST, period='late = "current"')
SEALED = rules(CLASS + TEST, period='late = "sealed"')
SEALS = {"2025-01-01": "2026-02-01"}
OLD = "2025-01-01"


def hours(name: str, happened: str, amount: int, **more: Any) -> dict[str, Any]:
    return piece(name, "session", happened, hours_m=amount * 1000, **more)


A = hours("a", "2025-05-04T10:00", 30)
LATE = hours("late", "2025-12-20T10:00", 4, known="2026-03-05T09:00")


def adjustments(told: Told) -> list[tuple[str, str, int, str]]:
    return [(p["evidence"], p["period"], p["countable"], p["origin"]) for p in told.postings if "origin" in p]


def countable(told: Told, year: str) -> int:
    found: int = told.period(year)["countable"]
    return found


def test_late_evidence_is_posted_in_the_current_period() -> None:
    told = tell(CURRENT, [A, LATE], seals=SEALS)
    assert (countable(told, "2025"), countable(told, "2026")) == (30_000, 4_000)
    assert adjustments(told) == [("late", "2026-01-01", 4_000, OLD)]
    assert next(why for why in told.why("late") if why[1] == "late")[2] == [20251220, 20260305, 20250101]


def test_or_in_the_sealed_one_if_the_rules_say_so() -> None:
    told = tell(SEALED, [A, LATE], seals=SEALS)
    assert adjustments(told) == [("late", OLD, 4_000, OLD)]
    assert told.got("late", period=OLD) == [4_000]


@pytest.mark.parametrize(
    ("known", "late"),
    [("2026-01-31T23:59:59", False), ("2026-02-01T00:00", True), ("2026-01-31T16:00:00Z", True)],
)
def test_known_at_or_after_the_seal_is_late(known: str, late: bool) -> None:
    told = tell(CURRENT, [A, {**LATE, "known": known}], seals=SEALS)
    assert [p["period"][:4] for p in told.postings if p["evidence"] == "late"] == ["2026" if late else "2025"]


def test_the_seal_may_be_a_moment() -> None:
    seals = {"2025-01-01": "2026-03-05T09:00:01+08:00"}
    assert adjustments(tell(CURRENT, [A, LATE], seals=seals)) == []
    assert len(adjustments(tell(CURRENT, [A, LATE], seals={"2025-01-01": "2026-03-05T09:00+08:00"}))) == 1


def test_late_evidence_is_judged_by_the_version_of_its_own_day() -> None:
    texts = [
        rules(CLASS + TEST),
        rules(CLASS.replace('"hours"', '"hours * 10"') + TEST, version=2, effective="2026-01-01"),
    ]
    told = tell(texts, [A, LATE, hours("new", "2026-03-05T10:00", 1)], seals=SEALS)
    assert told.got("late", "new") == [4_000, 10_000]
    assert {p["evidence"]: p["version"] for p in told.postings} == {"a": 1, "late": 1, "new": 2}


def correction(name: str, target: str, known: str, happened: str | None = None) -> dict[str, Any]:
    return piece(name, "correction", happened or known, known=known, names=[target])


def test_withdrawing_what_was_sealed_posts_its_negative() -> None:
    told = tell(CURRENT, [A, correction("k", "a", "2026-03-05T10:00")], seals=SEALS)
    assert told.got("a", period=OLD) == [30_000]
    assert adjustments(told) == [("k", "2026-01-01", -30_000, OLD)]
    assert (countable(told, "2025"), countable(told, "2026")) == (30_000, -30_000)
    assert [why[1] for why in told.why("k")] == ["withdrawn"]
    [posting] = [p for p in told.postings if p["evidence"] == "k"]
    assert posting["earned"] == -30_000


def test_when_the_correction_says_it_happened_does_not_matter() -> None:
    facts = [A, correction("k", "a", "2026-03-05T10:00", "2025-06-01T10:00")]
    assert adjustments(tell(CURRENT, facts, seals=SEALS)) == [("k", "2026-01-01", -30_000, OLD)]


def test_a_negative_in_the_sealed_period_itself() -> None:
    told = tell(SEALED, [A, correction("k", "a", "2026-03-05T10:00")], seals=SEALS)
    assert adjustments(told) == [("k", OLD, -30_000, OLD)]


def test_a_correction_known_before_the_seal_is_an_ordinary_one() -> None:
    told = tell(CURRENT, [A, correction("k", "a", "2026-01-20T10:00")], seals=SEALS)
    assert (adjustments(told), told.words) == ([], {"a": "withdrawn"})
    assert countable(told, "2025") == 0


def test_a_correction_of_the_correction_leaves_the_sum_as_it_was() -> None:
    facts = [A, correction("k", "a", "2026-03-05T10:00"), correction("k2", "k", "2026-04-05T10:00")]
    told = tell(CURRENT, facts, seals=SEALS)
    assert (countable(told, "2025"), countable(told, "2026")) == (30_000, 0)


def test_a_correction_of_a_sealed_correction_gives_back() -> None:
    """Withdrawn before the seal, restored after it: the 30 are given in the current period."""
    facts = [A, correction("k", "a", "2026-01-05T10:00"), correction("k2", "k", "2026-04-05T10:00")]
    told = tell(CURRENT, facts, seals=SEALS)
    assert (countable(told, "2025"), countable(told, "2026")) == (0, 30_000)
    assert {(period, origin) for _, period, _, origin in adjustments(told)} == {("2026-01-01", OLD)}


def test_a_piece_in_the_place_of_a_sealed_one() -> None:
    """30 sealed; known in March: it was 20. The difference is posted: −30 and +20."""
    told = tell(CURRENT, [A, {**hours("b", "2025-05-04T10:00", 20, known="2026-03-05T10:00"), "names": ["a"]}],
                seals=SEALS)  # fmt: skip
    assert (countable(told, "2025"), countable(told, "2026")) == (30_000, -10_000)
    assert sorted(each[2] for each in adjustments(told)) == [-30_000, 20_000]


def test_withdrawing_late_evidence_undoes_it_where_it_stands() -> None:
    facts = [A, LATE, correction("k", "late", "2026-04-05T10:00")]
    told = tell(CURRENT, facts, seals=SEALS)
    assert (countable(told, "2025"), countable(told, "2026")) == (30_000, 0)


@pytest.mark.parametrize(
    "late",
    [
        piece("x", "exemption", "2026-03-05T10:00", approved=True, **{"from": "2025-02-01", "until": "2025-06-30"}),
        piece("j", "standing", "2025-07-01T00:00", known="2026-03-05T10:00", change="left", band="low"),
    ],
    ids=["exemption", "standing"],
)
def test_duty_and_result_of_a_sealed_period_stay(late: dict[str, Any]) -> None:
    text = rules(CLASS + TEST, period='reduce = "days"\nquota_round = {to = "0.5", mode = "ceil"}')
    first = piece("s", "standing", "2024-12-01T00:00", change="joined", band="low")
    before = tell(text, [first, A], seals=SEALS, until="2026-12-31").period("2025")
    after = tell(text, [first, A, late], seals=SEALS, until="2026-12-31").period("2025")
    assert before == after
    assert before["tests"]["total"]["quota"] == 50_000
    open_ = tell(text, [first, A, late], until="2026-12-31").period("2025")
    assert open_["tests"]["total"]["quota"] < 50_000


def test_leave_known_after_the_seal_withdraws_nothing_sealed() -> None:
    text = rules(CLASS + 'attendance = [{id = "att", when = {kind = "session"}, limit = 8}]\n' + TEST)
    facts = [
        hours("s", "2025-05-04T10:00", 30, run="K"),
        piece("l", "leave", "2025-05-05T10:00", known="2026-03-05T10:00", run="K", leave_m=9000),
    ]
    assert countable(tell(text, facts, seals=SEALS), "2025") == 30_000
    assert countable(tell(text, facts), "2025") == 0


def test_a_repeat_of_what_was_sealed_is_a_repeat() -> None:
    text = rules(CLASS + 'duplicate = [{id = "once", key = ["item"]}]\n')
    facts = [hours("a", "2025-05-04T10:00", 3, item="x"), {**LATE, "item": "x"}]
    told = tell(text, facts, seals=SEALS)
    assert (told.got("late"), told.words["late"]) == ([0], "repeat")


def test_what_is_late_does_not_make_a_sealed_piece_a_repeat() -> None:
    """It happened earlier, but the sealed one stands."""
    text = rules(CLASS + 'duplicate = [{id = "once", key = ["item"]}]\n')
    facts = [
        hours("a", "2025-05-04T10:00", 3, item="x"),
        hours("early", "2025-04-04T10:00", 3, item="x", known="2026-03-05T10:00"),
    ]
    told = tell(text, facts, seals=SEALS)
    assert told.got("a", "early") == [3_000, 0]


def test_late_in_the_current_period_uses_that_period_s_caps() -> None:
    text = rules(CLASS + 'cap = [{id = "y", limit = 30, per = "period"}]\n' + TEST)
    told = tell(text, [A, LATE, hours("n", "2026-06-01T10:00", 28)], seals=SEALS)
    assert told.got("late", "n") == [4_000, 26_000]


CARRY = 'carry = [{id = "on", surplus_of = "total", measure = "countable", as = {}}]\n'
SIXTY = hours("a", "2025-05-04T10:00", 60)


def test_late_in_the_current_period_carries_nothing() -> None:
    told = tell(rules(CLASS + TEST + CARRY), [SIXTY, LATE], seals=SEALS)
    assert told.got("carried:on:2025-01-01", "late", period="2026-01-01") == [10_000, 4_000]


def test_late_in_the_sealed_period_is_followed_by_what_it_carries() -> None:
    text = rules(CLASS + TEST + CARRY, period='late = "sealed"')
    told = tell(text, [SIXTY, LATE], seals=SEALS)
    assert told.got("late", period=OLD) == [4_000]
    assert told.got("carried:on:2025-01-01", period="2026-01-01") == [14_000]
    carried = [p for p in told.postings if p["evidence"] == "carried:on:2025-01-01"]
    assert [p["countable"] for p in carried] == [10_000, 4_000]
    assert "origin" in carried[1]


def test_a_withdrawal_in_the_sealed_period_takes_what_it_carried() -> None:
    text = rules(CLASS + TEST + CARRY, period='late = "sealed"')
    facts = [SIXTY, hours("b", "2025-06-04T10:00", 5), correction("k", "b", "2026-03-05T10:00")]
    told = tell(text, facts, seals=SEALS)
    assert told.got("carried:on:2025-01-01", period="2026-01-01") == [10_000]
    carried = [p["countable"] for p in told.postings if p["evidence"] == "carried:on:2025-01-01"]
    assert carried == [15_000, -5_000]


def test_two_sealed_years() -> None:
    """Of 2024 and known after both were sealed: it is posted in 2026."""
    seals = {"2024-01-01": "2025-02-01", "2025-01-01": "2026-02-01"}
    facts = [
        A,
        hours("o", "2024-05-04T10:00", 20),
        hours("l1", "2024-06-01T10:00", 1, known="2025-06-01T10:00"),
        hours("l2", "2024-06-01T10:00", 2, known="2026-06-01T10:00"),
    ]
    told = tell(CURRENT, facts, seals=seals)
    assert [countable(told, year) for year in ("2024", "2025", "2026")] == [20_000, 31_000, 2_000]
    assert adjustments(told) == [
        ("l1", "2025-01-01", 1_000, "2024-01-01"),
        ("l2", "2026-01-01", 2_000, "2024-01-01"),
    ]


def test_a_correction_of_a_late_piece_that_was_sealed_meanwhile() -> None:
    seals = {"2024-01-01": "2025-02-01", "2025-01-01": "2026-02-01"}
    facts = [
        hours("l1", "2024-06-01T10:00", 1, known="2025-06-01T10:00"),
        correction("k", "l1", "2026-06-01T10:00"),
    ]
    told = tell(CURRENT, facts, seals=seals)
    assert [countable(told, year) for year in ("2025", "2026")] == [1_000, -1_000]


def test_the_companion_known_after_the_seal() -> None:
    """The exam of December becomes known in March: the class waited, and is late with it."""
    text = rules(CLASS + 'needs = [{id = "n", when = {kind = "session"}, evidence = {kind = "exam"}, same = "item"}]\n')
    facts = [
        hours("s", "2025-11-04T10:00", 3, item="x"),
        piece("e", "exam", "2025-12-20T10:00", known="2026-03-05T10:00", item="x"),
    ]
    told = tell(text, facts, seals=SEALS)
    assert countable(told, "2025") == 0
    assert told.got("s", period="2026-01-01") == [3_000]


def test_as_known_before_the_seal() -> None:
    told = tell(CURRENT, [A, LATE, correction("k", "a", "2026-03-06T10:00")], seals=SEALS, as_known="2026-03-05")
    assert (countable(told, "2025"), countable(told, "2026")) == (30_000, 4_000)


def test_order_of_the_list_does_not_matter() -> None:
    facts = [A, LATE, correction("k", "a", "2026-03-06T10:00"), hours("n", "2026-06-01T10:00", 28)]
    texts = {tell(CURRENT, order, seals=SEALS).text for order in (facts, facts[::-1], facts[2:] + facts[:2])}
    assert len(texts) == 1


def test_the_posting_names_origin_only_where_it_adjusts() -> None:
    told = tell(CURRENT, [A, LATE], seals=SEALS)
    assert [("origin" in p) for p in told.postings] == [False, True]
