"""One's own messages: a page by days, opening one, marking all as read; and the count for every frame."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import labels
from app.base.access import signed_in
from app.base.errors import BadInput
from app.base.pages import MOST_KEY
from app.base.unit_of_work import session, settings
from app.notices import queries, service, sorts
from app.notices.queries import Message
from app.people.queries import profile

bp = Blueprint("notices", __name__, template_folder="templates")
ON_A_PAGE = 30
ONLY_UNREAD = "unread"


@bp.app_context_processor
def _for_frames() -> dict[str, Any]:
    """How many messages are unread."""
    return {"messages_unread": current_user.waiting if current_user.is_authenticated else 0}


@bp.get("/messages")
@signed_in
def messages() -> str:
    """One's own messages by days, the newest first; `show=unread` for those alone. What is read stays unread until it
    is opened: a look at the list changes nothing."""
    only_unread = request.args.get("show") == ONLY_UNREAD
    counts = queries.counts(session(), current_user.person_id)
    total = counts.unread if only_unread else counts.every
    pages = max(1, -(-total // ON_A_PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    rows = queries.latest(
        session(), current_user.person_id, ON_A_PAGE, skip=(page - 1) * ON_A_PAGE, only_unread=only_unread
    )

    def address(number: int = 1, unread: bool = only_unread) -> str:
        given = {"show": ONLY_UNREAD if unread else None, "page": number if number > 1 else None}
        return url_for("notices.messages", **given)  # type: ignore[arg-type]

    return render_template(
        "notices/messages.html", counts=counts, days=_by_days(rows), only_unread=only_unread, page=page, pages=pages,
        address=address,
    )  # fmt: skip


def _by_days(rows: list[Message]) -> list[tuple[date, str, str, list[Message]]]:
    """(day, its word when it is near, the day in words, its messages), the newest first."""
    today = labels.this_day()
    near = {today: str(_("Today")), today - timedelta(days=1): str(_("Yesterday"))}
    grouped = groupby(rows, key=lambda row: labels.local_day_of(row.at))
    return [(day, near.get(day, ""), labels.list_weekday(day), list(each)) for day, each in grouped]


@bp.post("/messages/<int:message_id>/open")
@signed_in
def open_message(message_id: int) -> Response:
    """Mark one as read, and go to the page it is about."""
    return redirect(service.open_one(session(), current_user.person_id, message_id))


@bp.post("/messages/read")
@signed_in
def read_all() -> Response:
    """Mark as read what the page knew of: a message that came since stays unread."""
    upto = request.form.get("upto", type=int)
    if upto is None or not 0 <= upto <= MOST_KEY:
        raise BadInput(_("It is not clear up to which message. Nothing was marked; go back and do it again."))
    done = service.read_all(session(), current_user.person_id, upto)
    flash(ngettext("%(num)d message is marked as read.", "%(num)d messages are marked as read.", done), "done")
    return redirect(url_for("notices.messages"))


@bp.get("/account/messages")
@signed_in
def choices() -> str:
    """Which sorts of messages reach one, and how."""
    return _choices(sorts.chosen(session(), current_user.person_id))


def _mine() -> list[sorts.Sort]:
    return sorts.offered(frozenset(grant.role for grant in current_user.grants))


def _choices(chosen: dict[str, str]) -> str:
    email = profile(session(), current_user.person_id).email
    rows = [(each, *sorts.words(each), chosen.get(each.name, sorts.APP)) for each in _mine()]
    return render_template("notices/choices.html", rows=rows, mail=settings().mail.offered, email=email)


@bp.post("/account/messages")
@signed_in
def choose() -> Response:
    """Keep what was chosen. A mail that cannot be sent cannot be chosen."""
    mine = _mine()
    email = profile(session(), current_user.person_id).email
    ways = {each.name: request.form.get(each.name, sorts.APP) for each in mine}
    if sorts.MAIL in ways.values() and not (settings().mail.offered and email):
        raise BadInput(_("No mail can be sent to you: there is no address, or the academy sends none."))
    sorts.choose(session(), current_user.person_id, mine, ways)
    flash(_("Saved."), "done")
    return redirect(url_for("notices.choices"))
