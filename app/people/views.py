"""The door, the language, one's own account."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import public, signed_in
from app.base.errors import Refused
from app.base.unit_of_work import database, session, settings
from app.people import entering, login, passwords, queries, service
from app.people.addresses import safe_next
from app.people.forms import PasswordForm, SignInForm
from app.people.second import steps

bp = Blueprint("people", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
LOCALES = ("zh_Hans_CN", "en")


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> Page:
    """The sign-in form. A failed one keeps the login."""
    goal = safe_next(request.values.get("next"))
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(goal)
    form = SignInForm(next=goal)
    if form.validate_on_submit():
        try:
            return _enter(form, goal)
        except Refused as refused:
            entering.fails(form, refused)
            return render_template("people/sign_in.html", form=form), refused.status
    if not form.is_submitted():
        form.login.data = browser.pop("login", "")
    status = 422 if form.is_submitted() else 200
    return render_template("people/sign_in.html", form=form), status


def _enter(form: SignInForm, goal: str) -> Response:
    typed, password = form.login.data or "", form.password.data or ""
    # Judging takes long on purpose: the reading ends before it, the writing begins after it.
    with database().reading() as reader:
        known = queries.known(reader, typed)
    tried = entering.guess_of(known, typed)
    try:
        service.judge(known, password, entering.take(tried))
    except Refused:
        service.note_failure(session(), typed, entering.address(), known)
        raise
    assert known.password_hash is not None
    if passwords.outdated(known.password_hash):
        made = passwords.make(password)
        service.keep_renewed(session(), known, made)
    if known.second_factor:
        steps.expect(known, goal)  # the try stays taken until the second step is done
        return redirect(url_for("second.step"))
    return entering.enter(known, tried, goal)


@bp.route("/sign-out", methods=["POST"])
@signed_in
def sign_out() -> Response:
    """End this sign-in. What the player keeps on the device for later stays there."""
    service.sign_out(session(), current_user.session_id, current_user.person_id)
    login.leave()
    browser["ask_again"] = True  # an identity provider must not sign the next one in as the one who has just gone
    flash(_("You are signed out."), "done")
    answer = redirect(url_for("people.sign_in"))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@bp.route("/language", methods=["POST"])
@public
def language() -> Response:
    """Change the language of this browser, and of the account when somebody is signed in."""
    chosen = request.values.get("locale", "")
    if chosen in LOCALES:
        browser["locale"] = chosen
        if current_user.is_authenticated:
            service.choose_locale(session(), current_user.person_id, chosen)
    return redirect(safe_next(request.form.get("back")))


def _account(form: PasswordForm) -> str:
    since = clock.now() - timedelta(minutes=settings().idle_minutes)
    held = queries.sign_ins(session(), current_user.person_id, min(since, clock.now() - login.LONGEST))
    today = clock.local_day(clock.now(), settings().timezone)
    return render_template(
        "people/account.html",
        form=form,
        profile=queries.profile(session(), current_user.person_id),
        sign_ins=held,
        present=current_user.session_id,
        unit=queries.unit_of(session(), current_user.person_id, today),
        second=steps.offered(),
        policy=passwords.policy_of(settings()),
    )


@bp.route("/account", methods=["GET"])
@signed_in
def account() -> str:
    """One's own account: who, where signed in, the password, light or dark."""
    return _account(PasswordForm())


@bp.route("/account/password", methods=["POST"])
@signed_in
def change_password() -> Page:
    """Change one's own password."""
    form = PasswordForm()
    if form.validate_on_submit():
        known = queries.known_by_id(session(), current_user.person_id)
        try:
            service.change_password(
                session(), known, form.present.data or "", form.password.data or "", current_user.session_id,
                entering.guess_of(known, known.login), passwords.policy_of(settings()),
            )  # fmt: skip
        except Refused as refused:
            entering.fails(form, refused)
            return _account(form), refused.status
        flash(_("The password is changed. Other devices were signed out."), "done")
        answer = redirect(url_for("people.account"))
        return entering.remember(answer, queries.known_by_id(session(), current_user.person_id))
    return _account(form), 422


@bp.route("/account/sign-ins/<int:session_id>/end", methods=["POST"])
@signed_in
def end_sign_in(session_id: int) -> Response:
    """End one of one's own sign-ins, on another device or this one."""
    service.revoke(session(), session_id, current_user.person_id)
    if session_id == current_user.session_id:
        login.leave()
        return redirect(url_for("people.sign_in"))
    flash(_("That device is signed out."), "done")
    return redirect(url_for("people.account"))


@bp.route("/account/sign-ins/end-others", methods=["POST"])
@signed_in
def end_others() -> Response:
    """End all of one's own sign-ins but this one."""
    service.end_others(session(), current_user.person_id, current_user.session_id)
    flash(_("All other devices are signed out."), "done")
    return redirect(url_for("people.account"))
