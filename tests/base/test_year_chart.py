"""The year's chart: the line lies where the numbers say, the labels do not lie on each other, nothing sticks out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from app.base import year_chart
from app.base.year_chart import YearLine, draw

START, END = date(2026, 1, 1), date(2026, 12, 31)
HOSTILE = "<script>alert(1)</script>\"&'"


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    """Charts translate their words, which needs a request."""
    app = Flask(__name__)
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield


def line(*steps: tuple[int, int], today: int = 200, finish: date | None = None, target: int = 50_000) -> YearLine:
    """`steps`: days after the beginning and the total then."""
    days = tuple((START + timedelta(day), total) for day, total in steps)
    return YearLine(START, END, START + timedelta(today), days, target, finish)


def drawings(markup: str) -> tuple[ET.Element, ET.Element]:
    """The wide and the narrow one; parsing proves them well formed."""
    wide, narrow = ET.fromstring(f"<root>{markup}</root>")
    return wide, narrow


def path(drawing: ET.Element, kind: str) -> list[tuple[float, float]]:
    """The corners of a path of straight lines."""
    found = next(one for one in drawing if kind in one.get("class", "").split()).get("d", "")
    x = y = 0.0
    corners = []
    for word, numbers in re.findall(r"([MLHV])([^MLHVz]*)", found):
        values = [float(each) for each in numbers.split()]
        x, y = (values[0], y) if word == "H" else (x, values[0]) if word == "V" else (values[0], values[1])
        corners.append((x, y))
    return corners


def near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """The same place, but for rounding."""
    return abs(one[0] - other[0]) < 0.11 and abs(one[1] - other[1]) < 0.11


def kinds(drawing: ET.Element) -> set[str]:
    return {kind for one in drawing for kind in one.get("class", "").split()}


@pytest.mark.parametrize("which", [0, 1])
def test_the_line_climbs_at_the_end_of_the_day_by_what_was_counted(which: int) -> None:
    drawing = drawings(draw(line((99, 10_000), (149, 25_000)), "x"))[which]
    (left, floor), *corners, (now, top) = path(drawing, "actual")
    right, aim = path(drawing, "target")[1]
    day, hour = (right - left) / 365, (floor - aim) / 50_000
    assert near(corners[0], (left + 100 * day, floor))
    assert near(corners[1], (corners[0][0], floor - 10_000 * hour))
    assert near(corners[3], (corners[2][0], floor - 25_000 * hour))
    assert near((now, top), (left + 201 * day, corners[3][1]))
    assert path(drawing, "ideal")[1] == (right, aim), "an even pace ends on the target"


def test_the_forecast_meets_the_target_on_its_day_or_falls_short_at_the_end() -> None:
    drawing = drawings(draw(line((99, 30_000), finish=date(2026, 11, 3)), "x"))[0]
    right, aim = path(drawing, "target")[1]
    left = path(drawing, "target")[0][0]
    assert near(path(drawing, "forecast")[1], (left + (right - left) * 307 / 365, aim))
    late = line((99, 30_000), finish=date(2027, 6, 1))
    assert late.at_end is not None
    assert 30_000 < late.at_end < 50_000
    x, y = path(drawings(draw(late, "x"))[0], "forecast")[1]
    assert x == right
    assert y > aim
    for done in (line((99, 51_000), finish=date(2026, 11, 3)), line((99, 30_000))):
        assert "forecast" not in kinds(drawings(draw(done, "x"))[0])


def test_what_there_was_on_a_day() -> None:
    found = line((99, 10_000), (149, 25_000), (150, 21_000))
    assert [found.on(START + timedelta(day)) for day in (0, 98, 99, 148, 149, 150, 300)] == [
        0, 0, 10_000, 10_000, 25_000, 21_000, 21_000,
    ]  # fmt: skip
    assert (found.even(START), found.even(END), found.even(END + timedelta(9))) == (136, 50_000, 50_000)


STEADY = [(day, 1_200 * place) for place, day in enumerate(range(5, 280, 9), 1)]
STATES = {
    "first day": line(today=0),
    "nothing by summer": line(today=190, finish=None),
    "little": line((20, 900), today=60, finish=date(2027, 9, 1)),
    "on course": line(*STEADY, today=285, finish=date(2026, 11, 3)),
    "early": line((20, 20_000), (40, 44_000), today=50, finish=date(2026, 3, 1)),
    "in the last days": line((20, 20_000), (340, 48_000), today=362, finish=date(2026, 12, 31)),
    "just too late": line((20, 20_000), (340, 48_900), today=350, finish=date(2027, 1, 20)),
    "more than enough": line((20, 20_000), (100, 93_000), today=300),
    "half an hour is the duty": line((20, 200), today=100, target=500),
    "a fall today": line((20, 20_000), (300, 39_900), (328, 33_300), today=328, finish=date(2027, 3, 1)),
    "ninety": line((20, 20_000), (100, 43_000), today=300, target=90_000, finish=date(2028, 1, 1)),
}  # fmt: skip


def boxes(drawing: ET.Element) -> list[tuple[str, float, float, float]]:
    """(text, left, right, base) of every text, by how wide letters are about."""
    size = 13.25 if "narrow-only" in drawing.get("class", "") else 12
    found = []
    for one in drawing:
        if one.tag.endswith("text"):
            text, x, y = one.text or "", float(one.get("x", 0)), float(one.get("y", 0))
            wide = sum(size if ord(each) > 0x2E7F else size * 0.54 for each in text)
            start = {"end": x - wide, "middle": x - wide / 2}.get(one.get("text-anchor", ""), x)
            found.append((text, start, start + wide, y))
    return found


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
def test_labels_keep_off_each_other_and_inside(name: str, language: str) -> None:
    app = Flask("app", root_path=str(year_chart.__file__).rsplit("/base/", 1)[0])
    Babel(app, default_locale=language)
    with app.test_request_context():
        markup = draw(STATES[name], "x")
    for drawing in drawings(markup):
        wide = float(drawing.get("viewBox", "").split()[2])
        found = boxes(drawing)
        for one, other in combinations(found, 2):
            apart = one[1] >= other[2] or other[1] >= one[2] or abs(one[3] - other[3]) >= 11
            assert apart, (name, wide, one, other)
        assert all(left >= -12 and right <= wide + 4 and 8 <= base <= 220 for _text, left, right, base in found), found


def test_its_name_is_escaped_and_it_has_no_style() -> None:
    markup = draw(STATES["on course"], HOSTILE)
    assert "<script" not in markup
    assert not re.search(r"\sstyle=|\son\w+=", markup)
    assert {one.get("role") for one in drawings(markup)} == {"img"}
    assert {one.get("aria-label") for one in drawings(markup)} == {HOSTILE}


steps = st.lists(st.tuples(st.integers(0, 1800), st.integers(-(10**6), 10**8)), max_size=8)


@given(steps, st.integers(0, 10**7), st.integers(-5, 2000), st.integers(0, 4000), st.integers(1, 1825))
def test_it_stays_inside_whatever_comes(
    days: list[tuple[int, int]], target: int, today: int, finish: int, length: int
) -> None:
    ordered = tuple((START + timedelta(day), total) for day, total in sorted(days))
    end = START + timedelta(length)
    found = YearLine(START, end, START + timedelta(today), ordered, target, START + timedelta(finish))
    for drawing in drawings(draw(found, "x")):
        wide, high = (float(each) for each in drawing.get("viewBox", "").split()[2:])
        for kind in ("actual", "ideal", "target"):
            assert all(0 <= x <= wide and 0 <= y <= high for x, y in path(drawing, kind)), kind
        assert len([one for one in drawing if one.tag.endswith("text")]) <= 30
