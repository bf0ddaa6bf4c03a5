"""The staff's side: the tickets of a class, what happened, answer or grant."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base.access import can, guard, scope
from app.base.clock import from_ms
from app.base.errors import NotFound, Refused
from app.base.labels import short_time
from app.base.numbers import clock, hours
from app.base.unit_of_work import session, settings
from app.classes.queries import ClassRow
from app.courses import queries as courses
from app.rules.viewing import granting
from app.rules.viewing.spans import Piece
from app.tickets import attachment, queries, service, telling
from app.tickets.attachment import Story
from app.tickets.forms import AnswerForm, GrantForm
from app.tickets.queries import TicketRow
from app.tickets.views import to_form
from app.viewing.grants import Given

bp = Blueprint("ticket_desk", __name__, template_folder="templates")
Answered = str | Response | tuple[str, int]
MOST_PARTS = 60  # that the form offers; others can be written
NEED = "ticket.answer"


def _today() -> date:
    return service.today(settings())


@bp.app_context_processor
def _for_others() -> dict[str, Any]:
    """How many tickets of a class wait: asked for only where a template asks."""

    def tickets_waiting(class_id: int) -> int:
        return queries.open_count(scope(NEED), session(), class_id, _today()) if can(NEED) else 0

    return {"tickets_waiting": tickets_waiting}


@bp.get("/classes/<code>/tickets")
@guard(NEED)
def tickets(code: str) -> str:
    """The tickets of a class, those that wait first."""
    found = queries.of_class(scope(NEED), session(), code, _today())
    if found is None:
        raise NotFound(_("There is no such class among those you look after."))
    group, rows = found
    waiting = sum(row.state == "open" for row in rows)
    return render_template("tickets/desk.html", group=group, tickets=rows, waiting=waiting, telling=telling)


def _ticket(code: str, key: str) -> tuple[ClassRow, TicketRow]:
    found = queries.one_of_class(scope(NEED), session(), code, key, _today())
    if found is None:
        raise NotFound(_("There is no such ticket in the classes you look after."))
    return found


@bp.get("/tickets/<ticket>/desk")
@guard(NEED)
def find(ticket: str) -> Answered:
    """To the ticket's page under the learner's class; other rooms know only its key."""
    code = queries.class_of_ticket(session(), ticket, _today())
    group, found = _ticket(code, ticket)
    return redirect(url_for("ticket_desk.ticket", code=group.code, ticket=found.key))


@bp.get("/classes/<code>/tickets/<ticket>")
@guard(NEED)
def ticket(code: str, ticket: str) -> Answered:
    """One ticket: the learner's words, what counted and what did not, and what to do."""
    return _page(*_ticket(code, ticket))


def _page(
    group: ClassRow, found: TicketRow, answer_form: AnswerForm | None = None, grant_form: GrantForm | None = None
) -> Answered:
    then = attachment.story(attachment.unpack(queries.attached(session(), found, found.last.number)))
    material = courses.material_of_version(session(), found.media_version_id)
    assert material is not None  # versions are never deleted
    now = attachment.story(attachment.freeze(session(), found.learner_id, material, settings().beat_seconds))
    failed = bool(answer_form or grant_form)
    forms = {"answer_form": answer_form or AnswerForm(None), "grant_form": grant_form or GrantForm(None)}
    more = _choices(forms["grant_form"], found, now, fresh=grant_form is None)
    return render_template(
        "tickets/ticket.html",
        group=group,
        ticket=found,
        page=telling.page_of(then, found.part),
        since_ms=max(0, now.counted_ms - then.counted_ms),
        own=found.learner_id == current_user.person_id,
        more=more,
        telling=telling,
        **forms,
    ), 422 if failed else 200


def _choices(form: Any, found: TicketRow, now: Story, *, fresh: bool) -> int:
    """Fill in what can be granted now, with what the ticket names chosen; how many parts are not offered."""
    flat = [bound for piece in now.counted for bound in piece]
    gaps = granting.missing(flat, now.length_ms)
    offered = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[:MOST_PARTS])
    named = granting.missing(flat, now.length_ms, found.part) if found.part else offered
    parts = sorted({*named[:MOST_PARTS], *(gap for gap in offered if not _touches(gap, named))})
    form.parts.choices = [(f"{a}-{b}", f"{telling.range_text(a, b)} ({clock(b - a)})") for a, b in parts]
    newest = list(reversed(now.viewings))[:20]
    form.viewing.choices = [
        (str(each.id), _("%(when)s, %(counted)s counted", when=short_time(from_ms(each.opened_ms)),
                         counted=clock(each.counted_ms)))
        for each in newest
    ]  # fmt: skip
    if fresh:
        form.parts.data = [f"{a}-{b}" for a, b in named]
        lost = next((gap.viewing for gap in now.gaps if gap.viewing and _touches((gap.start, gap.end), named)), None)
        form.viewing.data = str(lost or (newest[0].id if newest else ""))
    return len(gaps) - len(offered)


def _touches(piece: Piece, others: list[Piece]) -> bool:
    return any(piece[0] < end and piece[1] > start for start, end in others)


@bp.post("/classes/<code>/tickets/<ticket>/answer")
@guard(NEED)
def answer(code: str, ticket: str) -> Answered:
    """Answer without granting time; with `declined` the answer says that the time stays as it is."""
    group, found = _ticket(code, ticket)
    form, declined = AnswerForm(), "declined" in request.form
    if form.validate_on_submit():
        try:
            service.answer(session(), current_user.person_id, found, form.answer.data or "", declined=declined)
        except Refused as error:
            to_form(error, form)
            group, found = _ticket(code, ticket)
        else:
            flash(_("Answered. %(name)s sees it on the lesson and under tickets.", name=found.learner), "done")
            return redirect(url_for("ticket_desk.tickets", code=code))
    return _page(group, found, answer_form=form)


@bp.post("/classes/<code>/tickets/<ticket>/grant")
@guard(NEED)
def grant(code: str, ticket: str) -> Answered:
    """Let parts of the lesson count, with a reason."""
    group, found = _ticket(code, ticket)
    form = GrantForm()
    if form.validate_on_submit():
        chosen = form.viewing.data or ""
        viewing = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 20 else None
        try:
            given = service.grant(
                session(), settings(), current_user.person_id, found, form.wanted(), form.reason.data or "", viewing
            )
        except Refused as error:
            to_form(error, form)
            group, found = _ticket(code, ticket)
        else:
            flash(_granted_text(found, given), "done")
            return redirect(url_for("ticket_desk.ticket", code=code, ticket=ticket))
    return _page(group, found, grant_form=form)


def _granted_text(found: TicketRow, given: Given) -> str:
    granted = clock(sum(end - start for start, end in given.pieces))
    if given.countable:
        return str(_("%(time)s granted to %(name)s; %(hours)s hours were credited.", time=granted,
                     name=found.learner, hours=hours(given.countable)))  # fmt: skip
    return str(_("%(time)s granted to %(name)s. It is not enough for credit yet.", time=granted, name=found.learner))
