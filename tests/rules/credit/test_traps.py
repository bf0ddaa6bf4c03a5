"""Where a plausible evaluator goes wrong: the traps that the language's trial met, and some more."""

from __future__ import annotations

from datetime import date

import pytest

from tests.rules.credit.kit import MIN, WHOLE, amounts, did, piece, rules, run, watched

SESSION = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
VIEW = 'convert = [{id = "v", when = {kind = "watched"}, amount = "seen / 45", series = "increase"}]\n'
HALF = 'round = [{id = "r", to = "0.5", mode = "floor"}]\n'


def sessions(*days_and_hours: tuple[str, int]) -> list[dict[str, object]]:
    return [
        piece(str(n), "session", f"2026-05-{day}T10:00", hours_m=hours * 1000)
        for n, (day, hours) in enumerate(days_and_hours)
    ]


def test_seventy_minutes_in_fifths() -> None:
    body = (
        'convert = [{id = "c", when = {kind = "session"}, amount = "minutes / 50"}]\n'
        'round = [{id = "r", to = "0.2", mode = "floor"}]\n'
    )
    facts = [piece("a", "session", duration_ms=70 * MIN)]
    assert amounts(run(rules(body), facts), facts) == [1400]


def test_a_cap_is_charged_with_what_was_taken() -> None:
    body = SESSION + 'cap = [{id = "d", limit = 4, per = "day"}, {id = "y", limit = 10, per = "period"}]\n'
    facts = sessions(("01", 6), ("01", 6), ("02", 6), ("03", 6), ("04", 6))
    assert amounts(run(rules(body), facts), facts) == [4000, 0, 4000, 2000, 0]


def test_a_failed_try_is_no_first_time() -> None:
    body = (
        'convert = [{id = "e", when = {kind = "exam"}, amount = 3}]\n'
        'mark = [{id = "sixty", when = {kind = "exam"}, measure = "score", at_least = 60}]\n'
        'duplicate = [{id = "once", key = ["item"]}]\n'
    )
    facts = [
        piece("a", "exam", "2026-05-01T10:00", item="x", score_m=50_000),
        piece("b", "exam", "2026-05-02T10:00", item="x", score_m=60_000),
        piece("c", "exam", "2026-05-03T10:00", item="x", score_m=90_000),
    ]
    found = run(rules(body), facts)
    assert amounts(found, facts) == [0, 3000, 0]
    assert did(found) == {"a": "below mark", "c": "repeat"}
    assert found.nothing[0].numbers == (50_000, 60_000, 0)


def test_the_pool_is_rounded_and_not_its_parts() -> None:
    body = 'convert = [{id = "c", when = {kind = "session"}, amount = "minutes / 45", pool = "day"}]\n' + HALF
    facts = [piece(str(n), "session", duration_ms=m * MIN) for n, m in enumerate((20, 20, 50))]
    assert amounts(run(rules(body), facts), facts) == [0, 500, 1500]


def test_a_formula_that_names_its_steps_keeps_them() -> None:
    body = (
        'convert = [{id = "s", when = {kind = "watched_elsewhere"}, amount ='
        ' "floor(nearest((words / 180 + minutes + questions * 1.85) / 50, 0.001), 0.5)"}]\n'
    )
    facts = [piece("a", "watched_elsewhere", words=22_496)]
    assert amounts(run(rules(body), facts), facts) == [2500]


def test_repeats_do_not_use_up_a_cap() -> None:
    body = (
        SESSION
        + 'duplicate = [{id = "once", key = ["item"], keep = "largest"}]\n'
        + 'cap = [{id = "four", limit = 4, per = "item"}]\n'
    )
    facts = [{**each, "item": "x"} for each in sessions(("01", 3), ("02", 6), ("03", 7))]
    found = run(rules(body), facts)
    assert amounts(found, facts) == [3000, 1000, 0]
    assert [p.earned for p in found.postings] == [3000, 3000, 1000]


def test_only_the_increase_is_judged_anew_by_a_new_version() -> None:
    old = 'convert = [{id = "c", when = {kind = "session"}, amount = "minutes / 45", pool = "period"}]\n' + HALF
    texts = [rules(old), rules(old.replace("45", "60"), version=2, effective="2026-07-01")]
    facts = [
        piece("a", "session", "2026-06-01T10:00", duration_ms=40 * MIN),
        piece("b", "session", "2026-08-01T10:00", duration_ms=40 * MIN),
    ]
    assert amounts(run(texts, facts), facts) == [500, 1000]


def test_a_series_over_a_new_version_keeps_what_it_gave() -> None:
    old = VIEW + 'round = [{id = "r", to = "0.001", mode = "floor"}]\n'
    texts = [rules(old), rules(old.replace("45", "60"), version=2, effective="2026-07-01")]
    facts = [
        watched("a", 45 * MIN, 90 * MIN, item="x", happened="2026-06-01T10:00"),
        watched("b", 75 * MIN, 90 * MIN, item="x", happened="2026-07-02T10:00"),
    ]
    assert amounts(run(texts, facts), facts) == [1000, 500]


def test_a_series_gives_its_increases_once() -> None:
    body = VIEW + HALF + 'duplicate = [{id = "once", key = ["item"]}]\n'
    facts = [
        watched(str(n), m * MIN, 90 * MIN, item="x", happened=f"2026-05-0{n + 1}T10:00", take=take)
        for n, (m, take) in enumerate(((20, 1), (30, 1), (89, 1), (45, 2), (90, 2)))
    ]
    assert amounts(run(rules(body), facts), facts) == [0, 500, 1000, 0, 500]


def test_a_mark_is_credited_once_in_a_take() -> None:
    body = 'convert = [{id = "v", when = {kind = "watched"}, amount = 1}]\n' + WHOLE.replace('"1"', '"0.5"')
    facts = [
        watched("a", 4, 10, item="x", take=1),
        watched("b", 5, 10, item="x", take=1, happened="2026-05-05T10:00"),
        watched("c", 9, 10, item="x", take=1, happened="2026-05-06T10:00"),
        watched("d", 5, 10, item="x", take=2, happened="2026-05-07T10:00"),
    ]
    found = run(rules(body), facts)
    assert amounts(found, facts) == [0, 1000, 0, 1000]
    assert did(found) == {"a": "below mark", "c": "repeat"}


def test_the_longest_view_of_a_day() -> None:
    body = (
        'convert = [{id = "v", when = {kind = "watched"}, amount = "seen / 45"}]\n'
        'mark = [{id = "any", when = {kind = "watched"}, measure = "seen", at_least = 1}]\n'
        'round = [{id = "r", to = "0.001", mode = "nearest"}]\n'
        'duplicate = [{id = "longest", key = ["item"], within = "day", keep = "largest"}]\n'
    )
    facts = [
        watched(str(n), m * MIN, 90 * MIN, item="x", happened=f"2026-05-{day}T1{n}:00")
        for n, (day, m) in enumerate((("01", 45), ("01", 90), ("01", 60), ("02", 45)))
    ]
    assert amounts(run(rules(body), facts), facts) == [1000, 1000, 0, 1000]


@pytest.mark.parametrize(("second", "expected"), [("2028-04-30T10:00", 0), ("2028-05-01T10:00", 3000)])
def test_years_run_from_the_first_credited_day(second: str, expected: int) -> None:
    body = SESSION + 'duplicate = [{id = "d", key = ["item"], within = {years = 2}}]\n'
    facts = [
        piece("a", "session", "2026-05-01T10:00", item="x", hours_m=3000),
        piece("b", "session", "2027-05-01T10:00", item="x", hours_m=3000),
        piece("c", "session", second, item="x", hours_m=3000),
    ]
    assert amounts(run(rules(body), facts), facts) == [3000, 0, expected]


def test_the_academy_s_midnight_ends_a_year() -> None:
    facts = [
        piece("a", "session", "2026-12-31T15:59:59Z", hours_m=1000),
        piece("b", "session", "2026-12-31T16:00:00Z", hours_m=1000),
    ]
    found = run(rules(SESSION), facts)
    assert [p.period.year for p in found.postings] == [2026, 2027]


def test_a_period_from_december() -> None:
    facts = [
        piece("a", "session", "2026-11-30T10:00", hours_m=1000),
        piece("b", "session", "2026-12-01T10:00", hours_m=1000),
    ]
    found = run(rules(SESSION, start="12-01"), facts)
    assert [p.period for p in found.postings] == [date(2025, 12, 1), date(2026, 12, 1)]


def test_a_lower_limit_takes_nothing_back() -> None:
    cap = 'cap = [{id = "y", limit = 10, per = "period"}]\n'
    texts = [
        rules(SESSION + cap),
        rules(SESSION + cap.replace("10", "4"), version=2, effective="2026-05-02"),
    ]
    facts = sessions(("01", 6), ("03", 6))
    assert amounts(run(texts, facts), facts) == [6000, 0]


def test_grace_after_midnight_belongs_to_the_old_year() -> None:
    body = 'convert = [{id = "v", when = {kind = "watched"}, amount = 1}]\n' + WHOLE
    facts = [
        watched("a", 1, 1, happened="2027-01-01T00:09"),
        watched("b", 1, 1, happened="2027-01-01T00:10"),
        watched("c", 1, 1, happened="2027-01-02T00:05"),
    ]
    found = run(rules(body, ruleset="grace_minutes = 10"), facts)
    assert [p.day for p in found.postings] == [date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)]


def test_before_the_first_version_and_period_nothing_applies() -> None:
    facts = [
        piece("a", "session", "2019-05-01T10:00", hours_m=1000),
        piece("b", "session", "2014-05-01T10:00", hours_m=1000),
    ]
    found = run(rules(SESSION), facts)
    assert did(found) == {"a": "no clause", "b": "no clause"}
    assert (found.nothing[0].period, found.nothing[1].period) == (None, date(2019, 1, 1))


@pytest.mark.parametrize(
    ("mode", "expected"), [("nearest", 1000), ("nearest_down", 500), ("floor", 500), ("ceil", 1000)]
)
def test_a_tie_goes_as_the_mode_says(mode: str, expected: int) -> None:
    body = SESSION + f'round = [{{id = "r", to = "0.5", mode = "{mode}"}}]\n'
    facts = [piece("a", "session", hours_m=750)]
    assert amounts(run(rules(body), facts), facts) == [expected]


def test_a_rounded_value_below_the_least_is_nothing() -> None:
    body = SESSION + 'round = [{id = "r", to = "0.2", mode = "floor", minimum = 1}]\n'
    facts = [piece("a", "session", hours_m=1100), piece("b", "session", hours_m=999)]
    found = run(rules(body), facts)
    assert amounts(found, facts) == [1000, 0]
    assert found.nothing[0].numbers == (999, 1, 0)


def test_what_one_clause_refuses_another_does_not_remember() -> None:
    body = SESSION + ('duplicate = [{id = "item", key = ["item"], within = "day"}, {id = "run", key = ["run"]}]\n')
    facts = [
        piece("a", "session", "2026-05-01T10:00", item="x", run="1", hours_m=1000),
        piece("b", "session", "2026-05-01T11:00", item="x", run="2", hours_m=1000),
        piece("c", "session", "2026-05-02T10:00", item="x", run="2", hours_m=1000),
    ]
    assert amounts(run(rules(body), facts), facts) == [1000, 0, 1000]
