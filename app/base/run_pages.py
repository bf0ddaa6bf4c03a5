"""How far a long computation is, for the page that waits for it, and the button that stops it."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import audit, runs
from app.base.access import scope, signed_in
from app.base.errors import NotFound
from app.base.pages import came_from
from app.base.runs import Run
from app.base.unit_of_work import session

bp = Blueprint("runs", __name__)
# Who may see how far somebody else's run is, and who may stop it, with a role for the whole academy. What came of it
# has a page of its own, with a guard of its own: here are no results.
SEE = ("rules.see", "period.see", "books.verify", "roster.import", "class.arrange")
STOP = ("rules.publish", "period.close", "books.verify", "roster.import", "class.arrange")
# Runs of this kind are nobody else's.
AUDIT, AUDITORS = "audit.", ("audit.see",)
# And these are somebody's own: the number of a copy that a person had made of their data tells nobody anything.
OWN = "self."


@bp.get("/runs/<int:run_id>")
@signed_in
def state(run_id: int) -> Response:
    """Progress as JSON."""
    run = _reached(run_id, SEE)
    answer = jsonify(
        id=run.id, kind=run.kind, state=run.state, done=run.done, total=run.total, open=run.is_open,
        stopping=run.is_open and run.cancel_asked_at is not None,
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/runs/<int:run_id>/stop")
@signed_in
def stop(run_id: int) -> Response:
    """Ask it to stop, and go back to the page it was asked on."""
    run = _reached(run_id, STOP)
    if run.is_open:
        runs.cancel(session(), run.id)
        audit.record(session(), current_user.person_id, "run.stop", f"run:{run.id}", kind=run.kind)
        flash(_("It stops at once, or within a few seconds. Nothing was changed."), "done")
    return redirect(came_from() or url_for("study.my_year"))


def _reached(run_id: int, permissions: tuple[str, ...]) -> Run:
    run = runs.one(session(), run_id)
    permissions = AUDITORS if run is not None and run.kind.startswith(AUDIT) else permissions
    permissions = () if run is not None and run.kind.startswith(OWN) else permissions
    mine = run is not None and run.asked_by == current_user.person_id
    if run is None or not (mine or any(scope(each).everything for each in permissions)):
        raise NotFound(_("There is no such computation, or it is not yours to see."))
    return run
