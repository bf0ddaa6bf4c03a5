"""The books for those who answer for them: is everything proved, what does not agree, the trial balance, the heads."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, render_template, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.base import audit, runs
from app.base.access import can, guard, scope
from app.base.errors import Forbidden, NotFound
from app.base.runs import Run
from app.base.unit_of_work import database, session, settings
from app.credits.books import daily, service, shown
from app.credits.books.balance import PeriodBalance, balances

bp = Blueprint("books", __name__, template_folder="../templates")
VERIFY = "books.verify"
MOST_SHOWN = 100  # differences on the page
MOST_FILES = 31


@bp.app_context_processor
def _alarm() -> dict[str, Any]:
    """Asked by the staff frame: how many differences the newest proof found (0: none, or not for this reader)."""

    def books_alarm() -> int:
        if not can(VERIFY):
            return 0
        run = runs.latest(session(), service.KIND, state=runs.DONE)
        return int(run.result["differences"]) if run is not None and run.result else 0

    return {"books_alarm": books_alarm}


@bp.get("/books")
@guard(VERIFY)
def page() -> str:
    """The newest result, what runs now, the trial balance, the daily heads."""
    _whole()
    newest, done = runs.latest(session(), service.KIND), _done()
    result = done.result if done is not None and done.result else {}
    night = runs.latest(session(), service.KIND, nightly=True)
    return render_template(
        "credits/books.html",
        run=newest if newest is not None and newest.state != runs.DONE else None,
        run_open=newest is not None and newest.is_open,
        done=done,
        result=result,
        found=result.get("found", [])[:MOST_SHOWN],
        periods=_balances(done),
        night=night if night is not None and night.state in (runs.DONE, runs.FAILED) else None,
        files=daily.files(settings().heads_dir)[:MOST_FILES],
        folder=settings().heads_dir,
        statement=lambda key: url_for("credits.statement_for", person_key=key) if can("statement.see") else "",
        shown=shown,
    )


@bp.post("/books/proof")
@guard(VERIFY)
def prove() -> Answer:
    """Prove everything now; the page shows how far it is."""
    _whole()
    service.request(session(), current_user.person_id)
    return redirect(url_for("books.page", _anchor="proof"))


@bp.get("/books/trial-balance.csv")
@guard(VERIFY)
def balance() -> Answer:
    """The trial balance of the newest proof as a file; before there is one, the page, which says so."""
    _whole()
    done = _done()
    if done is None:
        return redirect(url_for("books.page"))
    _noted("books.balance", f"run:{done.id}")
    answer = Response(shown.balance_csv(_balances(done)), mimetype="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"trial-balance-{done.id}.csv")
    return answer


@bp.get("/books/heads/<day>.json")
@guard(VERIFY)
def heads_file(day: str) -> Answer:
    """One day's heads."""
    _whole()
    try:
        found = daily.one(settings().heads_dir, date.fromisoformat(day))
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("There is no heads file of this day."))
    _noted("books.heads", f"heads:{found.day}")
    return send_file(found.path, mimetype="application/json", as_attachment=True, download_name=found.path.name)


def _noted(action: str, subject: str) -> None:
    with database().writing() as writer:
        audit.record(writer, current_user.person_id, action, subject)


def _whole() -> None:
    """The books are everybody's: a role for a part of the academy is not enough."""
    if not scope(VERIFY).everything:
        raise Forbidden(_("The books are proved by who answers for the whole academy."))


def _done() -> Run | None:
    return runs.latest(session(), service.KIND, state=runs.DONE)


def _balances(done: Run | None) -> list[PeriodBalance]:
    return balances(done.result.get("balance", {})) if done is not None and done.result else []
