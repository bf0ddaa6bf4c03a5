"""Words for days: one form a language, and the year wherever it is another one than today's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask
from flask_babel import Babel, force_locale

from app.base import labels

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
NEXT_YEAR = date(2027, 7, 24)
LATE = datetime(2026, 12, 31, 17, 30, tzinfo=UTC)  # already 2027 in Shanghai


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    """Days are said in the reader's language and on the academy's clock."""
    app = Flask(__name__)
    Babel(app, default_locale="en", default_timezone="Asia/Shanghai")
    with app.test_request_context(), time_machine.travel(NOW, tick=False):
        yield


def test_the_year_is_said_where_it_is_another_one() -> None:
    assert labels.short_day(date(2026, 7, 24)) == "24 July"
    assert labels.short_day(NEXT_YEAR) == "24 July 2027"
    assert labels.short_day(NEXT_YEAR, date(2027, 1, 1)) == "24 July"
    assert labels.list_day(NEXT_YEAR) == "24 Jul 2027"
    assert labels.list_weekday(NEXT_YEAR) == "Sat 24 Jul 2027"
    assert (labels.year_of(NEXT_YEAR), labels.year_of(date(2026, 7, 24))) == ("2027", "")
    with force_locale("zh_Hans_CN"):
        assert labels.short_day(date(2026, 7, 24)) == "7月24日"
        assert labels.short_day(NEXT_YEAR) == labels.list_day(NEXT_YEAR) == "2027年7月24日"
        assert labels.list_weekday(NEXT_YEAR) == "2027年7月24日 周六"
        assert labels.year_of(NEXT_YEAR) == "2027年"


def test_moments_stand_on_the_academys_clock() -> None:
    assert labels.this_day() == date(2026, 11, 26)
    assert labels.short_time(NOW) == "26 November 12:00"
    assert labels.list_time(LATE) == "1 Jan 2027 01:30"
    assert labels.full_time(NOW) == "26 November 2026, 12:00"
    with force_locale("zh_Hans_CN"):
        assert labels.short_time(LATE) == "2027年1月1日 01:30"
        assert labels.full_time(NOW) == "2026年11月26日 12:00"


def test_forms_offer_only_codes() -> None:
    assert "" not in labels.codes("bucket")
    assert labels.label("bucket", "") == "Any subject"


@pytest.mark.parametrize(("english", "marks"), [(False, "公任S"), (True, "GAS")])
def test_seals_speak_the_readers_language(monkeypatch: pytest.MonkeyPatch, english: bool, marks: str) -> None:
    monkeypatch.setattr(labels, "english", lambda: english)
    found = [labels.seal(bucket) for bucket in ("general", "", "special")]
    assert found == [(marks[0], 1), (marks[1], 3), (marks[2], 3)]
