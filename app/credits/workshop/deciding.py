"""A proposal and what becomes of it: proposed by one person, published or declined by another."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base.access import guard, scope
from app.base.errors import BadInput, Forbidden, Refused
from app.base.labels import full_day
from app.base.unit_of_work import session
from app.credits.workshop import service
from app.credits.workshop.document import judge
from app.credits.workshop.forms import ReasonForm
from app.credits.workshop.page import kept, shown_draft
from app.credits.workshop.queries import DraftPage
from app.rules.credit.clauses import RuleSet
from app.rules.credit.errors import RuleErrors

bp = Blueprint("proposals", __name__)
Page = str | Response | tuple[str, int]


@bp.post("/rules/drafts/<int:draft_id>/propose")
@guard("rules.draft")
def propose(draft_id: int) -> Page:
    """Ask a second person to publish the text as it is kept. Its mistakes are shown where it has any."""
    row = kept(draft_id)
    revision = request.form.get("revision", "")
    fresh = _loaded(row)
    try:
        if fresh is None or revision != str(row.revision):
            raise service.Stale(_("The draft has changed meanwhile. Look at it as it is now; nothing was done."))
        service.propose(session(), draft_id, row.revision, current_user.person_id, fresh)
    except (RuleErrors, service.Stale):
        return shown_draft(kept(draft_id), unproposed=True), 422
    flash(_("Proposed. A second person publishes it or declines it; until then it cannot be changed."), "done")
    return redirect(url_for("workshop.draft", draft_id=draft_id))


@bp.post("/rules/drafts/<int:draft_id>/take-back")
@guard("rules.draft")
def take_back(draft_id: int) -> Page:
    """A proposed or declined draft can be changed again."""
    service.take_back(session(), draft_id, current_user.person_id)
    flash(_("The draft can be changed again."), "done")
    return redirect(url_for("workshop.draft", draft_id=draft_id))


@bp.post("/rules/drafts/<int:draft_id>/decline")
@guard("rules.publish")
def decline(draft_id: int) -> Page:
    """Send it back with a reason."""
    _whole()
    form = ReasonForm()
    if not form.validate_on_submit():
        return shown_draft(kept(draft_id), reason=form), 422
    try:
        service.decline(session(), draft_id, current_user.person_id, str(form.reason.data))
    except BadInput as error:
        form.reason.errors = [error.text]
        return shown_draft(kept(draft_id), reason=form), 422
    flash(_("Declined. The draft is kept, and your reason stands on its page."), "done")
    return redirect(url_for("workshop.draft", draft_id=draft_id))


@bp.post("/rules/drafts/<int:draft_id>/publish")
@guard("rules.publish")
def publish(draft_id: int) -> Page:
    """Publish the text that was proposed, if it is the one that this person saw."""
    _whole()
    row, seal = kept(draft_id), request.form.get("seal", "")
    fresh = _loaded(row)  # before anything is locked: a long text takes its time
    if fresh is None:
        return shown_draft(row, unpublished=True), 422
    try:
        if seal != row.text_hash:  # what was loaded is not what this person saw
            raise Refused(
                _("This is not the text that was proposed any more. Look at it again; nothing was published.")
            )
        version = service.publish(session(), draft_id, seal, current_user.person_id, fresh)
    except RuleErrors:
        return shown_draft(row, unpublished=True), 422
    except Refused as refused:
        if refused.status != 409:
            raise
        flash(refused.text, "refused")
        return shown_draft(kept(draft_id)), 409
    flash(
        _(
            "Version %(number)s holds from %(day)s on. Nothing that was already earned changes.",
            number=version.version,
            day=full_day(version.effective),
        ),
        "done",
    )
    return redirect(url_for("rules.version", number=version.version))


def _loaded(row: DraftPage) -> RuleSet | None:
    return judge(row.text).rules


def _whole() -> None:
    """The rules bind everybody: a role for a part of the academy is not enough."""
    if not scope("rules.publish").everything:
        raise Forbidden(_("Rules are published by who administers the whole academy."))
