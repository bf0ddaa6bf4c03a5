"""`attendance` and `revoke`: evidence that judges other evidence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell

CLASS = (
    'convert = [{id = "c", when = {kind = ["session", "recognised"]}, amount = "hours"},'
    ' {id = "e", when = {kind = "exam"}, amount = 2}]\n'
)


def session(name: str, happened: str = "2026-05-04T10:00", **more: Any) -> dict[str, Any]:
    return piece(name, "session", happened, **{"run": "K", "hours_m": 4000, **more})


def leave(hours_m: int, run: str = "K", name: str = "l", **more: Any) -> dict[str, Any]:
    return piece(name, "leave", "2026-05-05T10:00", **{"run": run, "leave_m": hours_m, **more})


def attendance(limit: str, boundary: str = "") -> str:
    more = f', boundary = "{boundary}"' if boundary else ""
    return rules(CLASS + f'attendance = [{{id = "att", when = {{kind = "session"}}, limit = {limit}{more}}}]\n')


@pytest.mark.parametrize(
    ("limit", "boundary", "away", "stays"),
    [
        ('"run_hours / 7"', "", 9142, True),
        ('"run_hours / 7"', "more", 9143, False),
        ("8", "", 8000, True),
        ("8", "", 8001, False),
        ("8", "at_least", 8000, False),
        ("8", "at_least", 7999, True),
        ('"8"', "more", 0, True),
        # A quarter of the hours of its own sessions: 2 × 4 / 4 = 2.
        ('"hours / 4"', "", 2000, True),
        ('"hours / 4"', "", 2001, False),
    ],
)
def test_the_limit_and_its_boundary(limit: str, boundary: str, away: int, stays: bool) -> None:
    facts = [session("a", run_hours_m=64_000), session("b", "2026-05-06T10:00"), leave(away)]
    told = tell(attendance(limit, boundary), facts)
    assert told.got("a", "b") == ([4000, 4000] if stays else [0, 0])
    assert told.words == ({} if stays else {"a": "withdrawn", "b": "withdrawn"})


def test_it_says_leave_and_limit() -> None:
    told = tell(attendance('"run_hours / 7"'), [session("a", run_hours_m=64_000), leave(10_000)])
    assert told.report["nothing"] == [
        {"evidence": "a", "clause": "att", "did": "withdrawn", "numbers": [10_000, 9142, 0]}
    ]


def test_leave_is_summed_within_a_run() -> None:
    facts = [
        session("a", run="K"), session("b", run="L"), session("n", run=None),
        leave(5000), leave(4000, name="m"), leave(8000, "L", name="o"), leave(90_000, None, name="p"),  # type: ignore[arg-type]
    ]  # fmt: skip
    assert tell(attendance("8"), facts).got("a", "b", "n") == [0, 4000, 4000]


def test_leave_that_was_withdrawn_does_not_count() -> None:
    facts = [session("a"), leave(9000), piece("k", "correction", "2026-06-01T10:00", names=["l"])]
    assert tell(attendance("8"), facts).got("a") == [4000]
    facts.append(piece("k2", "correction", "2026-06-02T10:00", names=["k"]))
    assert tell(attendance("8"), facts).got("a") == [0]


def test_the_largest_run_hours_said_by_any_piece_of_the_run() -> None:
    facts = [session("a", run_hours_m=7000), leave(2000, run_hours_m=14_000), session("z", run="L", run_hours_m=70_000)]
    assert tell(attendance('"run_hours / 7"'), facts).got("a") == [4000]
    facts[1]["leave_m"] = 2001
    assert tell(attendance('"run_hours / 7"'), facts).got("a") == [0]


def test_a_run_over_a_new_version_is_one_run() -> None:
    """Two versions with the same clause: a quarter of all 8 hours is 2, however the run lies over 1 July."""
    first = attendance('"hours / 4"')
    second = first.replace("version = 1", "version = 2").replace("2020-01-01", "2026-07-01")
    facts = [session("a", "2026-06-30T10:00"), session("b", "2026-07-01T10:00")]
    assert tell([first, second], [*facts, leave(2000)]).got("a", "b") == [4000, 4000]
    assert tell([first, second], [*facts, leave(2001)]).got("a", "b") == [0, 0]


def test_a_clause_that_is_new_counts_the_hours_of_before_it() -> None:
    """What was held under a version without the clause is never withdrawn by it, but belongs to the run."""
    first = rules(CLASS)
    second = attendance('"hours / 4"').replace("version = 1", "version = 2").replace("2020-01-01", "2026-07-01")
    facts = [session("a", "2026-06-30T10:00"), session("b", "2026-07-01T10:00")]
    assert tell([first, second], [*facts, leave(2000)]).got("a", "b") == [4000, 4000]
    assert tell([first, second], [*facts, leave(2001)]).got("a", "b") == [4000, 0]


def test_only_what_the_clause_is_about_is_withdrawn() -> None:
    facts = [session("a"), piece("e", "exam", run="K"), leave(9000)]
    assert tell(attendance("8"), facts).got("a", "e") == [0, 2000]


def test_days_already_posted_in_an_earlier_year_are_emptied_too() -> None:
    facts = [session("a", "2025-12-30T10:00"), session("b", "2026-01-04T10:00"), leave(9000)]
    told = tell(attendance("8"), facts)
    assert told.got("a", "b") == [0, 0]
    assert told.period("2025")["countable"] == 0


def test_what_is_withdrawn_hides_no_repeat() -> None:
    text = rules(
        CLASS + 'attendance = [{id = "att", when = {kind = "session"}, limit = 8}]\n'
        'duplicate = [{id = "once", key = ["item"]}]\n'
    )
    facts = [session("a", item="x"), session("b", "2026-06-04T10:00", item="x", run="L"), leave(9000)]
    assert tell(text, facts).got("a", "b") == [0, 4000]


def revoke(*rows: str) -> str:
    return rules(CLASS + "revoke = [" + ", ".join(f"{{{row}}}" for row in rows) + "]\n")


def revocation(happened: str = "2026-06-01T10:00", name: str = "r", **more: Any) -> dict[str, Any]:
    return piece(name, "revocation", happened, **more)


FACTS = [
    session("x", "2026-05-04T10:00", item="x", run="K"),
    session("y", "2026-05-05T10:00", item="y", run="K"),
    session("z", "2026-05-06T10:00", item="x", run="L"),
    session("late", "2026-07-01T10:00", item="x", run="K"),
    session("old", "2025-05-04T10:00", item="x", run="M"),
]
NAMES = ("x", "y", "z", "late", "old")


@pytest.mark.parametrize(
    ("mode", "more", "left"),
    [
        ("item", {"item": "x"}, "y late"),
        ("run", {"run": "K"}, "z late old"),
        ("named", {"names": ["y", "late"]}, "x z old"),
        ("period", {}, "old"),
        ("nothing", {"item": "x", "run": "K", "names": ["y"]}, "x y z late old"),
        ("item", {}, "x y z late old"),
        ("run", {"item": "x"}, "x y z late old"),
    ],
)
def test_what_a_revocation_cancels(mode: str, more: dict[str, Any], left: str) -> None:
    ban = ', ban_kinds = ["exam"], ban_years = 1' if mode == "nothing" else ""
    told = tell(revoke(f'id = "rev", cancels = "{mode}"{ban}'), [*FACTS, revocation(**more)])
    sums = told.sums()
    assert " ".join(name for name in NAMES if sums.get(name)) == left
    gone = [each for each in told.report["nothing"] if each["evidence"] != "r"]
    assert {each["evidence"] for each in gone} == set(NAMES) - set(left.split())
    assert {(each["clause"], each["did"]) for each in gone} <= {("rev", "withdrawn")}


def test_it_must_fit_a_row() -> None:
    text = revoke('id = "rev", when = {category = "proxy"}, cancels = "item"')
    assert tell(text, [*FACTS, revocation(item="x", category="other")]).got("x") == [4000]
    assert tell(text, [*FACTS, revocation(item="x", category="proxy")]).got("x") == [0]


def test_a_revocation_withdrawn_by_a_correction_has_no_effect() -> None:
    text = revoke('id = "rev", cancels = "item", ban_kinds = ["session"], ban_years = 1')
    facts = [*FACTS, revocation(item="x")]
    assert tell(text, facts).got("x", "y", "late") == [0, 4000, 0]
    facts.append(piece("k", "correction", "2026-06-02T10:00", names=["r"]))
    assert tell(text, facts).got("x", "y", "late") == [4000, 4000, 4000]


def test_rows_that_fit_add_up() -> None:
    text = revoke(
        'id = "a-item", when = {category = "proxy"}, cancels = "item"',
        'id = "b-run", when = {category = ["proxy", "other"]}, cancels = "run", ban_kinds = ["exam"], ban_years = 1',
    )
    told = tell(text, [*FACTS, revocation(item="x", run="K", category="proxy"), piece("e", "exam", "2026-08-01T10:00")])
    assert told.got(*NAMES) == [0, 0, 0, 4000, 0]
    assert told.words["e"] == "banned"


@pytest.mark.parametrize(
    ("happened", "gives"),
    [
        ("2026-05-31T23:59", True),
        ("2026-06-01T10:01", False),
        ("2026-06-01T09:59", True),
        ("2027-01-01T10:00", False),
        ("2028-05-31T23:59", False),
        ("2028-06-01T00:00", True),
    ],
)
def test_a_ban_over_two_years(happened: str, gives: bool) -> None:
    text = revoke('id = "ban", cancels = "nothing", ban_kinds = ["exam"], ban_years = 2')
    told = tell(text, [revocation(), piece("e", "exam", happened), session("s", happened)])
    assert told.got("e", "s") == [2000 if gives else 0, 4000]
    if not gives:
        [nothing] = [each for each in told.report["nothing"] if each["evidence"] == "e"]
        assert nothing == {"evidence": "e", "clause": "ban", "did": "banned", "numbers": [20280531, 0, 0]}


def test_what_a_revocation_cancels_hides_no_repeat_and_uses_no_cap() -> None:
    text = rules(
        CLASS + 'revoke = [{id = "rev", cancels = "named"}]\n'
        'duplicate = [{id = "once", key = ["item"]}]\ncap = [{id = "four", limit = 4, per = "period"}]\n'
    )
    facts = [session("a", item="x"), session("b", "2026-05-05T10:00", item="x"), revocation(names=["a"])]
    assert tell(text, facts).got("a", "b") == [0, 4000]


def test_leave_of_a_cancelled_run_and_ban_of_a_piece_that_waited() -> None:
    """The ban is judged on the day on which the companion came."""
    text = rules(
        CLASS + 'revoke = [{id = "ban", cancels = "nothing", ban_kinds = ["session"], ban_years = 1}]\n'
        'needs = [{id = "n", when = {kind = "session"}, evidence = {kind = "exam"}, same = "item"}]\n'
    )
    facts = [
        session("a", "2026-05-04T10:00", item="x"),
        revocation("2026-06-01T10:00"),
        piece("e", "exam", "2026-07-01T10:00", item="x"),
    ]
    told = tell(text, facts)
    assert (told.got("a"), told.words["a"]) == ([0], "banned")
    facts[2]["happened"] = "2026-05-20T10:00"
    assert tell(text, facts).got("a") == [4000]
    facts[2]["happened"] = "2027-06-01T10:00"
    assert tell(text, facts).got("a") == [4000]


@pytest.mark.parametrize("mode", ["item", "run"])
def test_what_happened_at_the_same_moment_is_cancelled_too(mode: str) -> None:
    """Facts that are known by their day only all happened at midnight."""
    facts = [piece("e", "exam", "2026-05-04T00:00", item="x", run="K")]
    facts.append(revocation("2026-05-04T00:00", item="x", run="K"))
    assert tell(revoke(f'id = "rev", cancels = "{mode}"'), facts).got("e") == [0]


@pytest.mark.parametrize("names", [{}, {"names": ["x"]}])
def test_a_correction_known_before_the_revocation_that_it_names(names: dict[str, Any]) -> None:
    text = revoke('id = "rev", cancels = "item"')
    facts = [*FACTS, revocation(item="x", **names), piece("k", "correction", "2026-01-02T10:00", names=["r"])]
    assert tell(text, facts).got("x") == [4000]
