"""A draft's page, put together: the form, the text, what is wrong, what publishing would do, what was simulated."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.base import histograms, runs
from app.base.access import can, scope
from app.base.errors import NotFound
from app.base.runs import Run
from app.base.unit_of_work import database
from app.credits import changes
from app.credits import queries as rules
from app.credits.reckoning import language
from app.credits.workshop import form, queries, service, shown
from app.credits.workshop.document import Found, judge
from app.credits.workshop.fields import SINGLES, TABLES, option_label
from app.credits.workshop.form import Mistake, Typed
from app.credits.workshop.forms import ReasonForm
from app.credits.workshop.models import DRAFT, PROPOSED, PUBLISHED
from app.credits.workshop.outcome import MOST_SHOWN, outcome
from app.credits.workshop.queries import DraftPage
from app.credits.workshop.reading import blockers, checked
from app.credits.workshop.words import field_label
from app.rules.credit.kinds import KINDS


def kept(draft_id: int) -> DraftPage:
    """The draft as it is kept; NotFound."""
    with database().reading() as reader:
        row = queries.draft(reader, draft_id)
    if row is None:
        raise NotFound(_("There is no such draft."))
    return row


def shown_draft(row: DraftPage, **more: Any) -> str:
    """A draft's page. `more`: what a form that came back has to say, `typed` and `reason` among it."""
    typed: Typed | None = more.get("typed")
    everybody = scope("rules.draft").everything  # a simulation names whom no part of the academy may see
    found = judge(row.text)
    with database().reading() as reader:
        against = blockers(reader, found) if row.state in (DRAFT, PROPOSED) else ()
        sound = found.rules if not against and row.state != PUBLISHED else None
        run = runs.one(reader, row.run_id) if row.run_id and everybody else None
        versions = rules.versions(reader)
        more |= {
            "checked": checked(reader, sound, row.text, next(iter(versions), None)) if sound else None,
            "versions": versions,
        }
    mistakes = form.mistakes(found, against)
    return render_template(
        "credits/workshop/draft.html",
        row=row,
        text=typed.text if typed else row.text,
        editable=row.state == DRAFT and can("rules.draft"),
        second=scope("rules.publish").everything
        and service.may_decide(current_user.person_id, row.proposer_id, row.changer_id),
        may_simulate=everybody,
        opened=request.args.get("open", ""),
        reason=more.pop("reason", None) or ReasonForm(),
        clause_language=language(),
        wrong=len({*found.errors, *against}),
        **_form(found, mistakes, typed),
        **_simulation(row, run),
        **more,
    )


def _form(found: Found, mistakes: list[Mistake], typed: Typed | None) -> dict[str, Any]:
    views = form.rows(found, mistakes)
    if typed is not None:
        shown.overlay(views, typed)
    return {
        "found": found,
        "mistakes": mistakes,
        "wrong_lines": {each.line: each.anchor or "mistakes" for each in reversed(mistakes)},
        "views": views,
        "singles": SINGLES,
        "tables": TABLES,
        "unknown": [name for name in dict.fromkeys(view.table for view in views) if name not in shown.KNOWN],
        "kinds": KINDS,
        "chips": shown.chips,
        "field_label": field_label,
        "option_label": option_label,
    }


def _simulation(row: DraftPage, run: Run | None) -> dict[str, Any]:
    """What the latest simulation says, with its picture."""
    data, searched = shown.result(run), request.args.get("who", "")
    if data is None or run is None:
        return {"run": run, "result": None, "outcome": None}
    text = str(run.parameters.get("text", row.text))
    clauses = changes.clauses(text) if judge(text).data is not None else []
    found = outcome(data, clauses, language(), searched)
    label = ngettext(
        "%(num)s learner by hours counted, as the rules are now and under the draft.",
        "%(num)s learners by hours counted, as the rules are now and under the draft.",
        data["learners"],
    )
    return {
        "run": run,
        "result": data,
        "outcome": found,
        "searched": searched,
        "most": MOST_SHOWN,
        "histogram": histograms.pairs(*found.bars, label),
    }
