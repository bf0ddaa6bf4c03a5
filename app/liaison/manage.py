"""The pages of the liaison's desk: own unit's people, a joiner, one person."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.base import clock, labels
from app.base.access import can, guard, scope
from app.base.errors import Forbidden, NotFound, Refused
from app.base.unit_of_work import session, settings
from app.liaison import queries, service, transfers
from app.liaison.forms import CorrectForm, JoinForm, LeaveForm, TransferForm
from app.liaison.queries import Listing, Wanted
from app.people import queries as people
from app.people import timeline, units
from app.people.desk import queries as accounts
from app.people.desk.queries import AccountRow

bp = Blueprint("liaison", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
DESK = "unit.staff"


def today() -> date:
    """The academy's day."""
    return clock.local_day(clock.now(), settings().timezone)


def _wanted() -> Wanted:
    given = request.args
    sort, page = given.get("sort", ""), given.get("page", "1")
    plain = sort.removeprefix("-")
    return Wanted(
        q=given.get("q", "")[:60], unit=given.get("unit", "")[:40], band=given.get("band", "")[:40],
        sort=plain if plain in queries.SORTS else "name", down=sort.startswith("-"),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )  # fmt: skip


def _address(wanted: Wanted, **other: Any) -> str:
    """This list with these wishes; what is usual stays away."""
    sort = ("-" if wanted.down else "") + wanted.sort
    given = {"q": wanted.q, "unit": wanted.unit, "band": wanted.band, "sort": sort, "page": 1} | other
    kept: dict[str, Any] = {name: value for name, value in given.items() if value not in ("", 1, "name")}
    return url_for("liaison.listing", **kept)


@bp.get("/desk/people")
@guard(DESK)
def listing() -> str:
    """Who belongs to the units that one looks after."""
    wanted = _wanted()
    found = queries.listing(scope(DESK), session(), wanted, today())
    return render_template(
        "liaison/listing.html", found=found, wanted=wanted, units=units.choices(scope(DESK), session()),
        columns=_columns(wanted), at=lambda **other: _address(wanted, **other),
        page_url=lambda page: _address(wanted, page=page), said=_said(found),
        waiting=queries.waiting(scope(DESK), session()),
    )  # fmt: skip


def _columns(wanted: Wanted) -> list[dict[str, Any]]:
    heads = (
        ("name", _("Name")), ("login", _("Staff number")), ("unit", _("Unit")), ("band", _("Rank band")),
        ("", _("Phone")), ("since", _("Since")),
    )  # fmt: skip
    found = []
    for name, word in heads:
        turned = f"-{name}" if wanted.sort == name and not wanted.down else name
        way = ("descending" if wanted.down else "ascending") if wanted.sort == name else None
        found.append({"label": word} | ({"sort_url": _address(wanted, sort=turned), "sorted": way} if name else {}))
    return found


def _said(found: Listing) -> str:
    last = found.first + len(found.rows) - 1
    return str(_("%(first)s–%(last)s of %(num)s", first=found.first, last=last, num=found.total)) if found.rows else ""


@bp.route("/desk/people/new", methods=["GET", "POST"])
@guard(DESK)
def new() -> Page:
    """Somebody comes to a unit."""
    form = JoinForm(day=today(), unit=request.args.get("unit", ""))
    form.offer(_open_units())
    if form.is_submitted() and form.validate():
        try:
            made = service.join(
                session(), scope(DESK), form.login.data, form.unit.data, form.details(), current_user.person_id, today()
            )
        except Refused as refused:
            beside(form, refused)
        else:
            flash(_("%(name)s is there. A slip or a link opens the account.", name=made.name), "done")
            return redirect(url_for("liaison.one", person_key=made.key))
    return render_template("liaison/new.html", form=form), 422 if form.is_submitted() else 200


def beside(form: FlaskForm, refused: Refused) -> None:
    """Nothing is kept; the refusal stands beside its field. What is forbidden, or not there, has no field."""
    session().rollback()
    if isinstance(refused, Forbidden | NotFound):
        raise refused
    if refused.field in form:
        form[refused.field].errors = [*form[refused.field].errors, refused.text]
    else:
        form.form_errors.append(refused.text)


def _one(person_key: str) -> AccountRow:
    found = accounts.one(scope(DESK), session(), person_key, today())
    if found is None:
        raise NotFound(_("There is no such person in the units that you look after."))
    return found


@bp.get("/desk/people/<person_key>")
@guard(DESK)
def one(person_key: str) -> Page:
    """One person: details, units, what can be done."""
    return _page(_one(person_key))


def _page(row: AccountRow, **forms: FlaskForm) -> Page:
    present = people.unit_of(session(), row.id, today())
    held = present.band if present else ""
    correct, transfer = forms.get("correct"), forms.get("transfer")
    if correct is None:
        correct = CorrectForm(formdata=None, day=today(), name=row.name, phone=row.phone, email=row.email, band=held)
        correct.offer(held)
    if transfer is None:
        transfer = TransferForm(formdata=None, day=today())
    page = render_template(
        "liaison/one.html", row=row, present=present, stays=queries.stays(session(), row.id), correct=correct,
        transfer=transfer, leave=forms.get("leave") or LeaveForm(formdata=None, last=today()), today=today(),
        may=service.may_act(scope(DESK), row, current_user.person_id) and row.state != "closed",
        open=queries.open_transfer(session(), row.id), account=can("account.see"),
    )  # fmt: skip
    return page, 422 if forms else 200


def _open_units() -> list[units.UnitChoice]:
    """One's own units that are not closed."""
    closed = {each.id for each in timeline.units(session()) if each.closed_on is not None}
    return [each for each in units.choices(scope(DESK), session()) if each.id not in closed]


@bp.post("/desk/people/<person_key>/correct")
@guard(DESK)
def correct(person_key: str) -> Page:
    """Put details right."""
    row = _one(person_key)
    form, present = CorrectForm(), people.unit_of(session(), row.id, today())
    form.offer(present.band if present else "")
    if form.validate():
        try:
            changed = service.correct(session(), scope(DESK), row, form.details(), current_user.person_id, today())
        except Refused as refused:
            beside(form, refused)
        else:
            words = {"name": _("Name"), "phone": _("Phone"), "email": _("E-mail"), "band": _("Rank band")}
            flash(
                _(
                    "Corrected: %(what)s.",
                    what=(", " if labels.english() else "、").join(str(words[each]) for each in changed),
                ),
                "done",
            )
            return redirect(url_for("liaison.one", person_key=person_key))
    return _page(row, correct=form)


@bp.post("/desk/people/<person_key>/transfer")
@guard(DESK)
def transfer(person_key: str) -> Page:
    """Ask another unit to take somebody; among one's own units it is done at once."""
    row, form = _one(person_key), TransferForm()
    if form.validate():
        try:
            made = transfers.ask(
                session(), scope(DESK), row, form.to.data, form.day.data, (form.reason.data or "").strip(),
                current_user.person_id, today(),
            )  # fmt: skip
        except Refused as refused:
            beside(form, refused)
        else:
            text = _("Moved.") if made is None else _("Asked. The other unit accepts or declines; you will be told.")
            flash(text, "done")
            if made is not None:
                return redirect(url_for("transfers.one", transfer_id=made.id))
            seen = accounts.one(scope(DESK), session(), person_key, today())
            return redirect(url_for("liaison.one", person_key=person_key) if seen else url_for("liaison.listing"))
    return _page(row, transfer=form)


@bp.post("/desk/people/<person_key>/leave")
@guard(DESK)
def leave(person_key: str) -> Page:
    """Somebody has left."""
    row, form = _one(person_key), LeaveForm()
    if form.validate():
        try:
            service.leave(session(), scope(DESK), row, form.last.data, current_user.person_id, today())
        except Refused as refused:
            beside(form, refused)
        else:
            day = labels.full_day(form.last.data)
            flash(_("%(name)s has left, last day %(day)s. The account is closed.", name=row.name, day=day), "done")
            return redirect(url_for("liaison.listing"))
    return _page(row, leave=form)
