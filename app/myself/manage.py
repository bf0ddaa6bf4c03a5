"""The desk of corrections: what waits, what was decided, one of them."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import can, guard, scope
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session, settings
from app.myself.corrections import messages, queries, service, words
from app.myself.corrections.queries import CorrectionRow
from app.myself.forms import DecisionForm, put

bp = Blueprint("corrections", __name__, template_folder="templates", url_prefix="/desk/corrections")
Page = str | Response | tuple[str, int]
NEED = messages.NEED
DECIDED = "decided"


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


@bp.get("")
@guard(NEED)
def listing() -> str:
    """What waits, the longest first; `show=decided` for the others."""
    waiting = request.args.get("show") != DECIDED
    page = request.args.get("page", 1, type=int)
    found = queries.listing(scope(NEED), session(), _today(), waiting=waiting, page=page)

    def address(number: int = 1, *, decided: bool = not waiting) -> str:
        given = {"show": DECIDED if decided else None, "page": number if number > 1 else None}
        return url_for("corrections.listing", **given)  # type: ignore[arg-type]

    return render_template("corrections/listing.html", found=found, waiting=waiting, words=words, address=address)


def _row(key: str) -> CorrectionRow:
    found = queries.one(scope(NEED), session(), key, _today())
    if found is None:
        raise NotFound(_("There is no such correction among those you decide."))
    return found


@bp.get("/<key>")
@guard(NEED)
def one(key: str) -> str:
    """What somebody asks for, what stands there now, and the two ways to decide."""
    return _page(_row(key), DecisionForm())


def _page(row: CorrectionRow, form: DecisionForm) -> str:
    return render_template(
        "corrections/one.html", row=row, form=form, words=words, own=row.person_id == current_user.person_id,
        now=service.present_value(session(), row.person_id, row.field, _today()),
        shared=queries.others_with(session(), row.person_id, row.field, row.wanted),
        mail=settings().mail.offered, account=can("account.see"),
    )  # fmt: skip


@bp.post("/<key>/accept")
@guard(NEED)
def accept(key: str) -> Page:
    """Apply it."""
    row, form = _row(key), DecisionForm()
    if not form.validate_on_submit():
        return _page(row, form), 422
    actor, mail = current_user.person_id, settings().mail.offered
    try:
        told = service.accept(session(), actor, row, form.answer.data or "", _today(), mail=mail)
    except Refused as refused:
        put(refused, form)
        return _page(row, form), refused.status
    said = {
        messages.CONFIRM: _("A link went to the new address. It is taken when %(name)s opens it.", name=row.name),
        messages.HANDED_ON: _(
            "Handed on, and %(name)s is told. The unit changes when a transfer does it.", name=row.name
        ),
    }
    flash(said.get(told) or _("Corrected, and %(name)s is told.", name=row.name), "done")
    return redirect(url_for("corrections.listing"))


@bp.post("/<key>/decline")
@guard(NEED)
def decline(key: str) -> Page:
    """Leave it as it is, with a reason."""
    row, form = _row(key), DecisionForm()
    if not form.validate_on_submit():
        return _page(row, form), 422
    try:
        service.decline(session(), current_user.person_id, row, form.answer.data or "")
    except Refused as refused:
        put(refused, form)
        return _page(row, form), refused.status
    flash(_("Declined, and %(name)s is told why.", name=row.name), "done")
    return redirect(url_for("corrections.listing"))
