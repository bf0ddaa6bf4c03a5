"""A draft's simulation: begun from its page, shown on it, taken away as a file."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.base import audit, clock, runs
from app.base.access import guard, scope
from app.base.errors import Forbidden, Refused
from app.base.unit_of_work import database, session
from app.credits.workshop import service, shown
from app.credits.workshop.document import judge
from app.credits.workshop.outcome import as_csv, outcome
from app.credits.workshop.page import kept

bp = Blueprint("simulations", __name__)


@bp.post("/rules/drafts/<int:draft_id>/simulate")
@guard("rules.draft")
def simulate(draft_id: int) -> Answer:
    """Put a simulation over everybody in line, as if the draft held from the first day of the present period; the
    page shows how far it is. (From its own day, which lies ahead, nothing learned so far would be judged by it.)"""
    _whole()
    row = kept(draft_id)
    fresh = judge(row.text).rules
    if fresh is None:
        raise Refused(_("A draft with mistakes cannot be simulated. They are listed on its page; mend them first."))
    today = clock.local_day(clock.now(), fresh.timezone)
    start = fresh.period.start(fresh.period.index(today))
    service.simulate(session(), draft_id, current_user.person_id, start, row.text_hash)
    return redirect(url_for("workshop.draft", draft_id=draft_id, _anchor="simulation"))


@bp.get("/rules/drafts/<int:draft_id>/simulation.csv")
@guard("rules.draft")
def export(draft_id: int) -> Answer:
    """Who changes, as a file. Who took it is in the audit log."""
    _whole()
    row = kept(draft_id)
    run = runs.one(session(), row.run_id) if row.run_id else None
    data = shown.result(run)
    if data is None:
        flash(_("There is no finished simulation of this draft. Begin one on its page."), "notice")
        return redirect(url_for("workshop.draft", draft_id=draft_id, _anchor="simulation"))
    found = outcome(data, [], "zh", "")
    with database().writing() as writer:
        audit.record(
            writer, current_user.person_id, "rules.draft.export", f"rule_draft:{draft_id}", rows=len(found.learners)
        )
    answer = Response(as_csv(found), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="simulation-{draft_id}.csv"'
    return answer


def _whole() -> None:
    """It names everybody: a role for a part of the academy is not enough."""
    if not scope("rules.draft").everything:
        raise Forbidden(_("A simulation names everybody, so it takes a role for the whole academy."))
