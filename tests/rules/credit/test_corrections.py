"""Corrections, standings, exemptions: what judges other pieces and the duty."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.rules.credit.errors import EvidenceError
from tests.rules.credit.kit import amounts, did, piece, rules, run

SESSION = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
YEAR = date(2026, 1, 1)
QUOTA = (
    SESSION
    + 'test = [{id = "t", measure = "countable", at_least = {by = "band", value = {low = 90, high = 110}}}]\n'
    + 'requirement = [{id = "yearly", meets = {all = ["t"]}}]\n'
)
HALF = 'quota_round = {to = "0.5", mode = "ceil"}\n'


def session(name: str, happened: str = "2026-05-04T10:00", **more: Any) -> dict[str, Any]:
    return piece(name, "session", happened, hours_m=2000, **more)


def test_a_correction_withdraws_and_its_own_withdrawal_restores() -> None:
    facts = [session("a"), piece("x", "correction", "2026-06-01T10:00", names=["a"])]
    found = run(rules(SESSION), facts)
    assert (amounts(found, facts), did(found)) == ([0, 0], {"a": "withdrawn"})
    assert found.nothing[0].clause == "x"
    facts.append(piece("y", "correction", "2026-06-02T10:00", names="x"))
    assert amounts(run(rules(SESSION), facts), facts) == [2000, 0, 0]


def test_a_piece_with_names_stands_in_the_place_of_another() -> None:
    facts = [session("a"), {**session("b", names=["a"]), "hours_m": 500}]
    found = run(rules(SESSION), facts)
    assert (amounts(found, facts), did(found)) == ([0, 500], {"a": "withdrawn"})


def test_two_that_name_each_other_do_not_both_fall() -> None:
    facts = [
        session("a"),
        piece("x", "correction", "2026-06-01T10:00", names=["a", "y"]),
        piece("y", "correction", "2026-06-02T10:00", names=["x"]),
    ]
    assert amounts(run(rules(SESSION), facts), facts)[0] == 2000


def test_withdrawing_a_first_gives_back_the_repeat() -> None:
    body = SESSION + 'duplicate = [{id = "once", key = ["item"]}]\n'
    facts = [session("a", item="x"), session("b", "2026-05-05T10:00", item="x")]
    assert amounts(run(rules(body), facts), facts) == [2000, 0]
    facts.append(piece("k", "correction", "2026-06-01T10:00", names=["a"]))
    assert amounts(run(rules(body), facts), facts) == [0, 2000, 0]


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(EvidenceError, match="piece 'a': the id is used twice"):
        run(rules(SESSION), [session("a"), session("a")])


def standing(day: str, band: str, change: str) -> dict[str, Any]:
    return piece(f"s{day}", "standing", f"{day}T00:00", band=band, change=change)


@pytest.mark.parametrize(
    ("period", "facts", "quota"),
    [
        ("", [standing("2025-03-01", "low", "joined")], 90000),
        ("", [standing("2026-07-02", "low", "joined")], 90000),
        ('reduce = "days"\n' + HALF, [standing("2026-07-02", "low", "joined")], 45500),
        (
            'reduce = "days"\n' + HALF,
            [standing("2025-07-02", "low", "joined"), standing("2026-07-02", "low", "left")],
            45000,
        ),
        ("", [standing("2026-01-01", "low", "joined"), standing("2026-10-01", "high", "changed")], 110000),
        (
            'standing = "most"',
            [standing("2026-01-01", "low", "joined"), standing("2026-10-01", "high", "changed")],
            90000,
        ),
        (
            'standing = "pro_rata"\n' + HALF,
            [standing("2026-01-01", "low", "joined"), standing("2026-10-01", "high", "changed")],
            95500,
        ),
    ],
)
def test_quotas_follow_the_standing(period: str, facts: list[dict[str, Any]], quota: int) -> None:
    result = run(rules(QUOTA, period=period), facts, until=date(2026, 12, 31)).periods[YEAR]
    assert (result.duty, result.tests["t"].quota) == ("full", quota)


def exempt(first: str, last: str, approved: bool = True) -> dict[str, Any]:
    facts = {"from": first, "until": last, "approved": approved}
    return piece("x" + first, "exemption", f"{first}T00:00", **facts)


@pytest.mark.parametrize(
    ("reduce", "facts", "duty", "quota"),
    [
        ("none", [exempt("2026-02-01", "2026-02-28")], "full", 90000),
        ("whole", [exempt("2026-02-01", "2026-02-28")], "exempt", 90000),
        ("whole", [exempt("2026-02-01", "2026-02-28", False)], "full", 90000),
        ("days", [exempt("2026-01-01", "2026-03-31"), exempt("2026-03-01", "2026-07-01")], "full", 45500),
        ("days", [exempt("2026-01-01", "2026-07-01"), exempt("2026-03-01", "2026-03-31")], "full", 45500),
        ("days", [exempt("2025-01-01", "2026-12-31")], "exempt", 0),
    ],
)
def test_exemptions(reduce: str, facts: list[dict[str, Any]], duty: str, quota: int) -> None:
    period = f'reduce = "{reduce}"\n{HALF}'
    joined = standing("2025-01-01", "low", "joined")
    found = run(rules(QUOTA, period=period), [joined, *facts], until=date(2026, 12, 31))
    result = found.periods[YEAR]
    assert (result.duty, result.tests["t"].quota) == (duty, quota)
    assert result.requirements["yearly"] == ("exempt" if duty == "exempt" else "not met")


def test_who_left_before_the_period_has_no_duty_in_it() -> None:
    facts = [standing("2025-01-01", "low", "joined"), standing("2025-11-01", "low", "left")]
    found = run(rules(QUOTA), facts, until=date(2026, 5, 1))
    assert [(r.duty, r.requirements["yearly"]) for r in found.periods.values()] == [
        ("full", "not met"),
        ("none", "does not apply"),
    ]


def test_empty_periods_close_too() -> None:
    found = run(rules(QUOTA), [session("a", "2023-05-01T10:00")], until=date(2026, 5, 1))
    assert [start.year for start in found.periods] == [2023, 2024, 2025, 2026]


def test_a_test_over_a_cycle_is_due_at_its_end() -> None:
    body = SESSION + (
        'test = [{id = "t", measure = "countable", at_least = 5, over = "cycle"}]\n'
        'requirement = [{id = "q", meets = {all = ["t"]}}]\n'
    )
    facts = [session("a", "2024-05-01T10:00"), session("b", "2026-05-01T10:00")]
    found = run(rules(body, period="cycle = 3"), facts, until=date(2027, 1, 1))
    assert [(r.tests["t"].got, r.requirements["q"]) for r in found.periods.values()] == [
        (2000, "not due"),
        (2000, "not due"),
        (4000, "not met"),
        (0, "not due"),
    ]


@pytest.mark.parametrize(("professional", "met"), [(4000, True), (3999, False)])
def test_a_share_of_another_test(professional: int, met: bool) -> None:
    body = (
        'convert = [{id = "c", when = {kind = "session"}, amount = "hours", bucket_field = "subject_bucket"}]\n'
        'test = [{id = "total", measure = "countable", at_least = 3},'
        ' {id = "p", when = {bucket = "professional"}, measure = "countable", at_least = "2/3",'
        ' share_of = "total", basis = "got"}]\n'
    )
    facts = [
        piece("a", "session", hours_m=professional, subject_bucket="professional"),
        piece("b", "session", hours_m=2000, subject_bucket="general"),
    ]
    assert run(rules(body), facts).periods[YEAR].tests["p"].met is met


def test_a_flag_does_not_block() -> None:
    body = SESSION + (
        'test = [{id = "most", measure = "countable", at_most = 1, blocking = false},'
        ' {id = "n", measure = "count", at_least = 1}]\n'
        'requirement = [{id = "q", meets = {all = ["most", "n"]}}]\n'
    )
    result = run(rules(body), [session("a")]).periods[YEAR]
    assert (result.tests["most"].met, result.tests["most"].short) == (False, 1000)
    assert result.requirements == {"q": "met"}
