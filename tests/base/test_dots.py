"""The class on the ruler: every learner a mark, where it belongs; the words and the table say what it says."""

from __future__ import annotations

import gzip
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from app.base import dots
from app.base.dots import NARROW, STATUSES, WIDE, Dot, Named

HOSTILE = "<script>alert(1)</script>\"&'"


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    """Charts translate their words, which needs a request."""
    app = Flask(__name__)
    Babel(app, default_locale="en")
    dots.init_app(app)
    with app.test_request_context():
        yield


def a_class(size: int) -> list[Dot]:
    """A year as it is in autumn: most on course, some done, some behind."""
    chance = random.Random(size)
    hours = [int(min(70, max(0, chance.gauss(42, 10))) * 1000) for _each in range(size)]
    kinds = [
        "done" if h >= 50_000 else "on-course" if h > 36_000 else "at-risk" if h > 28_000 else "late" for h in hours
    ]
    return [Dot(each, kind) for each, kind in zip(hours, kinds, strict=True)]


def marks(drawing: str, kind: str) -> int:
    """How many marks of a kind both drawings have together."""
    root = ET.fromstring(f"<root>{drawing}</root>")
    paths = [each.get("d", "") for each in root.iter() if kind in each.get("class", "").split()]
    return sum(path.count("M") for path in paths)


def test_every_learner_is_one_mark_of_the_status_shape() -> None:
    people = [Dot(1000, "late"), Dot(49_000, "at-risk"), Dot(45_000, "on-course"), Dot(60_000, "done")]
    drawn = dots.draw(people * 5, 50_000, even=43_300)
    assert [marks(drawn, kind) for kind in ("s-late", "s-at-risk", "m-on-course", "m-done", "m-hole")] == [10] * 5
    shapes = {kind: re.search(rf'class="{kind}"[^>]* d="M[\d. ]+([^M"]+)', drawn) for kind in ("s-late", "s-at-risk")}
    assert all(shapes.values())
    assert len({found.group(1) for found in shapes.values() if found}) == 2, "told apart without colour"


def test_600_learners_are_one_element_a_kind_and_weigh_little() -> None:
    drawn = str(dots.draw(a_class(600), 50_000, even=43_300))
    assert drawn.count("<path") < 30
    assert len(gzip.compress(drawn.encode())) < 16_000


def test_marks_stand_where_the_hours_are_and_the_most_urgent_at_the_foot() -> None:
    people = [Dot(10_000, "done"), Dot(10_000, "on-course"), Dot(10_000, "late"), Dot(40_000, "done")]
    for width in (WIDE, NARROW):
        found = dots.layout(people, 50_000, width)
        foot = sorted((0, 1, 2), key=lambda i: -found.at[i][1])
        assert foot == [2, 1, 0]
        for index, each in enumerate(people):
            assert abs(found.at[index][0] - found.x(each.hours)) <= 12, "within its column"
        assert found.at[0][0] < found.at[3][0]


spread = st.lists(
    st.builds(Dot, st.integers(-(10**6), 10**9), st.sampled_from([*STATUSES, ""]), st.booleans()), max_size=80
)


@given(spread, st.integers(-5, 10**6), st.sampled_from([WIDE, NARROW]))
def test_whatever_comes_stays_inside(people: list[Dot], target: int, width: int) -> None:
    found = dots.layout(people, target, width)
    assert len(found.at) == len(people)
    for x, y in found.at.values():
        assert 0 <= x <= width
        assert 0 <= y <= found.floor
    ET.fromstring(f"<root>{dots.draw(people, target, even=target // 2)}</root>")


@pytest.mark.parametrize("size", [0, 1, 10, 100, 600])
def test_when_all_stand_at_one_place_each_is_still_to_be_seen(size: int) -> None:
    """The first week of January: nobody has anything."""
    found = dots.layout([Dot(0, "on-course")] * size, 50_000, WIDE)
    assert len(set(found.at.values())) == size, "none hides another"
    assert all(x < 12 + 12 for x, _y in found.at.values()), "none leaves its column"
    assert found.floor < 350


def test_the_filter_makes_the_others_pale_and_moves_nobody() -> None:
    people = a_class(60)
    some = [Dot(each.hours, each.status, each.status == "late") for each in people]
    assert dots.places(some, 50_000) == dots.places(people, 50_000)
    pale = re.findall(r'<g class="away">(.*?)</g>', dots.draw(some, 50_000))
    assert len(pale) == 2
    assert all("s-late" not in each and "m-done" in each for each in pale)
    assert 'class="away"' not in dots.draw(people, 50_000)


def test_the_words_say_what_the_drawing_says() -> None:
    people = [Dot(8_100, "late"), Dot(29_300, "late"), Dot(45_000, "on-course"), Dot(61_200, "done")]
    assert dots.said(people, 50_000, 43_300) == (
        "4 learners by hours counted; the duty is 50. Even pace today: 43.3. "
        "Will not make it: 2, from 8.1 to 29.3 hours. On course: 1, from 45.0 to 45.0 hours. "
        "Done: 1, from 61.2 to 61.2 hours."
    )
    drawn = dots.draw(people, 50_000, even=43_300)
    labels = {
        each.get("aria-label") for each in ET.fromstring(f"<root>{drawn}</root>").iter() if each.get("role") == "img"
    }
    assert labels == {dots.said(people, 50_000, 43_300)}
    some = [Dot(each.hours, each.status, each.status == "late") for each in people]
    assert "The filter leaves 2 of them" in dots.said(some, 50_000, None)


def test_the_table_counts_everybody_once() -> None:
    people = a_class(300)
    rows = dots.bins(people, 50_000)
    assert [row.high - row.low for row in rows] == [5000] * len(rows)
    assert [row.low for row in rows] == sorted({each.hours // 5000 * 5000 for each in people})
    for status in STATUSES:
        assert sum(row.counts[status] for row in rows) == sum(each.status == status for each in people)


def _named(people: Sequence[Dot], index: int, title: str = "周予安 21.5") -> str:
    return str(dots.draw(people, 50_000, even=43_300, named=Named(index, title, "away for 5 weeks")))


def test_one_mark_may_be_named_where_nothing_stands_in_its_way() -> None:
    people = [Dot(21_500, "late"), Dot(45_000, "on-course"), Dot(46_000, "on-course")]
    assert _named(people, 0).count("周予安 21.5") == 2, "wide and narrow"
    assert "<script" not in _named(people, 0, HOSTILE)
    crowd = [Dot(20_000 + n, "late") for n in range(400)]
    assert "周予安" not in _named(crowd, 0), "its line would cross the others"


def test_nothing_is_styled_inline() -> None:
    assert not re.search(r"\sstyle=|\son\w+=|<style", dots.draw([Dot(1000, "done")], 50_000, even=1000))
