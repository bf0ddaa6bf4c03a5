"""One's own page: who the academy thinks one is, and asking for a correction."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.base import clock, labels
from app.base.access import signed_in
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session, settings
from app.myself import proving, queries
from app.myself.corrections import queries as corrections
from app.myself.corrections import service, words
from app.myself.forms import BandForm, OtherForm, SignInValueForm, ValueForm, put

bp = Blueprint("myself", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


@bp.get("/account/profile")
@signed_in
def profile() -> str:
    """What the academy knows of the person, with dates; what was asked to be corrected."""
    today = _today()
    known = queries.known(session(), current_user.person_id, today)
    asked = corrections.of_person(session(), current_user.person_id, today)
    return render_template(
        "myself/profile.html", known=known, unit=known.unit(today), asked=asked, today=today, words=words,
        open_fields={each.field for each in asked if each.state == corrections.OPEN},
    )  # fmt: skip


def _form(field: str) -> FlaskForm:
    if field == "band":
        form = BandForm()
        form.wanted.choices = [(code, labels.label("band", code)) for code in labels.codes("band")]
        return form
    if field == "other":
        return OtherForm()
    return SignInValueForm() if field in service.PROVED and proving.has_password() else ValueForm()


@bp.route("/account/profile/correct/<field>", methods=["GET", "POST"])
@signed_in
def correct(field: str) -> Page:
    """Ask for a correction of one thing."""
    if field not in service.FIELDS:
        raise NotFound(_("There is nothing at this address. It may have been withdrawn."))
    form = _form(field)
    if not form.validate_on_submit():
        return _asking(field, form), 422 if form.is_submitted() else 200
    try:
        if "present" in form:
            proving.by_password(form["present"].data or "")
        elif field in service.PROVED and not proving.is_fresh():  # signs in by another system, without a password
            raise Refused(_("Sign out, sign in again, and ask within ten minutes: one signs in with it."))
        wanted = form["wanted"].data or "" if "wanted" in form else ""
        service.ask(session(), current_user.person_id, field, wanted, form["reason"].data or "", _today())
    except Refused as refused:
        put(refused, form)
        return _asking(field, form), refused.status
    flash(_("Your request is on its way. You are told what was decided."), "done")
    return redirect(url_for("myself.profile", _anchor="corrections"))


def _asking(field: str, form: FlaskForm) -> str:
    value = service.present_value(session(), current_user.person_id, field, _today())
    return render_template(
        "myself/correct.html", form=form, field=field, word=words.field_word(field),
        present=words.own_text(field, value), mail=settings().mail.offered, longest=service.LONGEST,
        waiting=field in corrections.open_fields(session(), current_user.person_id),
    )  # fmt: skip


@bp.post("/account/corrections/<key>/withdraw")
@signed_in
def withdraw(key: str) -> Response:
    """Take back what was asked."""
    row = corrections.own(session(), current_user.person_id, key, _today())
    if row is None:
        raise NotFound(_("There is no such correction."))
    service.withdraw(session(), row)
    flash(_("Withdrawn. Everything stays as it is."), "done")
    return redirect(url_for("myself.profile", _anchor="corrections"))
