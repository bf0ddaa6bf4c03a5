"""A viewing as a picture: the clock from left to right, the lesson from bottom to top. Everything is escaped.

What counted rises as a solid line, what waits as a dashed one; a time without reports is a grey band, which
is drawn narrow however long it was. The same stands in words beside it (`runs`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import nlargest

from markupsafe import Markup, escape

from app.base.clock import from_ms
from app.base.labels import clock_time
from app.base.numbers import clock
from app.rules.viewing.spans import Piece
from app.rules.viewing.timeline import Told

# The wide one stands in a column of a desktop, about 520 wide: so its text keeps its size.
WIDE, NARROW = 540, 328
TOP, HEIGHT, LEFT, FOOT = 8, 108, 46, 22
BAND = 26.0  # px of a time without reports
TAIL_MS = 20_000  # of such a time at the end, what is drawn to scale
MOST_RUNS, MOST_BANDS = 400, 100  # that are drawn; of more times without reports the longest


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch played without a break: when (ms since 1970) and where (ms of the lesson). `kind`: counted or
    pending; granted for what an answer or a person let count afterwards."""

    kind: str
    from_ms: int
    to_ms: int
    start: int
    end: int


def runs(told: Told) -> list[Run]:
    """The pieces of a viewing, those that follow each other joined, in the order of the clock."""
    found: list[Run] = []
    silent = {high for _low, high in told.silences}
    for beat in told.beats:
        if len(found) > MOST_RUNS:  # what comes may still lengthen the last one only
            break
        pieces = [("counted", *piece) for piece in beat.credited]
        pieces += [("pending", start, end) for start, end, _reason in beat.pending]
        if beat.released:
            found += [Run("granted", beat.at_ms, beat.at_ms, start, end) for _kind, start, end in pieces]
            continue
        # Played at single speed at most: a report after a long silence says when it came, not when it was played.
        took = min(beat.elapsed_ms, beat.accepted_ms)
        at, left = float(beat.at_ms - took), beat.accepted_ms
        near = beat.at_ms not in silent
        for kind, start, end in sorted(pieces, key=lambda piece: piece[1]):
            after = at + took * (end - start) / left if left else at
            last = found[-1] if found else None
            if last and last.kind == kind and last.end == start and (near or at == last.to_ms):
                found[-1] = Run(kind, last.from_ms, round(after), last.start, end)
            else:
                found.append(Run(kind, round(at), round(after), start, end))
            at = after
    return found[:MOST_RUNS]


class _Axis:
    """The clock's axis: times with reports to scale, those without as narrow bands."""

    def __init__(self, told: Told, until_ms: int, width: float) -> None:
        self.start, self.end = told.opened_ms, max(until_ms, told.opened_ms + 1000)
        longest = sorted(nlargest(MOST_BANDS, told.silences, key=lambda each: each[1] - each[0]))
        self.bands = [(max(a, self.start), min(b, self.end)) for a, b in longest if a < self.end]
        silent = sum(b - a for a, b in self.bands)
        self.band = min(BAND, width / 2 / len(self.bands)) if self.bands else 0.0
        self.scale = (width - self.band * len(self.bands)) / max(1, self.end - self.start - silent)

    def x(self, ms: float) -> float:
        """Where a moment stands."""
        at, x = float(self.start), 0.0
        for low, high in self.bands:
            if ms <= low:
                break
            x += (low - at) * self.scale
            if ms < high:
                return x + self.band * (ms - low) / (high - low)
            x, at = x + self.band, float(high)
        return x + (min(ms, self.end) - at) * self.scale


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def viewing_svg(told: Told, until_ms: int, length_ms: int, part: Piece | None, label: str) -> Markup:
    """One viewing, wide and narrow; the style sheet shows one. `until_ms`: now, for one that was still open.

    `part` of the lesson that the ticket names is shaded. `label` says the picture's message.
    """
    drawn = Markup("")
    for width, kind in ((WIDE, "wide-only"), (NARROW, "narrow-only")):
        body = Markup(_body(told, until_ms, length_ms, part, width))
        drawn += Markup('<svg class="viewing-svg {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
            kind, width, TOP + HEIGHT + FOOT, label, body
        )
    return Markup('<div class="chart">{}</div>').format(drawn)


def _body(told: Told, until_ms: int, length_ms: int, part: Piece | None, width: int) -> str:
    inner, floor = width - LEFT - 1, TOP + HEIGHT
    end_ms = told.ended_ms if told.ended_ms is not None else until_ms
    axis = _Axis(told, end_ms, inner)

    def x(ms: float) -> str:
        return _n(LEFT + axis.x(ms))

    def y(place: float) -> str:
        return _n(floor - min(max(place, 0), length_ms) / length_ms * HEIGHT)

    body = _frame(length_ms, width, floor)
    if part is not None:
        low, high = y(part[0]), y(part[1])
        body += f'<rect class="named" x="{LEFT}" y="{high}" width="{inner}" height="{_n(float(low) - float(high))}"/>'
    for low_ms, high_ms in axis.bands:
        wide = _n(axis.x(high_ms) - axis.x(low_ms))
        body += f'<rect class="silent" x="{x(low_ms)}" y="{TOP}" width="{wide}" height="{HEIGHT}"/>'
    for run in runs(told):
        if run.kind != "granted":
            body += f'<path class="run-{run.kind}" d="M{x(run.from_ms)} {y(run.start)}L{x(run.to_ms)} {y(run.end)}"/>'
    if told.ended_ms is not None:
        body += f'<path class="ended" d="M{x(told.ended_ms)} {TOP}V{floor}"/>'
    return body + _times(told.opened_ms, end_ms, width, floor, x)


def _frame(length_ms: int, width: int, floor: int) -> str:
    body = f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{width}"/>'
    for share in (0, 0.5, 1):
        at = _n(floor - share * HEIGHT)
        if share:
            body += f'<path class="grid" d="M{LEFT} {at}H{width}"/>'
        body += f'<text x="{LEFT - 6}" y="{at}" dy="4" text-anchor="end">{clock(round(length_ms * share))}</text>'
    return body


def _times(opened_ms: int, end_ms: int, width: int, floor: int, x: Callable[[float], str]) -> str:
    first, last = clock_time(from_ms(opened_ms)), clock_time(from_ms(end_ms))
    body = f'<text x="{LEFT}" y="{floor + 16}">{escape(first)}</text>'
    if last != first:
        body += f'<text x="{width}" y="{floor + 16}" text-anchor="end">{escape(last)}</text>'
    return body
