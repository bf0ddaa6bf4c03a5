"""Before and after as bars: what is drawn is what was counted, at both widths, whatever the numbers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base import histograms
from app.base.charts import NARROW, WIDE

BAR = re.compile(r'<rect class="bar-(\w+)"[^>]* x="([-\d.]+)" y="([-\d.]+)" width="([-\d.]+)" height="([-\d.]+)"')


def bars(drawn: str) -> list[list[tuple[str, list[float]]]]:
    """(before or after, [x, y, width, height]) of each bar, by drawing."""
    return [
        [(kind, [float(each) for each in rest]) for kind, *rest in BAR.findall(part)]
        for part in drawn.split("<svg")[1:]
    ]


def test_bars_stand_in_proportion_side_by_side() -> None:
    wide, narrow = bars(str(histograms.pairs([0, 5000, 10000], [10, 0], [5, 20], "words")))
    assert [kind for kind, _at in wide] == ["before", "after", "after"]
    heights = [at[3] for _kind, at in wide]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert heights[2] == pytest.approx(4 * heights[1], abs=0.4)
    assert wide[0][1][0] + wide[0][1][2] == pytest.approx(wide[1][1][0], abs=0.2)
    assert [kind for kind, _at in narrow] == [kind for kind, _at in wide]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=40), st.integers(-50_000, 10**9))
def test_whatever_is_counted_stays_in_the_drawing(counts: list[tuple[int, int]], first: int) -> None:
    edges = [first + 5000 * place for place in range(len(counts) + 1)]
    drawn = histograms.pairs(edges, [a for a, _b in counts], [b for _a, b in counts], '"<words>"')
    assert "<words>" not in drawn
    for width, found in zip((WIDE, NARROW), bars(str(drawn)), strict=True):
        assert len(found) == sum((a > 0) + (b > 0) for a, b in counts)
        for _kind, (x, y, wide, high) in found:
            assert 0 <= x <= x + wide <= width + 1
            assert 0 <= y <= y + high <= histograms.HEIGHT
