"""The learner's pages: my year, the catalogue, a course."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock, labels
from app.base.access import guard, public
from app.base.errors import NotFound
from app.base.unit_of_work import session, settings
from app.courses import queries as courses
from app.notices import queries as notices
from app.study import catalogue_page, climb, course_page, forecast, plan, queries, todo, words
from app.study.catalogue import PER_PAGE, Wanted, search

bp = Blueprint("study", __name__, template_folder="templates")
# Where somebody who does not study begins: the first role that fits.
DESKS = (
    ("head_teacher", "supervision.classes"),
    ("study_supervisor", "supervision.classes"),
    ("course_editor", "editor.courses"),
    ("academy_admin", "rules.versions"),
    ("credit_reviewer", "rules.versions"),
    ("sec_admin", "roles.listing"),
    ("audit_admin", "audit.page"),
)


LATEST = 3  # messages on My year
_VISITORS: list[Callable[[], str | Response]] = []


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _course_title(code: str) -> str:
    """A course's title for those who know only its code (the statement's evidence); else the code itself."""
    found = courses.course_by_code(session(), code)
    if found is None:
        return code
    return (found.title_en if labels.english() else "") or found.title


@bp.app_context_processor
def _words() -> dict[str, Any]:
    """The words for codes and days, for every template."""
    return {
        "label": labels.label,
        "bucket_seal": labels.seal,
        "role_later": labels.LATER,
        "short_day": labels.short_day,
        "short_time": labels.short_time,
        "list_day": labels.list_day,
        "list_time": labels.list_time,
        "full_day": labels.full_day,
        "local_day_of": labels.local_day_of,
        "year_of": labels.year_of,
        "weekday": labels.weekday,
        "clock_time": labels.clock_time,
        "distance": labels.distance,
        "course_title": _course_title,
    }


def open_to_visitors(home: Callable[[], str | Response]) -> None:
    """What the same address shows to who is not signed in; the front door stands beside this room, not below."""
    _VISITORS[:] = [home]


@bp.route("/")
@public
def my_year() -> str | Response:
    """A learner's home. Staff who do not study go to their desk; visitors see the front door."""
    if not current_user.is_authenticated:
        return _VISITORS[-1]()
    held = {grant.role for grant in current_user.grants}
    if "learner" not in held:
        desk = next((endpoint for role, endpoint in DESKS if role in held), "people.account")
        return redirect(url_for(desk))
    person_id = current_user.person_id
    found = queries.year(session(), person_id, _today())
    gap, due = plan.plan_of(session(), person_id, found), plan.due(found)
    return render_template(
        "study/my_year.html", year=found, gap=gap, due=due, resume=found.resume, words=words,
        said=forecast.sentence(found, gap, due), most=plan.MOST, climb=climb.climb(session(), person_id, found),
        todos=[each.item() for each in todo.todos(session(), person_id, found, gap, due)],
        messages=notices.latest(session(), person_id, LATEST), first=not found.begun and bool(found.courses),
    )  # fmt: skip


@bp.route("/plan")
@guard("study")
def gap() -> str:
    """How the gap closes: what is missing and by which clause, the courses that close it, what one has then."""
    found = queries.year(session(), current_user.person_id, _today())
    return render_template(
        "study/plan.html", year=found, gap=plan.plan_of(session(), current_user.person_id, found), words=words
    )


@bp.route("/courses")
@guard("study")
def catalogue() -> str:
    """What is offered to this learner; search, filters and page are in the address."""
    year = queries.year(session(), current_user.person_id, _today())
    found = search(year, Wanted.read(request.args.to_dict(flat=False)))
    return render_template(
        "study/catalogue.html", year=year, found=found, links=catalogue_page.page_of(year, found), per_page=PER_PAGE,
        page_url=partial(catalogue_page.page_url, found.wanted), length=course_page.length,
    )  # fmt: skip


@bp.route("/courses/<code>")
@guard("study")
def course(code: str) -> str:
    """One course: what it teaches, what it is worth, its lessons and how far each is."""
    found = course_page.course_page(session(), current_user.person_id, code, _today())
    if found is None:
        raise NotFound(_("There is no such course for your class. It may have been withdrawn."))
    return render_template(
        "study/course.html", opened=found, today=_today(), length=course_page.length, languages=course_page.languages,
        month_of=labels.month,
    )  # fmt: skip
