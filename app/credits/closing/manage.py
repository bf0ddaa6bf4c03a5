"""Periods for staff: which are open, what stands in the way, the seal and its record, and how one is opened again."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.base import clock, runs
from app.base.access import can, guard, scope
from app.base.errors import BadInput, Forbidden, NotFound, Refused
from app.base.labels import full_day
from app.base.runs import Run
from app.base.unit_of_work import session, settings
from app.credits.closing import queries, readiness, record, service, shown
from app.credits.closing.forms import DecisionForm, ReopenForm, SealForm
from app.credits.closing.queries import PeriodRow
from app.credits.rulebook import book
from app.credits.seals import seals_of
from app.credits.shown import period_text
from app.rules.credit.book import RuleBook

bp = Blueprint("periods", __name__, template_folder="../templates")
Page = str | Response | tuple[str, int]


@bp.get("/periods")
@guard("period.see")
def periods() -> str:
    """All periods, the newest first."""
    rules = book(session())
    rows = queries.periods(session(), rules, _today()) if rules is not None else []
    return render_template("credits/periods.html", periods=rows, name_of=_name)


@bp.get("/periods/<day>")
@guard("period.see")
def period(day: str) -> Page:
    """One period: how far it is, what stands open, what was done to it."""
    return _page(*_found(day))


@bp.get("/periods/<day>/record.json")
@guard("period.see")
def closing_record(day: str) -> Response:
    """The record of the seal that holds, as a file: all that is needed to reckon its hash again. It has everybody's
    sums, so a role for a part of the academy is not enough."""
    if not scope("period.see").everything:
        raise Forbidden(_("The closing record has everybody's sums, so it takes a role for the whole academy."))
    rules, row = _found(day)
    sealed = record.sealed_row(session(), row.start)
    if sealed is None:
        return redirect(url_for("periods.period", day=day))
    lines = record.kept_lines(session(), sealed)
    previous = record.previous_hash(session(), sealed.at)
    head = queries.closing_record(session(), rules, sealed, lines, record.FORM, previous)
    text = json.dumps(head, ensure_ascii=False, indent=1)
    # The lines are JSON already, byte for byte what the hash is over.
    body = f'{text[:-2]},\n "lines": [\n' + ",\n".join(lines) + "\n ]\n}\n"
    answer = Response(body, mimetype="application/json; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"closing-record-{day}-{sealed.number}.json")
    return answer


@bp.post("/periods/<day>/seal")
@guard("period.close")
def seal(day: str) -> Page:
    """Put the sealing in line; it takes as long as it takes, and the page shows how far it is."""
    rules, row = _closing(day)
    form = SealForm()
    if not form.validate_on_submit():
        return _page(rules, row, seal_form=form), 422
    try:
        service.request_seal(session(), row.start, current_user.person_id, form.reason.data or "")
    except Refused as refused:
        _to_form(refused, form)
        return _page(rules, row, seal_form=form), refused.status
    return redirect(url_for("periods.period", day=day, _anchor="sealing"))


@bp.post("/periods/<day>/reopening")
@guard("period.close")
def ask(day: str) -> Page:
    """Ask for the seal to be taken back."""
    rules, row = _closing(day)
    form = ReopenForm()
    if not form.validate_on_submit():
        return _page(rules, row, reopen_form=form), 422
    try:
        service.ask_reopening(session(), row.start, current_user.person_id, form.reason.data or "")
    except Refused as refused:
        _to_form(refused, form)
        return _page(rules, row, reopen_form=form), refused.status
    flash(_("Asked. Another person with this right decides; until then the seal holds."), "done")
    return redirect(url_for("periods.period", day=day))


@bp.post("/periods/<day>/reopening/withdraw")
@guard("period.close")
def withdraw(day: str) -> Response:
    """Take one's own request back."""
    _rules, row = _closing(day)
    service.withdraw_reopening(session(), row.start, current_user.person_id)
    flash(_("The request is taken back. The seal holds."), "done")
    return redirect(url_for("periods.period", day=day))


@bp.post("/periods/<day>/reopening/confirm")
@guard("period.close")
def confirm(day: str) -> Page:
    """Open the period again, as somebody else asked."""
    return _decide(day, confirmed=True)


@bp.post("/periods/<day>/reopening/decline")
@guard("period.close")
def decline(day: str) -> Page:
    """Leave it sealed."""
    return _decide(day, confirmed=False)


def _decide(day: str, *, confirmed: bool) -> Page:
    rules, row = _closing(day)
    form = DecisionForm()
    if not form.validate_on_submit():
        return _page(rules, row, decision_form=form), 422
    try:
        service.decide_reopening(
            session(), row.start, current_user.person_id, form.reason.data or "", confirmed=confirmed
        )
    except Refused as refused:
        _to_form(refused, form)
        return _page(rules, row, decision_form=form), refused.status
    if confirmed:
        flash(_("The period is open again. Everybody is being settled anew."), "done")
    else:
        flash(_("Declined. The seal holds."), "done")
    return redirect(url_for("periods.period", day=day))


def _to_form(refused: Refused, form: FlaskForm) -> None:
    """What a service refuses stands at its field, or above the form."""
    if isinstance(refused, BadInput) and refused.field in form:
        form[refused.field].errors = [refused.text]
    else:
        form.form_errors.append(refused.text)


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _name(row: PeriodRow) -> str:
    return period_text(row.start, row.end)


def _name_of(rules: RuleBook, start: date) -> str:
    return period_text(start, rules.period.end(rules.period.index(start)))


def _found(day: str) -> tuple[RuleBook, PeriodRow]:
    """The period that begins on the day in the address; NotFound."""
    rules = book(session())
    try:
        start = date.fromisoformat(day)
    except ValueError:
        start = None
    rows = queries.periods(session(), rules, _today()) if rules is not None else []
    row = next((each for each in rows if each.start == start), None)
    if rules is None or row is None:
        raise NotFound(_("There is no such period."))
    return rules, row


def _closing(day: str) -> tuple[RuleBook, PeriodRow]:
    """The same for who may act on it: a period is everybody's, so a role for a part of the academy is not enough."""
    if not scope("period.close").everything:
        raise Forbidden(_("Periods are closed by who administers the whole academy."))
    return _found(day)


def _page(
    rules: RuleBook, row: PeriodRow, seal_form: SealForm | None = None, reopen_form: ReopenForm | None = None,
    decision_form: DecisionForm | None = None,
) -> str:  # fmt: skip
    sealed, sees_all = row.sealed_at is not None, scope("period.see").everything
    events = queries.events(session(), row.start)
    last = events[-1] if events else None
    open_matters = [] if sealed else readiness.readiness(session(), rules, row.start, seals_of(session()))
    run = runs.latest(session(), service.SEAL, period=row.start.isoformat())
    return render_template(
        "credits/period.html",
        period=row,
        name=_name(row),
        days=(full_day(row.start), full_day(row.end)),
        passed=queries.passed(session(), row.start, sealed=sealed),
        clause=lambda name: shown.clause_text(rules, row.start, name),
        period_name=lambda start: _name_of(rules, start),
        checks=[shown.told(check, _links(rules), names=sees_all) for check in open_matters],
        sees_all=sees_all,
        may_close=can("period.close") and scope("period.close").everything,
        blocked=bool(readiness.blocking(open_matters)),
        asks_reason=any(check.asks_reason for check in open_matters),
        events=events,
        held=next((event for event in reversed(events) if event.event == "sealed"), None) if sealed else None,
        asked=last if last is not None and last.event == "asked" else None,
        newest=sealed and max(seals_of(session()), default=None) == row.start,
        own=last is not None and last.by_id == current_user.person_id,
        shown=shown,
        **_running(run),
        seal_form=seal_form or SealForm(),
        reopen_form=reopen_form or ReopenForm(),
        decision_form=decision_form or DecisionForm(),
    )


def _running(run: Run | None) -> dict[str, Any]:
    """The newest run that sealed this period, while it matters, and why it did not."""
    refused = (run.result or {}).get("refused", []) if run is not None else []
    shows = run is not None and (run.is_open or run.state == "failed")
    return {
        "run": run if shows else None,
        "run_open": run is not None and run.is_open,
        "not_sealed": shown.refused(refused) if refused else "",
    }


def _links(rules: RuleBook) -> shown.Links:
    return shown.Links(
        lambda key: url_for("credits.statement_for", person_key=key) if can("statement.see") else "",
        lambda ticket: url_for("ticket_desk.find", ticket=ticket) if can("ticket.answer") else "",
        lambda start: (_name_of(rules, start), url_for("periods.period", day=start.isoformat())),
    )
