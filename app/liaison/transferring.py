"""The pages of transfers: those that concern one's units, one of them, the answer."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import guard, scope
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session
from app.liaison import queries, transfers
from app.liaison.forms import DeclineForm
from app.liaison.manage import DESK, beside, today
from app.liaison.queries import TransferRow

bp = Blueprint("transfers", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
MOST = 200


@bp.get("/desk/transfers")
@guard(DESK)
def listing() -> str:
    """Those out of one's units and into them, what waits first."""
    rows = queries.transfers(scope(DESK), session(), MOST)
    return render_template("liaison/transfers.html", rows=rows, mine=_mine)


def _mine(unit_id: int) -> bool:
    return scope(DESK).everything or unit_id in scope(DESK).unit_ids


def _one(transfer_id: int) -> TransferRow:
    found = queries.transfer(scope(DESK), session(), transfer_id)
    if found is None:
        raise NotFound(_("There is no such transfer."))
    return found


@bp.get("/desk/transfers/<int:transfer_id>")
@guard(DESK)
def one(transfer_id: int) -> Page:
    """Who is to go where, from when, why, and what came of it."""
    return _page(_one(transfer_id), DeclineForm(formdata=None))


def _page(row: TransferRow, form: DeclineForm) -> Page:
    waits = row.state == "open" and row.expires_at > clock.now()
    page = render_template(
        "liaison/transfer.html", row=row, form=form, waits=waits,
        may_answer=waits and _mine(row.to[0]) and row.person_id != current_user.person_id,
        may_withdraw=waits and _mine(row.from_[0]),
    )  # fmt: skip
    return page, 422 if form.errors else 200


@bp.post("/desk/transfers/<int:transfer_id>/accept")
@guard(DESK)
def accept(transfer_id: int) -> Response:
    """Take them."""
    row = _one(transfer_id)
    transfers.accept(session(), scope(DESK), transfer_id, current_user.person_id, today())
    flash(_("%(name)s belongs to your unit now.", name=row.name), "done")
    return redirect(url_for("transfers.one", transfer_id=transfer_id))


@bp.post("/desk/transfers/<int:transfer_id>/decline")
@guard(DESK)
def decline(transfer_id: int) -> Page:
    """Do not take them."""
    row, form = _one(transfer_id), DeclineForm()
    if form.validate():
        try:
            transfers.decline(
                session(), scope(DESK), transfer_id, form.answer.data or "", current_user.person_id, today()
            )
        except Refused as refused:
            beside(form, refused)
        else:
            flash(_("Declined. Who asked is told."), "done")
            return redirect(url_for("transfers.one", transfer_id=transfer_id))
    return _page(row, form)


@bp.post("/desk/transfers/<int:transfer_id>/withdraw")
@guard(DESK)
def withdraw(transfer_id: int) -> Response:
    """Ask no more."""
    _one(transfer_id)
    transfers.withdraw(session(), scope(DESK), transfer_id, current_user.person_id, today())
    flash(_("Withdrawn. The other unit is told."), "done")
    return redirect(url_for("transfers.one", transfer_id=transfer_id))
