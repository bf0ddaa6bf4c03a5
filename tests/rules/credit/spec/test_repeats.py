"""`duplicate`: keys, overlapping spans, and what one piece stands for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell

CLASS = 'convert = [{id = "c", when = {kind = ["session", "recognised"]}, amount = "hours"}]\n'
FIRST = rules(CLASS + 'duplicate = [{id = "d", when = {kind = "session"}, overlap = true}]\n')
LARGEST = rules(CLASS + 'duplicate = [{id = "d", when = {kind = "session"}, overlap = true, keep = "largest"}]\n')
DAY = "2026-05-04T"


def span(name: str, begun: str | None, ended: str, hours: float, **more: Any) -> dict[str, Any]:
    """A session of 2026-05-04 from one time of the day to another."""
    facts = {"hours_m": int(hours * 1000), **more}
    if begun is not None:
        facts["begun"] = DAY + begun
    return piece(name, "session", DAY + ended, **facts)


@pytest.mark.parametrize(
    ("spans", "first", "largest"),
    [
        ([("09:00", "11:00", 2), ("11:00", "12:00", 1)], [2000, 1000], [2000, 1000]),
        ([("09:00", "11:00", 2), ("10:59", "12:00", 1)], [2000, 0], [2000, 0]),
        ([("10:00", "11:00", 1), ("09:00", "12:00", 3)], [1000, 0], [1000, 2000]),
        ([("09:00", "12:00", 3), ("10:00", "11:00", 1)], [0, 1000], [2000, 1000]),
        ([("09:00", "11:00", 2), ("10:00", "12:00", 2), ("11:30", "13:00", 1.5)], [2000, 0, 1500], [2000, 0, 1500]),
        ([("09:00", "11:00", 2), ("11:00", "12:00", 1), ("10:00", "13:00", 3)], [2000, 1000, 0], [2000, 1000, 1000]),
        ([("09:00", "11:00", 2), ("09:00", "11:00", 2)], [2000, 0], [2000, 0]),
        ([("09:00", "11:00", 2), (None, "10:30", 1)], [2000, 1000], [2000, 1000]),
        # The second gives its difference and is remembered as 3: the third, of 2.5, gives nothing more.
        ([("09:00", "11:00", 2), ("09:30", "12:30", 3), ("11:30", "14:00", 2.5)], [2000, 0, 2500], [2000, 1000, 0]),
    ],
    ids=["touching", "one minute", "around", "around, told first", "a chain", "two", "the same", "no begun", "largest"],
)  # fmt: skip
def test_overlaps(spans: list[tuple[str | None, str, float]], first: list[int], largest: list[int]) -> None:
    facts = [span(f"s{n}", *each) for n, each in enumerate(spans)]
    names = [each["id"] for each in facts]
    assert tell(FIRST, facts).got(*names) == first
    assert tell(LARGEST, facts).got(*names) == largest


def test_an_overlap_says_its_numbers() -> None:
    told = tell(FIRST, [span("a", "09:00", "11:00", 2), span("b", "10:00", "12:00", 2)])
    [nothing] = told.report["nothing"]
    assert nothing == {"evidence": "b", "clause": "d", "did": "overlaps", "numbers": [20260504, 2000, 0]}
    told = tell(LARGEST, [span("a", "09:00", "11:00", 2), span("b", "10:00", "13:00", 3)])
    assert ("d", "overlaps", [20260504, 3000, 1000]) in told.why("b")


def test_what_gave_nothing_hides_nothing() -> None:
    text = rules(
        CLASS + 'duplicate = [{id = "d", overlap = true}]\n' + 'mark = [{id = "m", measure = "score", at_least = 60}]\n'
    )
    facts = [span("a", "09:00", "11:00", 2, score_m=50_000), span("b", "10:00", "12:00", 2, score_m=60_000)]
    assert tell(text, facts).got("a", "b") == [0, 2000]


def test_begun_without_offset_is_academy_local_as_happened_is() -> None:
    facts = [
        piece("a", "session", DAY + "11:00+08:00", begun=DAY + "09:00", hours_m=2000),
        piece("b", "session", DAY + "12:00", begun=DAY + "02:00Z", hours_m=2000),
    ]
    assert tell(FIRST, facts).got("a", "b") == [2000, 0]


def test_spans_meet_over_the_end_of_a_year() -> None:
    facts = [
        piece("a", "session", "2026-12-31T23:30", begun="2026-12-31T20:00", hours_m=3000),
        piece("b", "session", "2027-01-01T01:00", begun="2026-12-31T23:00", hours_m=2000),
        piece("c", "session", "2027-01-01T02:00", begun="2026-12-31T23:30", hours_m=2000),
    ]
    assert tell(FIRST, facts).got("a", "b", "c") == [3000, 0, 2000]


def test_only_pieces_that_the_clause_is_about_are_compared() -> None:
    other = {**span("o", "09:00", "11:30", 2), "kind": "recognised"}
    assert tell(FIRST, [span("a", "09:00", "11:00", 2), other]).got("a", "o") == [2000, 2000]


def test_a_withdrawn_session_hides_nothing() -> None:
    facts = [span("a", "09:00", "11:00", 2), span("b", "10:00", "12:00", 2)]
    facts.append(piece("k", "correction", "2026-06-01T10:00", names=["a"]))
    assert tell(FIRST, facts).got("a", "b") == [0, 2000]


CREDITS = 'convert = [{id = "c", when = {kind = "recognised"}, amount = "credits"}]\n'


def course(name: str, month: int, credits: int, **more: Any) -> dict[str, Any]:
    return piece(name, "recognised", f"2026-{month:02}-01T10:00", **{"item": name, "credits_m": credits * 1000, **more})


ONCE = rules(CREDITS + 'duplicate = [{id = "once", key = ["item"]}]\n')


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([course("z", 1, 8, stands_for=["a", "b"]), course("a", 2, 3), course("b", 3, 3), course("c", 4, 3)],
         [8000, 0, 0, 3000]),
        ([course("a", 1, 3), course("z", 2, 8, stands_for=["a", "b"]), course("b", 3, 3)], [3000, 5000, 0]),
        ([course("a", 1, 3), course("b", 2, 3), course("z", 3, 8, stands_for=["a", "b"])], [3000, 3000, 2000]),
        ([course("a", 1, 5), course("b", 2, 5), course("z", 3, 8, stands_for=["a", "b"])], [5000, 5000, 0]),
        ([course("z", 1, 8, stands_for=["a"]), course("z2", 2, 8, item="z")], [8000, 0]),
        ([course("z", 1, 8, stands_for=["a"]), course("y", 2, 8, stands_for=["b"])], [8000, 8000]),
    ],
    ids=["before", "between", "after", "more than it", "its own item", "others"],
)  # fmt: skip
def test_one_certificate_frees_from_courses(facts: list[dict[str, Any]], expected: list[int]) -> None:
    assert tell(ONCE, facts).got(*(each["id"] for each in facts)) == expected


@pytest.mark.parametrize("last", [{"item": "z"}, {"item": "y", "stands_for": ["z"]}], ids=["itself", "stands for it"])
def test_the_reach_of_an_item_begins_on_its_first_credited_day(last: dict[str, Any]) -> None:
    text = rules(CREDITS + 'duplicate = [{id = "once", key = ["item"], keep = "largest", within = {years = 1}}]\n')
    facts = [course("a", 1, 1, item="z"), course("b", 12, 7, item="z"), course("c", 1, 8, **last)]
    facts[2]["happened"] = "2027-01-02T10:00:00"  # within a year of b, which only added to a
    assert tell(text, facts).got("a", "b", "c") == [1000, 6000, 8000]


@pytest.mark.parametrize(
    ("last", "left"),
    [
        (course("again", 3, 5, item="a"), 0),
        (course("more", 3, 6, item="a"), 1000),
        (course("other", 3, 5, item="b"), 0),
        (course("also", 3, 6, item="c", stands_for=["b"]), 3000),
        (course("both", 3, 6, item="c", stands_for=["a", "b"]), 1000),
    ],
    ids=["as large", "larger", "its other item", "a second one for that", "a second one for both"],
)
def test_what_a_certificate_asked_is_the_largest_of_its_items(last: dict[str, Any], left: int) -> None:
    """`a` gave 2; a certificate of 5 for `a` and `b` adds 3."""
    text = rules(CREDITS + 'duplicate = [{id = "once", key = ["item"], keep = "largest"}]\n')
    facts = [course("a", 1, 2), course("z", 2, 5, stands_for=["a", "b"]), last]
    assert tell(text, facts).got("a", "z", last["id"]) == [2000, 3000, left]


def test_it_stands_for_nothing_where_the_key_says_more() -> None:
    text = rules(CREDITS + 'duplicate = [{id = "once", key = ["item", "provider"]}]\n')
    assert tell(text, [course("z", 1, 8, stands_for=["a"]), course("a", 2, 3)]).got("z", "a") == [8000, 3000]


@pytest.mark.parametrize(
    ("within", "days", "expected"),
    [
        ('"day"', ["2026-05-04", "2026-05-05"], [3000, 3000]),
        ('"period"', ["2026-12-31", "2027-01-01"], [3000, 3000]),
        ('"cycle"', ["2024-01-01", "2026-12-31", "2027-01-01"], [3000, 0, 3000]),
        ('"ever"', ["2020-05-04", "2026-05-04"], [3000, 0]),
        ("{years = 1}", ["2025-05-04", "2026-05-03", "2026-05-04"], [3000, 0, 3000]),
        ("{years = 2}", ["2022-05-04", "2024-05-03", "2024-05-04", "2026-05-03"], [3000, 0, 3000, 0]),
    ],
)
def test_within(within: str, days: list[str], expected: list[int]) -> None:
    text = rules(CREDITS + f'duplicate = [{{id = "once", key = ["item"], within = {within}}}]\n', period="cycle = 3")
    facts = [piece(f"p{n}", "recognised", f"{day}T10:00", item="x", credits_m=3000) for n, day in enumerate(days)]
    assert tell(text, facts).got(*(each["id"] for each in facts)) == expected


def test_the_largest_is_kept_without_taking_anything_back() -> None:
    text = rules(CREDITS + 'duplicate = [{id = "d", key = ["item"], keep = "largest"}]\n')
    facts = [course(f"p{n}", n + 1, h, item="x") for n, h in enumerate((3, 2, 5, 4, 9))]
    told = tell(text, facts)
    assert told.got(*(each["id"] for each in facts)) == [3000, 0, 2000, 0, 4000]
    assert ("d", "repeat", [20260101, 9000, 4000]) in told.why("p4")


def test_a_certificate_is_deducted_once_from_another_for_the_same_courses() -> None:
    facts = [course("z", 1, 3, stands_for=["a", "b"]), course("y", 2, 8, stands_for=["b", "a"])]
    assert tell(ONCE, facts).got("z", "y") == [3000, 5000]


def test_a_certificate_stands_for_its_courses_also_where_they_were_taken_long_ago() -> None:
    text = rules(CREDITS + 'duplicate = [{id = "once", key = ["item"], within = "period"}]\n')
    facts = [
        piece("old", "recognised", "2025-05-04T10:00", item="a", credits_m=3000),
        course("z", 1, 8, stands_for=["a", "b"]),
        course("a", 2, 3),
    ]
    assert tell(text, facts).got("old", "z", "a") == [3000, 8000, 0]


def test_what_a_certificate_added_is_deducted_once() -> None:
    """a gave 3, z added 2 to it and stands for b too: of y, which stands for both, 5 are left."""
    text = rules(CREDITS + 'duplicate = [{id = "d", key = ["item"], keep = "largest"}]\n')
    facts = [
        course("a", 1, 3),
        course("z", 2, 5, item="a", stands_for=["b"]),
        course("y", 3, 10, stands_for=["a", "b"]),
    ]
    assert tell(text, facts).got("a", "z", "y") == [3000, 2000, 5000]


def test_what_it_stands_for_is_a_repeat_afterwards_also_of_its_own_item() -> None:
    facts = [course("z", 1, 8, stands_for=["z", "a"]), course("z2", 2, 9, item="z"), course("a", 3, 9)]
    assert tell(ONCE, facts).got("z", "z2", "a") == [8000, 0, 0]


@pytest.mark.parametrize(
    ("within", "day", "given"),
    [
        ("{years = 1}", "2026-12-31", 0),
        ("{years = 1}", "2027-01-01", 3000),
        ('"period"', "2026-12-31", 0),
        ('"period"', "2027-01-01", 3000),
    ],
)
def test_how_long_it_stands_for_them(within: str, day: str, given: int) -> None:
    text = rules(CREDITS + f'duplicate = [{{id = "once", key = ["item"], within = {within}}}]\n')
    facts = [
        course("z", 1, 8, stands_for=["a"]),
        {**course("a", 2, 3), "happened": f"{day}T10:00"},
    ]
    assert tell(text, facts).got("z", "a") == [8000, given]
