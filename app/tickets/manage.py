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
from app.rules.viewing import granting, spans
from app.tickets import attachment, queries, service, telling
from app.tickets.attachment import Attached, Story
from app.tickets.forms import AnswerForm, GrantForm
from app.tickets.queries import TicketRow
from app.tickets.views import to_form
from app.viewing.grants import Given

bp = Blueprint("ticket_desk", __name__, template_folder="templates")
Answered = str | Response | tuple[str, int]
MOST_PARTS = 60  # that the form offers; others can be written
MOST_VIEWINGS = 20
NEED = "ticket.answer"


def _today() -> date:
    return service.today(settings())


@bp.app_context_processor
def _for_others() -> dict[str, Any]:
    """How many tickets wait: asked for only where a template asks."""

    def tickets_outside() -> int | None:
        """How many wait of learners in no class; None for who may not see them, and where there never was one."""
        return queries.outside_count(scope(NEED), session(), _today()) if can(NEED) else None

    return {"tickets_outside": tickets_outside}


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
    """To the ticket's page under the learner's class, or under none; other rooms know only its key."""
    code = queries.class_of_ticket(session(), ticket, _today()) or queries.OUTSIDE
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
    now = attachment.freeze(session(), found.learner_id, material, settings().beat_seconds)
    failed = bool(answer_form or grant_form)
    forms = {"answer_form": answer_form or AnswerForm(None), "grant_form": grant_form or GrantForm(None)}
    more = _choices(forms["grant_form"], found, then, now, fresh=grant_form is None)
    return render_template(
        "tickets/ticket.html",
        group=group,
        ticket=found,
        page=telling.page_of(then, found.part),
        since_ms=max(0, spans.length(now.spans) - then.counted_ms),
        own=found.learner_id == current_user.person_id,
        more=more,
        telling=telling,
        **forms,
    ), 422 if failed else 200


def _choices(form: Any, found: TicketRow, then: Story, now: Attached, *, fresh: bool) -> int:
    """Fill in what can be granted now, with what the ticket names chosen; how many parts are not offered."""
    flat = now.spans
    gaps = granting.missing(flat, now.length_ms)
    offered = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[:MOST_PARTS])
    named = granting.missing(flat, now.length_ms, found.part) if found.part else offered
    chosen = [bound for piece in named for bound in piece]
    parts = sorted({*named[:MOST_PARTS], *(gap for gap in offered if not spans.within(gap, chosen))})
    form.parts.choices = [(f"{a}-{b}", f"{telling.range_text(a, b)} ({clock(b - a)})") for a, b in parts]
    newest = list(reversed(attachment.told(now, MOST_VIEWINGS)))
    form.viewing.choices = [
        (str(each.id), _("%(when)s, %(counted)s counted", when=short_time(from_ms(each.opened_ms)),
                         counted=clock(each.counted_ms)))
        for each in newest
    ]  # fmt: skip
    if fresh:
        form.parts.data = [f"{a}-{b}" for a, b in named]
        # What was lost then and is missing now: why it was lost is not reckoned twice.
        lost = next((gap.viewing for gap in then.gaps if gap.viewing and spans.within((gap.start, gap.end), chosen)),
                    None)  # fmt: skip
        form.viewing.data = str(lost or (newest[0].id if newest else ""))
    return len(gaps) - len(offered)


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
        reason, viewing = form.reason.data or "", _viewing_id(form.viewing.data or "")
        try:
            given = service.grant(session(), settings(), current_user.person_id, found, form.wanted(), reason, viewing)
        except Refused as error:
            to_form(error, form)
            group, found = _ticket(code, ticket)
        else:
            flash(_granted_text(found, given), "done")
            return redirect(url_for("ticket_desk.ticket", code=code, ticket=ticket))
    return _page(group, found, grant_form=form)


def _viewing_id(text: str) -> int | None:
    """The viewing that a form names; None for what no database could hold."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if 0 < number < 2**63 else None


def _granted_text(found: TicketRow, given: Given) -> str:
    granted = clock(sum(end - start for start, end in given.pieces))
    if given.countable:
        return str(_("%(time)s granted to %(name)s; %(hours)s hours were credited.", time=granted,
                     name=found.learner, hours=hours(given.countable)))  # fmt: skip
    return str(_("%(time)s granted to %(name)s. It is not enough for credit yet.", time=granted, name=found.learner))
