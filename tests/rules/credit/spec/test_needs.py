"""`needs`: what waits for a companion, and on which day it then counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
EXAM = 'id = "exam", when = {kind = "session"}, evidence = {kind = "exam", passed = true}, same = "item"'
CLOSED = 'id = "closed", when = {kind = "session"}, evidence = {kind = "class_close"}, same = "run"'
ONE = rules(CLASS + f"needs = [{{{EXAM}}}]\n")
TWO = rules(CLASS + f"needs = [{{{EXAM}}}, {{{CLOSED}}}]\n")
YEAR = rules(CLASS + f"needs = [{{{EXAM}, valid_years = 1}}]\n")


def session(name: str = "s", happened: str = "2026-05-04T10:00", hours: int = 3, **more: Any) -> dict[str, Any]:
    return piece(name, "session", happened, **{"item": "x", "run": "K", "hours_m": hours * 1000, **more})


def exam(happened: str, *, passed: bool = True, name: str = "e", **more: Any) -> dict[str, Any]:
    return piece(name, "exam", happened, **{"item": "x", "passed": passed, **more})


def test_the_companion_came_first_so_it_counts_on_its_own_day() -> None:
    told = tell(ONE, [exam("2026-05-01T10:00"), session()])
    assert told.got("s") == [3000]
    assert [word for _, word, _ in told.why("s")] == ["gives"]


def test_it_waits_and_counts_on_the_companion_s_day() -> None:
    told = tell(ONE, [session(), exam("2026-06-01T10:00")])
    assert told.why("s") == [("exam", "waited", [20260504, 20260601, 0]), ("c", "gives", [3000, 1, 3000])]


def test_it_falls_into_the_companion_s_period() -> None:
    told = tell(ONE, [session(), exam("2027-01-03T10:00")])
    assert (told.got("s", period="2026-01-01"), told.got("s", period="2027-01-01")) == ([0], [3000])
    assert told.period("2026")["countable"] == 0


@pytest.mark.parametrize(
    "companion",
    [
        [],
        [exam("2026-05-01T10:00", passed=False)],
        [exam("2026-05-01T10:00", item="y")],
        [exam("2026-05-01T10:00", item=None)],
        [piece("e", "report", "2026-05-01T10:00", item="x", passed=True)],
        [exam("2026-05-01T10:00"), piece("k", "correction", "2026-05-02T10:00", names=["e"])],
    ],
    ids=["none", "failed", "another item", "no item", "another kind", "withdrawn"],
)
def test_without_a_companion_it_waits(companion: list[dict[str, Any]]) -> None:
    told = tell(ONE, [session(), *companion])
    assert told.got("s") == [0]
    assert ("exam", "waits", [0, 0, 0]) in [
        (n["clause"], n["did"], n["numbers"]) for n in told.report["nothing"] if n["evidence"] == "s"
    ]


def test_a_piece_without_item_shares_none() -> None:
    told = tell(ONE, [session(item=None), exam("2026-05-01T10:00", item=None)])
    assert told.words["s"] == "waits"


@pytest.mark.parametrize(
    ("passed_on", "day", "hours"),
    [
        ("2025-05-04", "2026-05-03", 3000),
        ("2025-05-04", "2026-05-04", 0),
        ("2024-02-29", "2025-02-28", 3000),
        ("2024-02-29", "2025-03-01", 0),
    ],
)
def test_a_pass_is_valid_for_a_year(passed_on: str, day: str, hours: int) -> None:
    told = tell(YEAR, [exam(f"{passed_on}T23:00"), session(happened=f"{day}T01:00")])
    assert told.got("s") == [hours]
    assert told.words.get("s") == (None if hours else "waits")


def test_an_expired_pass_is_renewed_later() -> None:
    told = tell(YEAR, [exam("2024-05-04T10:00"), session(), exam("2026-07-01T10:00", name="f")])
    assert told.why("s")[0] == ("exam", "waited", [20260504, 20260701, 0])


def test_an_older_pass_that_expired_does_not_hide_a_newer_one() -> None:
    facts = [exam("2024-05-04T10:00"), exam("2026-05-01T10:00", name="f"), session()]
    assert [word for _, word, _ in tell(YEAR, facts).why("s")] == ["gives"]


def test_of_two_needs_the_last_one_counts() -> None:
    close = piece("z", "class_close", "2026-05-20T10:00", run="K")
    told = tell(TWO, [session(), close, exam("2026-06-10T10:00")])
    assert told.got("s") == [3000]
    assert told.why("s")[0] == ("exam", "waited", [20260504, 20260610, 0])
    told = tell(TWO, [session(), close, exam("2026-05-10T10:00")])
    assert told.why("s")[0] == ("closed", "waited", [20260504, 20260520, 0])
    assert tell(TWO, [session(), close]).words == {"s": "waits"}


def test_below_the_mark_never_waits() -> None:
    text = rules(
        CLASS
        + f"needs = [{{{EXAM}}}]\n"
        + 'mark = [{id = "m", when = {kind = "session"}, measure = "score", at_least = 60}]\n'
    )
    assert tell(text, [session(score_m=59_999)]).words == {"s": "below mark"}
    assert tell(text, [session(score_m=60_000)]).words == {"s": "waits"}


def test_what_itself_is_such_a_piece_needs_no_other() -> None:
    text = rules(
        'convert = [{id = "c", when = {kind = "session"}, amount = "hours"},'
        ' {id = "e", when = {kind = "exam", passed = true}, amount = 1}]\n'
        'needs = [{id = "n", evidence = {kind = "exam", passed = true}, same = "item"}]\n'
    )
    told = tell(text, [exam("2026-06-01T10:00"), session()])
    assert told.got("e", "s") == [1000, 3000]


def test_the_caps_of_the_companion_s_day_hold() -> None:
    text = rules(CLASS + f"needs = [{{{EXAM}}}]\n" + 'cap = [{id = "day", limit = 4, per = "day"}]\n')
    facts = [
        session("a", "2026-05-04T10:00"),
        session("b", "2026-05-05T10:00"),
        exam("2026-06-01T10:00"),
        session("d", "2026-06-01T18:00", item="y"),
        exam("2026-05-01T10:00", name="f", item="y"),
    ]
    assert tell(text, facts).got("a", "b", "d") == [3000, 1000, 0]


def test_the_version_of_its_own_day_judges_it() -> None:
    later = CLASS.replace('"hours"', '"hours * 2"')
    texts = [
        rules(CLASS + f"needs = [{{{EXAM}}}]\n"),
        rules(later + f"needs = [{{{EXAM}}}]\n", version=2, effective="2026-06-01"),
    ]
    told = tell(texts, [session(), exam("2026-07-01T10:00"), session("t", "2026-07-02T10:00")])
    assert told.got("s", "t") == [3000, 6000]
    assert [p["version"] for p in told.postings] == [1, 2]


def test_the_clock_of_its_own_moment_weighs_it() -> None:
    text = rules(
        CLASS + f"needs = [{{{EXAM}}}]\n" + 'weight = [{id = "early", when = {clock = "06:00-08:00"}, times = 2}]\n'
    )
    facts = [session("a", "2026-05-04T07:59"), session("b", "2026-05-04T08:00"), exam("2026-06-01T07:00")]
    assert tell(text, facts).got("a", "b") == [6000, 3000]


def test_a_companion_cancelled_by_a_revocation_is_none() -> None:
    text = rules(
        CLASS
        + f"needs = [{{{EXAM}}}]\n"
        + 'revoke = [{id = "proxy", when = {category = "proxy"}, cancels = "named"}]\n'
    )
    revoked = piece("r", "revocation", "2026-06-01T10:00", category="proxy", names=["e"])
    told = tell(text, [exam("2026-05-01T10:00"), session(), revoked])
    assert told.words["s"] == "waits"
    told = tell(text, [exam("2026-05-01T10:00"), session(), revoked, exam("2026-07-01T10:00", name="f")])
    assert told.why("s")[0] == ("exam", "waited", [20260504, 20260701, 0])


def test_a_banned_companion_is_none() -> None:
    text = rules(
        CLASS
        + f"needs = [{{{EXAM}}}]\n"
        + 'revoke = [{id = "ban", cancels = "nothing", ban_kinds = ["exam"], ban_years = 1}]\n'
    )
    facts = [piece("r", "revocation", "2026-05-01T10:00"), exam("2026-05-02T10:00"), session()]
    assert tell(text, facts).words["s"] == "waits"
    told = tell(text, [*facts, exam("2027-05-01T10:00", name="f")])
    assert told.why("s")[0] == ("exam", "waited", [20260504, 20270501, 0])


def test_a_repeat_is_judged_on_the_day_it_counts() -> None:
    text = rules(CLASS + f"needs = [{{{EXAM}}}]\n" + 'duplicate = [{id = "once", key = ["run"]}]\n')
    facts = [
        session("a", "2026-05-04T10:00", item="x"),
        session("b", "2026-05-05T10:00", item="y"),
        exam("2026-05-01T10:00", name="ey", item="y"),
        exam("2026-06-01T10:00", name="ex", item="x"),
    ]
    told = tell(text, facts)
    assert told.got("a", "b") == [0, 3000]
    assert told.words["a"] == "repeat"


SOON = rules(CLASS + f"needs = [{{{EXAM}, within_days = 30}}]\n")


@pytest.mark.parametrize(
    ("passed_on", "counts"),
    [
        ("2026-05-04T23:59", True),
        ("2026-06-03T00:00", True),
        ("2026-06-03T23:59", True),
        ("2026-06-04T00:00", False),
        ("2026-06-04T10:00", False),
        # 15:59 UTC is still 3 June, 16:00 UTC is 4 June in the academy.
        ("2026-06-03T15:59:00Z", True),
        ("2026-06-03T16:00:00Z", False),
        # One that came first serves, however long ago.
        ("2020-01-01T00:00", True),
    ],
)
def test_a_companion_must_come_within_so_many_days(passed_on: str, counts: bool) -> None:
    told = tell(SOON, [session(), exam(passed_on)])
    assert told.got("s") == [3000 if counts else 0]
    assert told.words.get("s") == (None if counts else "waits")


def test_one_that_comes_too_late_serves_what_comes_after_it() -> None:
    told = tell(SOON, [session(), exam("2026-07-01T10:00"), session("t", "2026-07-02T10:00")])
    assert told.got("s", "t") == [0, 3000]
    assert told.words["s"] == "waits"


def test_a_second_exam_in_time_after_a_failed_one() -> None:
    facts = [session(), exam("2026-05-10T10:00", passed=False), exam("2026-06-01T10:00", name="f")]
    assert tell(SOON, facts).why("s")[0] == ("exam", "waited", [20260504, 20260601, 0])


@pytest.mark.parametrize(("closed", "counts"), [("2026-09-01", True), ("2026-05-20", True)])
def test_the_days_are_those_of_its_own_clause(closed: str, counts: bool) -> None:
    """The exam within 30 days, the close whenever it comes."""
    text = rules(CLASS + f"needs = [{{{EXAM}, within_days = 30}}, {{{CLOSED}}}]\n")
    facts = [session(), piece("z", "class_close", f"{closed}T10:00", run="K"), exam("2026-06-03T10:00")]
    assert tell(text, facts).got("s") == [3000 if counts else 0]
    facts[-1] = exam("2026-06-04T10:00")
    assert tell(text, facts).words["s"] == "waits"


def test_valid_before_and_within_after() -> None:
    text = rules(CLASS + f"needs = [{{{EXAM}, valid_years = 1, within_days = 30}}]\n")
    assert tell(text, [exam("2025-05-04T10:00"), session()]).words["s"] == "waits"
    assert tell(text, [exam("2025-05-05T10:00"), session()]).got("s") == [3000]
    told = tell(text, [exam("2025-05-04T10:00"), session(), exam("2026-06-03T10:00", name="f")])
    assert told.why("s")[0] == ("exam", "waited", [20260504, 20260603, 0])
