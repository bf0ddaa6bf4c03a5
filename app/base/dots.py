"""A class on the ruler of hours: every learner a mark, in columns, the most urgent at the foot.

Credits are integer thousandths of an hour. Marks of one kind are one path, so that 600 learners weigh a few
kilobytes; who is behind a mark is asked for when somebody points at it (`places`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Flask
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from app.base import labels
from app.base.charts import svg
from app.base.numbers import duty, fixed, hours

STATUSES = ("late", "at-risk", "on-course", "done")  # the most urgent first: it stands at the foot
WIDE, NARROW = 624, 328
EDGE = 12  # at the left and the right of the ruler
HEAD = 44  # above the marks: what the lines are
HIGHEST = {WIDE: 300, NARROW: 224}  # what the tallest column may take
FEWEST_ROWS = 6
NAME_ROOM = 56  # half of what a name needs
MOST_OVER = 3  # marks that the line to a name may cross


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Dot:
    """One learner: thousandths counted, status (see STATUSES); `fits`: the filter of the page leaves them."""

    hours: int
    status: str
    fits: bool = True


@dataclass(frozen=True, slots=True)
class Named:
    """The one mark that is named: its place among the dots, who it is, and what there is to say."""

    index: int
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bin:
    """A row of the table: from `low` to below `high` thousandths, how many of each status."""

    low: int
    high: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the marks stand: index of the dot → x, y. `floor`: of the ruler, `radius` of a mark, `top`: the hours at
    the right end."""

    width: int
    floor: float
    radius: float
    top: int
    at: dict[int, tuple[float, float]]

    def x(self, thousandths: int) -> float:
        """Where an amount lies on the ruler; what is beyond it lies at its end."""
        return EDGE + min(self.top, max(0, thousandths)) * (self.width - 2 * EDGE) / self.top


def _pitch(count: int, width: int) -> float:
    """How wide a column is: wider for few, so that a small class is not a handful of specks."""
    wanted = 11 if count <= 80 else 9 if count <= 250 else 7
    room = width - 2 * EDGE
    return room / (room // (wanted if width == WIDE else wanted - 1))


def _packing(tallest: int, pitch: float, highest: int) -> tuple[int, float]:
    """(marks abreast in a column, height of a row). When nearly all stand at one place, as in January, they stand
    closer and several abreast: each stays to be seen, in its own column."""
    for abreast in range(1, 9):
        step = min(pitch / abreast, highest / -(-tallest // abreast))
        if step >= 0.7 * pitch / abreast:
            return abreast, step
    return 8, highest / -(-tallest // 8)


def layout(items: Sequence[Dot], target: int, width: int) -> Layout:
    """Columns by hours; in a column by status, then by hours. The same for every filter."""
    target = max(1000, target)
    top = max(target * 5 // 4, min(target * 2, max((item.hours for item in items), default=0) + 1000))
    pitch = _pitch(len(items), width)
    columns = round((width - 2 * EDGE) / pitch)
    rank = {status: place for place, status in enumerate(STATUSES)}
    stacks: list[list[int]] = [[] for _column in range(columns)]
    for index in sorted(range(len(items)), key=lambda i: (rank.get(items[i].status, len(STATUSES)), items[i].hours)):
        stacks[min(columns - 1, max(0, items[index].hours * columns // top))].append(index)
    tallest = max(1, *(len(stack) for stack in stacks))
    abreast, step = _packing(tallest, pitch, HIGHEST.get(width, HIGHEST[WIDE]))
    floor = HEAD + max(FEWEST_ROWS * pitch, -(-tallest // abreast) * step)
    at = {
        index: (EDGE + pitch * (column + (place % abreast + 0.5) / abreast), floor - step * (place // abreast + 0.5))
        for column, stack in enumerate(stacks)
        for place, index in enumerate(stack)
    }
    return Layout(width, floor, min(4.4, 0.44 * min(step, pitch / abreast)), top, at)


def places(items: Sequence[Dot], target: int) -> list[tuple[float, float, float, float]]:
    """Of every dot, in their order: x and y in the wide drawing, x and y in the narrow one."""
    wide, narrow = layout(items, target, WIDE), layout(items, target, NARROW)
    return [
        (round(wide.at[i][0], 1), round(wide.at[i][1], 1), round(narrow.at[i][0], 1), round(narrow.at[i][1], 1))
        for i in range(len(items))
    ]


def _paths(status: str, points: Iterable[tuple[float, float]], r: float) -> str:
    """Disc, triangle, diamond, open ring: a status is never told by colour alone."""
    if status == "late":
        shape, start = f"l{_n(r)} {_n(r)}-{_n(r)} {_n(r)}-{_n(r)}-{_n(r)}z", -r
    elif status == "at-risk":
        shape, start = f"l{_n(r)} {_n(2 * r)}h-{_n(2 * r)}z", -r
    else:
        shape, start = "h0", 0.0  # a stroke without length and with round ends: a disc in six bytes
    drawn = "".join(f"M{_n(x)} {_n(y + start)}{shape}" for x, y in points)
    if status in ("late", "at-risk"):
        return f'<path class="s-{status}" d="{drawn}"/>'
    wide = _n(1.9 * r)
    if status != "done":
        return f'<path class="m-on-course" stroke-width="{wide}" d="{drawn}"/>'
    hole = _n(max(0.5, 1.9 * r - 2.6))
    ring = f'<path class="m-done" stroke-width="{wide}" d="{drawn}"/>'
    return ring + f'<path class="m-hole" stroke-width="{hole}" d="{drawn}"/>'


def _marks(items: Sequence[Dot], found: Layout) -> str:
    kinds: dict[tuple[bool, str], list[tuple[float, float]]] = {}
    for index, point in found.at.items():
        kinds.setdefault((items[index].fits, items[index].status), []).append(point)
    pale = "".join(_paths(kind, points, found.radius) for (fits, kind), points in kinds.items() if not fits)
    full = "".join(_paths(kind, points, found.radius) for (fits, kind), points in kinds.items() if fits)
    return (f'<g class="away">{pale}</g>' if pale else "") + full


def _axis(found: Layout, target: int) -> str:
    floor, width, top = found.floor, found.width, found.top
    body = f'<path class="axis" d="M{EDGE - 4} {_n(floor)}H{width - EDGE + 4}"/>'
    every = next((s for s in (5, 10, 20, 50, 100, 500, 1000) if top / 1000 / s <= width / 46), 5000) * 1000
    ticks = ""
    for mark in range(0, top + 1, every):
        x, kind = _n(found.x(mark)), ' class="strong"' if mark == target else ""
        ticks += f"M{x} {_n(floor)}v5"
        body += f'<text{kind} x="{x}" y="{_n(floor + 18)}" text-anchor="middle">{mark // 1000}</text>'
    return body + f'<path class="axis" d="{ticks}"/>'


def _lines(found: Layout, target: int, even: int | None) -> str:
    floor, x = found.floor, found.x(target)
    room = found.width - x
    at = f'x="{_n(x)}" dx="5"' if room > 78 else f'x="{found.width}" text-anchor="end"'
    body = f'<path class="target" d="M{_n(x)} {4 if room > 78 else 18}V{_n(floor)}"/>'
    body += f'<text class="strong" {at} y="14">{escape(_("Duty %(hours)s", hours=duty(target)))}</text>'
    if even is None:
        return body
    x = found.x(even)
    side = 'dx="-4" text-anchor="end"' if x > 110 else 'dx="4"'
    body += f'<path class="ideal" d="M{_n(x)} 24V{_n(floor)}"/><text x="{_n(x)}" y="32" {side}>'
    return body + f"{escape(_('Even pace %(hours)s', hours=hours(even)))}</text>"


def _name(found: Layout, named: Named, lines: Sequence[int]) -> str:
    """The one name with its line, where nothing stands in its way; else nothing. `lines`: amounts that have words."""
    x, y = found.at[named.index]
    middle = min(found.width - NAME_ROOM, max(NAME_ROOM, x))
    over = sum(abs(at[0] - x) < 2 * found.radius and at[1] < y for at in found.at.values())
    near = [at[1] for at in found.at.values() if abs(at[0] - middle) < NAME_ROOM]
    foot = min((*near, y - 22)) - found.radius - 8
    free = all(abs(found.x(line) - middle) > 2 * NAME_ROOM for line in lines)
    if over > MOST_OVER or foot < (30 if free else 61):
        return ""
    words = (named.title, named.note) if named.note else (named.title,)
    body = f'<path class="lead" d="M{_n(x)} {_n(foot + 4)}V{_n(y - found.radius - 1.5)}"/>'
    body += f'<circle class="lead" cx="{_n(x)}" cy="{_n(y)}" r="{_n(found.radius + 2.2)}"/>'
    for place, text in enumerate(words):
        kind = ' class="strong"' if place == 0 else ""
        up = 15 * (len(words) - 1 - place)
        body += f'<text{kind} x="{_n(middle)}" y="{_n(foot - up)}" text-anchor="middle">{escape(text)}</text>'
    return body


def said(items: Sequence[Dot], target: int, even: int | None) -> str:
    """What the drawing says, in words: for those who do not see it."""
    text = str(
        ngettext(
            "%(num)d learner by hours counted; the duty is %(duty)s.",
            "%(num)d learners by hours counted; the duty is %(duty)s.",
            len(items), duty=duty(target),
        )
    )  # fmt: skip
    told = [text]
    if even is not None:
        told.append(str(_("Even pace today: %(hours)s.", hours=hours(even))))
    for status in STATUSES:
        found = [item.hours for item in items if item.status == status]
        if found:
            told.append(str(_(
                "%(status)s: %(count)s, from %(low)s to %(high)s hours.", status=labels.label("status", status),
                count=len(found), low=fixed(min(found), 1), high=fixed(max(found), 1),
            )))  # fmt: skip
    left = sum(item.fits for item in items)
    if left < len(items):
        told.append(str(_("The filter leaves %(count)s of them; the others are pale.", count=left)))
    return ("" if not labels.english() else " ").join(told)


def bins(items: Sequence[Dot], target: int) -> list[Bin]:
    """The same as a table: about ten parts of the duty, those in which nobody stands left out."""
    nice = (1, 2, 5, 10, 20, 50, 100, 200, 500)
    step = next((n for n in nice if n * 10_000 >= target), 1000) * 1000
    rows: dict[int, dict[str, int]] = {}
    for item in items:
        row = rows.setdefault(max(0, item.hours) // step, dict.fromkeys(STATUSES, 0))
        if item.status in row:
            row[item.status] += 1
    return [Bin(place * step, (place + 1) * step, rows[place]) for place in sorted(rows)]


def draw(
    items: Sequence[Dot], target: int, *, even: int | None = None, label: str = "", named: Named | None = None
) -> Markup:
    """One mark a learner. `target` and `even` (the even pace today) in thousandths. Give `bins` as a table beside it.

    A wide and a narrow drawing; the style sheet shows one.
    """
    target = max(1000, target)
    told, drawn = label or said(items, target, even), Markup("")
    for width, kind in ((WIDE, "wide-only"), (NARROW, "narrow-only")):
        found = layout(items, target, width)
        body = _axis(found, target) + _lines(found, target, even) + _marks(items, found)
        if named is not None:
            body += _name(found, named, (target,) if even is None else (target, even))
        drawn += svg(f"dots-svg {kind}", width, found.floor + 24, told, body)
    return Markup('<div class="chart dots">{}</div>').format(drawn)


def init_app(app: Flask) -> None:
    """The drawing for the templates."""
    app.jinja_env.globals.update(dots_svg=draw, dots_bins=bins, Dot=Dot)
