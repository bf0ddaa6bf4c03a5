"""The pages of accounts: the list, slips, links, one account."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from ulid import ULID
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import can, guard, scope
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import database, session, settings
from app.people import units
from app.people.desk import queries, service, slips
from app.people.desk.queries import AccountRow, Listing, Wanted

bp = Blueprint("accounts", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
SEE, ISSUE, CLOSE, SECOND = "account.see", "account.issue", "person.disable", "account.second_factor"


def _wanted() -> Wanted:
    given = request.values
    sort = given.get("sort", "")
    page = given.get("page", "1")
    return Wanted(
        q=given.get("q", "")[:60],
        state=given.get("state", "") if given.get("state") in queries.STATES else "",
        unit=given.get("unit", "")[:40],
        sort=sort.removeprefix("-") if sort.removeprefix("-") in queries.SORTS else "name",
        down=sort.startswith("-"),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _address(wanted: Wanted, **other: Any) -> dict[str, Any]:
    """What stands in the address for these wishes; what is usual stays away."""
    sort = ("-" if wanted.down else "") + wanted.sort
    given = {"q": wanted.q, "state": wanted.state, "unit": wanted.unit, "sort": sort, "page": wanted.page} | other
    return {name: value for name, value in given.items() if value not in ("", 1, "name")}


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


@bp.get("/desk/accounts")
@guard(SEE)
def listing() -> str:
    """Everybody's account, as far as one may see."""
    wanted = _wanted()
    return _listing(wanted)


def _listing(wanted: Wanted) -> str:
    found = queries.listing(scope(SEE), session(), wanted, _today())
    issuing = scope(ISSUE) if can(ISSUE) else None
    me = current_user.person_id
    return render_template(
        "accounts/listing.html",
        found=found,
        wanted=wanted,
        units=units.choices(scope(SEE), session()),
        issuable={row.id for row in found.rows if issuing and service.may_issue(issuing, row, me)},
        batch=str(ULID()),
        most=service.MOST,
        mail=settings().mail.offered,
        at=lambda **other: url_for("accounts.listing", **_address(wanted, **({"page": 1} | other))),
        page_url=lambda page: url_for("accounts.listing", **_address(wanted, page=page)),
        columns=_columns(wanted),
        said=_said(found),
    )


def _columns(wanted: Wanted) -> list[dict[str, Any]]:
    heads = [
        ("name", _("Name")),
        ("login", _("Staff number")),
        ("unit", _("Unit")),
        ("", _("Phone")),
        ("state", _("State")),
    ]
    found = [{"label": word} | (_head(wanted, name) if name else {}) for name, word in heads]
    return [{"label": _("Chosen"), "hidden": True}, *found]


def _head(wanted: Wanted, name: str) -> dict[str, Any]:
    """What a column's head needs: where sorting by it leads, and how it is sorted."""
    here = wanted.sort == name
    turned = f"-{name}" if here and not wanted.down else name
    return {
        "sort_url": url_for("accounts.listing", **_address(wanted, sort=turned, page=1)),
        "sorted": ("descending" if wanted.down else "ascending") if here else None,
    }


def _said(found: Listing) -> str:
    last = found.first + len(found.rows) - 1
    return str(_("%(first)s–%(last)s of %(num)s", first=found.first, last=last, num=found.total)) if found.rows else ""


def _chosen(within: Any) -> list[AccountRow]:
    """Whom the form means: those ticked, or everybody whom the list shows."""
    if "all" in request.form:
        return queries.all_shown(scope(ISSUE), within, _wanted(), _today(), service.MOST)
    ticked = request.form.getlist("person")[: service.MOST + 1]
    return queries.some(scope(ISSUE), within, ticked, _today())


def _back() -> Response:
    return redirect(url_for("accounts.listing", **_address(_wanted())))


@bp.post("/desk/accounts/slips")
@guard(ISSUE)
def issue() -> Page:
    """Make slips and show them, this once: sent again, the same form makes nothing."""
    batch = request.form.get("batch", "")
    if len(batch) != 26 or not batch.isascii():
        batch = str(ULID())
    try:
        with database().writing() as writer:  # not the request's: drawing the sheets takes long, and holds nobody up
            rows = _chosen(writer)
            made = service.issue(writer, settings(), scope(ISSUE), rows, current_user.person_id, batch)
    except Refused as refused:
        flash(refused.text, "refused")
        return _back()
    return render_template(
        "accounts/slips.html",
        slips=[(each, slips.lines(each.code), slips.picture(settings().public_url, each.code)) for each in made],
        per_sheet=slips.PER_SHEET,
        left_out=len(rows) - len(made),
        place=f"{settings().public_url}/activate",
        back=url_for("accounts.listing", **_address(_wanted())),
    )


@bp.post("/desk/accounts/links")
@guard(ISSUE)
def send_links() -> Response:
    """Mail links to those who have an address."""
    if not settings().mail.offered:
        raise NotFound(_("No mail server is set."))
    try:
        count = service.mail(session(), scope(ISSUE), _chosen(session()), current_user.person_id)
        flash(ngettext("%(num)d link is on its way.", "%(num)d links are on their way.", count), "done")
    except Refused as refused:
        flash(refused.text, "refused")
    return _back()


def _one(person_key: str, permission: str) -> AccountRow:
    found = queries.one(scope(permission), session(), person_key, _today())
    if found is None:
        raise NotFound(_("There is no such account among those you look after."))
    return found


@bp.get("/desk/accounts/<person_key>")
@guard(SEE)
def one(person_key: str) -> str:
    """One account."""
    row = _one(person_key, SEE)
    me = current_user.person_id
    return render_template(
        "accounts/one.html",
        row=row,
        seen=queries.last_seen(session(), row.id),
        may_issue=can(ISSUE) and service.may_issue(scope(ISSUE), row, me),
        may_close=can(CLOSE) and service.may_close(scope(CLOSE), row, me, security=_security()),
        may_reset=can(SECOND) and row.second_factor and row.id != me,
        batch=str(ULID()),
        mail=settings().mail.offered,
    )


def _security() -> bool:
    return bool(current_user.has("sec_admin"))


def _done(person_key: str, text: str) -> Response:
    flash(text, "done")
    return redirect(url_for("accounts.one", person_key=person_key))


@bp.post("/desk/accounts/<person_key>/close")
@guard(CLOSE)
def close(person_key: str) -> Response:
    """Close an account."""
    row = _one(person_key, CLOSE)
    service.close(session(), scope(CLOSE), row, current_user.person_id, security=_security())
    return _done(person_key, _("The account of %(name)s is closed. It was signed out everywhere.", name=row.name))


@bp.post("/desk/accounts/<person_key>/reopen")
@guard(CLOSE)
def reopen(person_key: str) -> Response:
    """Open a closed account again."""
    row = _one(person_key, CLOSE)
    service.reopen(session(), scope(CLOSE), row, current_user.person_id, security=_security())
    return _done(person_key, _("The account of %(name)s is open again.", name=row.name))


@bp.post("/desk/accounts/<person_key>/second-factor")
@guard(SECOND)
def reset_second_factor(person_key: str) -> Response:
    """Take away a second factor that was lost."""
    row = _one(person_key, SECOND)
    service.reset_second_factor(session(), row, current_user.person_id)
    return _done(person_key, _("The second factor of %(name)s is removed.", name=row.name))
