"""The learner's pages: my year, the catalogue, a course."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock, labels
from app.base.access import guard, signed_in
from app.base.errors import NotFound
from app.base.unit_of_work import session, settings
from app.courses import queries as courses
from app.study import forecast, plan, queries, words
from app.study.catalogue import Wanted, search

bp = Blueprint("study", __name__, template_folder="templates")
# Where somebody who does not study begins: the first role that fits.
DESKS = (
    ("head_teacher", "supervision.classes"),
    ("study_supervisor", "supervision.classes"),
    ("course_editor", "editor.courses"),
    ("academy_admin", "rules.versions"),
    ("credit_reviewer", "rules.versions"),
)


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


@bp.route("/")
@signed_in
def my_year() -> str | Response:
    """A learner's home. Staff who do not study go to their desk."""
    held = {grant.role for grant in current_user.grants}
    if "learner" not in held:
        desk = next((endpoint for role, endpoint in DESKS if role in held), "people.account")
        return redirect(url_for(desk))
    found = queries.year(session(), current_user.person_id, _today())
    gap, due = plan.plan_of(session(), current_user.person_id, found), plan.due(found)
    return render_template(
        "study/my_year.html", year=found, gap=gap, due=due, resume=found.resume, words=words,
        said=forecast.sentence(found, gap, due), most=plan.MOST,
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
    found = queries.year(session(), current_user.person_id, _today())
    wanted = Wanted.read(request.args)

    def page(number: int) -> str:
        return url_for("study.catalogue", **wanted.address(page=number))

    return render_template(
        "study/catalogue.html", year=found, wanted=wanted, found=search(found, wanted), page_url=page
    )


@bp.route("/courses/<code>")
@guard("study")
def course(code: str) -> str:
    """One course: what it teaches, what it is worth, its lessons and how far each is."""
    found = queries.course(session(), current_user.person_id, code, _today())
    if found is None:
        raise NotFound(_("There is no such course for your class. It may have been withdrawn."))
    return render_template("study/course.html", course=found, today=_today())
