"""The one honest sentence of My year: where the pace leads, and what is enough."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from app.base.labels import short_day
from app.base.numbers import duty as whole
from app.base.numbers import hours, tenths
from app.rules.planning.plans import Plan
from app.study.plan import Due, Gap
from app.study.queries import Year
from app.study.words import all_lacking, minutes, unbroken, weekly

CASES = (
    "unknown", "exempt", "done", "done but courses", "done so far", "not enough", "not enough on pace",
    "other than hours", "last days", "on pace", "on the period's pace", "too slow", "too slow a period",
    "far too slow", "no pace",
)  # fmt: skip
_LAST_DAYS = 7


def case(year: Year, gap: Gap | None, due: list[Due]) -> str:
    """Which of the sentences holds."""
    state = gap.plan.state if gap is not None else ""
    if state == "exempt":
        return "exempt"
    ahead, duty = year.outlook, year.duty
    if ahead is None or duty is None:
        return "other than hours" if state in ("closes", "open") else "unknown"
    if ahead.status == "done":
        return "done but courses" if due else "done"
    if state == "met":
        return "done so far"
    in_time = ahead.finish is not None and ahead.finish <= duty.end
    if state == "open" and duty.short:
        return "not enough on pace" if in_time else "not enough"
    if duty.short == 0:
        return "other than hours"
    if in_time:
        return "on pace" if ahead.lately else "on the period's pace"
    if (duty.end - year.day).days < _LAST_DAYS:
        return "last days"
    if ahead.finish is not None:
        return "too slow" if ahead.lately else "too slow a period"
    return "far too slow" if ahead.recent else "no pace"


def sentence(year: Year, gap: Gap | None, due: list[Due]) -> Markup:
    """The sentence, with the facts that matter in bold."""
    which = case(year, gap, due)
    values = _values(year, gap, due)
    if which == "done but courses":
        text = ngettext(
            "You have <b>%(got)s</b> of <b>%(quota)s</b> hours; <b>%(num)d required course</b> is still to do.",
            "You have <b>%(got)s</b> of <b>%(quota)s</b> hours; <b>%(num)d required courses</b> are still to do.",
            len(due),
            **values,
        )
        return Markup(text)
    return Markup(_texts()[which]) % values


def _texts() -> dict[str, str]:
    return {
        "unknown": _("No yearly duty is set for you yet. What you learn is kept and counts from the day it is set."),
        "exempt": _("You are exempt from the duty of this period. What you learn is kept on your statement."),
        "done": _("You have <b>%(got)s</b> of <b>%(quota)s</b> hours. What you learn beyond them is kept on your statement."),  # noqa: E501
        "done so far": _("Nothing is missing in this period. What the duty asks for over several periods is not due yet."),  # noqa: E501
        "not enough": _("<b>%(weekly)s a week</b> are needed for <b>%(end)s</b>. All courses offered now leave <b>%(open)s</b> open."),  # noqa: E501
        "not enough on pace": _("At your pace you finish on <b>%(day)s</b>, if more courses are offered: those of today leave <b>%(open)s</b> open."),  # noqa: E501
        "other than hours": _("Still missing: <b>%(lacks)s</b>."),
        "last days": _("Until <b>%(end)s</b> <b>%(all)s</b> of study are needed."),
        "on pace": _("At your pace of the last four weeks you finish on <b>%(day)s</b>; <b>%(weekly)s a week</b> is enough."),  # noqa: E501
        "on the period's pace": _("At your pace of this period you finish on <b>%(day)s</b>; <b>%(weekly)s a week</b> is enough."),  # noqa: E501
        "too slow": _("At your pace of the last four weeks you would finish on <b>%(day)s</b>, after %(end)s. <b>%(weekly)s a week</b> is needed from now on."),  # noqa: E501
        "too slow a period": _("At your pace of this period you would finish on <b>%(day)s</b>, after %(end)s. <b>%(weekly)s a week</b> is needed from now on."),  # noqa: E501
        "far too slow": _("At your pace of the last four weeks you do not finish. <b>%(weekly)s a week</b> is needed for <b>%(end)s</b>."),  # noqa: E501
        "no pace": _("Nothing was counted in the last four weeks. With <b>%(weekly)s a week</b> you finish by <b>%(end)s</b>."),  # noqa: E501
    }  # fmt: skip


def _values(year: Year, gap: Gap | None, due: list[Due]) -> dict[str, Any]:
    """What the sentences may say; texts are escaped."""
    duty, ahead = year.duty, year.outlook
    plan: Plan | None = gap.plan if gap is not None else None
    found: dict[str, Any] = {}
    if duty is not None and ahead is not None:
        found |= {"got": tenths(duty.got), "quota": whole(duty.quota), "end": _day(duty.end, year)}
        found["day"] = _day(ahead.finish, year) if ahead.finish is not None else ""
        found["weekly"] = escape(_("%(hours)s hours", hours=hours(ahead.weekly)))
        found["all"] = found["weekly"]
    if plan is not None:
        found["lacks"] = all_lacking(plan.version, plan.lacks)
        found["open"] = all_lacking(plan.version, plan.leaves, brief=True)
        if plan.state == "closes":
            found |= {"weekly": escape(weekly(plan.weekly_ms)), "all": escape(minutes(plan.left_ms))}
    return found


def _day(day: date, year: Year) -> Markup:
    return unbroken(short_day(day, year.day))
