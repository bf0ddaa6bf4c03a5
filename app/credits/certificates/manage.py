"""Certificates of those whom a member of staff supervises; revoking is the academy's own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import audit, clock
from app.base.access import can, guard, scope
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import database, session, settings
from app.credits import queries as credits
from app.credits.certificates import pages, queries, service
from app.credits.certificates.forms import RevokeForm
from app.credits.certificates.pages import Answered
from app.people.queries import PersonRow
from app.rules import check_code

bp = Blueprint("certificate_desk", __name__, template_folder="templates", url_prefix="/certificates/of")
SEE, REVOKE = "statement.see", "certificate.revoke"


def _reached(person_key: str, need: str = SEE) -> PersonRow:
    today = clock.local_day(clock.now(), settings().timezone)
    person = credits.learner_in_scope(scope(need), session(), person_key, today)
    if person is None:
        raise NotFound(_("There is no such person among those you may see."))
    return person


def _noted(person: PersonRow, action: str, **detail: str) -> None:
    # A page that is only read commits nothing, so the look is written by a unit of work of its own.
    with database().writing() as writing:
        audit.record(writing, current_user.person_id, action, f"person:{person.key}", **detail)


@bp.get("/code/<code>")
@guard(REVOKE)
def find(code: str) -> Response:
    """From a code on a paper to the page where it is revoked."""
    plain = check_code.read(code)
    key = queries.learner_key(session(), plain) if plain else None
    if key is None:
        raise NotFound(_("There is no such certificate."))
    return redirect(url_for("certificate_desk.revoke", person_key=_reached(key, REVOKE).key, code=code))


@bp.get("/<person_key>")
@guard(SEE)
def listing(person_key: str) -> str:
    """Somebody's certificates; looking is audited."""
    person = _reached(person_key)
    _noted(person, "certificate.see")
    rows = [pages.shown(row) for row in queries.of_learner(session(), person.id)]
    return render_template(
        "certificates/listing.html",
        certificates=rows,
        person=person,
        new_url=url_for("certificate_desk.new", person_key=person.key),
        file_url=lambda code: url_for("certificate_desk.file", person_key=person.key, code=code),
        revoke_url=(lambda code: url_for("certificate_desk.revoke", person_key=person.key, code=code))
        if can(REVOKE)
        else None,
    )


@bp.route("/<person_key>/new", methods=["GET", "POST"])
@guard(SEE)
def new(person_key: str) -> Answered:
    """Make a certificate for somebody; it stands in that person's own list too."""
    person = _reached(person_key)

    def here(**query: Any) -> str:
        return url_for("certificate_desk.new", person_key=person.key, **query)

    return pages.make(person, here, url_for("certificate_desk.listing", person_key=person.key))


@bp.get("/<person_key>/<code>.pdf")
@guard(SEE)
def file(person_key: str, code: str) -> Response:
    """Somebody's certificate as PDF; taking it is audited."""
    person = _reached(person_key)
    answer = pages.file(person.id, code)
    _noted(person, "certificate.take", code=check_code.read(code) or "")
    return answer


@bp.route("/<person_key>/<code>/revoke", methods=["GET", "POST"])
@guard(REVOKE)
def revoke(person_key: str, code: str) -> Answered:
    """Revoke a certificate for good, with a reason."""
    person = _reached(person_key, REVOKE)
    row, form = service.own(session(), person.id, code), RevokeForm()
    back = url_for("certificate_desk.listing", person_key=person.key)
    if form.validate_on_submit():
        try:
            service.revoke(session(), person, code, current_user.person_id, form.reason.data or "")
        except Refused as error:
            session().rollback()
            form.reason.errors = [*form.reason.errors, error.text]
        else:
            flash(_("Revoked. Whoever checks its code sees it from now on."), "done")
            return redirect(back)
    page = render_template(
        "certificates/revoke.html", form=form, person=person, certificate=pages.shown(row), back=back,
        here=request.path,
    )  # fmt: skip
    return page, 422 if form.errors else 200
