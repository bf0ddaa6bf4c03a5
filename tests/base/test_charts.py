"""The drawn charts: right lengths, nothing unescaped, hostile numbers stay inside the drawing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from app.base import charts, numbers
from app.base.charts import RingPart

HOSTILE = "<script>alert(1)</script>\"&'"


@pytest.fixture(autouse=True)
def request_context() -> Iterator[None]:
    """Charts translate their words, which needs a request."""
    app = Flask(__name__)
    Babel(app, default_locale="en")
    charts.init_app(app)
    with app.test_request_context():
        yield


def elements(markup: str, kind: str) -> list[ET.Element]:
    """Every element of the drawing whose class holds `kind`; parsing proves the drawing is well formed."""
    root = ET.fromstring(f"<root>{markup}</root>")
    return [one for one in root.iter() if kind in one.get("class", "").split()]


def rects(markup: str, kind: str) -> list[tuple[float, float]]:
    """(x, width) of every rectangle of one kind, from the wide drawing or the only one."""
    return [(float(one.get("x", 0)), float(one.get("width", 0))) for one in elements(markup, kind)]


@pytest.mark.parametrize(
    ("thousandths", "text"),
    [
        (0, "0.0"),
        (45_500, "45.5"),
        (133, "0.133"),
        (2_130, "2.13"),
        (-8_000, "\u22128.0"),
        (50_000, "50.0"),
    ],
)
def test_hours_keep_what_was_earned(thousandths: int, text: str) -> None:
    assert numbers.hours(thousandths) == text


@pytest.mark.parametrize(
    ("thousandths", "had", "missing"),
    [
        (47_197, "47.1", "47.2"),
        (16_700, "16.7", "16.7"),
        (49_999, "49.9", "50.0"),
        (51, "0.051", "0.051"),
        (0, "0.0", "0.0"),
        (-2_130, "\u22122.1", "\u22122.2"),
    ],
)
def test_overviews_have_one_decimal_and_keep_the_exact_number(thousandths: int, had: str, missing: str) -> None:
    for found, text in ((numbers.tenths(thousandths), had), (numbers.tenths_up(thousandths), missing)):
        assert re.sub("<.*?>", "", found) == text
        assert text == numbers.hours(thousandths) or f'title="{numbers.hours(thousandths)}"' in found


@pytest.mark.parametrize(
    ("thousandths", "text"), [(1_433_249_000, "1,433,249.0"), (-1_000_125, "\u22121,000.125"), (999_000, "999.0")]
)
def test_sums_over_many_people_have_their_thousands_apart(thousandths: int, text: str) -> None:
    assert numbers.grouped(thousandths) == text


@pytest.mark.parametrize(("decimals", "text"), [(1, "\u22122.1"), (2, "\u22122.13"), (3, "\u22122.130")])
def test_columns_have_the_same_decimals(decimals: int, text: str) -> None:
    assert numbers.fixed(-2_130, decimals) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0:00"), (59_999, "0:59"), (1_252_000, "20:52"), (3_600_000, "1:00:00"), (-5, "0:00")],
)
def test_clock(ms: int, text: str) -> None:
    assert numbers.clock(ms) == text


@pytest.mark.parametrize(
    ("value", "target", "width"),
    [(0, 50, 0), (25, 50, 500), (50, 50, 1000), (80, 50, 1000), (-3, 50, 0), (5, 0, 0)],
)
def test_ruler_is_as_long_as_its_share(value: int, target: int, width: float) -> None:
    assert rects(charts.ruler(value, target), "fill") == [(0, width)]


def test_ruler_without_label_is_hidden_and_with_label_is_named() -> None:
    assert 'aria-hidden="true"' in charts.ruler(1, 2)
    assert 'role="img" aria-label="1 of 2"' in charts.ruler(1, 2, label="1 of 2")


def test_ruler_takes_no_foreign_class() -> None:
    assert "x onload" not in charts.ruler(1, 2, tone='x onload="a"')


def test_labels_and_names_are_escaped() -> None:
    drawings = (
        charts.ruler(1, 2, label=HOSTILE),
        charts.ring([RingPart("<", 1, 2, 1)], 1, 2, HOSTILE),
        charts.coverage(1000, [[0, 10]], label=HOSTILE),
    )
    for drawing in drawings:
        assert "<script" not in drawing
        ET.fromstring(f"<root>{drawing}</root>")


def test_no_drawing_uses_inline_style() -> None:
    drawing = (
        charts.ruler(1, 2)
        + charts.ring([], 1, 2)
        + charts.coverage(1000, [[0, 10]], [[20, 30]], [[40, 50]], head_ms=10)
    )
    assert not re.search(r"\sstyle=|\son\w+=|<style", drawing)


def test_ring_arcs_are_quotas_and_the_gap_shows() -> None:
    parts = [
        RingPart("公", 15_000, 15_000, 1),
        RingPart("专", 0, 25_000, 2),
        RingPart("选", 7_500, 10_000, 3),
    ]
    drawn = charts.ring(parts, 22_500, 50_000)
    assert len(elements(drawn, "track")) == 3
    assert len(elements(drawn, "b1")) == 1
    assert len(elements(drawn, "b2")) == 0, "nothing earned, nothing filled"
    assert elements(drawn, "b1")[0].get("d") == elements(drawn, "track")[0].get("d"), "full is full"
    assert elements(drawn, "b3")[0].get("d") != elements(drawn, "track")[2].get("d"), "the gap can be seen"
    assert "22.5" in drawn


def test_ring_without_quotas_is_one_arc() -> None:
    assert len(elements(charts.ring([RingPart("公", 5, 0, 1)], 5, 0), "track")) == 1


def test_coverage_lays_each_span_where_it_is() -> None:
    drawn = charts.coverage(700_000, [[0, 350_000]], [[350_000, 420_000]], [[630_000, 700_000]], label="x")
    assert rects(drawn, "counted")[0] == (0.0, 350.0)
    assert rects(drawn, "pending")[0] == (350.0, 70.0)
    assert rects(drawn, "refused")[0] == (630.0, 70.0)
    assert len(elements(drawn, "coverage-bar")) == 2, "one for wide, one for narrow screens"


def test_coverage_tells_kinds_apart_without_colour() -> None:
    drawn = charts.coverage(100_000, [], [[0, 10_000]], [[50_000, 60_000]])
    assert all(one.get("fill") == "url(#hatch)" for one in elements(drawn, "pending"))
    assert len(elements(drawn, "refused-x")) == len(elements(drawn, "refused"))
    assert "0:10 waits for an answer" in drawn


def test_a_refused_instant_can_still_be_seen() -> None:
    drawn = charts.coverage(7_200_000, [], [], [[100, 200]])
    assert rects(drawn, "refused")[0][1] >= 1.5


span = st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))


@given(st.integers(-5, 10**8), st.lists(span, max_size=6), st.lists(span, max_size=6), st.integers(-9, 10**9))
def test_coverage_stays_inside_whatever_comes(
    length: int, counted: list[tuple[int, int]], refused: list[tuple[int, int]], head: int
) -> None:
    drawn = charts.coverage(length, counted, (), refused, head_ms=head, label="x")
    for x, width in rects(drawn, "counted") + rects(drawn, "refused"):
        assert x >= 0
        assert x + width <= 702
    texts = [one for one in ET.fromstring(f"<root>{drawn}</root>").iter() if one.tag.endswith("text")]
    assert len(texts) <= 20, "labels never crowd"


def test_a_title_always_has_the_same_book() -> None:
    looks = {charts.cover_look(f"课程{number}") for number in range(200)}
    assert charts.cover_look("课程1") == charts.cover_look("课程1")
    assert len(looks) > 25, "pigments and motifs are all used"
    assert all(0 <= pigment < 5 and 0 <= motif < 7 for pigment, motif in looks)
