"""First sign-in and forgotten password: by slip or by mail, then the page on which the password is chosen."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base.access import public, signed_in
from app.base.errors import BadInput, Refused
from app.base.unit_of_work import database, session, settings
from app.people import entering, login, passwords, queries, service
from app.people.identifiers import plain_email
from app.people.keys import mailing
from app.people.keys import service as keys
from app.people.keys.forms import AskForm, ChooseForm, CodeForm, EmailForm
from app.people.keys.service import KeyRow
from app.people.throttle import Guess

bp = Blueprint("keys", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]


def _from_here() -> Guess:
    """A try of this address at whatever key: no account is known yet."""
    return Guess("", entering.address(), "", settings().address_tries)


@bp.route("/activate", methods=["GET", "POST"])
@public
def activate() -> Page:
    """The code of a slip leads to the page on which a password is chosen. It is not used up yet."""
    form = CodeForm()
    if not form.validate_on_submit():
        return render_template("keys/activate.html", form=form), 422 if form.is_submitted() else 200
    code = keys.plain(form.code.data or "")
    try:
        if not code:  # a slip of the finger: nothing was guessed
            raise BadInput(_("This is no whole code. Compare it with the slip, sign by sign."), "code")
        with database().reading() as reader:
            found = keys.look(reader, code, keys.SLIP)
        if found is None:
            # Only what is wrong counts: nobody can use up the tries with which a colleague begins.
            entering.take(_from_here(), "code")
            raise keys.gone()
    except Refused as refused:
        entering.fails(form, refused)
        return render_template("keys/activate.html", form=form), refused.status
    browser["key"] = code
    return redirect(url_for("keys.choose"))


@bp.get("/password/<token>")
@public
def follow(token: str) -> Response:
    """A mailed link: the token moves from the address into this browser's session, and is not used up by looking."""
    browser["key"] = token if len(token) == keys.TOKEN else ""
    return redirect(url_for("keys.choose"))


def _held() -> KeyRow | None:
    with database().reading() as reader:
        return keys.look(reader, str(browser.get("key") or ""))


@bp.route("/password", methods=["GET", "POST"])
@public
def choose() -> Page:
    """Choose a password with the key that this browser holds."""
    key, form = _held(), ChooseForm()
    if key is None:
        browser.pop("key", None)
        return render_template("keys/gone.html", mail=settings().mail.offered), 410
    policy = passwords.policy_of(settings())
    if not form.validate_on_submit():
        return _choosing(form, key, 422 if form.is_submitted() else 200)
    try:
        with database().reading() as reader:
            made = service.made_password(reader, key.person_id, form.password.data or "", policy)
        keys.redeem(session(), key, made, policy, entering.address())
    except BadInput as refused:
        entering.fails(form, refused)
        return _choosing(form, key, refused.status)
    login.leave()
    browser["login"] = key.login
    flash(_("Your password is set. Sign in with it now."), "done")
    known = queries.known_by_id(session(), key.person_id)
    return entering.remember(redirect(url_for("people.sign_in")), known)


def _choosing(form: ChooseForm, key: KeyRow, status: int) -> Page:
    policy = passwords.policy_of(settings())
    return render_template("keys/choose.html", form=form, key=key, policy=policy), status


@bp.route("/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> Page:
    """Ask for a link. The answer is the same whoever is asked for, and whether they exist."""
    form, offered = AskForm(), settings().mail.offered
    if not offered or not form.validate_on_submit():
        shown = render_template("keys/forgotten.html", form=form, mail=offered, asked=False)
        return shown, 422 if offered and form.is_submitted() else 200
    try:
        entering.take(_from_here(), "login")
    except Refused as refused:
        entering.fails(form, refused)
        return render_template("keys/forgotten.html", form=form, mail=True, asked=False), refused.status
    mailing.ask(session(), form.login.data or "")
    return render_template("keys/forgotten.html", form=form, mail=True, asked=True)


@bp.route("/account/email", methods=["GET", "POST"])
@signed_in
def change_email() -> Page:
    """Ask for another e-mail address: the present password is asked, and the address must be opened."""
    form, offered = EmailForm(), settings().mail.offered
    if not offered or not form.validate_on_submit():
        shown = render_template("keys/email.html", form=form, mail=offered)
        return shown, 422 if offered and form.is_submitted() else 200
    known = queries.known_by_id(session(), current_user.person_id)
    email = plain_email(form.email.data or "")
    try:
        if not email:
            raise BadInput(_("This is no e-mail address."), "email")
        tried = entering.guess_of(known, known.login)
        service.confirm_present(session(), known, form.present.data or "", tried, "person.change_email")
    except Refused as refused:
        entering.fails(form, refused)
        return render_template("keys/email.html", form=form, mail=True), refused.status
    mailing.confirm(session(), current_user.person_id, email)
    flash(_("A link is on its way to %(email)s. The address is taken when you open it.", email=email), "done")
    return redirect(url_for("people.account"))


@bp.route("/email/<token>", methods=["GET", "POST"])
@public
def confirm_email(token: str) -> Page:
    """The link that came to a new address. Opening asks; only the button takes the address."""
    with database().reading() as reader:
        key = keys.look(reader, keys.plain(token), keys.CONFIRM)
    if key is None:
        return render_template("keys/gone.html", mail=settings().mail.offered), 410
    if request.method != "POST":
        return render_template("keys/confirm.html", key=key, token=token)
    if not current_user.is_authenticated or current_user.person_id != key.person_id:
        return redirect(url_for("people.sign_in", next=url_for("keys.confirm_email", token=token)))
    keys.take_email(session(), key)
    flash(_("The address %(email)s is taken.", email=key.email), "done")
    return redirect(url_for("people.account"))
