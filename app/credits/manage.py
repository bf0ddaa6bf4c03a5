"""The rules' versions for staff: read them, and publish the next one."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import guard
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session, settings
from app.credits import changes, queries, rulebook, shown
from app.credits.forms import RulesForm
from app.credits.queries import VersionRow
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors

bp = Blueprint("rules", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]


@bp.get("/rules")
@guard("rules.see")
def versions() -> str:
    """All versions, and which of them is in force today."""
    found = queries.versions(session())
    return render_template("credits/rules.html", versions=found, in_force=_in_force(found), today=_today())


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
        clauses=changes.clauses(row.text),
        language="en" if shown.english() else "zh",
        in_force=_in_force(found),
        today=_today(),
    )


@bp.get("/rules/new")
@guard("rules.publish")
def draft() -> str:
    """The form of the next version, filled with the newest one and the first day of next month."""
    found = queries.versions(session())
    newest = found[0] if found else None
    text = rulebook.next_text(newest.text, newest.version + 1, _next_month(newest)) if newest else ""
    form = RulesForm(text=text)
    return _form(form, newest, [])


@bp.post("/rules/new")
@guard("rules.publish")
def publish() -> Page:
    """Publish what the form says; mistakes are listed with their lines and the text is kept."""
    form = RulesForm()
    unreadable = _unreadable(form)  # before anything is locked: a long text takes its time
    found = queries.versions(session())
    newest = found[0] if found else None
    if unreadable is not None:
        return _form(form, newest, unreadable), 422
    try:
        row = rulebook.publish_rules(session(), form.text.data, current_user.person_id)
    except RuleErrors as wrong:
        return _form(form, newest, _mistakes(wrong, form.text.data)), 422
    except Refused as refused:
        form.form_errors.append(refused.text)
        return _form(form, newest, []), refused.status
    flash(
        _(
            "Version %(number)s holds from %(day)s on. Nothing that was already earned changes.",
            number=row.version,
            day=row.effective.isoformat(),
        ),
        "done",
    )
    return redirect(url_for("rules.version", number=row.version))


def _unreadable(form: RulesForm) -> list[tuple[str, str]] | None:
    """Why the form cannot be published, whatever was published before; None when it may be."""
    if not form.validate_on_submit():
        return []
    try:
        load(form.text.data.replace("\r\n", "\n"))
    except RuleErrors as wrong:
        return _mistakes(wrong, form.text.data)
    return None


def _form(form: RulesForm, newest: VersionRow | None, mistakes: list[tuple[str, str]]) -> str:
    return render_template("credits/rules_new.html", form=form, newest=newest, mistakes=mistakes)


def _mistakes(wrong: RuleErrors, text: str) -> list[tuple[str, str]]:
    """Each mistake with the line that it names, as it was written."""
    lines = text.replace("\r\n", "\n").split("\n")  # as TOML counts them
    return [
        (str(error), lines[error.line - 1].strip() if 0 < error.line <= len(lines) else "") for error in wrong.errors
    ]


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _in_force(found: list[VersionRow]) -> int:
    """The number of the version that judges today; 0 when none does."""
    return next((row.version for row in found if row.effective <= _today()), 0)


def _next_month(newest: VersionRow) -> date:
    """The first day of the month after today, or after the newest version if that still lies ahead."""
    last = max(_today(), newest.effective)
    return date(last.year + last.month // 12, last.month % 12 + 1, 1)
