"""The head teacher's desk: the classes, one class, one learner."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.base import audit, clock
from app.base.access import guard, scope
from app.base.charts import Dot
from app.base.errors import NotFound
from app.base.pages import local_time
from app.base.unit_of_work import database, session, settings
from app.supervision import lately, queries, table
from app.supervision.queries import ClassView
from app.supervision.table import Wanted

bp = Blueprint("supervision", __name__, template_folder="templates")
LATELY = 5


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _class(code: str, key: str | None = None) -> ClassView:
    found = queries.my_class(scope("class.see"), session(), code, _today(), key)
    if found is None or (key is not None and not found.learners):
        raise NotFound(_("There is no such class or learner among those you look after."))
    return found


@bp.route("/classes")
@guard("class.see")
def classes() -> str | Answer:
    """The classes one looks after; who has only one, and no learners outside of classes, goes straight to it."""
    found = queries.class_list(scope("class.see"), session(), _today())
    if len(found) == 1 and not scope("class.see").everything:
        return redirect(url_for("supervision.my_class", code=found[0].row.code))
    return render_template("supervision/classes.html", classes=found)


@bp.route("/classes/<code>")
@guard("class.see")
def my_class(code: str) -> str:
    """A class: where everybody stands, who needs what, and what was posted lately."""
    view, wanted = _class(code), Wanted.read(request.args)
    if wanted.sort == "courses":
        view = replace(view, learners=queries.with_required(session(), view, view.learners))
    shown = table.show(view, wanted)
    if wanted.sort != "courses":
        shown = replace(shown, rows=queries.with_required(session(), view, shown.rows))
    owed = [row for row in view.learners if row.duty is not None]
    # The class has one line on the chart: the duty that most of them have.
    quotas = [row.duty.quota for row in owed if row.duty is not None]
    target = max(set(quotas), key=quotas.count, default=0)
    like = next((row.duty for row in owed if row.duty is not None and row.duty.quota == target), None)

    def page(number: int) -> str:
        return url_for("supervision.my_class", code=code, **wanted.address(page=number))

    return render_template(
        "supervision/my_class.html",
        view=view,
        wanted=wanted,
        shown=shown,
        dots=[Dot(row.got, row.status, row.person.name) for row in owed],
        target=target,
        even=like.even(view.day) if like else None,
        lately=lately.postings(session(), view.row.id, view.day, LATELY),
        finish_text=table.finish_text,
        page_url=page,
        from_ms=clock.from_ms,
    )


@bp.route("/classes/<code>/learners/<key>")
@guard("class.see")
def learner(code: str, key: str) -> str:
    """One learner of a class: the year, the required courses, the newest postings."""
    view = _class(code, key)
    return render_template(
        "supervision/learner.html",
        view=view,
        row=queries.with_required(session(), view, view.learners)[0],
        lately=lately.postings(session(), view.row.id, view.day, 20, key),
        from_ms=clock.from_ms,
    )


@bp.route("/classes/<code>/export")
@guard("class.see")
def export(code: str) -> Response:
    """The table as it is filtered and sorted now, as CSV. Who took it is in the audit log."""
    view, wanted = _class(code), Wanted.read(request.args)
    view = replace(view, learners=queries.with_required(session(), view, view.learners))
    rows = table.pick(view, wanted)
    text = table.as_csv(view, rows, lambda moment: local_time(moment))
    with database().writing() as writer:
        audit.record(writer, current_user.person_id, "class.export", f"class:{view.row.code}", rows=len(rows))
    answer = Response(text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{view.row.code}-{view.day.isoformat()}.csv"'
    return answer
