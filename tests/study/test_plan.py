"""Duty, pace and forecast: reckoned in whole thousandths, checked by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from app.classes.duty import Duty, Part, Yardstick, outlook
from app.classes.standing import StandingRow
from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.planning.plans import Shortage
from app.study import forecast
from app.study.words import all_lacking
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


def test_the_pace_says_what_it_follows_from() -> None:
    day = date(2026, 10, 12)
    assert outlook(duty(45_000), day, 3_500).lately is False  # the whole year was faster
    assert outlook(duty(45_000), day, 9_000).lately is True
    # What was carried into the year is no pace.
    carried = Duty(START, END, 45_000, 50_000, (), met=False, carried=45_000)
    assert outlook(carried, day, 0).finish is None


ALTERNATIVES = factories.RULES.replace(
    '[[test]]\nid = "total"',
    '[[test]]\nid = "days"\nmeasure = "days"\nat_least = 12\ntext = {zh = "面授 12 天", en = "12 days of classes"}\n\n'
    '[[test]]\nid = "more"\nmeasure = "countable"\nat_least = 80\ntext = {zh = "80 学时", en = "80 hours"}\n\n'
    '[[test]]\nid = "total"',
    1,
).replace(
    'id = "yearly"\nmeets = {all = ["total", "general", "professional"]}',
    'id = "yearly"\nwho = {band = "staff"}\nmeets = {any = ["days", {all = ["total", "general", "professional"]}]}',
) + (
    '\n[[requirement]]\nid = "heads"\nwho = {band = "division"}\nmeets = {all = ["more"]}\n'
    'text = {zh = "处级", en = "Division heads"}\n'
)


def standing(band: str) -> StandingRow:
    return StandingRow("class-1", "", "", "city", "", "", band)


def told(**tests: tuple[int, int]) -> str:
    return json.dumps(
        {
            name: {"got": got, "quota": quota, "short": max(0, quota - got), "met": got >= quota}
            for name, (got, quota) in tests.items()
        }
    )


def test_who_is_asked_for_what_follows_from_the_standing() -> None:
    measure = Yardstick(RuleBook([document.load(ALTERNATIVES)]), START, END)
    row = told(
        days=(6_000, 12_000), more=(40_000, 80_000), total=(40_000, 50_000), general=(20_000, 15_000),
        professional=(20_000, 25_000),
    )  # fmt: skip
    head = measure.duty(row, "{}", False, standing("division"))
    assert head is not None
    assert (head.quota, head.short, head.parts, head.ways) == (80_000, 40_000, (), ())
    staff = measure.duty(row, "{}", False, standing("staff"))
    assert staff is not None
    assert (staff.quota, staff.short, [part.bucket for part in staff.parts]) == (
        50_000, 10_000, ["general", "professional", ""],
    )  # fmt: skip
    # The nearer way comes first: 10 of 50 hours and 5 of 25 are less than 6 of 12 days.
    assert [[each.test for each in way] for way in staff.ways] == [["total", "general", "professional"], ["days"]]
    assert [each.short for each in staff.ways[1]] == [6_000]


@pytest.fixture
def words() -> Iterator[None]:
    """English."""
    app = Flask(__name__)
    Babel(app, locale_selector=lambda: "en")
    with app.test_request_context():
        yield


def planned(state: str = "closes", **more: Any) -> Any:
    given = {
        "state": state, "version": RuleBook([document.load(factories.RULES)]).versions[0], "weekly_ms": 38 * 60_000,
        "left_ms": 402 * 60_000, "lacks": (), "leaves": (),
    }  # fmt: skip
    return SimpleNamespace(plan=SimpleNamespace(**(given | more)))


def shortage(test: str, short: int, measure: str = "countable") -> Shortage:
    return Shortage(START, test, measure, 0, short, short, False)


@pytest.mark.parametrize(
    ("case", "day", "hours", "recent", "gap", "said"),
    [
        ("on pace", date(2026, 10, 12), (45_000, False), 9_000, planned(), "At your pace of the last four weeks you finish on 28 October; 40 minutes a week is enough."),  # noqa: E501
        ("on the period's pace", date(2026, 10, 12), (45_000, False), 0, planned(), "At your pace of this period you finish on 13 November; 40 minutes a week is enough."),  # noqa: E501
        ("too slow", date(2026, 10, 12), (5_000, False), 5_000, planned(), "At your pace of the last four weeks you would finish on 21 June 2027, after 31 December. 40 minutes a week is needed from now on."),  # noqa: E501
        ("too slow a period", date(2026, 10, 12), (20_000, False), 0, planned(), "At your pace of this period you would finish on 14 December 2027, after 31 December. 40 minutes a week is needed from now on."),  # noqa: E501
        ("far too slow", date(2026, 10, 12), (1, False), 1, planned(), "At your pace of the last four weeks you do not finish. 40 minutes a week is needed for 31 December."),  # noqa: E501
        ("no pace", date(2026, 2, 12), (0, False), 0, planned(), "Nothing was counted in the last four weeks. With 40 minutes a week you finish by 31 December."),  # noqa: E501
        ("last days", date(2026, 12, 29), (20_000, False), 0, planned(), "Until 31 December 402 minutes of study are needed."),  # noqa: E501
        ("not enough", date(2026, 10, 12), (5_000, False), 1_000, planned("open", leaves=(shortage("professional", 2_000),)), "4.0 hours a week are needed for 31 December. All courses offered now leave 2.0 hours of professional subjects open."),  # noqa: E501
        ("not enough on pace", date(2026, 10, 12), (45_000, False), 9_000, planned("open", leaves=(shortage("total", 1_500),)), "At your pace you finish on 28 October, if more courses are offered: those of today leave 1.5 hours open."),  # noqa: E501
        ("done", date(2026, 10, 12), (51_000, True), 0, planned("met"), "You have 51.0 of 50 hours. What you learn beyond them is kept on your statement."),  # noqa: E501
        ("done so far", date(2026, 10, 12), (45_000, False), 0, planned("met"), "Nothing is missing in this period. What the duty asks for over several periods is not due yet."),  # noqa: E501
        ("exempt", date(2026, 10, 12), (0, False), 0, planned("exempt"), "You are exempt from the duty of this period. What you learn is kept on your statement."),  # noqa: E501
        ("other than hours", date(2026, 10, 12), (51_000, False), 0, planned(lacks=(shortage("days", 1_000, "days"),)), "Still missing: 1 days."),  # noqa: E501
        ("unknown", date(2026, 10, 12), None, 0, None, "No yearly duty is set for you yet. What you learn is kept and counts from the day it is set."),  # noqa: E501
    ],
)  # fmt: skip
def test_every_forecast_says_what_holds(
    words: None, case: str, day: date, hours: tuple[int, bool] | None, recent: int, gap: Any, said: str
) -> None:
    found = duty(hours[0], met=hours[1]) if hours is not None else None
    year: Any = SimpleNamespace(day=day, duty=found, outlook=outlook(found, day, recent) if found is not None else None)
    assert forecast.case(year, gap, []) == case
    assert forecast.sentence(year, gap, []).striptags() == said
    assert case in forecast.CASES


def test_what_is_missing_is_one_phrase(words: None) -> None:
    version = RuleBook([document.load(factories.RULES)]).versions[0]
    total, own = shortage("total", 4_500), shortage("professional", 2_000)
    assert all_lacking(version, (total, own)).striptags() == "4.5 hours, 2.0 hours of professional subjects among them"
    # A subject that lacks all that the whole does is said alone.
    assert all_lacking(version, (shortage("total", 2_000), own)).striptags() == "2.0 hours of professional subjects"
    assert all_lacking(version, (total,)).striptags() == "4.5 hours"
