"""Today's things: what a head teacher can do for the class now, the most urgent first, never more than five."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.base import labels
from app.classes.waiting import Waiting
from app.credits.closing.queries import Event
from app.credits.seals import ASKED
from app.supervision.queries import ClassView
from app.supervision.required import Lacking
from app.supervision.table import Wanted, has_waited, is_quiet

MOST = 5
MOST_COURSES = 2
LAST_DAYS = 42  # so long before its end a year asks for those who lack something


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing: what there is, one verb, and where it leads: an endpoint with its values."""

    text: str
    verb: str
    endpoint: str
    values: dict[str, Any] = field(default_factory=dict)


def title(count: int) -> str:
    """The heading over so many things."""
    words = (_("Nothing urgent today"), _("One thing today"), _("Two things today"), _("Three things today"),
             _("Four things today"), _("Five things today"))  # fmt: skip
    return str(words[min(count, MOST)])


def things(
    view: ClassView, tickets: Waiting, lacking: Sequence[Lacking], events: Sequence[Event], person_id: int
) -> list[Thing]:
    """What there is today. `events`: of the periods, for who may close them; else empty."""
    found = [*_quiet(view), *_tickets(view, tickets), *_courses(view, lacking), *_waits(view), *_ending(view)]
    found = [*_asked(events, person_id), *found]
    return found[:MOST]


def _list(view: ClassView, text: str, **wanted: Any) -> Thing:
    """Leads to the table, filtered."""
    values = {"code": view.row.code, **Wanted().address(**wanted), "_anchor": "who-h"}
    return Thing(text, str(_("See who")), "supervision.my_class", values)


def _quiet(view: ClassView) -> Iterator[Thing]:
    count = sum(row.status == "late" and is_quiet(view, row) for row in view.learners)
    if count:
        text = ngettext(
            "%(num)d learner away for four weeks will not finish",
            "%(num)d learners away for four weeks will not finish",
            count,
        )
        yield _list(view, text, statuses=("late",), quiet=True)


def _tickets(view: ClassView, tickets: Waiting) -> Iterator[Thing]:
    if not tickets.count or tickets.since is None:
        return
    when = labels.distance(labels.local_day_of(tickets.since), view.day)
    text = ngettext(
        "%(num)d ticket waits for an answer, written %(when)s",
        "%(num)d tickets wait for an answer, the oldest written %(when)s",
        tickets.count, when=when,
    )  # fmt: skip
    yield Thing(text, str(_("Answer")), "ticket_desk.tickets", {"code": view.row.code, "_anchor": "main"})


def _courses(view: ClassView, lacking: Sequence[Lacking]) -> Iterator[Thing]:
    for each in sorted(lacking, key=lambda one: one.offer.due or date.max)[:MOST_COURSES]:
        due = each.offer.due or view.day
        name = (each.course.title_en if labels.english() else "") or each.course.title
        said = {"course": name, "day": labels.short_day(due, view.day)}
        if due < view.day:
            text = ngettext(
                "“%(course)s” was due on %(day)s, %(num)d learner has not finished it",
                "“%(course)s” was due on %(day)s, %(num)d learners have not finished it",
                each.count, **said,
            )  # fmt: skip
        else:
            text = ngettext(
                "“%(course)s” is due on %(day)s, %(num)d learner has not finished it",
                "“%(course)s” is due on %(day)s, %(num)d learners have not finished it",
                each.count, **said,
            )  # fmt: skip
        yield _list(view, text, lacks=each.course.code)


def _waits(view: ClassView) -> Iterator[Thing]:
    count = sum(has_waited(view, row) for row in view.learners)
    if count:
        text = ngettext(
            "%(num)d learner has time that has waited for an answer for over a week",
            "%(num)d learners have time that has waited for an answer for over a week",
            count,
        )
        yield _list(view, text, waits=True)


def _ending(view: ClassView) -> Iterator[Thing]:
    if view.period is None or (view.period[1] - view.day).days > LAST_DAYS:
        return
    count = sum(row.status not in ("", "done") for row in view.learners)
    if count:
        text = ngettext(
            "%(num)d learner is not done, the year ends %(when)s",
            "%(num)d learners are not done, the year ends %(when)s",
            count, when=labels.distance(view.period[1], view.day),
        )  # fmt: skip
        yield _list(view, text, statuses=("late", "at-risk", "on-course"))


def _asked(events: Sequence[Event], person_id: int) -> Iterator[Thing]:
    """A sealed period that somebody else asks to reopen."""
    last = {event.period: event for event in events}
    for period, event in last.items():
        if event.event == ASKED and event.by_id != person_id:
            text = _("%(name)s asks to reopen the year that began on %(day)s", name=event.by,
                     day=labels.full_day(period))  # fmt: skip
            yield Thing(str(text), str(_("Decide")), "periods.period", {"day": period.isoformat()})
