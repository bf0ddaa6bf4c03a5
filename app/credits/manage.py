"""The rules' versions for staff: read them, check the next one, and publish what was checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import clock
from app.base.access import guard
from app.base.errors import NotFound, Refused
from app.base.pages import is_english
from app.base.unit_of_work import database, session, settings
from app.credits import changes, queries, rulebook
from app.credits.changes import Change, Clause
from app.credits.forms import RulesForm
from app.credits.queries import VersionRow
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors

bp = Blueprint("rules", __name__, template_folder="templates")
Page = str | Response | tuple[str, int]
Mistakes = Sequence[tuple[str, str]]  # what is wrong, and the line as it was written


@dataclass(frozen=True, slots=True)
class Checked:
    """What publishing a text would do. `seal` is its hash: only this very text is published by it."""

    seal: str
    number: int
    day: date
    before: VersionRow | None
    changes: list[Change]
    header: list[tuple[str, str, str]]
    clauses: list[Clause]
    learners: int


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
        header=changes.header(before.text, row.text) if before else [],
        clauses=changes.clauses(row.text),
        clause_language="en" if is_english() else "zh",
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
    return _form(RulesForm(text=text))


@bp.post("/rules/new")
@guard("rules.publish")
def publish() -> Page:
    """Check what the form says, or publish it if this very text was checked. Mistakes are listed with their
    lines, and the text is kept."""
    form = RulesForm()
    if not form.validate_on_submit():
        return _form(form), 422
    text = str(form.text.data)
    try:
        fresh = load(text)  # before anything is locked: a long text takes its time
        sealed = request.form.get("publish")
        if sealed != rulebook.text_hash(text):
            found = _checked(fresh, text)
            return _form(form, checked=found, edited=sealed is not None), 200 if sealed is None else 409
        row = rulebook.publish_rules(session(), text, current_user.person_id, fresh)
    except RuleErrors as wrong:
        return _form(form, _mistakes(wrong, text)), 422
    except Refused as refused:
        form.form_errors.append(refused.text)
        return _form(form), refused.status
    flash(
        _(
            "Version %(number)s holds from %(day)s on. Nothing that was already earned changes.",
            number=row.version,
            day=row.effective.isoformat(),
        ),
        "done",
    )
    return redirect(url_for("rules.version", number=row.version))


def _checked(fresh: RuleSet, text: str) -> Checked:
    """What the text would change; RuleErrors where it cannot be published."""
    with database().reading() as reader:
        rulebook.check(reader, fresh, text)
        before = next(iter(queries.versions(reader)), None)
        learners = queries.learners_on(reader, fresh.effective)
    return Checked(
        rulebook.text_hash(text),
        fresh.version,
        fresh.effective,
        before,
        changes.changes(before.text, text) if before else [],
        changes.header(before.text, text) if before else [],
        changes.clauses(text),
        learners,
    )


def _form(form: RulesForm, mistakes: Mistakes = (), checked: Checked | None = None, edited: bool = False) -> str:
    return render_template(
        "credits/rules_new.html",
        form=form,
        mistakes=mistakes,
        checked=checked,
        edited=edited,
        clause_language="en" if is_english() else "zh",
    )


def _mistakes(wrong: RuleErrors, text: str) -> Mistakes:
    """Each mistake in the reader's language, with the line that it names as it was written."""
    lines = text.split("\n")  # as TOML counts them
    return [
        (error.said().told(_), lines[error.line - 1].strip() if 0 < error.line <= len(lines) else "")
        for error in wrong.errors
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
