"""A draft's page: form and TOML side by side, and what is sent from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import guard
from app.base.errors import BadInput, Refused
from app.base.unit_of_work import database, session, settings
from app.credits import queries as rules
from app.credits.queries import VersionRow
from app.credits.workshop import acts, fresh, service
from app.credits.workshop.compare import compare
from app.credits.workshop.document import judge
from app.credits.workshop.form import Clash, Typed
from app.credits.workshop.forms import DraftForm
from app.credits.workshop.page import kept, shown_draft
from app.credits.workshop.surgery import Unwritable

bp = Blueprint("workshop", __name__)
Page = str | Response | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Sent:
    """What the page sends: the revision it was made from, what was typed, and the button that was pressed."""

    revision: int
    typed: Typed
    do: str


@bp.get("/rules/drafts/new")
@guard("rules.draft")
def new() -> str:
    """What the draft is for, and what it begins with."""
    found = rules.versions(session())
    chosen = _draft_form(found)
    chosen.base.data = found[0].version if found else 0
    return render_template("credits/workshop/new.html", form=chosen)


@bp.post("/rules/drafts/new")
@guard("rules.draft")
def begin() -> Page:
    """Begin a draft with a version's text under the next number."""
    with database().reading() as reader:
        found = rules.versions(reader)
    sent = _draft_form(found)
    if not sent.validate_on_submit():
        return render_template("credits/workshop/new.html", form=sent), 422
    base = next((row for row in found if row.version == sent.base.data), None)
    text = fresh.text_from(base, found[0] if found else None, _today(), settings().timezone.key)
    ruleset = str(judge(text).data["ruleset"]["id"])  # type: ignore[index]
    row = service.begin(
        session(), current_user.person_id, str(sent.title.data), sent.note.data or "", text,
        ruleset=ruleset, based_on=base.version if base else None,
    )  # fmt: skip
    return redirect(url_for("workshop.draft", draft_id=row.id))


@bp.get("/rules/drafts/<int:draft_id>")
@guard("rules.see")
def draft(draft_id: int) -> str:
    """The draft as it is kept."""
    return shown_draft(kept(draft_id))


@bp.post("/rules/drafts/<int:draft_id>")
@guard("rules.draft")
def save(draft_id: int) -> Page:
    """Keep what was typed, in the form and in the text, and do what the button says."""
    sent = _sent()
    try:
        text = sent.typed.merged()
        row, text = acts.act(sent.do, text) if not sent.typed.refused else ("", text)
    except Clash as clash:
        return _back(draft_id, sent, clashes=clash.rows), 422
    except Unwritable as error:
        return _back(draft_id, sent, unwritable=error.line or 1), 422
    if sent.typed.refused:
        return _back(draft_id, sent), 422
    try:
        service.save(session(), draft_id, sent.revision, text, current_user.person_id)
    except service.Stale:
        return _stale(draft_id, text), 409
    except BadInput as error:
        return _back(draft_id, sent, too_long=error.text), error.status
    return redirect(url_for("workshop.draft", draft_id=draft_id, open=row or None, _anchor=row or "work"))


@bp.post("/rules/drafts/<int:draft_id>/undo")
@guard("rules.draft")
def undo(draft_id: int) -> Page:
    """Put the text before the last save back."""
    service.undo(session(), draft_id, _revision(), current_user.person_id)
    flash(_("The text before the last change stands again. Undo once more to have the later one back."), "done")
    return redirect(url_for("workshop.draft", draft_id=draft_id))


@bp.post("/rules/drafts/<int:draft_id>/about")
@guard("rules.draft")
def describe(draft_id: int) -> Page:
    """Another title and note."""
    title, note = (request.form.get(name, "").replace("\r\n", "\n") for name in ("title", "note"))
    service.describe(session(), draft_id, _revision(), title, note, current_user.person_id)
    return redirect(url_for("workshop.draft", draft_id=draft_id))


def _back(draft_id: int, sent: Sent, **why: Any) -> str:
    """The page with everything that was typed, and why it was not kept."""
    return shown_draft(kept(draft_id), typed=sent.typed, sent=sent, **why)


def _stale(draft_id: int, mine: str) -> str:
    """Both texts: the one that somebody kept meanwhile, and what was typed."""
    row = kept(draft_id)
    return render_template("credits/workshop/stale.html", row=row, mine=mine, compared=compare(row.text, mine))


def _sent() -> Sent:
    plain = {name: text.replace("\r\n", "\n").removeprefix("\ufeff") for name, text in request.form.items()}
    if "base" not in plain or "text" not in plain:
        raise Refused(_("This form did not come whole. Nothing was changed; open the draft again."))
    inputs = {name: text for name, text in plain.items() if name.startswith("f|")}
    return Sent(_revision(), Typed(plain["base"], plain["text"], inputs), plain.get("do", "save"))


def _revision() -> int:
    text = request.form.get("revision", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(_("This form did not come whole. Nothing was changed; open the draft again."))
    return int(text)


def _draft_form(found: list[VersionRow]) -> DraftForm:
    made = DraftForm()
    names = [(row.version, _("version %(number)s", number=row.version)) for row in found]
    made.base.choices = names or [(0, _("an empty rule set"))]
    return made


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)
