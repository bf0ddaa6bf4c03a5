"""Hours that made up a sealed period: it keeps them. What withdraws, bans or lessens them later is an adjustment."""

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
MADE = 'make_up = [{id = "mu", tests = ["total"], months = 6}]\n'
BAN = 'revoke = [{id = "ban", cancels = "nothing", ban_kinds = ["session"], ban_years = 1}]\n'
LATE = pytest.mark.parametrize("late", ["current", "sealed"])
OLD, NEXT = "2025-01-01", "2026-01-01"
SEALS = {OLD: "2026-07-05"}


def hours(name: str, happened: str, amount: int, **more: Any) -> dict[str, Any]:
    return piece(name, "session", happened, hours_m=amount * 1000, **more)


def correction(name: str, named: str, known: str, happened: str = "") -> dict[str, Any]:
    return piece(name, "correction", happened or known, known=known, names=[named])


def revocation(happened: str, known: str) -> dict[str, Any]:
    return piece("r", "revocation", happened, known=known)


def posted(told: Told) -> list[tuple[str, str, int, str]]:
    """(piece, year, countable, the year that it adjusts)."""
    return [(p["evidence"], p["period"][:4], p["countable"], p.get("origin", "")[:4]) for p in told.postings]


def adjustments(told: Told) -> list[tuple[str, str, int, str]]:
    return [each for each in posted(told) if each[3]]


def countable(told: Told, year: str) -> int:
    found: int = told.period(year)["countable"]
    return found


def total(told: Told) -> int:
    return sum(each[2] for each in posted(told))


A, B = hours("a", "2025-05-04T10:00", 30), hours("b", "2026-02-01T10:00", 25)


def test_withdrawn_after_the_seal() -> None:
    """The payer happened in the open year, but its posting is the sealed one's: it is taken back as an adjustment."""
    told = tell(rules(CLASS + TEST + MADE), [A, B, correction("k", "b", "2026-09-05T10:00")], seals=SEALS)
    assert told.got("b", period=OLD) == [20_000]
    assert told.period("2025")["made_up"] == {"total": 20_000}
    assert adjustments(told) == [("k", "2026", -20_000, "2025")]
    assert countable(told, "2026") == -20_000


@LATE
def test_worth_less_by_now(late: str) -> None:
    """Something earlier, told later, takes the room under a cap: what was sealed stays, the difference is returned."""
    body = CLASS + TEST + MADE + 'cap = [{id = "most", when = {}, limit = 30, per = "period"}]\n'
    facts = [A, B, hours("c", "2026-01-10T10:00", 22, known="2026-09-05T10:00")]
    told = tell(rules(body, period=f'late = "{late}"'), facts, seals=SEALS)
    assert told.got("b", period=OLD) == [20_000 if late == "current" else 8_000]
    assert told.period("2025")["made_up"] == {"total": 20_000}
    assert adjustments(told) == [("b", "2026" if late == "current" else "2025", -12_000, "2025")]
    assert countable(told, "2026") == 22_000 - 12_000 * (late == "current")
    assert told.got("b", key="earned") == [25_000]
    assert told.got("b") == [8_000]
    [back] = [p for p in told.postings if "origin" in p]
    assert [why["did"] for why in back["why"]] == ["gives", "cut", "returned"]
    assert back["why"][-1]["numbers"] == [20_000, 8_000, 20250101]


@LATE
def test_withdrawn_and_given_again_counts_once(late: str) -> None:
    """And withdrawn once more it counts for nothing; what it once paid is not taken back a second time."""
    text = rules(CLASS + TEST + MADE, period=f'late = "{late}"')
    facts = [A, B, correction("k", "b", "2026-09-05T10:00"), correction("k2", "k", "2027-09-05T10:00")]
    seals = {**SEALS, NEXT: "2027-08-01"}
    assert total(tell(text, facts, seals=seals)) == total(tell(text, facts)) == 55_000
    facts.append(correction("k3", "b", "2028-09-05T10:00"))
    assert total(tell(text, facts, seals={**seals, "2027-01-01": "2028-08-01"})) == 30_000


def test_given_again_elsewhere_its_own_year_keeps_what_it_had() -> None:
    """Sealed in 2024, withdrawn, restored in 2027, when it pays 2026: that one payment belongs to that place alone."""
    text = rules(CLASS + TEST + MADE)
    facts = [
        hours("e", "2024-11-09T10:00", 25),
        correction("k", "e", "2026-08-28T10:00"),
        correction("k2", "k", "2027-06-16T10:00"),
    ]
    seals = {"2024-01-01": "2025-07-07", OLD: "2026-11-03"}
    open_ = tell(text, facts, seals=seals, until="2027-12-31")
    assert posted(open_) == [("e", "2024", 25_000, ""), ("k", "2026", -25_000, "2024"), ("e", "2026", 25_000, "")]
    sealed = tell(text, facts, seals={**seals, NEXT: "2027-08-15"}, until="2027-12-31")
    assert posted(sealed) == posted(open_)


def test_paid_on_days_of_two_years() -> None:
    """What it had paid when its first companion held is returned in that year; what it pays later stands."""
    needs = 'needs = [{id = "n", when = {kind = "session", category = "w"}, evidence = {kind = "class_close"}'
    text = rules(CLASS + TEST + MADE.replace("6}", "24}") + needs + ', same = "run"}]\n')
    facts = [
        hours("a", "2024-05-04T10:00", 30),
        hours("b", "2026-02-01T10:00", 20, category="w", run="K"),
        piece("z", "class_close", "2026-05-01T10:00", run="K"),
        correction("k", "z", "2027-01-20T10:00", "2026-06-01T10:00"),
        piece("z2", "class_close", "2028-03-01T10:00", run="K"),
    ]
    seals = {"2024-01-01": "2027-01-15", OLD: "2028-01-05"}
    open_ = tell(text, facts, seals=seals, until="2029-12-31")
    assert posted(open_)[2:] == [("b", "2026", -20_000, "2024"), ("b", "2026", 20_000, "")]
    sealed = tell(text, facts, seals={**seals, NEXT: "2029-01-10"}, until="2029-12-31")
    assert posted(sealed) == posted(open_)
    assert sealed.period("2026") == open_.period("2026")


@LATE
@pytest.mark.parametrize("amount", [20, 25])
def test_a_ban_that_is_known_after_both_seals(late: str, amount: int) -> None:
    """It takes back what it covers, also where all of it went to the older year."""
    facts = [A, hours("b", "2026-02-01T10:00", amount), revocation("2026-01-20T09:00", "2027-09-05T09:00")]
    text = rules(CLASS + TEST + MADE + BAN, period=f'late = "{late}"')
    told = tell(text, facts, seals={**SEALS, NEXT: "2027-08-01"})
    assert total(told) == 30_000
    assert told.got("r") == [-amount * 1000]


def test_a_ban_that_is_known_while_the_payer_s_year_is_open() -> None:
    """The return is named after what bans, and says so."""
    facts = [A, hours("b", "2026-02-01T10:00", 20), revocation("2026-01-20T09:00", "2026-09-05T09:00")]
    told = tell(rules(CLASS + TEST + MADE + BAN), facts, seals=SEALS)
    assert adjustments(told) == [("r", "2026", -20_000, "2025")]
    assert told.why("r") == [("ban", "withdrawn", [0, 0, 0])]


@LATE
def test_a_ban_does_not_cover_what_happened_before_it(late: str) -> None:
    """Both are of a sealed year, and known between the same two seals: which was known first does not matter."""
    text = rules(CLASS + BAN, period=f'late = "{late}"')
    for known, told_of in (("2025-09-27T10:00", "2025-10-05T09:00"), ("2025-10-05T10:00", "2025-09-27T09:00")):
        facts = [hours("e", "2024-05-15T10:00", 10, known=known), revocation("2024-10-15T09:00", told_of)]
        assert total(tell(text, facts, seals={"2024-01-01": "2025-08-15"})) == 10_000


@LATE
def test_a_ban_that_does_not_cover_a_late_piece_hides_no_withdrawal(late: str) -> None:
    text = rules(CLASS + BAN, period=f'late = "{late}"')
    facts = [
        hours("e", "2024-08-03T10:00", 45, known="2025-12-16T10:00"),
        revocation("2025-09-18T09:00", "2025-11-07T09:00"),
        correction("k", "e", "2026-12-01T10:00"),
    ]
    assert total(tell(text, facts, seals={"2024-01-01": "2025-07-07", OLD: "2026-11-03"})) == 0


@pytest.mark.parametrize(("more", "before"), [("", 10_000), (", unless_short = true", 0)])
def test_what_makes_a_year_up_is_not_carried_on_by_a_late_hour(more: str, before: int) -> None:
    convert = CLASS.replace('"hours"', '"hours", bucket_field = "subject_bucket"')
    tests = TEST.replace("}]", '}, {id = "pro", when = {bucket = "pro"}, measure = "countable", at_least = 30}]', 1)
    body = convert + tests.replace('["total"]', '["total", "pro"]') + MADE.replace('"total"', '"pro"')
    body += 'carry = [{id = "on", surplus_of = "total", measure = "countable", as = {}' + more + "}]\n"
    facts = [
        hours("a", "2025-05-04T10:00", 60, subject_bucket="gen"),
        hours("b", "2026-02-01T10:00", 30, subject_bucket="pro"),
    ]
    late = hours("c", "2025-06-04T10:00", 1, subject_bucket="gen", known="2026-09-05T10:00")
    text, gone = rules(body, period='late = "sealed"'), correction("k", "b", "2026-09-04T10:00")

    def carried(*more: dict[str, Any]) -> int:
        return tell(text, [*facts, *more], seals=SEALS).got("carried:on:2025-01-01", period=NEXT)[0]

    assert carried() == carried(gone) == before
    assert carried(late) == before + 1_000
    assert carried(gone, late) == (before + 1_000 if before else 0)


@LATE
def test_late_hours_pay_only_what_is_older_than_where_they_are_posted(late: str) -> None:
    facts = [
        hours("o", "2024-05-04T10:00", 50),
        A,
        hours("x", "2024-06-04T10:00", 10, known="2026-03-05T10:00"),
    ]
    told = tell(rules(CLASS + TEST + MADE, period=f'late = "{late}"'), facts, seals={"2024-01-01": "2025-07-05"})
    expected = ("x", "2025", 10_000, "") if late == "current" else ("x", "2024", 10_000, "2024")
    assert posted(told)[-1] == expected
