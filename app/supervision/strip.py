"""Where everybody of a class stands on the ruler, and how many had hours counted on each of the last days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from app.base import clock, labels
from app.base.charts import svg
from app.base.dots import Dot, Named
from app.base.numbers import tenths
from app.supervision.queries import WEEK, ClassView, LearnerRow
from app.supervision.table import Shown, is_quiet

WEEK_WIDTH, WEEK_HIGH = 264, 56


@dataclass(frozen=True, slots=True)
class Strip:
    """What the drawing needs: a dot and a row of everybody who owes something, in the same order; `target` is the
    duty that most of them have, `even` its even pace today; `named`: the one mark that has a name."""

    dots: tuple[Dot, ...]
    rows: tuple[LearnerRow, ...]
    target: int
    even: int | None
    named: Named | None


def of(view: ClassView, shown: Shown | None = None) -> Strip:
    """Of a class; `shown`: what its table shows, so that the others are pale."""
    rows = tuple(row for row in view.learners if row.duty is not None)
    # The class has one line on the chart: the duty that most of them have.
    quotas = [row.duty.quota for row in rows if row.duty is not None]
    target = max(set(quotas), key=quotas.count, default=0)
    like = next((row.duty for row in rows if row.duty is not None and row.duty.quota == target), None)
    dots = tuple(Dot(row.got, row.status, shown is None or row.person.id in shown.fitting) for row in rows)
    return Strip(dots, rows, target, like.even(view.day) if like else None, _named(view, rows, dots))


def _named(view: ClassView, rows: Sequence[LearnerRow], dots: Sequence[Dot]) -> Named | None:
    """The one who needs a word most: has begun, will not make it, and has been away longest; if there is one."""
    away = [
        (row.last_ms, place)
        for place, row in enumerate(rows)
        if row.status == "late" and row.got and row.last_ms and is_quiet(view, row) and dots[place].fits
    ]
    if not away:
        return None
    last_ms, place = min(away)
    weeks = (clock.now_ms() - last_ms) // 604_800_000
    note = ngettext("away for %(num)d week", "away for %(num)d weeks", weeks)
    title = _("%(name)s %(hours)s", name=rows[place].person.name, hours=tenths(rows[place].got).striptags())
    return Named(place, str(title), str(note))


def said(row: LearnerRow) -> str:
    """What there is to say of a mark: hours, status, last activity."""
    hours = _("%(hours)s hours", hours=tenths(row.got).striptags())
    last = _("last activity %(day)s", day=labels.list_day(clock.from_ms(row.last_ms))) if row.last_ms else _("never")
    return " · ".join((str(hours), labels.label("status", row.status), str(last)))


def week_of(view: ClassView) -> list[tuple[date, int]]:
    """How many learners had hours counted on each of the last seven days, today the last."""
    days = [view.day - timedelta(days=WEEK - 1 - n) for n in range(WEEK)]
    counts = [sum(row.week[n] > 0 for row in view.learners if row.week) for n in range(WEEK)]
    return list(zip(days, counts, strict=True))


def week_svg(days: Sequence[tuple[date, int]]) -> Markup:
    """The same as seven bars with their numbers; today's is solid."""
    most, pitch = max(count for _day, count in days), WEEK_WIDTH / len(days)
    floor = 20 + (WEEK_HIGH if most else 0)
    body = f'<path class="axis" d="M0 {floor}H{WEEK_WIDTH}"/>'
    for place, (day, count) in enumerate(days):
        high, middle = round(count / max(1, most) * WEEK_HIGH, 1), round(pitch * (place + 0.5), 1)
        kind = "bar-today" if place == len(days) - 1 else "bar"
        if count:
            body += f'<rect class="{kind}" x="{middle - 12:.1f}" y="{floor - high:.1f}" width="24" height="{high}"/>'
        body += f'<text x="{middle}" y="{floor - high - 5:.1f}" text-anchor="middle">{count}</text>'
        word = str(_("today")) if place == len(days) - 1 else labels.weekday(day)
        body += f'<text x="{middle}" y="{floor + 16}" text-anchor="middle">{escape(word)}</text>'
    told = ", ".join(f"{labels.list_weekday(day)} {count}" for day, count in days)
    return svg(
        "week-svg",
        WEEK_WIDTH,
        floor + 22,
        str(_("Learners with hours counted, by day: %(days)s", days=told)),
        body,
    )
