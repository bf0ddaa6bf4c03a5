"""The worked examples from the field, to the thousandth: E1–E23 of the rules collected in public."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.rules.credit.kit import MIN, NINETY, THOUSANDTH, WHOLE, amounts, did, piece, rules, run, watched

YEAR = date(2026, 1, 1)
HOURS = 'convert = [{id = "class", when = {kind = "session"}, amount = "hours"}]\n'
E1 = (
    'convert = [{id = "video", when = {kind = "watched"}, steps = {of = "length", rows = ['
    '{at_least = 30, gives = "1"}, {more_than = 15, gives = "0.5"}, {more_than = 0, gives = "0.25"}]}},'
    ' {id = "test", when = {kind = "exam", passed = true}, amount = "0.5"}]\n' + WHOLE
)
E2 = 'convert = [{id = "class", when = {kind = "session"}, amount = "days * 8 + minutes / 45"}]\n' + THOUSANDTH
E5 = (
    'convert = [{id = "video", when = {kind = "watched"}, amount = "length / 45"},'
    ' {id = "class", when = {kind = "session"}, amount = "days * 8"}]\n'
    'weight = [{id = "elective", when = {kind = "watched", requirement_class = "elective"}, times = "0.5"}]\n'
    + NINETY
    + 'round = [{id = "r", when = {kind = "watched"}, to = "0.001", mode = "nearest"}]\n'
)
E7 = (
    'convert = [{id = "self-study", when = {kind = "watched_elsewhere"}, amount ='
    ' "floor(nearest((words / 180 + minutes + questions * 1.85) / 50, 0.001), 0.5)"}]\n'
)
E9 = (
    'convert = [{id = "cle", when = {kind = "session", category = "CLE"}, amount = "minutes / 50"},'
    ' {id = "cme", when = {kind = "session", category = "CME"}, amount = "minutes / 60"}]\n'
    'round = [{id = "half", when = {category = "CLE"}, to = "0.5", mode = "floor"},'
    ' {id = "quarter", when = {category = "CME"}, to = "0.25", mode = "nearest"}]\n'
)
E10 = (
    'convert = [{id = "by-day", when = {category = ["school", "trip"]}, amount = "days * 6"},'
    ' {id = "by-hour", when = {category = {not = ["school", "trip"]}}, amount = "hours"}]\n'
    'cap = [{id = "trip", when = {category = "trip"}, limit = 48, per = "period"},'
    ' {id = "in-house", when = {category = "in_house"}, limit = 18, per = "period"},'
    ' {id = "degree", when = {category = "degree"}, limit = 24, per = "period"}]\n'
    'test = [{id = "required", when = {requirement_class = "required"}, measure = "countable", at_least = 56},'
    ' {id = "total", measure = "countable", at_least = 84},\n'
    ' {id = "elective", when = {requirement_class = "elective"}, measure = "countable", at_least = 0},'
    ' {id = "online", when = {category = "online"}, measure = "countable", at_least = 40}]\n'
    'requirement = [{id = "yearly", meets = {all = ["required", "total", "online"]}}]\n'
)
E12 = (
    'convert = [{id = "paper", when = {kind = "recognised", category = "paper", role = "first"}, amount = 30},'
    ' {id = "others", when = {kind = "recognised", category = "paper", role = {not = "first"}}, amount = 10},'
    ' {id = "conference", when = {kind = "session"}, amount = "days * 10"}]\n'
)
E13 = (
    'convert = [{id = "course", when = {kind = "recognised"}, amount = "credits"}]\n'
    'duplicate = [{id = "repeat", key = ["item"], within = "cycle"}]\n'
)
E15 = (
    'convert = [{id = "teaching", when = {kind = "taught"}, amount = "credits * 3"}]\n'
    'duplicate = [{id = "unchanged", when = {kind = "taught"}, key = ["item", "edition"]}]\n'
    'cap = [{id = "twenty", when = {kind = "taught"}, limit = 20, per = "period"}]\n'
)
E16 = (
    'convert = [{id = "login", when = {kind = "points", category = "login"}, amount = "1"},'
    ' {id = "each", when = {kind = "points", category = ["article", "video"]}, amount = "count"},'
    ' {id = "reading", when = {kind = "points", category = "reading"}, amount = "floor(minutes / 4, 1)"},'
    ' {id = "viewing", when = {kind = "points", category = "viewing"}, amount = "floor(minutes / 5, 1)"}]\n'
    'weight = [{id = "active", when = {category = ["article", "video", "reading", "viewing"],'
    ' clock = ["06:00-08:30", "12:00-14:00", "20:00-22:30"]}, times = 2}]\n'
    'cap = [{id = "article", when = {category = "article"}, limit = 6, per = "day"},'
    ' {id = "video", when = {category = "video"}, limit = 6, per = "day"},'
    ' {id = "reading-cap", when = {category = "reading"}, limit = 8, per = "day"},'
    ' {id = "viewing-cap", when = {category = "viewing"}, limit = 10, per = "day"}]\n'
)
E18 = (
    'convert = [{id = "required", when = {kind = "exam", requirement_class = "required", passed = true},'
    ' amount = "2", bucket = "required"}, {id = "elective", when = {kind = "watched", requirement_class ='
    ' "elective"}, amount = "floor(length / 60, 1)", bucket = "elective"}]\n' + WHOLE + "test = ["
    '{id = "total", measure = "countable", at_least = 50},'
    ' {id = "required-30", when = {bucket = "required"}, measure = "countable", at_least = 30}]\n'
    'requirement = [{id = "yearly", meets = {all = ["total", "required-30"]}}]\n'
)
DAY = "2026-05-04T"

Facts = list[dict[str, Any]]
TABLE: list[tuple[str, str, Facts, list[int]]] = [
    (
        "E1",
        E1,
        [
            *(watched(str(n), ms, ms) for n, ms in enumerate((30 * MIN - 1000, 30 * MIN, 15 * MIN, 15 * MIN + 1000))),
            piece("exam", "exam", passed=True),
        ],
        [500, 1000, 250, 500, 500],
    ),
    (
        "E2",
        E2,
        [
            piece("a", "session", half_days=4),
            piece("b", "session", duration_ms=180 * MIN),
            piece("c", "session", duration_ms=200 * MIN),
        ],
        [16000, 4000, 4444],
    ),
    (
        "E5",
        E5,
        [
            watched("a", 81 * MIN, 90 * MIN, requirement_class="required"),
            watched("b", 80 * MIN, 90 * MIN, requirement_class="elective"),
            watched("c", 135 * MIN, 135 * MIN, requirement_class="elective"),
            piece("d", "session", half_days=6),
        ],
        [2000, 0, 1500, 24000],
    ),
    (
        "E7",
        E7,
        [
            piece("a", "watched_elsewhere", words=9000, duration_ms=40 * MIN, questions=13),
            piece("b", "watched_elsewhere", words=9000, duration_ms=40 * MIN, questions=16),
        ],
        [2000, 2000],
    ),
    (
        "E9",
        E9,
        [
            *(piece(f"l{n}", "session", category="CLE", duration_ms=m * MIN) for n, m in enumerate((24, 70, 74, 75))),
            *(piece(f"m{n}", "session", category="CME", duration_ms=m * MIN) for n, m in enumerate((67, 68))),
        ],
        [0, 1000, 1000, 1500, 1000, 1250],
    ),
    (
        "E12",
        E12,
        [
            piece("p", "recognised", category="paper", role="first"),
            piece("c", "session", half_days=4),
            piece("q", "recognised", category="paper"),
        ],
        [30000, 20000, 10000],
    ),
    (
        "E15",
        E15,
        [
            piece("a", "taught", item="a", edition=1, credits_m=4000),
            piece("b", "taught", "2026-06-01T10:00", item="a", edition=1, credits_m=4000),
            piece("c", "taught", "2026-07-01T10:00", item="b", edition=1, credits_m=4000),
        ],
        [12000, 0, 8000],
    ),
    (
        "E16",
        E16,
        [
            piece("login", "points", DAY + "07:00", category="login"),
            *(piece(f"a{n}", "points", f"{DAY}07:0{n}", category="article", count=1) for n in range(5)),
            *(piece(f"v{n}", "points", f"{DAY}09:0{n}", category="video", count=1) for n in range(4)),
            piece("r", "points", DAY + "10:00", category="reading", duration_ms=20 * MIN),
            piece("w", "points", DAY + "20:30", category="viewing", duration_ms=30 * MIN),
        ],
        [1000, 2000, 2000, 2000, 0, 0, 1000, 1000, 1000, 1000, 5000, 10000],
    ),
]


@pytest.mark.parametrize(("name", "body", "facts", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_amounts(name: str, body: str, facts: Facts, expected: list[int]) -> None:
    assert amounts(run(rules(body), facts), facts) == expected


def test_e5_says_what_lay_below_the_mark() -> None:
    found = run(rules(E5), [watched("b", 80 * MIN, 90 * MIN, requirement_class="elective")])
    [nothing] = found.nothing
    assert (nothing.clause, nothing.did, nothing.numbers) == ("ninety", "below mark", (4800000, 5400000, 0))


@pytest.mark.parametrize(("half_days", "hours", "word"), [(22, 88, "not met"), (24, 72, "met")])
def test_e3_days_or_hours(half_days: int, hours: int, word: str) -> None:
    body = (
        HOURS + 'test = [{id = "days", measure = "days", at_least = 12},'
        ' {id = "hours", measure = "countable", at_least = 90}]\n'
        'requirement = [{id = "yearly", who = {band = ["lower"]}, meets = {any = ["days", "hours"]}}]\n'
    )
    facts = [
        piece("s", "standing", "2026-01-01T00:00", band="lower", change="joined"),
        piece("a", "session", half_days=half_days, hours_m=hours * 1000),
    ]
    result = run(rules(body), facts).periods[YEAR]
    assert result.requirements == {"yearly": word}
    assert result.tests["days"].got == half_days * 500


def test_e4_buckets_cannot_stand_for_each_other() -> None:
    body = (
        'convert = [{id = "class", when = {kind = "session"}, amount = "hours",'
        ' bucket_field = "subject_bucket"}]\n'
        'test = [{id = "total", measure = "countable", at_least = 90},'
        ' {id = "pro", when = {bucket = "professional"}, measure = "countable", at_least = 42}]\n'
        'requirement = [{id = "yearly", meets = {all = ["total", "pro"]}}]\n'
    )
    facts = [
        piece(bucket, "session", subject_bucket=bucket, hours_m=hours * 1000)
        for bucket, hours in (("general", 35), ("professional", 40), ("elective", 20))
    ]
    result = run(rules(body), facts).periods[YEAR]
    assert (result.countable, result.tests["total"].met) == (95000, True)
    assert (result.tests["pro"].short, result.requirements["yearly"]) == (2000, "not met")


def test_e10_caps_and_quotas() -> None:
    facts = [
        piece("school", "session", category="school", half_days=10, requirement_class="required"),
        piece("trip", "session", category="trip", half_days=20, requirement_class="required"),
        piece("online", "recognised", category="online", hours_m=12000, requirement_class="required"),
        piece("house", "session", category="in_house", hours_m=20000, requirement_class="elective"),
        piece("degree", "recognised", category="degree", hours_m=30000, requirement_class="elective"),
        piece("more", "recognised", category="online", hours_m=28000, requirement_class="elective"),
    ]
    result = run(rules(E10), facts).periods[YEAR]
    assert {name: test.got for name, test in result.tests.items()} == {
        "required": 90000,
        "total": 160000,
        "elective": 70000,
        "online": 40000,
    }
    assert result.requirements == {"yearly": "met"}


def test_e13_once_in_a_cycle() -> None:
    facts = [
        piece(str(year), "recognised", f"{year}-02-01T10:00", item="a", credits_m=3000) for year in (2021, 2022, 2024)
    ]
    found = run(rules(E13, period="cycle = 3"), facts)
    assert amounts(found, facts) == [3000, 0, 3000]
    assert did(found) == {"2022": "repeat"}


def test_e15_earned_is_kept_apart_from_countable() -> None:
    *_, (_, body, facts, _), _ = (row for row in TABLE if row[0] in ("E15", "E16"))
    last = run(rules(body), facts).postings[-1]
    assert (last.earned, last.countable) == (12000, 8000)
    assert [tuple(why) for why in last.why] == [
        ("teaching", "gives", (12000, 1, 12000)),
        ("twenty", "cut", (12000, 8000, 20000)),
    ]


def test_e17_without_leave() -> None:
    body = 'convert = [{id = "half-day", when = {kind = "session"}, amount = "days * 8"}]\n'
    facts = [piece(str(n), "session", half_days=1, run="K") for n in range(14)]
    assert run(rules(body), facts).periods[YEAR].countable == 56000


def test_e18_enough_in_all_but_not_of_the_required() -> None:
    facts = [
        *(piece(f"e{n}", "exam", requirement_class="required", passed=True) for n in range(14)),
        *(watched(f"w{n}", 60 * MIN, 60 * MIN, requirement_class="elective") for n in range(25)),
    ]
    result = run(rules(E18), facts).periods[YEAR]
    assert result.countable == 53000
    assert (result.tests["required-30"].got, result.tests["required-30"].short) == (28000, 2000)
    assert result.requirements == {"yearly": "not met"}


def test_e23_the_day_of_happening_chooses_the_version() -> None:
    first = 'convert = [{id = "course", when = {kind = "watched"}, amount = "1"}]\n' + WHOLE
    second = first.replace('"1"}]\nmark', '"0.5"}]\nmark')
    facts = [
        watched("a", MIN, MIN, happened="2026-06-30T23:59", known="2026-07-02T09:00"),
        watched("b", MIN, MIN, happened="2026-06-30T16:30Z"),
    ]
    texts = [rules(first), rules(second, version=2, effective="2026-07-01")]
    assert amounts(run(texts, facts), facts) == [1000, 500]
