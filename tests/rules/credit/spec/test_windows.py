"""Windows of one's own: their first and last days, and what holds where somebody comes to fit twice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.credit.kit import piece, rules
from tests.rules.credit.spec.case import tell


def window(months: int) -> str:
    return rules(
        'convert = [{id = "c", when = {kind = "session"}, amount = "hours"}]\n'
        'test = [{id = "w", measure = "countable", at_least = 20,'
        f' over = {{since = {{band = "upper"}}, months = {months}}}}}]\n'
        'requirement = [{id = "promoted", meets = {all = ["w"]}}]\n'
    )


def standing(day: str, band: str, change: str) -> dict[str, Any]:
    return piece(f"s{day}", "standing", f"{day}T00:00", band=band, change=change)


def session(name: str, day: str, hours: int = 10) -> dict[str, Any]:
    return piece(name, "session", f"{day}T10:00", hours_m=hours * 1000)


@pytest.mark.parametrize(
    ("since", "months", "last", "after"),
    [
        ("2024-02-29", 12, "2025-02-28", "2025-03-01"),
        ("2024-02-29", 48, "2028-02-28", "2028-02-29"),
        ("2025-01-31", 1, "2025-02-28", "2025-03-01"),
        ("2024-01-31", 1, "2024-02-29", "2024-03-01"),
        ("2025-03-31", 6, "2025-09-30", "2025-10-01"),
        ("2025-12-31", 2, "2026-02-28", "2026-03-01"),
        ("2025-03-15", 12, "2026-03-14", "2026-03-15"),
    ],
)
def test_the_last_day_of_a_window(since: str, months: int, last: str, after: str) -> None:
    facts = [standing("2024-01-01", "lower", "joined"), standing(since, "upper", "changed")]
    counted = [
        tell(window(months), [*facts, session("o", day)], until="2028-12-31").test("w", day[:4])[0]
        for day in (last, after)
    ]
    assert counted == [10_000, 0]


def test_who_left_and_came_again_has_a_window_anew() -> None:
    """Upper from March 2024, lower from June 2024, upper again from March 2026."""
    facts = [
        standing("2024-03-01", "upper", "joined"), standing("2024-06-01", "lower", "changed"),
        standing("2026-03-01", "upper", "changed"),
        session("a", "2024-05-04"), session("b", "2025-02-28"), session("c", "2026-05-04"),
    ]  # fmt: skip
    told = tell(window(12), facts, until="2027-12-31")
    assert [told.test("w", year)[0] for year in ("2024", "2025", "2026", "2027")] == [10_000, 20_000, 10_000, 10_000]
    assert told.requirements("promoted") == ["not due", "met", "not due", "not met"]
