"""The years of the sample's learners: the same on every machine, and as different as people are."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.sample import CONTENT
from app.sample.year import MINUTES_PER_HOUR, Elsewhere, Years

ZONE = ZoneInfo("Asia/Shanghai")
PLAN = tomllib.loads((CONTENT / "sample" / "year.toml").read_text(encoding="utf-8"))
PEOPLE = [f"l{number:03d}" for number in range(61, 161)]


def years() -> Years:
    return Years(PLAN, ZONE)


def done(profile: str, year: int = 2026) -> Iterator[tuple[str, list[tuple[datetime, Elsewhere]]]]:
    found = years()
    yield from ((login, list(found.elsewhere(login, profile, year))) for login in PEOPLE)


def hours(pieces: list[tuple[datetime, Elsewhere]], until: date = date.max) -> float:
    return sum(each.minutes for moment, each in pieces if moment.date() <= until) / MINUTES_PER_HOUR


def test_a_year_is_the_same_whoever_asks_and_whenever() -> None:
    """What had happened by a day stays: a later start only adds. So no draw may hang on anything but login and year."""
    alone = list(years().elsewhere("l061", "steady", 2026))
    after_others = years()
    for login in PEOPLE[1:5]:
        list(after_others.elsewhere(login, "early", 2027))
    assert list(after_others.elsewhere("l061", "steady", 2026)) == alone
    assert list(years().elsewhere("l061", "steady", 2027)) != alone
    first, course = alone[0]
    # If Python drew otherwise one day, a sample would not go on as it began.
    assert (first.isoformat(), course.code) == ("2026-01-05T12:11:28+08:00", "p16")


@pytest.mark.parametrize("profile", PLAN["profiles"])
def test_a_year_has_the_hours_of_its_kind_in_order_and_each_course_once(profile: str) -> None:
    least, most = PLAN["profiles"][profile]["hours"]
    longest = max(each["minutes"] for each in PLAN["courses"]) / MINUTES_PER_HOUR
    for login, pieces in done(profile):
        moments = [moment for moment, _course in pieces]
        assert least <= hours(pieces) <= most + longest, login
        assert moments == sorted(moments)
        assert {moment.year for moment in moments} <= {2026}
        assert len({each.code for _moment, each in pieces}) == len(pieces)


def test_who_is_early_has_the_duty_by_the_end_of_march_and_who_rushes_has_it_in_december() -> None:
    march, november = date(2026, 3, 31), date(2026, 11, 30)
    assert sum(hours(pieces, march) >= 50 for _login, pieces in done("early")) >= 95
    rush = [hours(pieces, november) / hours(pieces) for _login, pieces in done("rush")]
    assert max(rush) < 0.75
    assert sum(rush) / len(rush) < 0.6
    assert all(hours(pieces, date(2026, 7, 31)) == hours(pieces) for _login, pieces in done("stopped"))
    assert all(not pieces for _login, pieces in done("never"))


def test_little_is_done_on_holidays() -> None:
    days = [moment.strftime("%m-%d") for _login, pieces in done("steady") for moment, _course in pieces]
    held = [day for day in days if "10-01" <= day <= "10-07"]
    assert 0 < len(held) < len(days) * 7 / 365 / 3


def test_lessons_here_are_opened_in_order_and_the_last_may_be_left_half() -> None:
    found = years()
    opened = [list(found.lessons(login, "steady", 2026, 34)) for login in PEOPLE]
    for each in opened:
        assert [one.place for one in each] == list(range(len(each)))
        assert all(one.share == 1.0 for one in each[:-1])
        assert [one.moment for one in each] == sorted(one.moment for one in each)
    assert {len(each) > 0 and each[-1].share < 1 for each in opened} == {True, False}
    assert sum(any(one.waits for one in each) for each in opened) in range(1, 15)
    assert not list(found.lessons("l061", "never", 2026, 34))
