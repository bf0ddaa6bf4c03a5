"""What only adds to an earlier piece: hours, days, months, minutes by which it exceeds it; it is no piece more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import MIN, piece, rules
from tests.rules.credit.spec.case import Told, tell

CLASS = 'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
MEASURES = "test = [" + ", ".join(
    f'{{id = "{name}", measure = "{name}", at_least = 0}}'
    for name in ("countable", "earned", "days", "months", "minutes", "count")
) + "]\n"  # fmt: skip
LARGEST = rules(CLASS + MEASURES + 'duplicate = [{id = "d", key = ["item"], keep = "largest"}]\n')
FIRST = rules(CLASS + MEASURES + 'duplicate = [{id = "d", key = ["item"]}]\n')
OVERLAP = rules(CLASS + MEASURES + 'duplicate = [{id = "d", overlap = true, keep = "largest"}]\n')


def session(name: str, day: int, hours: int, half_days: int, months: int, minutes: int, **more: Any) -> dict[str, Any]:
    return piece(
        name, "session", f"2026-05-{day:02}T12:00", hours_m=hours * 1000, half_days=half_days, months_m=months * 1000,
        duration_ms=minutes * MIN, **more,
    )  # fmt: skip


def got(told: Told, year: str = "2026") -> dict[str, int]:
    return {name: told.test(name, year)[0] for name in ("countable", "days", "months", "minutes", "count")}


def sums(countable: int, half_days: int, months: int, minutes: int, count: int) -> dict[str, int]:
    return {
        "countable": countable * 1000, "days": half_days * 500, "months": months * 1000, "minutes": minutes * 1000,
        "count": count * 1000,
    }  # fmt: skip


A = session("a", 4, 3, 2, 1, 180, item="x")


@pytest.mark.parametrize(
    ("text", "second", "expected"),
    [
        (LARGEST, (5, 3, 3, 300), sums(5, 3, 3, 300, 1)),
        (LARGEST, (5, 1, 0, 100), sums(5, 2, 1, 180, 1)),
        (LARGEST, (3, 9, 9, 900), sums(3, 2, 1, 180, 1)),
        (FIRST, (5, 3, 3, 300), sums(3, 2, 1, 180, 1)),
    ],
    ids=["more of all", "more hours only", "no more hours: nothing at all", "the first counts"],
)
def test_a_larger_one_adds_what_it_exceeds(
    text: str, second: tuple[int, int, int, int], expected: dict[str, int]
) -> None:
    told = tell(text, [A, session("b", 5, *second, item="x")])
    assert got(told) == expected
    assert told.test("earned")[0] == expected["countable"]


def test_three_that_grow() -> None:
    facts = [A, session("b", 5, 5, 3, 2, 300, item="x"), session("c", 6, 6, 4, 2, 360, item="x")]
    assert got(tell(LARGEST, facts)) == sums(6, 4, 2, 360, 1)


def test_another_item_counts_in_full() -> None:
    facts = [A, session("b", 5, 5, 3, 2, 300, item="x"), session("o", 6, 5, 3, 2, 300, item="y")]
    assert got(tell(LARGEST, facts)) == sums(10, 6, 4, 600, 2)


@pytest.mark.parametrize(
    ("begun", "expected"), [("10:00", sums(5, 3, 3, 300, 1)), ("12:00", sums(8, 5, 4, 480, 2))], ids=["over", "after"]
)
def test_a_larger_span_over_another(begun: str, expected: dict[str, int]) -> None:
    first = {**A, "begun": "2026-05-04T09:00"}
    second = {**session("b", 4, 5, 3, 3, 300), "happened": "2026-05-04T15:00", "begun": f"2026-05-04T{begun}"}
    assert got(tell(OVERLAP, [first, second])) == expected


def test_of_two_spans_it_adds_to_the_larger() -> None:
    """9–11 (2 h, 2 half-days) and 11–14 (3 h, 1 half-day); 10–16 of 6 h and 3 half-days adds 3 h and 2 half-days."""
    spans = [("a", "09", "11", 2, 2), ("b", "11", "14", 3, 1), ("c", "10", "16", 6, 3)]
    facts = [
        piece(name, "session", f"2026-05-04T{end}:00", begun=f"2026-05-04T{begin}:00", hours_m=h * 1000, half_days=d)
        for name, begin, end, h, d in spans
    ]
    told = tell(OVERLAP, facts)
    assert told.got("a", "b", "c") == [2000, 3000, 3000]
    assert (told.test("days")[0], told.test("count")[0]) == (2500, 2000)


WATCHED = (
    'convert = [{id = "c", when = {kind = "watched"}, amount = "seen / 45", series = "increase"}]\n'
    'round = [{id = "r", to = "0.5", mode = "floor"}]\n'
)


def seen(name: str, day: int, minutes: int, **more: Any) -> dict[str, Any]:
    return piece(
        name, "watched", f"2026-05-{day:02}T10:00", item="x", seen_ms=minutes * MIN, length_ms=90 * MIN,
        duration_ms=minutes * MIN, **more,
    )  # fmt: skip


def test_a_rising_series_is_one_piece() -> None:
    told = tell(rules(WATCHED + MEASURES), [seen("a", 4, 45), seen("b", 5, 70), seen("c", 6, 90)])
    assert told.got("a", "b", "c") == [1000, 500, 500]
    assert (told.test("minutes")[0], told.test("count")[0]) == (90_000, 1000)


def test_what_gave_nothing_yet_is_no_piece_that_another_adds_to() -> None:
    """10 minutes give nothing, so they are no piece; with 30 there is one, of 30 minutes."""
    told = tell(rules(WATCHED + MEASURES), [seen("a", 4, 10), seen("b", 5, 30)])
    assert told.got("a", "b") == [0, 500]
    assert (told.test("minutes")[0], told.test("count")[0]) == (30_000, 1000)


def test_over_a_new_year_the_rest_counts_in_the_new_one() -> None:
    facts = [A, {**session("b", 5, 5, 3, 3, 300, item="x"), "happened": "2027-05-05T12:00"}]
    told = tell(LARGEST, facts)
    assert got(told) == sums(3, 2, 1, 180, 1)
    assert got(told, "2027") == sums(2, 1, 2, 120, 0)


def test_withdrawing_the_first_gives_the_second_in_full() -> None:
    facts = [A, session("b", 5, 5, 1, 0, 100, item="x"), piece("k", "correction", "2026-06-01T10:00", names=["a"])]
    assert got(tell(LARGEST, facts)) == sums(5, 1, 0, 100, 1)


def test_what_is_taken_back_after_a_seal_is_what_was_added() -> None:
    """b added 2 h, 1 half-day, 2 months and 120 minutes to 2026, and no piece: so much is taken back in 2027."""
    facts = [
        A, session("b", 5, 5, 3, 3, 300, item="x"),
        piece("k", "correction", "2027-03-05T10:00", names=["b"]),
    ]  # fmt: skip
    told = tell(LARGEST, facts, seals={"2026-01-01": "2027-02-01"})
    assert got(told) == sums(5, 3, 3, 300, 1)
    assert got(told, "2027") == sums(-2, -1, -2, -120, 0)
