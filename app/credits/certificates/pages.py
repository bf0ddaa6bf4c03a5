"""What the learner's and the staff's pages share: presets, the form with its preview, the list, the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from app.base import clock, labels
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import database, session, settings
from app.credits.certificates import content, paper, printing, service
from app.credits.certificates.counting import Counted
from app.credits.certificates.forms import SpanForm
from app.credits.certificates.queries import CertificateRow
from app.credits.certificates.service import Wanted
from app.people.queries import PersonRow
from app.rules import check_code

Answered = str | Answer | tuple[str, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a list shows it."""

    row: CertificateRow
    code: str
    hours: int

    @property
    def revoked(self) -> bool:
        """Was it revoked?"""
        return self.row.revoked_at is not None


def shown(row: CertificateRow) -> Shown:
    """The code with its hyphens, and the hours that it says."""
    return Shown(row, check_code.shown(row.code), content.read(row.content).hours)


def today() -> date:
    """The academy's day."""
    return clock.local_day(clock.now(), settings().timezone)


def _presets(first: date) -> list[tuple[str, date, date]]:
    """(words, first day, last day): this year, last year, the last twelve months; cut to what the academy keeps."""
    now = today()
    months = now.replace(year=now.year - 1) if (now.month, now.day) != (2, 29) else date(now.year - 1, 2, 28)
    found = [
        (_("This year"), date(now.year, 1, 1), now),
        (_("Last year"), date(now.year - 1, 1, 1), date(now.year - 1, 12, 31)),
        (_("Last 12 months"), months + timedelta(days=1), now),
    ]
    return [(words, max(since, first), until) for words, since, until in found if until >= first]


def _asked(first: date) -> tuple[date, date]:
    """The days that the address asks for; today's year where it asks for none or for nonsense."""
    now = today()
    try:
        return date.fromisoformat(request.args["since"]), date.fromisoformat(request.args["until"])
    except (KeyError, ValueError):
        return max(date(now.year, 1, 1), first), now


def make(learner: PersonRow, here: Callable[..., str], done: str) -> Answered:
    """The form with its preview, and the making. `here(**query)` is this page's address, `done` where one goes then."""
    form = SpanForm()
    if form.validate_on_submit() and form.since.data and form.until.data:
        wanted = Wanted(form.since.data, form.until.data, form.language.data, bool(form.annex.data))
        try:
            code = service.issue(session(), settings(), learner, wanted, current_user.person_id)
        except Refused as error:
            session().rollback()
            _fails(form, error)
        else:
            flash(_("Made. Its check code is %(code)s.", code=check_code.shown(code)), "done")
            return redirect(done)
    first = service.first_day(session())
    if not form.is_submitted():
        form.since.data, form.until.data = _asked(first)
        form.language.data = request.args.get("language") or ("en" if labels.english() else "zh")
    counted = _preview(form, learner.id)
    page = render_template(
        "certificates/new.html", form=form, counted=counted, learner=learner, own=learner.id == current_user.person_id,
        presets=[(words, here(since=since.isoformat(), until=until.isoformat()), (since, until)) for words, since, until
                 in _presets(first)],
        here=here(), back=done, label=labels.label, seal=labels.seal,
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _preview(form: SpanForm, learner_id: int) -> Counted | None:
    """The sums of the days in the form; None where they cannot be, and the form says why."""
    if not (form.since.data and form.until.data):
        return None
    try:
        return service.reckon(session(), learner_id, form.since.data, form.until.data)
    except Refused as error:
        if not form.errors:
            _fails(form, error)
        return None


def _fails(form: SpanForm, error: Refused) -> None:
    if error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.text]
    else:
        form.form_errors.append(error.text)


def file(learner_id: int, code: str) -> Response:
    """The PDF of a learner's certificate. It is set outside any transaction: nobody waits for paper."""
    with database().reading() as reading:
        row = service.own(reading, learner_id, code)
    if row.revoked_at is not None:
        raise NotFound(_("This certificate was revoked; there is no paper of it any more."))
    said = content.read(row.content)
    answer = Response(printing.pdf(said, row.content_hash), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=paper.file_name(said))
    return answer
