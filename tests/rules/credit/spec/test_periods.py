"""`period`: whose quota holds, relief by days and months, windows of one's own, months as a measure, midnight."""

from __future__ import annotations

from typing import Any

import pytest

from app.rules.credit.errors import EvidenceError
from tests.rules.credit.kit import WHOLE, piece, rules, watched
from tests.rules.credit.spec.case import tell

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
BY_BAND = '{by = "band", value = {low = 90, high = 110}, otherwise = 60}'
QUOTA = (
    CLASS
    + f'test = [{{id = "t", measure = "countable", at_least = {BY_BAND}}},'
    + f' {{id = "c3", measure = "countable", at_least = {BY_BAND}, over = "cycle"}}]\n'
    + 'requirement = [{id = "yearly", meets = {all = ["t"]}}]\n'
)
HALF = 'quota_round = {to = "0.5", mode = "ceil"}\n'
END = "2026-12-31"


def standing(day: str, band: str | None, change: str) -> dict[str, Any]:
    return piece(f"s{day}", "standing", f"{day}T00:00", band=band, change=change)


def exempt(first: str, last: str | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"from": first, "approved": True}
    if last is not None:
        facts["until"] = last
    return piece("x" + first, "exemption", f"{first}T00:00", **facts)


LOW = [standing("2026-01-01", "low", "joined")]
CHANGED = [*LOW, standing("2026-10-01", "high", "changed")]


@pytest.mark.parametrize(
    ("period", "facts", "quota"),
    [
        ('standing = "last_day"', CHANGED, 110_000),
        ('standing = "most"', CHANGED, 90_000),
        # 273 days at 90 and 92 at 110: 95.04…
        ('standing = "pro_rata"\n' + HALF, CHANGED, 95_500),
        ('standing = "pro_rata"\nquota_round = {to = "0.001", mode = "nearest"}', CHANGED, 95_041),
        # 1 July is day 182: 181 days low, 184 days high.
        ('standing = "most"', [*LOW, standing("2026-07-01", "high", "changed")], 110_000),
        # 183 days low, 182 days high.
        ('standing = "most"', [*LOW, standing("2026-07-03", "high", "changed")], 90_000),
        # 121, 122 and 122 days, the first and the last of one band.
        ('standing = "most"',
         [*LOW, standing("2026-05-02", "high", "changed"), standing("2026-09-01", "low", "changed")], 90_000),
        ('standing = "last_day"', [standing("2026-01-01", "other", "joined")], 60_000),
        ('standing = "last_day"', [standing("2026-01-01", None, "joined")], 60_000),
        # Left and joined again: the standing at the end.
        ("", [*LOW, standing("2026-03-01", "low", "left"), standing("2026-11-01", "high", "joined")], 110_000),
        ('reduce = "days"\n' + HALF,
         [*LOW, standing("2026-03-01", "low", "left"), standing("2026-11-01", "high", "joined")], 36_500),
        # 59 days at 90 and 61 at 110, 245 days away: (59×90 + 61×110) / 365 = 32.93…
        ('standing = "pro_rata"\nreduce = "days"\n' + HALF,
         [*LOW, standing("2026-03-01", "low", "left"), standing("2026-11-01", "high", "joined")], 33_000),
    ],
)  # fmt: skip
def test_whose_quota_holds(period: str, facts: list[dict[str, Any]], quota: int) -> None:
    assert tell(rules(QUOTA, period=period), facts, until=END).test("t")[1] == quota


def test_a_tie_of_most_goes_to_the_earlier() -> None:
    """2024 is a leap year: 183 days each."""
    facts = [standing("2024-01-01", "low", "joined"), standing("2024-07-02", "high", "changed")]
    told = tell(rules(QUOTA, period='standing = "most"'), facts, until="2024-12-31")
    assert told.test("t", "2024")[1] == 90_000


@pytest.mark.parametrize(
    ("reduce", "facts", "duty", "quota"),
    [
        ("days", [exempt("2026-02-01", "2026-02-28")], "full", 83_500),  # 90 × 337/365 = 83.09…
        ("days", [exempt("2026-02-01", "2026-03-31"), exempt("2026-03-01", "2026-04-30")], "full", 68_500),  # 276 days
        ("months", [exempt("2026-02-01", "2026-02-28")], "full", 82_500),  # 90 × 11/12
        ("months", [exempt("2026-02-02", "2026-03-30")], "full", 90_000),
        ("months", [exempt("2026-02-01", "2026-03-30")], "full", 82_500),
        ("months", [exempt("2026-02-01", "2026-02-14"), exempt("2026-02-15", "2026-02-28")], "full", 82_500),
        ("months", [exempt("2026-07-15", None)], "full", 52_500),  # January to July
        ("months", [standing("2026-07-15", "low", "left")], "full", 52_500),
        ("months", [exempt("2025-12-01", "2027-01-01")], "exempt", 0),
        ("whole", [exempt("2026-12-31", "2027-03-01")], "exempt", 90_000),
        ("whole", [exempt("2027-01-01", "2027-03-01")], "full", 90_000),
        ("none", [exempt("2026-02-01", "2026-11-30")], "full", 90_000),
    ],
)
def test_relief(reduce: str, facts: list[dict[str, Any]], duty: str, quota: int) -> None:
    told = tell(rules(QUOTA, period=f'reduce = "{reduce}"\n{HALF}'), [*LOW, *facts], until=END)
    assert (told.period("2026")["duty"], told.test("t")[1]) == (duty, quota)
    assert told.period("2026")["requirements"]["yearly"] == ("exempt" if duty == "exempt" else "not met")


@pytest.mark.parametrize(
    ("joined", "quota"), [("2026-01-01", 90_000), ("2026-01-31", 90_000), ("2026-02-01", 82_500), ("2026-12-31", 7_500)]
)
def test_months_for_who_joined_late(joined: str, quota: int) -> None:
    told = tell(rules(QUOTA, period='reduce = "months"\n' + HALF), [standing(joined, "low", "joined")], until=END)
    assert told.test("t")[1] == quota


def test_months_of_a_year_from_mid_month() -> None:
    """Periods from the 15th have months from the 15th: exempt 15 March to 14 April is one of twelve."""
    text = rules(QUOTA, period='reduce = "months"\n' + HALF, start="01-15")
    facts = [standing("2026-01-15", "low", "joined"), exempt("2026-03-15", "2026-04-14")]
    assert tell(text, facts, until=END).period("2026-01-15")["tests"]["t"]["quota"] == 82_500


@pytest.mark.parametrize(
    ("reduce", "facts", "quota"),
    [
        ("none", [exempt("2025-01-01", "2025-12-31")], 90_000),
        # 2024–2026 have 1096 days; 365 free: 90 × 731/1096 = 60.02…
        ("days", [exempt("2025-01-01", "2025-12-31")], 60_500),
        ("days", [exempt("2024-07-01", "2024-12-31"), exempt("2026-01-01", "2026-01-31")], 72_500),  # 881/1096: 72.34
        ("months", [exempt("2025-01-01", "2025-12-31")], 60_000),
        ("months", [exempt("2024-02-01", "2024-03-31"), exempt("2026-06-01", "2026-06-30")], 82_500),
    ],
)
def test_relief_over_a_cycle(reduce: str, facts: list[dict[str, Any]], quota: int) -> None:
    text = rules(QUOTA, period=f'cycle = 3\nreduce = "{reduce}"\n{HALF}')
    told = tell(text, [standing("2024-01-01", "low", "joined"), *facts], until=END)
    assert told.test("c3")[1] == quota


@pytest.mark.parametrize(("reduce", "quota"), [("days", 45_500), ("months", 45_000)])
def test_who_joined_in_the_middle_of_a_cycle(reduce: str, quota: int) -> None:
    """From 1 July 2025: 549 of 1096 days (45.08…), 18 of 36 months."""
    text = rules(QUOTA, period=f'cycle = 3\nreduce = "{reduce}"\n{HALF}')
    assert tell(text, [standing("2025-07-01", "low", "joined")], until=END).test("c3")[1] == quota


WINDOW = rules(
    CLASS
    + 'test = [{id = "w", when = {category = "office"}, measure = "countable", at_least = 20,'
    + ' over = {since = {band = "upper"}, months = 12}}]\n'
    + 'requirement = [{id = "promoted", meets = {all = ["w"]}}]\n'
)


def office(name: str, day: str, hours: int = 10) -> dict[str, Any]:
    return piece(name, "session", f"{day}T10:00", category="office", hours_m=hours * 1000)


PROMOTED = [standing("2024-01-01", "lower", "joined"), standing("2025-03-01", "upper", "changed")]


@pytest.mark.parametrize(
    ("days", "got", "words"),
    [
        (["2025-03-01", "2026-02-28"], 20_000, ["met", "not due", "met"]),
        (["2025-02-28", "2026-02-28"], 10_000, ["met", "not due", "not met"]),
        (["2025-03-01", "2026-03-01"], 10_000, ["met", "not due", "not met"]),
        (["2025-03-01", "2025-04-01"], 20_000, ["met", "met", "met"]),
    ],
)
def test_a_window_of_one_s_own(days: list[str], got: int, words: list[str]) -> None:
    told = tell(WINDOW, [*PROMOTED, *(office(f"o{n}", day) for n, day in enumerate(days))], until=END)
    assert told.test("w") == (got, 20_000, max(0, 20_000 - got))
    assert told.requirements("promoted") == words


def test_without_the_event_the_window_asks_nothing() -> None:
    told = tell(WINDOW, [standing("2024-01-01", "lower", "joined"), office("o", "2026-05-04")], until=END)
    assert told.test("w") == (0, 0, 0)
    assert told.requirements("promoted") == ["met", "met", "met"]


def test_joining_into_the_standing_is_the_event_too() -> None:
    facts = [standing("2025-12-01", "upper", "joined"), office("a", "2025-12-01"), office("b", "2026-11-30")]
    told = tell(WINDOW, facts, until=END)
    assert (told.test("w", "2026")[0], told.requirements("promoted")) == (20_000, ["not due", "met"])


def test_a_second_standing_of_the_same_band_starts_no_second_window() -> None:
    again = piece("s2", "standing", "2025-12-01T00:00", band="upper", group="g", change="changed")
    told = tell(WINDOW, [*PROMOTED, again, office("o", "2026-03-01")], until="2027-12-31")
    assert told.test("w", "2026")[0] == 0


def test_months_are_a_measure_and_a_field() -> None:
    text = rules(
        'convert = [{id = "c", when = {kind = "session"}, amount = "months * 40"}]\n'
        'test = [{id = "m", measure = "months", at_least = 3}]\n'
    )
    facts = [piece("a", "session", months_m=1500), piece("b", "session", "2026-06-01T10:00", months_m=1499)]
    told = tell(text, facts)
    assert (told.got("a", "b"), told.test("m")) == ([60_000, 59_960], (2999, 3000, 1))


def test_measures_count_what_gave_something_only() -> None:
    text = rules(
        CLASS
        + 'mark = [{id = "m", when = {kind = "session"}, measure = "score", at_least = 60}]\n'
        + 'cap = [{id = "two", limit = 2, per = "period"}]\n'
        + "test = ["
        + ", ".join(
            f'{{id = "{measure}", measure = "{measure}", at_least = 1}}'
            for measure in ("countable", "earned", "days", "minutes", "count", "months")
        )
        + "]\n"
    )
    facts = [
        piece(f"p{n}", "session", f"2026-05-0{n + 1}T10:00", hours_m=2000, half_days=1, duration_ms=90_000,
              months_m=250, score_m=score)
        for n, score in enumerate((60_000, 59_000, 60_000))
    ]  # fmt: skip
    told = tell(text, facts)
    # Caps cut hours only, not days, minutes, pieces and months.
    got = {name: each["got"] for name, each in told.period("2026")["tests"].items()}
    assert got == {"countable": 2000, "earned": 4000, "days": 1000, "minutes": 3000, "count": 2000, "months": 500}


def test_an_upper_limit_that_only_flags() -> None:
    text = rules(
        CLASS
        + 'test = [{id = "most", measure = "countable", at_most = 3, blocking = false},'
        + ' {id = "block", measure = "countable", at_most = 3}]\n'
        + 'requirement = [{id = "q1", meets = {all = ["most"]}}, {id = "q2", meets = {all = ["block"]}},'
        + ' {id = "q3", meets = {any = ["block", {all = ["most"]}]}}]\n'
    )
    told = tell(text, [piece("s", "session", hours_m=3001)])
    assert told.test("most") == told.test("block") == (3001, 3000, 1)
    assert [told.requirements(name) for name in ("q1", "q2", "q3")] == [["met"], ["not met"], ["met"]]


def test_an_upper_limit_over_a_cycle_takes_the_standing_of_the_cycle() -> None:
    text = rules(CLASS + f'test = [{{id = "m", measure = "countable", at_most = {BY_BAND}, over = "cycle"}}]\n',
                 period="cycle = 3")  # fmt: skip
    told = tell(text, [standing("2024-01-01", "high", "joined"), standing("2025-07-01", None, "left")], until=END)
    assert told.test("m")[1] == 110_000


GRACE = rules('convert = [{id = "v", when = {kind = "watched"}, amount = 1}]\n' + WHOLE, ruleset="grace_minutes = 10")


@pytest.mark.parametrize(
    ("happened", "year"),
    [
        ("2026-12-31T23:59", "2026"),
        ("2027-01-01T00:00", "2026"),
        ("2027-01-01T00:09:59", "2026"),
        ("2027-01-01T00:10", "2027"),
        ("2026-12-31T16:09:59Z", "2026"),
        ("2026-12-31T16:10:00Z", "2027"),
    ],
)
def test_grace_at_the_last_midnight(happened: str, year: str) -> None:
    told = tell(GRACE, [watched("v", 1, 1, happened=happened), piece("s", "session", happened, hours_m=1)])
    assert [p["period"] for p in told.postings] == [f"{year}-01-01"]


def test_grace_at_a_version_s_midnight() -> None:
    texts = [
        rules('convert = [{id = "v", when = {kind = "watched"}, amount = 1}]\n' + WHOLE, ruleset="grace_minutes = 5"),
        rules('convert = [{id = "v", when = {kind = "watched"}, amount = 2}]\n' + WHOLE, version=2,
              effective="2026-07-01"),
    ]  # fmt: skip
    facts = [watched(f"v{m}", 1, 1, happened=f"2026-07-01T00:0{m}") for m in (4, 5)]
    assert tell(texts, facts).got("v4", "v5") == [1000, 2000]


def test_as_known_on_a_day() -> None:
    facts = [
        piece("a", "session", "2026-05-01T10:00", hours_m=1000),
        piece("b", "session", "2026-05-01T11:00", known="2026-06-01T23:59", hours_m=2000),
        piece("c", "session", "2026-05-01T12:00", known="2026-06-01T16:00Z", hours_m=4000),
        piece("k", "correction", "2026-05-02T10:00", known="2026-06-03T00:00", names=["a"]),
    ]
    told = {day: tell(rules(CLASS), facts, as_known=f"2026-06-0{day}").got("a", "b", "c") for day in (1, 2, 3)}
    assert told == {1: [1000, 2000, 0], 2: [1000, 2000, 4000], 3: [0, 2000, 4000]}
    assert tell(rules(CLASS), facts, as_known="2026-05-31").got("a", "b", "c") == [1000, 0, 0]


@pytest.mark.parametrize("field", ["colour", "seals", "carried", "evidence"])
def test_an_unknown_field_is_refused_and_the_piece_named(field: str) -> None:
    with pytest.raises(EvidenceError, match=f"piece 'a': unknown field '{field}'"):
        tell(rules(CLASS), [{**piece("a", "session"), field: 1}])


def test_nobody_can_hand_in_carried_hours() -> None:
    with pytest.raises(EvidenceError, match="'kind' must be one of"):
        tell(rules(CLASS), [piece("a", "carried")])
