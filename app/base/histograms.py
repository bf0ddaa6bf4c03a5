"""A histogram of one thing before and after a change, drawn by the server as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.base import charts
from app.base.charts import NARROW, WIDE
from app.base.numbers import duty

HEIGHT = 170
_FLOOR, _LEFT = 140, 34
_ROUND = (1, 2, 5)


def pairs(edges: Sequence[int], before: Sequence[int], after: Sequence[int], label: str) -> Markup:
    """Two bars for each part between two edges (thousandths, rising): hollow and hatched before, solid after.

    A wide and a narrow drawing; the style sheet shows one. Give a table beside it for screen readers.
    """
    drawn = Markup("")
    for width, kind in ((WIDE, "wide-only"), (NARROW, "narrow-only")):
        body = _drawn(edges, before, after, width)
        drawn += charts.svg(f"pairs-svg {kind}", width, HEIGHT, label, body)
    return drawn


def _drawn(edges: Sequence[int], before: Sequence[int], after: Sequence[int], width: int) -> str:
    count = max(1, len(before))
    top = max([1, *before, *after])
    step = next(unit * base for base in _tens() for unit in _ROUND if unit * base * 5 >= top)
    top = -(-top // step) * step
    wide, high = (width - _LEFT - 8) / count, (_FLOOR - 12) / top
    body = ""
    for mark in range(0, top + 1, step):
        y = _FLOOR - mark * high
        body += f'<path class="grid" d="M{_LEFT} {y:.1f}H{width - 8}"/>'
        body += f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark}</text>'
    gap = min(4.0, wide * 0.12)
    half = wide / 2 - gap
    for place in range(len(before)):
        x = _LEFT + wide * place + gap
        body += _bar(x, half, before[place] * high, 'class="bar-before" fill="url(#hatch-before)"')
        body += _bar(x + half, half, after[place] * high, 'class="bar-after"')
    body += f'<path class="axis" d="M{_LEFT} {_FLOOR}H{width - 8}"/>'
    every = -(-len(edges) * 34 // (width - _LEFT))
    for place, edge in enumerate(edges):
        if place % every == 0:
            x = _LEFT + wide * place
            body += f'<text x="{x:.1f}" y="{_FLOOR + 18}" text-anchor="middle">{duty(edge)}</text>'
    return body


def _tens() -> Sequence[int]:
    return [10**power for power in range(10)]


def _bar(x: float, wide: float, high: float, look: str) -> str:
    if high <= 0:
        return ""
    high = max(1.0, high)
    return f'<rect {look} x="{x:.1f}" y="{_FLOOR - high:.1f}" width="{max(1.0, wide):.1f}" height="{high:.1f}"/>'
