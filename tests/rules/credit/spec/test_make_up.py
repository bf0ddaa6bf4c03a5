"""`make_up`: shortfalls that later hours cure; an hour never counts twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell

BODY = (
    'convert = [{id = "c", when = {kind = "session"}, amount = "hours", bucket_field = "subject_bucket"}]\n'
    'test = [{id = "total", measure = "countable", at_least = 50},'
    ' {id = "pro", when = {bucket = "pro"}, measure = "countable", at_least = 30},'
    ' {id = "days", measure = "days", at_least = 12}]\n'
)
ALL = 'requirement = [{id = "yearly", meets = {all = ["total"]}}]\n'


def text(make_up: str, more: str = ALL, period: str = "", start: str = "01-01") -> str:
    return rules(BODY + f'make_up = [{{id = "mu", {make_up}}}]\n' + more, period=period, start=start)


SIX = text('tests = ["total"], months = 6')


def hours(name: str, day: str, amount: float, **more: Any) -> dict[str, Any]:
    return piece(name, "session", f"{day}T10:00", hours_m=round(amount * 1000), **more)


def test_the_trap_of_an_hour_that_counts_twice() -> None:
    """30 in the old year; 15 and 15 inside the window and 40 after it: 50 and 50."""
    facts = [
        hours("a", "2026-05-04", 30), hours("b", "2027-02-01", 15), hours("c", "2027-03-01", 15),
        hours("d", "2027-08-01", 40),
    ]  # fmt: skip
    told = tell(SIX, facts, until="2027-12-31")
    assert told.got("a", "b", "c", "d", period="2026-01-01") == [30_000, 15_000, 5_000, 0]
    assert told.got("a", "b", "c", "d", period="2027-01-01") == [0, 0, 10_000, 40_000]
    assert told.test("total", "2027")[0] == 50_000
    assert told.period("2026")["made_up"] == {"total": 20_000}
    assert told.why("b")[-1] == ("mu", "make_up", [15_000, 20_000, 20260101])
    assert ("mu", "make_up", [5_000, 5_000, 20260101]) in told.why("c")


@pytest.mark.parametrize(
    ("start", "old", "day", "pays"),
    [
        ("01-01", "2026-05-04", "2027-06-30", True),
        ("01-01", "2026-05-04", "2027-07-01", False),
        ("01-01", "2026-05-04", "2026-12-31", False),
        ("12-01", "2026-05-04", "2027-05-31", True),
        ("12-01", "2026-05-04", "2027-06-01", False),
    ],
)
def test_the_window_s_last_day(start: str, old: str, day: str, pays: bool) -> None:
    told = tell(text('tests = ["total"], months = 6', start=start), [hours("a", old, 30), hours("b", day, 5)])
    paid = [why for why in told.why("b") if why[1] == "make_up"]
    assert bool(paid) == pays


def test_the_oldest_debt_first() -> None:
    """20 are missing in 2025. June 2026 is inside 18 months of it: it pays 20, so that 2026 has 30 and lacks 20."""
    facts = [
        hours("a", "2025-05-04", 30), hours("b", "2026-06-04", 50),
        hours("c", "2027-02-01", 25), hours("d", "2027-03-01", 20),
    ]  # fmt: skip
    told = tell(text('tests = ["total"], months = 18'), facts, until="2027-12-31")
    assert told.got("b", period="2025-01-01") == [20_000]
    assert told.got("b", "c", "d", period="2026-01-01") == [30_000, 20_000, 0]
    assert told.got("c", "d", period="2027-01-01") == [5_000, 20_000]


def test_two_open_debts() -> None:
    facts = [
        hours("a", "2025-05-04", 30), hours("b", "2026-05-04", 10), hours("c", "2027-02-01", 25),
        hours("d", "2027-03-01", 50),
    ]  # fmt: skip
    told = tell(text('tests = ["total"], months = 24'), facts, until="2027-12-31")
    names, years = ("a", "b", "c", "d"), ("2025", "2026", "2027")
    table = [told.got(*names, period=f"{year}-01-01") for year in years]
    # 2025 lacks 20: b gives 10, c 10. 2026 then has 0 and lacks 50: c 15, d 35.
    assert table == [[30_000, 10_000, 10_000, 0], [0, 0, 15_000, 35_000], [0, 0, 0, 15_000]]


def test_one_hour_pays_every_debt_of_that_period_that_counts_it() -> None:
    """Total and professional lack 10 each. 6 general pay the total only; 8 professional pay both (of the total the
    missing 4); of the next 5 professional 2 pay, 3 are left."""
    both = 'requirement = [{id = "yearly", meets = {all = ["total", "pro"]}}]\n'
    facts = [
        hours("p", "2026-05-04", 20, subject_bucket="pro"), hours("g", "2026-05-05", 20, subject_bucket="gen"),
        hours("g2", "2027-01-05", 6, subject_bucket="gen"), hours("p2", "2027-02-01", 8, subject_bucket="pro"),
        hours("p3", "2027-03-01", 5, subject_bucket="pro"), hours("g3", "2027-03-02", 5, subject_bucket="gen"),
    ]  # fmt: skip
    told = tell(text('tests = ["total", "pro"], months = 6', both), facts, until="2027-12-31")
    assert told.got("g2", "p2", "p3", "g3", period="2026-01-01") == [6_000, 8_000, 2_000, 0]
    assert told.got("g2", "p2", "p3", "g3", period="2027-01-01") == [0, 0, 3_000, 5_000]
    assert told.period("2026")["made_up"]["pro"] == 10_000


def test_only_what_the_old_test_counts_pays() -> None:
    more = 'requirement = [{id = "yearly", meets = {all = ["pro"]}}]\n'
    facts = [
        hours("a", "2026-05-04", 29, subject_bucket="pro"), hours("g", "2027-01-05", 6, subject_bucket="gen"),
        hours("p", "2027-02-05", 6, subject_bucket="pro"),
    ]  # fmt: skip
    told = tell(text('tests = ["pro"], months = 6', more), facts)
    assert told.got("g", "p", period="2026-01-01") == [0, 1_000]


@pytest.mark.parametrize(
    ("half_days", "pays"), [(24, 0), (23, 20_000)], ids=["met by days: no debt", "neither: the hours are owed"]
)
def test_who_met_the_requirement_otherwise_owes_nothing(half_days: int, pays: int) -> None:
    more = 'requirement = [{id = "yearly", meets = {any = ["total", "days"]}}]\n'
    facts = [hours("a", "2026-05-04", 30, half_days=half_days), hours("b", "2027-02-01", 25)]
    told = tell(text('tests = ["total"], months = 6', more), facts)
    assert told.got("b", period="2026-01-01") == [pays]


def test_a_test_that_no_requirement_names_is_owed_too() -> None:
    facts = [hours("a", "2026-05-04", 30), hours("b", "2027-02-01", 25)]
    assert tell(text('tests = ["total"], months = 6', ""), facts).got("b", period="2026-01-01") == [20_000]


def test_whom_the_requirement_does_not_bind_owes_nothing() -> None:
    more = 'requirement = [{id = "yearly", who = {band = "upper"}, meets = {all = ["total"]}}]\n'
    facts = [
        piece("s", "standing", "2026-01-01T00:00", change="joined", band="lower"),
        hours("a", "2026-05-04", 30), hours("b", "2027-02-01", 25),
    ]  # fmt: skip
    assert tell(text('tests = ["total"], months = 6', more), facts).got("b", period="2026-01-01") == [0]
    facts[0]["band"] = "upper"
    assert tell(text('tests = ["total"], months = 6', more), facts).got("b", period="2026-01-01") == [20_000]


def test_only_countable_hours_pay() -> None:
    cap = 'cap = [{id = "day", limit = 8, per = "day"}]\n'
    facts = [*(hours(f"a{n}", f"2026-05-{n:02}", 8) for n in range(1, 6)), hours("b", "2027-02-01", 20)]
    told = tell(text('tests = ["total"], months = 6', ALL + cap), facts)
    assert told.got("b", period="2026-01-01") == [8_000]
    assert told.got("b", period="2027-01-01") == [0]


def test_a_cap_of_the_new_period_is_charged_with_what_pays() -> None:
    """Caps stand before make-up in the pipeline."""
    cap = 'cap = [{id = "y", limit = 30, per = "period"}]\n'
    facts = [hours("a", "2026-05-04", 30), hours("b", "2027-02-01", 20), hours("c", "2027-08-01", 20)]
    told = tell(text('tests = ["total"], months = 6', ALL + cap), facts, until="2027-12-31")
    assert told.got("b", "c", period="2026-01-01") == [20_000, 0]
    assert told.got("b", "c", period="2027-01-01") == [0, 10_000]


def test_a_cycle_s_debt_arises_at_its_close() -> None:
    body = BODY.replace("at_least = 50}", 'at_least = 50, over = "cycle"}', 1)
    made = 'make_up = [{id = "mu", tests = ["total"], months = 6}]\n'
    facts = [hours("a", "2024-05-04", 30), hours("b", "2025-02-01", 5), hours("c", "2027-02-01", 25)]
    told = tell(rules(body + made + ALL, period="cycle = 3"), facts, until="2027-12-31")
    assert told.got("b", "c", period="2025-01-01") == [5_000, 0]
    # 2024–2026 lack 15; they are posted to the period at whose close the debt arose.
    assert told.got("c", period="2026-01-01") == [15_000]
    assert told.got("c", period="2027-01-01") == [10_000]


def test_what_paid_is_not_carried_on_as_own() -> None:
    carry = 'carry = [{id = "on", surplus_of = "total", measure = "countable", as = {}}]\n'
    facts = [hours("a", "2026-05-04", 30), hours("b", "2027-02-01", 80)]
    told = tell(text('tests = ["total"], months = 6', ALL + carry), facts, until="2028-01-01")
    assert told.period("2026")["carry"].get("on", 0) == 0
    assert told.period("2027")["carry"] == {"on": 10_000}


def test_carried_hours_pay_nothing_of_an_older_debt() -> None:
    """2026 lacks professional hours while its total leaves a surplus: the surplus is not what cures it."""
    more = (
        'requirement = [{id = "yearly", meets = {all = ["total", "pro"]}}]\n'
        'carry = [{id = "on", surplus_of = "total", measure = "countable", as = {bucket = "pro"}}]\n'
    )
    told = tell(text('tests = ["pro"], months = 6', more), [hours("a", "2026-05-04", 60)], until="2027-12-31")
    assert told.period("2026")["made_up"] == {}
    assert told.test("pro", "2027")[0] == 10_000


SHARE = 'share = [{id = "online", when = {category = "online"}, '
ONLINE: dict[str, Any] = {"category": "online"}


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        # 20 online and 20 class lack 10. 20 + x ≤ (40 + x) / 2: nothing of b. Class pays 6: 20 + x ≤ (46 + x) / 2.
        ('at_most = "1/2", of = "total"', [0, 6_000, 4_000]),
        # At most 25 of the quota of 50: b pays 5, c pays the rest.
        ('at_most = "1/2", of = "total", basis = "quota"', [5_000, 5_000, 0]),
        # 20 + x ≤ 0.6 (40 + x): 10 of b.
        ('at_most = "0.6", of = "total"', [10_000, 0, 0]),
        # 20 + x ≤ 0.55 (40 + x): 4.444 of b; then class pays the rest.
        ('at_most = "0.55", of = "total"', [4_444, 5_556, 0]),
        # What pays is earned there too: 20 + x ≤ 0.55 (40 + x).
        ('at_most = "0.55", of = "all"', [4_444, 5_556, 0]),
        ('at_most = 1, of = "total"', [10_000, 0, 0]),
    ],
)  # fmt: skip
def test_what_pays_may_not_pass_a_share_of_the_old_period(share: str, expected: list[int]) -> None:
    body = BODY.rstrip().removesuffix("]") + ', {id = "all", measure = "earned", at_least = 0}]\n'
    made = 'make_up = [{id = "mu", tests = ["total"], months = 6}]\n'
    facts = [
        hours("f", "2026-05-04", 20), hours("o", "2026-05-05", 20, **ONLINE),
        hours("b", "2027-01-05", 10, **ONLINE), hours("c", "2027-02-05", 6), hours("d", "2027-03-05", 10, **ONLINE),
        hours("e", "2027-08-05", 90),
    ]  # fmt: skip
    told = tell(rules(body + made + ALL + SHARE + share + "}]\n"), facts)
    assert told.got("o", "b", "c", "d", period="2026-01-01") == [20_000, *expected]
    assert told.got("b", "c", "d", period="2027-01-01") == [
        a - b for a, b in zip([10_000, 6_000, 10_000], expected, strict=True)
    ]
    assert told.period("2026")["made_up"] == {"total": 10_000}


def test_what_a_share_leaves_of_an_older_debt_pays_the_next() -> None:
    """2025 takes nothing online (all of it is), 2026 does."""
    share = SHARE + 'at_most = "1/2", of = "total"}]\n'
    facts = [hours("f", "2026-05-04", 30), hours("b", "2027-02-05", 12, **ONLINE), hours("e", "2027-09-05", 90)]
    told = tell(text('tests = ["total"], months = 24', ALL + share), [hours("z", "2025-05-04", 1), *facts])
    # 2025 has 1 and lacks 49: f pays 30, so it has 31; of b 12 are at most 31. 2026 has 0 and lacks 50.
    assert told.got("f", "b", "e", period="2025-01-01") == [30_000, 12_000, 7_000]
    assert told.got("f", "b", "e", period="2026-01-01") == [0, 0, 50_000]


@pytest.mark.parametrize(("day", "pays"), [("2027-03-31", True), ("2027-12-31", True), ("2028-01-01", False)])
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_rows_on_one_test_the_longer_holds(day: str, pays: bool, order: int) -> None:
    rows = ['{id = "short", tests = ["total", "pro"], months = 3}', '{id = "long", tests = ["total"], months = 12}']
    made = rules(BODY + f"make_up = [{', '.join(rows[::order])}]\n" + ALL)
    told = tell(made, [hours("a", "2026-05-04", 30), hours("b", day, 10)])
    assert told.got("b", period="2026-01-01") == [10_000 if pays else 0]
    assert [why[0] for why in told.why("b") if why[1] == "make_up" and why[2][2] == 20260101] == ["long"] * pays


def test_the_other_test_of_the_shorter_row_keeps_its_own_time() -> None:
    rows = '{id = "short", tests = ["total", "pro"], months = 3}, {id = "long", tests = ["total"], months = 12}'
    both = 'requirement = [{id = "yearly", meets = {all = ["total", "pro"]}}]\n'
    facts = [hours("a", "2026-05-04", 45, subject_bucket="gen")]
    # Professional lacks 30 till the end of March, the total 5 till the end of the year.
    for day, paid in (("2027-03-31", 12_000), ("2027-04-01", 5_000)):
        told = tell(rules(BODY + f"make_up = [{rows}]\n" + both), [*facts, hours("b", day, 12, subject_bucket="pro")])
        assert told.got("b", period="2026-01-01") == [paid]
