"""The head teacher's desk: the classes, one class, one learner."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.base import audit, clock, dots, labels
from app.base.access import can, guard, scope
from app.base.errors import NotFound
from app.base.unit_of_work import database, session, settings
from app.classes import waiting
from app.classes.waiting import Waiting
from app.credits.closing import queries as closing
from app.people import roles_queries
from app.supervision import export as files
from app.supervision import lately, queries, strip, table, today
from app.supervision.queries import ClassView
from app.supervision.required import Required, with_required
from app.supervision.table import Wanted

bp = Blueprint("supervision", __name__, template_folder="templates")
LATELY = 6
COOKIE = "class_columns"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _class(code: str, key: str | None = None) -> ClassView:
    found = queries.my_class(scope("class.see"), session(), code, _today(), settings().timezone, key)
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
def my_class(code: str) -> str | Answer:
    """A class: where everybody stands, what there is to do today, who needs what, and what was posted lately."""
    if request.args.get("choose") == "1":
        return _choose(code)
    view, wanted = _class(code), Wanted.read(request.args)
    required = Required(session(), view)
    if wanted.asks_courses:
        view = replace(view, learners=required.fill(view.learners))
    shown = table.show(view, wanted)
    if not wanted.asks_courses:
        shown = replace(shown, rows=required.fill(shown.rows))

    def page(number: int) -> str:
        return url_for("supervision.my_class", code=code, **wanted.address(page=number))

    return render_template(
        "supervision/my_class.html",
        view=view,
        wanted=wanted,
        shown=shown,
        columns=_columns(),
        strip=strip.of(view, shown),
        week=strip.week_svg(strip.week_of(view)),
        lacks=required.course(wanted.lacks),
        lately=lately.postings(session(), view.row.id, view.day, LATELY),
        staff=roles_queries.of_class(session(), view.row.id, view.day),
        page_url=page,
        table=table,
        finish_text=files.finish_text,
        from_ms=clock.from_ms,
        **_today_of(view, required),
    )


def _today_of(view: ClassView, required: Required) -> dict[str, Any]:
    """What there is to do; only what the reader may do."""
    tickets = Waiting()
    if can("ticket.answer"):
        tickets = waiting.tickets(scope("ticket.answer"), session(), view.row.id, view.day)
    events = closing.events(session()) if can("period.close") else []
    lacking = required.lacking(view.learners)
    things = today.things(view, tickets, lacking, events, current_user.person_id)
    return {
        "tickets": tickets.count, "things": things, "things_title": today.title(len(things)),
        "things_day": labels.list_weekday(view.day),
    }  # fmt: skip


def _columns() -> tuple[str, ...]:
    """What this browser last chose."""
    kept = request.cookies.get(COOKIE)
    return table.USUAL if kept is None else table.columns(kept.split("."))


def _choose(code: str) -> Answer:
    """Keep the chosen columns in this browser, and go on where one was."""
    wanted = Wanted.read(request.args)
    answer = redirect(url_for("supervision.my_class", code=code, **wanted.address(), _anchor="who-h"))
    answer.set_cookie(
        COOKIE, ".".join(table.columns(request.args.getlist("col"))), max_age=400 * 86_400, path="/classes",
        secure=settings().secure_cookies, httponly=True, samesite="Lax",
    )  # fmt: skip
    return answer


@bp.route("/classes/<code>/marks")
@guard("class.see")
def marks(code: str) -> Response:
    """Who is behind each mark of the drawing, for the one who points at it: where it lies in the wide drawing and in
    the narrow one, name, what there is to say, key."""
    view = _class(code)
    found = strip.of(view)
    places = dots.places(found.dots, found.target)
    return jsonify(
        marks=[
            [*at, row.person.name, strip.said(row), row.person.key] for at, row in zip(places, found.rows, strict=True)
        ]
    )


@bp.route("/classes/<code>/learners/<key>")
@guard("class.see")
def learner(code: str, key: str) -> str:
    """One learner of a class: the year, the required courses, the newest postings."""
    view = _class(code, key)
    return render_template(
        "supervision/learner.html",
        view=view,
        row=with_required(session(), view, view.learners)[0],
        lately=lately.postings(session(), view.row.id, view.day, 20, key),
        from_ms=clock.from_ms,
    )


@bp.route("/classes/<code>/export")
@guard("class.see")
def export(code: str) -> Response:
    """The table as it is filtered and sorted now, as CSV or Excel (`as=xlsx`). Who took it is in the audit log."""
    view, wanted = _class(code), Wanted.read(request.args)
    view = replace(view, learners=with_required(session(), view, view.learners))
    rows = table.pick(view, wanted)

    def local(moment: datetime) -> datetime:
        return moment.astimezone(settings().timezone).replace(tzinfo=None)

    name = f"{view.row.code}-{view.day.isoformat()}"
    if request.args.get("as") == "xlsx":
        answer, name = Response(files.as_xlsx(view, rows, local), mimetype=XLSX), f"{name}.xlsx"
    else:
        answer, name = Response(files.as_csv(rows, local), mimetype="text/csv"), f"{name}.csv"
    with database().writing() as writer:
        audit.record(writer, current_user.person_id, "class.export", f"class:{view.row.code}", rows=len(rows))
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
