"""Duty, pace and plan: reckoned in whole thousandths, checked by hand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from app.classes.duty import Duty, Part, Yardstick, outlook
from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.study import plan
from app.study.catalogue import Wanted
from tests import factories

START, END = date(2026, 1, 1), date(2026, 12, 31)


def duty(got: int, quota: int = 50_000, *parts: Part, met: bool = False) -> Duty:
    return Duty(START, END, got, quota, parts, met)


def test_buckets_cannot_stand_for_each_other() -> None:
    short = duty(49_000, 50_000, Part("general", 30_000, 15_000), Part("professional", 19_000, 25_000))
    assert short.short == 6_000
    assert duty(20_000, 50_000, Part("general", 20_000, 15_000)).short == 30_000


def test_the_duty_is_read_from_the_rules_not_from_names() -> None:
    book = RuleBook([document.load(factories.RULES)])
    tests = (
        '{"total":{"got":20000,"quota":50000},"general":{"got":18000,"quota":15000},'
        '"professional":{"got":2000,"quota":25000}}'
    )
    found = Yardstick(book, START, END).duty(tests, "{}", False)
    assert found is not None
    assert (found.got, found.quota, found.short) == (20_000, 50_000, 30_000)
    # What is above a bucket's quota fills the part that any subject may fill.
    assert [(p.bucket, p.got, p.quota) for p in found.parts] == [
        ("general", 18_000, 15_000),
        ("professional", 2_000, 25_000),
        ("", 3_000, 10_000),
    ]
    assert sum(p.short for p in found.parts) == found.short
    assert Yardstick(book, START, END).duty(None, None, False) is None


@pytest.mark.parametrize(
    ("day", "got", "recent", "status", "finish"),
    [
        (date(2026, 10, 12), 45_000, 3_500, "on-course", date(2026, 11, 13)),  # 5 h at 45 h in 285 days
        (date(2026, 10, 12), 21_500, 0, "late", None),
        (date(2026, 10, 12), 39_000, 4_000, "at-risk", date(2026, 12, 28)),
        (date(2026, 10, 12), 46_000, 0, "on-course", date(2026, 11, 6)),  # far ahead: may rest
        (date(2026, 1, 5), 1_000, 1_000, "on-course", None),  # the year has just begun
        (date(2026, 12, 31), 49_000, 0, "late", None),
    ],
)
def test_status_follows_the_better_pace(day: date, got: int, recent: int, status: str, finish: date | None) -> None:
    found = outlook(duty(got), day, recent)
    assert found.status == status
    if finish is not None:
        assert found.finish == finish
    left = max(1, (END - day).days)
    assert found.weekly * left >= (50_000 - got) * 7  # it is enough
    assert (found.weekly - 100) * left < (50_000 - got) * 7  # and no more than that


def test_done_is_done() -> None:
    assert outlook(duty(50_000, met=True), date(2026, 3, 2), 0).status == "done"


def course(code: int, bucket: str, worth: int, **more: Any) -> Any:
    given = {"required": False, "done": False, "length_ms": worth, "counted_ms": 0}
    return SimpleNamespace(row=SimpleNamespace(id=code), bucket=bucket, left=worth, **(given | more))


def test_the_plan_closes_the_gap_and_no_more() -> None:
    year: Any = SimpleNamespace(
        duty=duty(38_000, 40_000, Part("general", 15_000, 15_000), Part("professional", 23_000, 25_000)),
        courses=[
            course(1, "general", 5_000),
            course(2, "professional", 1_500),
            course(3, "professional", 1_000),
            course(4, "professional", 9_000),
            course(5, "professional", 700, done=True),
        ],
    )
    found = plan.closing(year)
    assert found is not None
    assert [c.row.id for c in found.courses] == [3, 2]
    assert (found.total, found.short, found.enough, found.more) == (2_500, 2_000, True, 0)
    year.duty = duty(40_000, 40_000, met=True)
    assert plan.closing(year) is None


def test_the_plan_says_whether_what_is_offered_is_enough() -> None:
    """Five are shown; those beyond them still count for the answer, and nothing is enough that is not."""
    year: Any = SimpleNamespace(duty=duty(43_000), courses=[course(n, "general", 1_000) for n in range(1, 9)])
    found = plan.closing(year)
    assert found is not None
    assert (len(found.courses), found.total, found.enough, found.more) == (5, 5_000, True, 2)
    assert found.offered == 7_000
    year.courses = year.courses[:6]
    found = plan.closing(year)
    assert found is not None
    assert (found.total, found.offered, found.enough, found.more) == (5_000, 6_000, False, 1)


def test_a_full_subject_closes_no_gap_of_another() -> None:
    year: Any = SimpleNamespace(
        duty=duty(38_000, 40_000, Part("general", 15_000, 15_000), Part("professional", 23_000, 25_000)),
        courses=[course(1, "general", 5_000)],
    )
    found = plan.closing(year)
    assert found is not None
    assert (found.courses, found.enough) == ((), False)


def test_addresses_hold_only_what_differs() -> None:
    wanted = Wanted.read({"q": " a ", "page": "3", "sort": "short", "requirement": "x", "state": "done"})
    assert wanted == Wanted("a", "", "", "done", "short", 3)
    assert wanted.address() == {"q": "a", "state": "done", "sort": "short"}
    assert wanted.address(page=2, q="") == {"state": "done", "sort": "short", "page": 2}
    assert Wanted.read({}).address() == {}
