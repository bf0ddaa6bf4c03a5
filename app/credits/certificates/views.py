"""One's own certificates of hours."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base.access import signed_in
from app.base.errors import NotFound
from app.base.unit_of_work import session
from app.credits.certificates import pages, queries
from app.credits.certificates.pages import Answered
from app.people.queries import PersonRow, person_by_key

bp = Blueprint("certificates", __name__, template_folder="templates", url_prefix="/certificates")


def _me() -> PersonRow:
    found = person_by_key(session(), current_user.key)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


@bp.get("")
@signed_in
def mine() -> str:
    """One's own certificates, and a link to make one."""
    rows = [pages.shown(row) for row in queries.of_learner(session(), current_user.person_id)]
    return render_template(
        "certificates/mine.html",
        certificates=rows,
        new_url=url_for("certificates.new"),
        file_url=lambda code: url_for("certificates.file", code=code),
    )


@bp.route("/new", methods=["GET", "POST"])
@signed_in
def new() -> Answered:
    """Choose days, see the sums, make the certificate."""

    def here(**query: Any) -> str:
        return url_for("certificates.new", **query)

    return pages.make(_me(), here, url_for("certificates.mine"))


@bp.get("/<code>.pdf")
@signed_in
def file(code: str) -> Response:
    """The certificate as PDF."""
    return pages.file(current_user.person_id, code)
