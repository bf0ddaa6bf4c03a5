"""How a period's hours come together, drawn: a step line, the even pace, the target, today, where the pace leads.

Amounts are integer thousandths of an hour. Two drawings, as of every chart: the style sheet shows one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.base.charts import svg
from app.base.labels import english, list_day
from app.base.numbers import duty, fixed, hours

WIDE, NARROW = 1024, 328
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)  # whole hours between two lines of the grid


@dataclass(frozen=True, slots=True)
class YearLine:
    """What is drawn. `days`: (day, total at its end), in order, only days on which it changed, none after `today`.

    `finish`: the day on which the present pace reaches the target; None where nothing is forecast.
    """

    start: date
    end: date
    today: date
    days: tuple[tuple[date, int], ...]
    target: int
    finish: date | None = None

    @property
    def whole(self) -> int:
        """Days of the period."""
        return (self.end - self.start).days + 1

    @property
    def gone(self) -> int:
        """Days of it that are over, today included."""
        return min(self.whole, max(0, (self.today - self.start).days + 1))

    @property
    def total(self) -> int:
        """What there is today."""
        return self.days[-1][1] if self.days else 0

    def on(self, day: date) -> int:
        """What there was at the end of a day."""
        return next((total for changed, total in reversed(self.days) if changed <= day), 0)

    def even(self, day: date) -> int:
        """What an even pace has at the end of a day."""
        return self.target * min(self.whole, max(0, (day - self.start).days + 1)) // self.whole

    @property
    def at_end(self) -> int | None:
        """Where the forecast is on the last day, if it does not reach the target before; else None."""
        if self.finish is None or self.finish <= self.end or self.total >= self.target:
            return None
        left, needed = (self.end - self.today).days, (self.finish - self.today).days
        return self.total + (self.target - self.total) * left // max(1, needed)

    def months(self) -> Iterator[date]:
        """The first days of the months that begin in the period."""
        day = self.start if self.start.day == 1 else (self.start.replace(day=1) + timedelta(days=32)).replace(day=1)
        while day <= self.end:
            yield day
            day = (day + timedelta(days=32)).replace(day=1)


def draw(line: YearLine, label: str) -> Markup:
    """Both drawings; `label` says to those who do not see them what they say."""
    drawn = Markup("")
    for width, kind in ((WIDE, "wide-only"), (NARROW, "narrow-only")):
        plot = _Plot(line, width)
        drawn += svg(f"year-svg {kind}", width, plot.height, label, plot.body())
    return drawn


def amount(thousandths: int) -> str:
    """As the ring says it: one decimal, a tenth or less whole."""
    return hours(thousandths) if 0 < thousandths < 100 else fixed(thousandths, 1)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(x: float, y: float, said: str, anchor: str = "", kind: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    look = f' class="{kind}"' if kind else ""
    return f'<text x="{_n(x)}" y="{_n(y)}"{where}{look}>{escape(said)}</text>'


class _Label(NamedTuple):
    said: str
    x: float
    y: float
    anchor: str
    kind: str = "on-line"


def _drawn(label: _Label) -> str:
    return _text(label.x, label.y, label.said, label.anchor, label.kind)


class _Plot:
    """One drawing."""

    def __init__(self, line: YearLine, width: int) -> None:
        self.line, self.wide = line, width == WIDE
        self.left, self.right, self.head = 28.0, width - 10.0, 26.0
        self.floor = 196.0 if self.wide else 166.0
        self.height = self.floor + 24
        top = max(line.target, *(total for _day, total in line.days), 1) if line.days else max(line.target, 1)
        self.scale = (self.floor - self.head - 10) / top
        self.aim = self.y(line.target)

    def x(self, days: float) -> float:
        """Where so many days after the beginning lie."""
        return self.left + (self.right - self.left) * min(self.line.whole, max(0.0, days)) / self.line.whole

    def y(self, thousandths: int) -> float:
        """Where an amount lies."""
        return self.floor - max(0, thousandths) * self.scale

    def end_of(self, day: date) -> float:
        """Where a day ends."""
        return self.x((day - self.line.start).days + 1)

    def body(self) -> str:
        """All of it, what lies below first."""
        line, now = self.line, self.x(self.line.gone)
        here, low = self.y(line.total), f"H{_n(self.right)}"
        path = self._path(now)
        return "".join(
            (
                self._grid(),
                self._months(),
                f'<path class="axis" d="M{_n(self.left)} {_n(self.floor)}{low}"/>',
                f'<path class="ideal" d="M{_n(self.left)} {_n(self.floor)}L{_n(self.right)} {_n(self.aim)}"/>',
                f'<path class="area" d="{path}V{_n(self.floor)}H{_n(self.left)}z"/><path class="actual" d="{path}"/>',
                f'<path class="target" d="M{_n(self.left)} {_n(self.aim)}{low}"/>',
                self._forecast(now, here),
                f'<path class="axis today" d="M{_n(now)} {_n(min(here + 5, self.floor))}V{_n(self.floor)}"/>',
                f'<circle class="dot" cx="{_n(now)}" cy="{_n(here)}" r="4.5"/>',
                self._labels(now, here),
            )
        )

    def _path(self, now: float) -> str:
        """The step line: it climbs at the end of each day on which something was counted."""
        drawn = f"M{_n(self.left)} {_n(self.floor)}"
        for day, total in self.line.days:
            drawn += f"H{_n(min(now, self.end_of(day)))}V{_n(self.y(total))}"
        return f"{drawn}H{_n(now)}"

    def _grid(self) -> str:
        most, hour = (5 if self.wide else 2), 1000
        highest = (self.floor - self.head - 10) / self.scale  # the target, or what there was beyond it
        step = next((each for each in _STEPS if highest <= each * most * hour), int(highest / most / hour) + 1) * hour
        top = int((self.floor - self.head) / self.scale)
        drawn = ""
        for mark in range(step, top + 1, step):
            y = self.y(mark)
            if abs(y - self.aim) > 11:
                drawn += f'<path class="grid" d="M{_n(self.left)} {_n(y)}H{_n(self.right)}"/>'
                drawn += _text(21, y + 4, duty(mark), "end")
        return drawn + _text(21, self.aim + 4, duty(self.line.target), "end", "strong")

    def _months(self) -> str:
        found = list(self.line.months())
        long = len(found) > 13
        every = max(1, -(-len(found) // ((8 if long else 12) if self.wide else 4)))
        drawn = ""
        for place, month in enumerate(found):
            x = self.x((month - self.line.start).days)
            drawn += f'<path class="axis" d="M{_n(x)} {_n(self.floor)}v5"/>'
            if place % every == 0 and x < self.right - 20:
                word = f"{month.year}/{month.month}" if long else format_date(month, "LLL")
                drawn += _text(x + 3, self.floor + 17, word)
        return drawn

    def _forecast(self, now: float, here: float) -> str:
        line = self.line
        if line.finish is None or line.total >= line.target:
            return ""
        if line.at_end is not None:
            return f'<path class="forecast" d="M{_n(now)} {_n(here)}L{_n(self.right)} {_n(self.y(line.at_end))}"/>'
        x = self.end_of(line.finish)
        return (
            f'<path class="forecast" d="M{_n(now)} {_n(here)}L{_n(x)} {_n(self.aim)}"/>'
            f'<path class="dot" d="M{_n(x)} {_n(self.aim - 5)}l5 5-5 5-5-5z"/>'
        )

    def _labels(self, now: float, here: float) -> str:
        """What the lines are, beside them; each where the others leave room."""
        line = self.line
        target, today = str(_("Duty: %(duty)s hours", duty=duty(line.target))), self._today(now, here)
        found, taken = [self._even(now, today), today], self.right + 1
        if line.finish is not None and line.total < line.target:
            led = self._led(here)
            taken = self._span(led)[0] if led.y < self.aim else taken
            found.append(led if self._apart(led, today) else led._replace(y=today.y - 16))
        size = self._size(target)
        if self.left + 12 + size < taken:
            found.append(_Label(target, self.left + 8, self.aim - 8, "", ""))
        elif found[-1].x < self.right - size - 8:  # else the axis alone says it
            found.append(_Label(target, self.right, self.aim - 8, "end", ""))
        return "".join(map(_drawn, found))

    def _led(self, here: float) -> _Label:
        """Where the forecast leads: above its end, and above the target where it comes near."""
        line = self.line
        at_end = line.at_end
        if at_end is not None:
            said = str(_("About %(hours)s by %(day)s", hours=fixed(at_end, 1), day=list_day(line.end, line.today)))
            over, under = min(here, self.y(at_end)) - 12, max(here, self.y(at_end)) + 18
            y = self.aim - 11 if over < self.aim + 16 else under if self._crossed(said, over) else over
            return _Label(said, self.right, y, "end", "strong on-line")
        assert line.finish is not None
        said, x = str(_("Expected %(day)s", day=list_day(line.finish, line.today))), self.end_of(line.finish)
        half = self._size(said, bold=True) / 2
        x = min(self.right - half, max(self.left + half, x))
        return _Label(said, x + half, self.aim - 11, "end", "strong on-line")

    def _crossed(self, said: str, y: float) -> bool:
        """Does the year's own line run through a label that ends at the right edge, with this base?"""
        line, reach = self.line, (self.right - self._size(said, bold=True) - self.left) / (self.right - self.left)
        first = line.start + timedelta(days=int(line.whole * reach))
        levels = [line.on(first), *(total for day, total in line.days if day > first)] if first < line.today else []
        return any(y - 15 < self.y(level) < y + 5 for level in levels)

    def _even(self, now: float, today: _Label) -> _Label:
        """Beside the dotted line, on the side where the year's own line is not, and away from today."""
        line, said = self.line, str(_("Even pace"))
        places = (0.62, 0.72, 0.34, 0.84, 0.5) if self.wide else (0.7, 0.4, 0.84, 0.55)
        found = today
        for place in places:
            x = self.left + (self.right - self.left) * place
            day = line.start + timedelta(days=int(line.whole * place))
            y, ahead = self.y(line.even(day)), day <= line.today and line.on(day) > line.even(day)
            found = _Label(said, x + 10, y + 16, "start") if ahead else _Label(said, x - 6, y - 8, "end")
            first, last = self._span(found)
            if self._apart(found, today) and not first - 8 < now < last + 8:
                break
        return found

    def _today(self, now: float, here: float) -> _Label:
        said = str(_("Today %(hours)s", hours=amount(self.line.total)))
        right = now - 8 > self.left + self._size(said, bold=True)
        x, anchor = (now - 8, "end") if right else (now + 8, "start")
        low = here > self.floor - 30
        return _Label(said, x, here - 12 if low else self.floor - 10, anchor, "strong on-line" if low else "strong")

    def _span(self, label: _Label) -> tuple[float, float]:
        """From where to where a label that begins or ends at its place goes."""
        size = self._size(label.said, bold=True)
        return (label.x - size, label.x) if label.anchor == "end" else (label.x, label.x + size)

    def _apart(self, one: _Label, other: _Label) -> bool:
        (first, last), (start, end) = self._span(one), self._span(other)
        return abs(one.y - other.y) > 15 or last < start or end < first

    def _size(self, said: str, bold: bool = False) -> float:
        """About how wide a text is drawn: Han as wide as high, the rest a little more than half."""
        unit = 12.5 if self.wide else 13.5
        return sum(unit if ord(each) > 0x2E7F else unit * (0.6 if bold else 0.56) for each in said)


def month_name(day: date) -> str:
    """`12月`, `December`; the table's first column."""
    return str(format_date(day, "LLLL" if english() else "LLL"))
