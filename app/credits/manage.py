"""The rules' versions for staff: read them, and compare them with each other and with drafts."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from app.base import clock
from app.base.access import guard
from app.base.errors import NotFound
from app.base.unit_of_work import session, settings
from app.credits import changes, queries
from app.credits.queries import VersionRow
from app.credits.reckoning import language
from app.credits.workshop import queries as workshop
from app.credits.workshop.compare import compare as compared_with

bp = Blueprint("rules", __name__, template_folder="templates")


@bp.get("/rules")
@guard("rules.see")
def versions() -> str:
    """All versions, which of them is in force today, and the drafts of the next."""
    found = queries.versions(session())
    return render_template(
        "credits/rules.html",
        versions=found,
        in_force=_in_force(found),
        today=_today(),
        drafts=workshop.drafts(session()),
    )


@bp.get("/rules/<int:number>")
@guard("rules.see")
def version(number: int) -> str:
    """One version: what it changes, its clauses, its text."""
    found = queries.versions(session())
    row = next((each for each in found if each.version == number), None)
    if row is None:
        raise NotFound(_("There is no such version."))
    before = next((each for each in found if each.effective < row.effective), None)
    return render_template(
        "credits/rule_version.html",
        row=row,
        before=before,
        changes=changes.changes(before.text, row.text) if before else [],
        header=changes.header(before.text, row.text) if before else [],
        clauses=changes.clauses(row.text),
        clause_language=language(),
        in_force=_in_force(found),
        today=_today(),
    )


@bp.get("/rules/compare")
@guard("rules.see")
def compare() -> str:
    """Any two texts, `before` and `after`: `v2` is version 2, `d5` draft 5. Without them: the two newest."""
    found = queries.versions(session())
    drafts = workshop.drafts(session())
    texts = [(f"d{row.id}", _("draft: %(title)s", title=row.title)) for row in drafts]
    texts += [(f"v{row.version}", _("version %(number)s", number=row.version)) for row in found]
    if not texts:
        raise NotFound(_("There is no version and no draft yet."))
    codes = [code for code, _text in texts]
    after = request.args.get("after") or codes[0]
    before = request.args.get("before") or next(
        (f"v{row.version}" for row in found if f"v{row.version}" != after), after
    )
    return render_template(
        "credits/compare.html",
        texts=texts,
        before=before,
        after=after,
        compared=compared_with(_text_of(found, before), _text_of(found, after)),
        clause_language=language(),
    )


def _text_of(found: list[VersionRow], code: str) -> str:
    number = int(code[1:]) if code[1:].isascii() and code[1:].isdigit() and len(code) < 12 else -1
    if code[:1] == "v":
        text = next((row.text for row in found if row.version == number), None)
    else:
        draft = workshop.draft(session(), number) if code[:1] == "d" else None
        text = draft.text if draft else None
    if text is None:
        raise NotFound(_("There is no such version or draft."))
    return text


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _in_force(found: list[VersionRow]) -> int:
    """The number of the version that judges today; 0 when none does."""
    return next((row.version for row in found if row.effective <= _today()), 0)
