"""The chart of My year: what is drawn, what it says in words, what is special about it, and its table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from app.base import labels
from app.base.labels import short_day
from app.base.numbers import duty as whole
from app.base.numbers import tenths
from app.base.year_chart import YearLine, amount, draw, month_name
from app.credits.rises import Rise, rises
from app.rules.credit.settlement import CARRIED
from app.study.queries import Year

_STEEP = 8  # a day is steep that gave so many hundredths of the target, and
_STEEP_LEAST = 2000  # so many thousandths
_PAUSE = timedelta(weeks=8)
_MOST_SAID = 2
_BROUGHT = ("opening", CARRIED)  # what was not learned on the day on which it stands


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A row of the table; thousandths: gained in the month, there at its end, and at an even pace."""

    name: str
    gained: int
    total: int
    even: int


@dataclass(frozen=True, slots=True)
class Climb:
    """A period's line and the postings that it is made of."""

    line: YearLine
    rises: tuple[Rise, ...]

    def drawing(self) -> Markup:
        """The SVG for wide and narrow screens."""
        return draw(self.line, self.said())

    def said(self) -> str:
        """What the drawing says, for those who do not see it."""
        line = self.line
        now = _(
            "Hours counted in this period: %(got)s today, where an even pace has %(even)s.",
            got=amount(line.total), even=amount(line.even(line.today)),
        )  # fmt: skip
        return f"{now}{' ' if labels.english() else ''}{self._leads()}".strip()

    def _leads(self) -> str:
        line = self.line
        target, end = whole(line.target), short_day(line.end, line.today)
        reached = next((day for day, total in line.days if total >= line.target), None)
        if line.total >= line.target and reached is not None:
            said = _("The %(target)s needed were there on %(day)s.", target=target, day=short_day(reached, line.today))
        elif line.at_end is not None:
            said = _("At the present pace there are about %(hours)s on %(day)s.", hours=amount(line.at_end), day=end)
        elif line.finish is not None:
            finish = short_day(line.finish, line.today)
            said = _("At the present pace %(target)s are there on %(day)s.", target=target, day=finish)
        else:
            said = ""
        return str(said)

    def caption(self) -> Markup:
        """What is special about the line, two sentences at most; else how to read it."""
        if not self.rises:
            return escape(_("Nothing is counted yet. The dotted line is an even pace."))
        reached = self.line.total >= self.line.target
        found = [*self._taken_back(), *self._brought(), *self._steep(), *([] if reached else self._pause())]
        kept = sorted(sorted(found, key=lambda each: each[0])[:_MOST_SAID], key=lambda each: each[1])
        if not kept:
            return escape(self._leads() if reached else _("Each step is a day on which something was counted."))
        return Markup(" ").join(said for _rank, _day, said in kept)

    def table(self) -> list[MonthRow]:
        """Month by month up to today."""
        line, rows = self.line, []
        first, before, long = line.start, 0, line.start.year != line.end.year
        while first <= min(line.today, line.end):
            following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
            last = min(following - timedelta(days=1), line.end)
            name = labels.month(first) if long else month_name(first)
            if last > line.today:
                last = line.today
                name = str(_("%(month)s, up to %(day)s", month=name, day=labels.list_day(last, last)))
            total = line.on(last)
            rows.append(MonthRow(name, total - before, total, line.even(last)))
            first, before = following, total
        return rows

    def _taken_back(self) -> list[tuple[int, date, Markup]]:
        by_day: defaultdict[date, list[Rise]] = defaultdict(list)
        for rise in self.rises:
            if rise.amount < 0:
                by_day[rise.day].append(rise)
        losses = [(sum(rise.amount for rise in found), day, found) for day, found in by_day.items()]
        if not losses or min(losses)[0] > -100:
            return []
        lost, day, found = min(losses, key=lambda each: each[:2])
        text = _("On %(day)s %(hours)s hours were taken back.", day=self._day(day), hours=_amount(-lost))
        return [(0, day, _with_link(text, min(found, key=lambda rise: rise.amount).seq))]

    def _brought(self) -> list[tuple[int, date, Markup]]:
        found = []
        texts = {
            CARRIED: _("%(hours)s hours came over from the period before."),
            "opening": _("The rise on %(day)s, %(hours)s hours, was taken over from the earlier platform."),
        }
        for rank, (kind, text) in enumerate(texts.items(), 1):
            brought = [rise for rise in self.rises if rise.kind == kind]
            hours = sum(rise.amount for rise in brought)
            if hours > 0:
                day = max(brought, key=lambda rise: rise.amount).day
                found.append((rank, day, Markup(text) % {"hours": _amount(hours), "day": self._day(day)}))
        return found

    def _steep(self) -> list[tuple[int, date, Markup]]:
        """The day that gave most by far, and what it was."""
        by_day: defaultdict[date, list[Rise]] = defaultdict(list)
        for rise in self.rises:
            if rise.kind not in _BROUGHT and rise.amount > 0:
                by_day[rise.day].append(rise)
        if len(by_day) < 4:
            return []
        day, found = max(by_day.items(), key=lambda pair: sum(rise.amount for rise in pair[1]))
        gained = sum(rise.amount for rise in found)
        if gained < max(_STEEP_LEAST, self.line.target * _STEEP // 100):
            return []
        most = max(found, key=lambda rise: rise.amount)
        title = most.title(labels.english())
        values = {"day": self._day(day), "hours": _amount(gained)}
        if title and most.amount * 2 >= gained:
            text = _("The steep rise on %(day)s is “%(title)s”: %(hours)s hours.", title=escape(title), **values)
        else:
            text = ngettext(
                "The steep rise on %(day)s is %(num)d entry: %(hours)s hours.",
                "The steep rise on %(day)s is %(num)d entries: %(hours)s hours.",
                len(found), **values,
            )  # fmt: skip
        return [(3, day, _with_link(text, most.seq))]

    def _pause(self) -> list[tuple[int, date, Markup]]:
        """The longest time in which nothing was added, if it was long."""
        grown = sorted({rise.day for rise in self.rises if rise.amount > 0})
        edges = [self.line.start, *grown, self.line.today]
        length, first, last = max((after - before, before, after) for before, after in pairwise(edges))
        if length < _PAUSE:
            return []
        values = {"start": self._day(first), "end": self._day(last)}
        if last == self.line.today:
            text = _("Since %(start)s nothing has been added.", **values)
        else:
            text = _("Between %(start)s and %(end)s nothing was added.", **values)
        return [(4, first, Markup(text))]

    def _day(self, day: date) -> Markup:
        return Markup('<span class="nowrap">{}</span>').format(short_day(day, self.line.today))


def climb(session: Session, person_id: int, year: Year) -> Climb | None:
    """The line of a learner's present period; None where no hours are owed. One query."""
    if year.duty is None or year.book is None:
        return None
    duty, ahead = year.duty, year.outlook
    found = rises(session, person_id, year.book, duty.start, min(year.day, duty.end))
    finish = ahead.finish if ahead is not None and ahead.status != "done" else None
    line = YearLine(duty.start, duty.end, year.day, _totals(found), duty.quota, finish)
    return Climb(line, tuple(found))


def _totals(found: Sequence[Rise]) -> tuple[tuple[date, int], ...]:
    """(day, total at its end) of the days on which the total changed."""
    changes: defaultdict[date, int] = defaultdict(int)
    for rise in found:
        changes[rise.day] += rise.amount
    totals, so_far = [], 0
    for day in sorted(changes):
        if changes[day]:
            so_far += changes[day]
            totals.append((day, so_far))
    return tuple(totals)


def _amount(thousandths: int) -> Markup:
    return Markup('<span class="num">{}</span>').format(tenths(thousandths))


def _with_link(text: str, seq: int) -> Markup:
    """The sentence, and the way to the entry that it is about."""
    address = url_for("credits.statement", open=seq, _anchor=f"entry-{seq}")
    return Markup('{} <a class="nowrap" href="{}">{}</a>').format(Markup(text), address, _("See the entry"))
