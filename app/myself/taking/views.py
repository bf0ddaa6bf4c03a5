"""A copy of everything that the academy holds on the person: asking for it, and fetching it."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.base.access import signed_in
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import database, session, settings
from app.myself import proving
from app.myself.forms import TakeForm, put
from app.myself.taking import service
from app.myself.taking.parts import PARTS
from app.myself.taking.words import PART_WORDS

bp = Blueprint("taking", __name__, template_folder="../templates")
Page = str | Response | tuple[str, int]


@bp.get("/account/data")
@signed_in
def data() -> str:
    """What a copy holds, how far it is, and the way to fetch it."""
    return _page(TakeForm())


def _page(form: FlaskForm) -> str:
    run = service.latest(session(), current_user.person_id)
    kept = service.load(settings(), run) is not None
    found = (run.result or {}) if run is not None else {}
    return render_template(
        "myself/data.html", form=form, run=run, kept=kept, found=found, fresh=proving.is_fresh(),
        until=datetime.fromisoformat(found["until"]) if kept else None,
        words=[_(PART_WORDS[part.name]) for part in PARTS],
    )  # fmt: skip


@bp.post("/account/data")
@signed_in
def ask() -> Response:
    """Have a copy made."""
    service.ask(session(), current_user.person_id, str(get_locale()))
    return redirect(url_for("taking.data"))


@bp.post("/account/data/file")
@signed_in
def take() -> Page | Response:
    """The file, for its owner alone, who proves that it is them: by the password, or by having signed in just now."""
    form = TakeForm()
    with database().reading() as reader:
        run = service.latest(reader, current_user.person_id)
    raw = service.load(settings(), run)
    if run is None or raw is None:
        raise NotFound(_("There is no copy to fetch, or it was kept long enough. Have a new one made."))
    if not proving.is_fresh():
        if not form.validate_on_submit():
            return _page(form), 422
        try:
            proving.by_password(form.present.data or "")
        except Refused as refused:
            put(refused, form)
            return _page(form), refused.status
    service.note_taken(session(), current_user.person_id, run)
    answer = Response(raw, mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=f"my-data-{run.asked_at.date().isoformat()}.zip")
    return answer
