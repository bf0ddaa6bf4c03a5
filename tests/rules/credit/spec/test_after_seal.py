"""What becomes known after a seal of companions and bans takes back what it covers, and gives it again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import Told, tell

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
SEALS = {"2025-01-01": "2026-02-01"}
MODES = pytest.mark.parametrize("late", ["current", "sealed"])


def text(body: str, late: str) -> str:
    return rules(CLASS + body, period=f'late = "{late}"')


def hours(name: str, happened: str, amount: float, **more: Any) -> dict[str, Any]:
    happened = happened if "T" in happened else f"{happened}T10:00"
    return piece(name, "session", happened, **{"item": "x", "hours_m": round(amount * 1000), **more})


def judge(name: str, kind: str, happened: str, known: str | None = None, **more: Any) -> dict[str, Any]:
    return piece(name, kind, f"{happened}T09:00", known=f"{known or happened}T09:00", **more)


def adjustments(told: Told) -> list[tuple[str, str, int, str]]:
    """Piece, year it is posted to, thousandths, year it is about."""
    return [(p["evidence"], p["period"][:4], p["countable"], p["origin"][:4]) for p in told.postings if p.get("origin")]


def sums(told: Told) -> list[int]:
    return [told.report["periods"][start]["countable"] for start in sorted(told.report["periods"])]


# A companion that is withdrawn after the seal takes back what only it served.

CLOSED = 'needs = [{id = "closed", when = {kind = "session"}, evidence = {kind = "class_close"}, same = "run"}]\n'
BOTH = (
    'needs = [{id = "closed", when = {kind = "session"}, evidence = {kind = "class_close"}, same = "run"},'
    ' {id = "exam", when = {kind = "session"}, evidence = {kind = "exam"}, same = "item"}]\n'
)
S = hours("s", "2025-05-04", 3, run="K")
CLOSE = judge("z", "class_close", "2025-06-01", run="K")
REOPENED = judge("k", "correction", "2026-03-05", names=["z"])


@pytest.mark.parametrize(("mode", "year"), [("current", "2026"), ("sealed", "2025")])
def test_a_class_reopened_after_the_seal(mode: str, year: str) -> None:
    told = tell(text(CLOSED, mode), [S, CLOSE, REOPENED], seals=SEALS, until="2026-12-31")
    assert told.got("s") == [3000]
    assert adjustments(told) == [("k", year, -3000, "2025")]
    assert sums(told) == [3000, -3000 if mode == "current" else 0]
    assert [why[:2] for why in told.why("k")] == [("k", "withdrawn")]


def test_and_closed_again() -> None:
    """Reopened in March, closed in April: taken back and given again in the open year."""
    again = judge("z2", "class_close", "2026-04-05", run="K")
    told = tell(text(CLOSED, "current"), [S, CLOSE, REOPENED, again], seals=SEALS)
    assert told.got("s", "k", period="2025-01-01") == [3000, 0]
    assert told.got("s", "k", period="2026-01-01") == [3000, -3000]
    assert sums(told) == [3000, 0]
    assert [p["version"] for p in told.postings] == [1, 1, 1]


def test_closed_again_before_it_was_reopened() -> None:
    """The second close stands too: it serves, so nothing is taken back."""
    again = judge("z2", "class_close", "2025-06-10", run="K")
    assert adjustments(tell(text(CLOSED, "current"), [S, CLOSE, again, REOPENED], seals=SEALS)) == []


def test_reopened_by_mistake() -> None:
    """The correction of the close is withdrawn: what it took back is given again."""
    told = tell(
        text(CLOSED, "current"), [S, CLOSE, REOPENED, judge("k2", "correction", "2026-04-05", names=["k"])], seals=SEALS
    )
    assert sums(told) == [3000, 0] if len(told.report["periods"]) == 2 else [3000]
    assert sum(each[2] for each in adjustments(told)) == 0


def test_reopened_closed_and_reopened_again() -> None:
    facts = [
        S, CLOSE, REOPENED, judge("z2", "class_close", "2026-04-05", run="K"),
        judge("k2", "correction", "2026-05-05", names=["z2"]),
    ]  # fmt: skip
    assert sums(tell(text(CLOSED, "current"), facts, seals=SEALS)) == [3000, -3000]


def test_closed_again_and_that_year_sealed_too() -> None:
    seals = SEALS | {"2026-01-01": "2027-02-01"}
    facts = [
        S, CLOSE, REOPENED, judge("z2", "class_close", "2026-04-05", run="K"),
        judge("k2", "correction", "2027-05-05", names=["z2"]),
    ]  # fmt: skip
    told = tell(text(CLOSED, "current"), facts, seals=seals)
    assert sums(told) == [3000, 0, -3000]
    assert adjustments(told)[-1] == ("k2", "2027", -3000, "2026")


def test_of_two_companions_either_takes_it_back() -> None:
    exam = judge("e", "exam", "2025-05-20", item="x")
    for name, named in (("k", "z"), ("l", "e")):
        facts = [S, CLOSE, exam, judge(name, "correction", "2026-03-05", names=[named])]
        told = tell(text(BOTH, "current"), facts, seals=SEALS)
        assert adjustments(told) == [(name, "2026", -3000, "2025")]
    both = [S, CLOSE, exam, REOPENED, judge("l", "correction", "2026-03-06", names=["e"])]
    assert sums(tell(text(BOTH, "current"), both, seals=SEALS)) == [3000, -3000]


def test_only_what_it_served_is_taken_back() -> None:
    facts = [S, CLOSE, hours("t", "2025-05-04", 5, run="L"), judge("y", "class_close", "2025-06-02", run="L"), REOPENED]
    assert adjustments(tell(text(CLOSED, "current"), facts, seals=SEALS)) == [("k", "2026", -3000, "2025")]


def test_a_piece_in_an_open_year_that_a_sealed_companion_served() -> None:
    """Closed in 2025, sealed; the session of 2026 hangs on it. The close withdrawn, it waits as if never served."""
    facts = [CLOSE, hours("n", "2026-02-10", 2, run="K"), REOPENED]
    told = tell(text(CLOSED, "current"), facts, seals=SEALS)
    assert sum(told.sums(period="2026-01-01").values()) == 0


# A ban that becomes known after the seal takes back what it covers.

BAN = 'revoke = [{id = "ban", cancels = "nothing", ban_kinds = ["session"], ban_years = 1}]\n'
BEFORE, IN = hours("a", "2025-03-01", 2), hours("s", "2025-05-04", 3)
BANNED = judge("r", "revocation", "2025-04-01", "2026-03-05")


@pytest.mark.parametrize(("mode", "year"), [("current", "2026"), ("sealed", "2025")])
def test_a_ban_known_after_the_seal(mode: str, year: str) -> None:
    told = tell(text(BAN, mode), [BEFORE, IN, BANNED], seals=SEALS, until="2026-12-31")
    assert adjustments(told) == [("r", year, -3000, "2025")]
    assert sums(told) == [5000, -3000 if mode == "current" else 0]


@pytest.mark.parametrize(
    ("since", "taken"),
    [("2025-05-04", True), ("2025-05-05", False), ("2024-05-05", True), ("2024-05-04", False)],
    ids=["its first day", "after it", "its last day", "over"],
)
def test_the_days_of_such_a_ban(since: str, taken: bool) -> None:
    told = tell(text(BAN, "current"), [IN, judge("r", "revocation", since, "2026-03-05")], seals=SEALS)
    assert adjustments(told) == ([("r", "2026", -3000, "2025")] if taken else [])


@MODES
def test_such_a_ban_is_withdrawn(late: str) -> None:
    facts = [BEFORE, IN, BANNED, judge("k", "correction", "2026-05-05", names=["r"])]
    told = tell(text(BAN, late), facts, seals=SEALS, until="2026-12-31")
    assert sums(told) == [5000, 0]
    assert sum(each[2] for each in adjustments(told)) == 0


def test_a_ban_that_the_seal_knew_is_withdrawn() -> None:
    facts = [IN, judge("r", "revocation", "2025-04-01"), judge("k", "correction", "2026-05-05", names=["r"])]
    told = tell(text(BAN, "current"), facts, seals=SEALS)
    assert sums(told) == [0, 3000]
    assert [each[1:] for each in adjustments(told)] == [("2026", 3000, "2025")]


@pytest.mark.parametrize(
    ("since", "taken"),
    [("2025-05-20", True), ("2024-05-10", False), ("2024-06-02", True), ("2025-06-02", False)],
    ids=["between its own day and the one that counts", "its own day only", "both", "neither"],
)
def test_such_a_ban_of_what_waited_goes_by_the_day_that_counts(since: str, taken: bool) -> None:
    """4 May, closed on 1 June: that is the day on which it counts."""
    facts = [S, CLOSE, judge("r", "revocation", since, "2026-03-05")]
    told = tell(text(CLOSED + BAN, "current"), facts, seals=SEALS)
    assert adjustments(told) == ([("r", "2026", -3000, "2025")] if taken else [])


def test_such_a_ban_of_a_companion() -> None:
    body = (
        CLOSED.replace('"class_close"', '"exam"')
        + 'revoke = [{id = "ban", cancels = "nothing", ban_kinds = ["exam"], ban_years = 1}]\n'
    )
    facts = [S, judge("e", "exam", "2025-06-01", run="K"), judge("r", "revocation", "2025-05-20", "2026-03-05")]
    told = tell(text(body, "current"), facts, seals=SEALS)
    assert adjustments(told) == [("r", "2026", -3000, "2025")]


def test_cancelled_and_banned_at_once_is_taken_back_once() -> None:
    body = 'revoke = [{id = "out", cancels = "item", ban_kinds = ["session"], ban_years = 1}]\n'
    facts = [
        IN, {**IN, "id": "t", "happened": "2025-07-01T10:00"},
        judge("r", "revocation", "2025-06-01", "2026-03-05", item="x"),
    ]  # fmt: skip
    told = tell(text(body, "current"), facts, seals=SEALS)
    assert sorted(each[2] for each in adjustments(told)) == [-3000, -3000]
    assert sums(told) == [6000, -6000]


# What still waits when its period is sealed.


@MODES
@pytest.mark.parametrize(
    "gone",
    [
        judge("k", "correction", "2026-03-01", names=["s"]),
        judge("r", "revocation", "2026-03-01", run="K"),
        hours("k", "2025-05-04", 0, known="2026-03-01T09:00", names=["s"]),
    ],
    ids=["a correction", "a revocation", "a piece in its place"],
)
def test_what_waited_at_the_seal_and_was_withdrawn_is_not_released(late: str, gone: dict[str, Any]) -> None:
    body = CLOSED + 'revoke = [{id = "out", cancels = "run"}]\n'
    facts = [S, gone, judge("z2", "class_close", "2026-05-04", run="K")]
    told = tell(text(body, late), facts, seals=SEALS)
    assert told.got("s") == [0]
    assert told.words["s"] == "withdrawn"


@MODES
def test_it_is_released_where_that_was_a_mistake(late: str) -> None:
    facts = [
        S, judge("k", "correction", "2026-03-01", names=["s"]), judge("l", "correction", "2026-04-01", names=["k"]),
        judge("z2", "class_close", "2026-05-04", run="K"),
    ]  # fmt: skip
    told = tell(text(CLOSED, late), facts, seals=SEALS)
    assert told.got("s", period="2026-01-01") == [3000]


def test_what_was_taken_back_in_a_year_that_is_sealed_only_later_names_the_sealed_one() -> None:
    """The close of 2025 served a session of 2026; it was withdrawn in March 2026, and 2026 was sealed in 2027."""
    facts = [CLOSE, hours("n", "2026-02-10", 2, run="K"), REOPENED]
    told = tell(text(CLOSED, "current"), facts, seals=SEALS | {"2026-01-01": "2027-02-01"})
    assert sums(told)[-1] == 0
    assert adjustments(told) == [("k", "2026", -2000, "2025")]
