"""`carry`: what goes into the next period, as what, and through which caps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import Told, tell

BODY = (
    'convert = [{id = "c", when = {kind = "session"}, amount = "hours", bucket_field = "subject_bucket"}]\n'
    'test = [{id = "total", measure = "countable", at_least = 50},'
    ' {id = "pro", when = {bucket = "pro"}, measure = "countable", at_least = 20},'
    ' {id = "asked", measure = "earned", at_least = 50}]\n'
    'requirement = [{id = "yearly", meets = {all = ["total"]}}]\n'
)
ON = 'id = "on", surplus_of = "total", measure = "countable", as = {}'


def text(carry: str, more: str = "", period: str = "", body: str = BODY) -> str:
    return rules(body + f"carry = [{{{carry}}}]\n" + more, period=period)


def years(*hours: float, first: int = 2026, **more: Any) -> list[dict[str, Any]]:
    """So many hours in each year, on 4 May."""
    return [
        piece(f"y{first + n}", "session", f"{first + n}-05-04T10:00", hours_m=round(h * 1000), **more)
        for n, h in enumerate(hours)
        if h
    ]


def countable(told: Told) -> list[int]:
    return [told.report["periods"][start]["countable"] for start in sorted(told.report["periods"])]


@pytest.mark.parametrize(
    ("more", "hours", "expected"),
    [
        # Carried hours are not carried again: 100 over, 10 of the next year's own.
        ("", (150, 10), [150, 110, 10]),
        (", again = true", (150, 10), [150, 110, 60]),
        (", again = true", (150,), [150, 100, 50]),
        (", max = 20", (150, 10), [150, 30, 0]),
        (", max = 20, again = true", (150, 60), [150, 80, 20]),
        (", max = 20", (60, 60), [60, 70, 20]),
        ("", (50, 10), [50, 10, 0]),
        ("", (49, 10), [49, 10, 0]),
        ("", ("50.001", 0), [50_001, 1, 0]),
    ],
)
def test_three_years(more: str, hours: tuple[float, ...], expected: list[int]) -> None:
    told = tell(text(ON + more), years(*(float(h) for h in hours)), until="2028-12-31")
    wanted = [each if each in (50_001, 1) else each * 1000 for each in expected]
    assert countable(told) == wanted


def test_the_carried_posting() -> None:
    told = tell(text(ON), years(60), until="2027-01-01")
    [first, carried] = told.postings
    assert first["evidence"] == "y2026"
    assert carried == {
        "evidence": "carried:on:2026-01-01", "period": "2027-01-01", "bucket": "hours", "earned": 0,
        "countable": 10_000, "version": 1,
        "why": [{"clause": "on", "did": "carried", "numbers": [10_000, 10_000, 20260101]}],
    }  # fmt: skip
    assert told.period("2026")["carry"] == {"on": 10_000}
    period = told.period("2027")
    assert (period["earned"], period["countable"], period["buckets"]) == (0, 10_000, {"hours": [0, 10_000]})


def test_numbers_of_what_a_maximum_left() -> None:
    told = tell(text(ON + ", max = 4"), years(60), until="2027-01-01")
    assert told.why("carried:on:2026-01-01") == [("on", "carried", [10_000, 4_000, 20260101])]


def test_nothing_is_posted_before_the_next_period_is_there() -> None:
    told = tell(text(ON), years(60))
    assert [p["evidence"] for p in told.postings] == ["y2026"]
    assert told.period("2026")["carry"] == {"on": 10_000}


@pytest.mark.parametrize(
    ("surplus_of", "as_", "bucket", "sums"),
    [
        ("total", "{}", "hours", {"total": 10_000, "pro": 0}),
        ("total", '{bucket = "pro"}', "pro", {"total": 10_000, "pro": 10_000}),
        ("total", '{bucket = "elective"}', "elective", {"total": 10_000, "pro": 0}),
        # Without a bucket of its own: the one that the test names.
        ("pro", "{}", "pro", {"total": 40_000, "pro": 40_000}),
        ("pro", '{bucket = "elective", category = "x"}', "elective", {"total": 40_000, "pro": 0}),
    ],
)
def test_as_what(surplus_of: str, as_: str, bucket: str, sums: dict[str, int]) -> None:
    told = tell(
        text(f'id = "on", surplus_of = "{surplus_of}", measure = "countable", as = {as_}'),
        years(60, subject_bucket="pro"),
        until="2027-12-31",
    )
    [posting] = [p for p in told.postings if p["evidence"].startswith("carried")]
    assert posting["bucket"] == bucket
    assert {name: told.test(name, "2027")[0] for name in sums} == sums


def test_it_comes_first_and_passes_caps() -> None:
    cap = 'cap = [{id = "sixty", limit = 60, per = "period"}]\n'
    told = tell(text(ON, cap, body=BODY.replace("at_least = 50}", "at_least = 30}", 1)), years(60, 50))
    assert told.got("carried:on:2026-01-01", "y2027") == [30_000, 30_000]
    assert [p["evidence"] for p in told.postings] == ["y2026", "carried:on:2026-01-01", "y2027"]


def test_a_cap_of_what_was_carried_only() -> None:
    cap = 'cap = [{id = "four", when = {kind = "carried"}, limit = 4, per = "period"}]\n'
    told = tell(text(ON, cap), years(60, 10))
    assert told.got("carried:on:2026-01-01", "y2027") == [4_000, 10_000]
    assert [why[:2] for why in told.why("carried:on:2026-01-01")] == [("on", "carried"), ("four", "cut")]
    assert told.why("carried:on:2026-01-01")[1][2] == [10_000, 4_000, 4_000]


def test_the_cap_of_the_first_day_holds_for_it_too() -> None:
    cap = 'cap = [{id = "day", limit = 8, per = "day"}]\n'
    facts = [piece(f"d{n}", "session", f"2026-05-{n:02}T10:00", hours_m=8000) for n in range(1, 9)]
    facts.append(piece("new", "session", "2027-01-01T10:00", hours_m=3000))
    told = tell(text(ON, cap), facts)
    assert told.got("carried:on:2026-01-01", "new") == [8_000, 0]


def test_what_a_cap_cut_off_may_be_carried() -> None:
    cap = 'cap = [{id = "y", limit = 40, per = "period"}]\n'
    earned = 'id = "on", surplus_of = "total", measure = "earned", as = {}'
    assert tell(text(earned, cap), years(60)).period("2026")["carry"] == {"on": 10_000}
    assert tell(text(ON, cap), years(60)).period("2026")["carry"].get("on", 0) == 0
    short = earned + ', unless_short = "total"'
    assert tell(text(short, cap), years(60)).period("2026")["carry"].get("on", 0) == 0


@pytest.mark.parametrize(
    ("unless", "pro", "carried"),
    [('"pro"', 19, 0), ('"pro"', 20, 10_000), ('["total", "pro"]', 19, 0), ('["total", "pro"]', 20, 10_000),
     ('"total"', 19, 10_000)],
)  # fmt: skip
def test_unless_short(unless: str, pro: int, carried: int) -> None:
    facts = [*years(pro, subject_bucket="pro"), piece("g", "session", "2026-06-01T10:00", hours_m=(60 - pro) * 1000)]
    told = tell(text(ON + f", unless_short = {unless}"), facts)
    assert sum(told.period("2026")["carry"].values()) == carried


@pytest.mark.parametrize(("all_", "carried"), [('["total"]', 10_000), ('["total", "pro"]', 0)])
def test_unless_the_whole_duty_is_done(all_: str, carried: int) -> None:
    body = BODY.replace('all = ["total"]', f"all = {all_}")
    told = tell(text(ON + ", unless_short = true", body=body), years(60))
    assert told.period("2026")["carry"].get("on", 0) == carried


def test_the_version_of_the_last_day_says_what_is_carried() -> None:
    texts = [rules(BODY), rules(BODY + f"carry = [{{{ON}}}]\n", version=2, effective="2026-12-31")]
    assert tell(texts, years(60, first=2026), until="2027-12-31").got("carried:on:2026-01-01") == [10_000]
    texts[1] = texts[1].replace("2026-12-31", "2027-01-01")
    assert tell(texts, years(60, first=2026), until="2027-12-31").got("carried:on:2026-01-01") == [0]


def test_who_was_exempt_carries_what_is_above_the_quota_that_would_hold() -> None:
    facts = [
        piece("s", "standing", "2026-01-01T00:00", change="joined"),
        piece("x", "exemption", "2026-01-05T10:00", approved=True, **{"from": "2026-02-01", "until": "2026-03-01"}),
        *years(60),
    ]
    told = tell(text(ON, period='reduce = "whole"'), facts)
    assert (told.period("2026")["duty"], told.period("2026")["carry"]) == ("exempt", {"on": 10_000})


def test_an_empty_year_passes_on_nothing_but_what_may_go_again() -> None:
    told = tell(text(ON), years(150, 0, 0, 5))
    assert countable(told) == [150_000, 100_000, 0, 5000]
    assert told.period("2027")["carry"].get("on", 0) == 0


def test_a_carried_posting_is_no_repeat_and_no_piece() -> None:
    body = BODY.replace('{id = "asked"', '{id = "n", measure = "count", at_least = 1}, {id = "asked"')
    told = tell(text(ON, 'duplicate = [{id = "once", key = ["kind"]}]\n', body=body), years(60, 10))
    assert told.got("carried:on:2026-01-01") == [10_000]
    assert told.words == {"y2027": "repeat"}


@pytest.mark.parametrize(
    ("cap", "taken", "numbers"),
    [
        ('{id = "none", when = {kind = "carried"}, limit = 0, per = "period"}', 0, [10_000, 0, 0]),
        # What is carried comes first, so a limit of a day or year is not yet used up …
        ('{id = "day", limit = 4, per = "day"}', 4_000, None),
        # … but one of the cycle (2025 and 2026) is.
        ('{id = "cycle", limit = 60, per = "cycle"}', 0, [10_000, 0, 60_000]),
    ],
)
def test_what_a_cap_cuts_to_nothing_is_told(cap: str, taken: int, numbers: list[int] | None) -> None:
    caps = f"cap = [{cap}]\n"
    facts = [piece(f"d{n}", "session", f"2025-05-{n:02}T10:00", hours_m=4000) for n in range(1, 16)]
    told = tell(text(ON, caps, period="cycle = 2"), facts, until="2026-12-31")
    name = "carried:on:2025-01-01"
    assert told.got(name) == [taken]
    found = [n for n in told.report["nothing"] if n["evidence"] == name]
    if numbers is None:
        assert found == []
    else:
        assert [(n["did"], n["numbers"]) for n in found] == [("cut", numbers)]
        assert told.period("2025")["carry"] == {"on": 10_000}
        assert told.period("2026")["countable"] == 0
