"""The public check of a code: no sign-in, nothing kept of who asks, no more told than is needed."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.base import labels
from app.base.access import public
from app.base.errors import TooMany
from app.base.unit_of_work import database, settings
from app.credits.certificates import checking, queries, throttle
from app.credits.certificates.checking import Checked
from app.credits.certificates.forms import NameForm
from app.credits.certificates.queries import CertificateRow
from app.rules import check_code

bp = Blueprint("check", __name__, template_folder="templates", url_prefix="/check")


@bp.after_request
def _quiet(response: Response) -> Response:
    """No search engine keeps the page, and no other site learns the code from its address."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@bp.get("")
@public
def ask() -> Response:
    """Type a code. One that cannot be a code is sent back; whether it is known is told on its own page."""
    typed = request.args.get("code", "").strip()
    code = check_code.read(typed) if typed else None
    if code is not None:
        return redirect(url_for("check.answer", code=check_code.shown(code)))
    return _page("typo" if typed else "", typed=typed[:60])


@bp.route("/<code>", methods=["GET", "POST"])
@public
def answer(code: str) -> Response:
    """What is known of a code. Unknown ones all get the same answer."""
    plain = check_code.read(code)
    if plain is None:
        return _page("typo", typed=code[:60])
    if not throttle.take_code(request.remote_addr or "?"):
        raise TooMany(_("Too many codes were checked from here. Wait %(minutes)s minutes.", minutes=throttle.MINUTES))
    with database().reading() as session:
        row = queries.by_code(session, plain)
        found = checking.check(session, row) if row is not None else None
        name = checking.name_of(session, row) if row is not None and request.method == "POST" else ""
    if row is None or found is None:
        return _page("unknown", typed=check_code.shown(plain))
    form = NameForm()
    matches = _matches(form, row, name) if form.is_submitted() else None
    return _page(found.state, found=found, form=form, matches=matches, typed=check_code.shown(plain))


def _matches(form: NameForm, row: CertificateRow, name: str) -> bool | None:
    """Does the typed name fit? None where it could not be looked at; the form says why."""
    if not form.validate():
        return None
    if not throttle.take_name(row.code):
        form.name.errors = [_("Names were tried too often on this code. Wait %(n)s minutes.", n=throttle.MINUTES)]
        return None
    return checking.same_name(name, form.name.data or "")


def _page(
    state: str,
    *,
    typed: str = "",
    found: Checked | None = None,
    form: NameForm | None = None,
    matches: bool | None = None,
) -> Response:
    english = labels.english()
    page = render_template(
        "certificates/check.html", state=state, typed=typed, found=found, form=form, matches=matches,
        academy=settings().academy_name_en if english else settings().academy_name,
    )  # fmt: skip
    status = {"unknown": 404, "typo": 422}.get(state, 422 if form is not None and form.errors else 200)
    return make_response(page, status)
