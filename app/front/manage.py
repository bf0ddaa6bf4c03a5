"""The desk of those who write announcements: the list, the form with its preview, taking back, deleting."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base.access import guard
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session
from app.front import queries, service
from app.front.forms import AnnouncementForm
from app.front.queries import AnnouncementRow
from app.front.views import today, told, written

bp = Blueprint("announcements", __name__, template_folder="templates", url_prefix="/desk/announcements")
Page = str | Response | tuple[str, int]
NEED = "announcement.write"
FIELDS = ("title", "title_en", "body", "body_en", "since", "until", "pinned", "edition")


@bp.get("")
@guard(NEED)
def listing() -> str:
    """All announcements with what they are today."""
    return render_template("front/desk.html", every=queries.every(session()), today=today())


@bp.route("/new", methods=["GET", "POST"])
@guard(NEED)
def new() -> Page:
    """A new one: kept as a draft, or published at once."""
    form = AnnouncementForm(since=today())
    if form.is_submitted() and form.validate() and not _preview():
        try:
            made = service.add(session(), current_user.person_id, form.wanted(), publish=_publishes())
        except Refused as error:
            _to_form(error, form)
        else:
            return _saved(made)
    return _page(form, None)


@bp.route("/<int:announcement_id>", methods=["GET", "POST"])
@guard(NEED)
def one(announcement_id: int) -> Page:
    """One of them, to be changed, shown in a preview, published."""
    if request.method in ("GET", "HEAD"):
        row = _row(announcement_id)
        return _page(AnnouncementForm(None, **{name: getattr(row, name) for name in FIELDS}), row)
    form = AnnouncementForm()
    good = form.validate()  # renders the text: before anything is asked of the database
    if good and not _preview():
        try:
            service.change(
                session(), current_user.person_id, announcement_id, form.based_on(), form.wanted(),
                publish=_publishes(),
            )  # fmt: skip
        except NotFound:
            raise
        except Refused as error:
            _to_form(error, form)
        else:
            return _saved(announcement_id)
    return _page(form, _row(announcement_id))


@bp.post("/<int:announcement_id>/take-back")
@guard(NEED)
def take_back(announcement_id: int) -> Response:
    """A draft again: nobody reads it any more."""
    service.take_back(session(), current_user.person_id, announcement_id)
    flash(_("The announcement is a draft again. Nobody reads it now."), "done")
    return redirect(url_for("announcements.one", announcement_id=announcement_id))


@bp.post("/<int:announcement_id>/delete")
@guard(NEED)
def delete(announcement_id: int) -> Response:
    """A draft, for good."""
    service.remove(session(), current_user.person_id, announcement_id)
    flash(_("The draft is deleted."), "done")
    return redirect(url_for("announcements.listing"))


def _row(announcement_id: int) -> AnnouncementRow:
    found = queries.find_announcement(session(), announcement_id)
    if found is None:
        raise NotFound(_("There is no such announcement. It may have been deleted."))
    return found


def _preview() -> bool:
    return request.form.get("act") == "preview"


def _publishes() -> bool:
    return request.form.get("act") == "publish"


def _to_form(error: Refused, form: Any) -> None:
    """Nothing of the request's writing stays. What was written stays in the form, now on top of the newest edition:
    whoever was told may save once more."""
    session().rollback()
    if error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.text]
    else:
        form.form_errors.append(error.text)


def _saved(announcement_id: int) -> Response:
    row = _row(announcement_id)
    state = row.state(today())
    said = {
        "draft": _("The draft is saved. Nobody else reads it yet."),
        "coming": _("Saved. It is shown from its first day on."),
        "shown": _("Saved. Everybody reads it now."),
        "over": _("Saved. Its last day is over, so nobody reads it."),
    }
    flash(said[state], "done")
    return redirect(url_for("announcements.one", announcement_id=announcement_id))


def _page(form: Any, row: AnnouncementRow | None) -> Page:
    failed = bool(form.errors or form.form_errors)
    if row is not None and form.form_errors:
        form.edition.data = str(row.edition)
    shown = _shown(form) if _preview() and not failed else None
    page = render_template(
        "front/edit.html", form=form, row=row, state=row.state(today()) if row else "draft", shown=shown,
        present=told(row, english=False) if row is not None and form.form_errors else None,
    )  # fmt: skip
    return page, 422 if failed else 200


def _shown(form: Any) -> list[dict[str, Any]]:
    """What readers will see, in Chinese and, where it was written, in English."""
    wanted = form.wanted()
    found = [{"lang": "zh-CN", "title": wanted.title, "html": written(wanted.body)}]
    if wanted.title_en or wanted.body_en:
        title, body = wanted.title_en or wanted.title, wanted.body_en or wanted.body
        found.append({"lang": "en", "title": title, "html": written(body)})
    return found
