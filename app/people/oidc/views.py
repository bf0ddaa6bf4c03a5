"""To an identity provider and back, and one's own identities."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import public, signed_in
from app.base.errors import NotFound, Refused
from app.base.pages import is_english
from app.base.settings import Settings
from app.base.unit_of_work import database, session, settings
from app.people import confirming, entering, queries
from app.people.addresses import safe_next
from app.people.oidc import pending, providers
from app.people.oidc import service as oidc
from app.people.oidc.client import Client
from app.people.oidc.fetching import Untrusted
from app.people.oidc.pending import Pending
from app.people.oidc.providers import Provider
from app.people.second import steps
from app.people.second.forms import PresentForm

bp = Blueprint("oidc", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]


def init_app(app: Flask, chosen: Settings) -> None:
    """Read who the providers are; pages may ask for them."""
    clients = {key: Client(each) for key, each in providers.load(chosen.oidc_file).items()}
    app.extensions["duxue.oidc"] = clients
    app.jinja_env.globals["identity_providers"] = [each.provider for each in clients.values()]


def _client(key: str) -> Client:
    found: Client | None = current_app.extensions["duxue.oidc"].get(key)
    if found is None:
        raise NotFound(_("There is no such identity provider."))
    return found


def _name(provider: Provider) -> str:
    return provider.name_en if is_english() else provider.name


def _back(key: str) -> str:
    """Where the provider sends people back to: by the setting, whatever the request says of its host."""
    return settings().public_url + url_for("oidc.back", key=key)


def _door(text: str, kind: str = "refused") -> Response:
    flash(text, kind)
    return redirect(url_for("oidc.own" if current_user.is_authenticated else "people.sign_in"))


@bp.get("/sign-in/with/<key>")
@public
def begin(key: str) -> Response:
    """Off to the provider: to sign in, or to link, if the password was just asked for that."""
    client, link_for = _client(key), None
    if current_user.is_authenticated:
        if not pending.links(key, current_user.session_id):
            return redirect(safe_next(request.args.get("next")))
        link_for = current_user.session_id
    try:
        asked = client.ask(_back(key), again=bool(browser.get("ask_again")) or link_for is not None)
    except Untrusted as error:
        current_app.logger.warning("identity provider %s: %s", key, error.reason)
        return _door(
            _("%(name)s cannot be reached. Try again later, or sign in otherwise.", name=_name(client.provider))
        )
    goal = safe_next(request.args.get("next"))
    pending.keep(Pending(key, asked["state"], asked["nonce"], asked["code_verifier"], goal, clock.now_ms(), link_for))
    return redirect(asked["url"])


@bp.get("/sign-in/with/<key>/back")
@public
def back(key: str) -> Response:
    """What the provider answers, by the browser. It opens a sign-in although it is a GET: providers know no other way;
    what comes twice, or to another browser than the one that asked, does nothing."""
    client = _client(key)
    waits = pending.take(key, request.args.get("state", ""))
    if waits is None:
        return _door(_("This sign-in was begun elsewhere, or too long ago. Begin anew."), "notice")
    with database().writing() as writer:
        fresh = oidc.use(writer, waits.state)
    if not fresh:
        return _refused(client.provider, "replay")
    if request.args.get("error") or not request.args.get("code"):
        return _door(_("%(name)s did not sign you in.", name=_name(client.provider)), "notice")
    if request.args.get("iss", client.provider.issuer) != client.provider.issuer:
        return _refused(client.provider, "issuer")
    try:
        claims = client.claims(request.args["code"], _back(key), waits.verifier, waits.nonce)
    except Untrusted as error:
        return _refused(client.provider, error.reason)
    return (
        _signs_in(client.provider, claims, waits) if waits.link_for is None else _links(client.provider, claims, waits)
    )


def _refused(provider: Provider, why: str) -> Response:
    current_app.logger.warning("identity provider %s: %s", provider.key, why)
    with database().writing() as writer:
        oidc.note_refusal(writer, provider, queries.NOBODY, why)
    return _door(_("What %(name)s answered cannot be trusted, so nobody was signed in.", name=_name(provider)))


def _why(provider: Provider, why: str) -> str:
    name = _name(provider)
    said: dict[str, str] = {
        "unknown": _("%(name)s knows you, but no account here belongs to you yet. Sign in with your password and link "
                     "it under My account, or ask your unit’s liaison officer.", name=name),
        "closed": _("This account is disabled. Ask the academy."),
        "administrator": _("You are an administrator: sign in with your password and link %(name)s under My account "
                           "first.", name=name),
        "taken": _("Your account is linked with another identity of %(name)s. Sign in with your password and unlink "
                   "it first.", name=name),
    }  # fmt: skip
    return said[why]


def _signs_in(provider: Provider, claims: dict[str, Any], waits: Pending) -> Response:
    twice = oidc.proved_twice(provider, claims)
    with database().writing() as writer:
        found = oidc.find(writer, provider, claims)
        if found.why:
            oidc.note_refusal(writer, provider, found.known, found.why)
        elif not found.known.second_factor or twice:
            return entering.opened(writer, found.known, waits.goal, by=provider.key, twice=twice)
    if found.why:
        return _door(_why(provider, found.why))
    steps.expect(found.known, waits.goal)
    return redirect(url_for("second.step"))


def _links(provider: Provider, claims: dict[str, Any], waits: Pending) -> Response:
    if not current_user.is_authenticated or current_user.session_id != waits.link_for:
        return _door(_("This sign-in was begun elsewhere, or too long ago. Begin anew."), "notice")
    try:
        with database().writing() as writer:
            oidc.link(writer, provider, claims, current_user.person_id)
    except Refused as refused:
        return _door(refused.text)
    return _door(_("From now on %(name)s signs you in.", name=_name(provider)), "done")


def _page(form: PresentForm, status: int = 200, key: str = "") -> Page:
    known: dict[str, Client] = current_app.extensions["duxue.oidc"]
    held = {row.issuer: row for row in oidc.identities(session(), current_user.person_id)}
    if not known and not held:
        raise NotFound(_("There is nothing at this address. It may have been withdrawn."))
    own = [(each.provider, held.pop(each.provider.issuer, None)) for each in known.values()]
    return render_template("oidc/own.html", own=own, gone=list(held.values()), form=form, key=key), status


@bp.get("/account/identities")
@signed_in
def own() -> Page:
    """One's own identities at the providers."""
    return _page(PresentForm(formdata=None))


@bp.post("/account/identities/<key>/link")
@signed_in
def link(key: str) -> Page:
    """The present password is asked first; then a page leads to the provider."""
    provider, form = _client(key).provider, PresentForm()
    if not form.validate_on_submit():
        return _page(form, 422, key)
    with database().reading() as reader:
        known = queries.known_by_id(reader, current_user.person_id)
    tried = entering.guess_of(known, known.login)
    try:
        confirming.confirm(database(), current_user.person_id, form.present.data or "", tried, "present")
    except Refused as refused:
        entering.fails(form, refused)
        return _page(form, refused.status, key)
    pending.may_link(key, current_user.session_id)
    return render_template("oidc/go.html", provider=provider)


@bp.post("/account/identities/<int:identity_id>/unlink")
@signed_in
def unlink(identity_id: int) -> Response:
    """One of one's own identities goes."""
    try:
        oidc.unlink(session(), identity_id, current_user.person_id)
    except NotFound:
        raise
    except Refused as refused:
        return _door(refused.text)
    return _door(_("It is unlinked."), "done")
