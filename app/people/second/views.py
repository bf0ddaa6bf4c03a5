"""The second factor: its page in one's account, and the second step at the door."""

from __future__ import annotations

import io
from typing import Any

import segno
from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.base import audit
from app.base.access import public, signed_in
from app.base.errors import Forbidden, NotFound, Refused
from app.base.pages import is_english
from app.base.unit_of_work import database, session, settings
from app.people import entering, queries, service, throttle
from app.people.queries import Known
from app.people.second import service as second
from app.people.second import steps
from app.people.second.forms import BothForm, CodeForm, PresentForm
from app.rules.access import MUST_PROVE_TWICE

bp = Blueprint("second", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]


@bp.route("/sign-in/code", methods=["GET", "POST"])
@public
def step() -> Page:
    """The second step of signing in."""
    waits = steps.expected()
    form = CodeForm()
    if waits is None:
        flash(_("The code came too late. Sign in once more."), "notice")
        return redirect(url_for("people.sign_in"))
    if not form.validate_on_submit():
        return render_template("second/step.html", form=form), 422 if form.is_submitted() else 200
    with database().reading() as reader:
        known = queries.known_by_id(reader, waits.person_id)
    if not waits.fits(known) or known.disabled:
        return redirect(url_for("people.sign_in"))
    tried = entering.guess_of(known, known.login)
    try:
        left = entering.take(tried, "code")
        if not second.take(session(), settings().secret, waits.person_id, form.code.data or ""):
            text = _("This code does not fit. %(n)s tries are left. Each code holds once, for half a minute.", n=left)
            raise service.WrongPassword(text, "code")
    except Refused as refused:
        service.note_failure(session(), known.login, entering.address(), known, "sign_in.second")
        entering.fails(form, refused)
        return render_template("second/step.html", form=form), refused.status
    return entering.enter(known, tried, waits.goal)


def _page(status: int = 200, **forms: Any) -> Page:
    person_id, chosen = current_user.person_id, settings()
    found = second.state(session(), person_id)
    if not steps.offered() and not found.confirmed:
        raise NotFound(_("There is nothing at this address. It may have been withdrawn."))
    key = second.secret_of(session(), chosen.secret, person_id) if found.begun else ""
    academy = chosen.academy_name_en if is_english() else chosen.academy_name
    return render_template(
        "second/setting.html",
        state=found,
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)),
        picture=_drawn(second.address_of(key, current_user.login, academy)) if key else "",
        needed=bool({each.role for each in current_user.grants} & MUST_PROVE_TWICE)
        and chosen.second_factor == "required",
        present_form=forms.get("present_form") or PresentForm(formdata=None),
        code_form=forms.get("code_form") or CodeForm(formdata=None),
        both_form=forms.get("both_form") or BothForm(formdata=None),
    ), status


def _drawn(address: str) -> Markup:
    out = io.BytesIO()
    made = segno.make(address, error="m", micro=False)
    made.save(out, kind="svg", scale=5, border=4, dark="#18222b", light="#ffffff", xmldecl=False, svgns=False)
    return Markup(out.getvalue().decode("ascii"))


@bp.get("/account/second-factor")
@signed_in
def setting() -> Page:
    """The second factor: none, being set up, or set."""
    return _page()


def _own() -> Known:
    if not steps.offered():
        raise Forbidden(_("Your roles do not open this page."))
    return queries.known_by_id(session(), current_user.person_id)


@bp.post("/account/second-factor/begin")
@signed_in
def begin() -> Page:
    """Show a fresh authenticator secret; the present password is asked first."""
    form = PresentForm()
    if not form.validate_on_submit():
        return _page(422, present_form=form)
    try:
        known = _own()
        tried = entering.guess_of(known, known.login)
        service.confirm_present(session(), known, form.present.data or "", tried, "second_factor.begin")
        second.begin(session(), settings().secret, current_user.person_id)
    except Refused as refused:
        entering.fails(form, refused)
        return _page(refused.status, present_form=form)
    return redirect(url_for("second.setting"))


@bp.post("/account/second-factor/confirm")
@signed_in
def confirm() -> Page:
    """A first right code sets it. The recovery codes are on this answer and nowhere else."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _page(422, code_form=form)
    try:
        _own()
        codes = second.confirm(
            session(), settings().secret, current_user.person_id, form.code.data or "", current_user.session_id
        )
    except Refused as refused:
        entering.fails(form, refused)
        return _page(refused.status, code_form=form)
    return _shown(codes)


def _shown(codes: list[str]) -> str:
    return render_template("second/codes.html", codes=codes)


@bp.post("/account/second-factor/codes")
@signed_in
def codes() -> Page:
    """Fresh recovery codes; both factors are asked."""
    form = BothForm()
    if not form.validate_on_submit() or not _both(form, "second_factor.codes"):
        return _page(422, both_form=form)
    made = second.fresh_codes(session(), current_user.person_id)
    audit.record(session(), current_user.person_id, "second_factor.codes", f"person:{current_user.key}")
    return _shown(made)


@bp.post("/account/second-factor/remove")
@signed_in
def remove() -> Page:
    """Do without; both factors are asked."""
    form = BothForm()
    if not form.validate_on_submit() or not _both(form, "second_factor.remove"):
        return _page(422, both_form=form)
    second.remove(session(), current_user.person_id, current_user.person_id)
    flash(_("The second factor is removed. From now on the password alone signs you in."), "done")
    return redirect(url_for("people.account"))


def _both(form: BothForm, action: str) -> bool:
    """Are both factors right? They are one guess: with the password alone nobody gets new tries at the code."""
    try:
        known = _own()
        tried = entering.guess_of(known, known.login)
        service.confirm_present(session(), known, form.present.data or "", tried, action, last=False)
        if not second.take(session(), settings().secret, current_user.person_id, form.code.data or ""):
            service.note_failure(session(), known.login, entering.address(), known, action)
            raise service.WrongPassword(_("This code does not fit. Each code holds once, for half a minute."), "code")
        throttle.give_back(session(), tried)
    except Refused as refused:
        entering.fails(form, refused)
        return False
    return True
