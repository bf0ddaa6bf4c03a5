"""The learner's side of a ticket: what counted, what is wrong, what was answered."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.base.access import can, guard
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session, settings
from app.tickets import attachment, queries, service, telling
from app.tickets.forms import AgainForm, TicketForm
from app.tickets.queries import TicketRow

bp = Blueprint("tickets", __name__, template_folder="templates")
Answered = str | Response | tuple[str, int]


@bp.app_context_processor
def _for_others() -> dict[str, Any]:
    """What pages of other rooms show of tickets: asked for only where a template asks."""

    def ticket_of(lesson_id: int) -> TicketRow | None:
        return queries.newest_of_lesson(session(), current_user.person_id, lesson_id) if can("study") else None

    return {"ticket_of": ticket_of, "ticket_state": telling.state_text}


def to_form(error: Refused, form: FlaskForm) -> None:
    """Show a refusal at the field it is about, else above the form. Nothing of the request's writing stays."""
    session().rollback()
    if error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.text]
    else:
        form.form_errors.append(error.text)


@bp.route("/lessons/<int:lesson_id>/ticket", methods=["GET", "POST"])
@guard("study")
def new(lesson_id: int) -> Answered:
    """The time line of one's own lesson, and a form to say what is wrong with it."""
    person_id, form = current_user.person_id, TicketForm()
    material = service.material_for(session(), settings(), person_id, lesson_id)
    before = queries.newest_of_lesson(session(), person_id, lesson_id)
    if form.validate_on_submit():
        try:
            key, fresh = service.open_ticket(
                session(), settings(), person_id, lesson_id, form.text.data or "", form.part()
            )
        except Refused as error:
            to_form(error, form)
        else:
            words = _("Sent to your head teacher, with the record of your viewings as it is now.")
            flash(words if fresh else _("Your ticket about this lesson is open already."), "done" if fresh else "info")
            return redirect(url_for("tickets.one", ticket=key))
    elif before is not None and before.state == "open" and not form.is_submitted():
        return redirect(url_for("tickets.one", ticket=before.key))
    frozen = attachment.freeze(session(), person_id, material, settings().beat_seconds)
    page = telling.page_of(attachment.story(frozen))
    shown = render_template("tickets/new.html", material=material, page=page, form=form, before=before)
    return shown, 422 if form.is_submitted() else 200


@bp.get("/tickets")
@guard("study")
def mine() -> str:
    """One's own tickets."""
    return render_template(
        "tickets/mine.html", tickets=queries.mine(session(), current_user.person_id), telling=telling
    )


def _own(ticket: str) -> TicketRow:
    found = queries.mine_one(session(), current_user.person_id, ticket)
    if found is None:
        raise NotFound(_("There is no such ticket."))
    return found


@bp.get("/tickets/<ticket>")
@guard("study")
def one(ticket: str) -> Answered:
    """One of them: what was written, the record that went with it, the answer."""
    return _page(_own(ticket), AgainForm(None))


def _page(found: TicketRow, form: AgainForm) -> Answered:
    frozen = attachment.unpack(queries.attached(session(), found, found.last.number))
    again = found.state in service.REOPENS and len(found.rounds) < service.MOST_ROUNDS
    shown = render_template(
        "tickets/one.html",
        ticket=found,
        page=telling.page_of(attachment.story(frozen), found.part),
        telling=telling,
        form=form if again else None,
    )
    return shown, 422 if form.errors else 200


@bp.post("/tickets/<ticket>/withdraw")
@guard("study")
def withdraw(ticket: str) -> Answered:
    """Take an open ticket back."""
    service.withdraw(session(), current_user.person_id, _own(ticket).key)
    flash(_("Withdrawn. Nothing else has changed."), "done")
    return redirect(url_for("tickets.one", ticket=ticket))


@bp.post("/tickets/<ticket>/again")
@guard("study")
def again(ticket: str) -> Answered:
    """Write a second time after an answer."""
    found, form = _own(ticket), AgainForm()
    if form.validate_on_submit():
        try:
            service.write_again(session(), settings(), current_user.person_id, found.key, form.text.data or "")
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("Sent to your head teacher, with the record of your viewings as it is now."), "done")
            return redirect(url_for("tickets.one", ticket=ticket))
    return _page(found, form)
