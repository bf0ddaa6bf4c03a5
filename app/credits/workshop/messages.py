"""What is told of drafts of the rules: one waits for a second person, one was decided, a simulation has ended."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import labels
from app.base.runs import DONE, Run
from app.credits.simulation.service import KIND
from app.credits.workshop.models import RuleDraft
from app.notices import service as notices
from app.notices.kinds import Facts, Said, brief, kind
from app.people import queries as people

WAITS: Final = "rules.proposed"
PUBLISHED: Final = "rules.published"
DECLINED: Final = "rules.declined"
SIMULATED: Final = "rules.simulated"
NOT_SIMULATED: Final = "rules.not_simulated"


def _url(draft_id: int) -> str:
    return f"/rules/drafts/{draft_id}"


def proposed(session: Session, row: RuleDraft, today: date) -> None:
    """Tell everybody who may publish it, and is neither who proposed it nor who changed it last."""
    others = people.holders(session, "rules.publish", today) - {row.proposed_by, row.changed_by}
    _tell(session, row, row.proposed_by, others, WAITS)


def taken_back(session: Session, draft_id: int) -> None:
    """It waits for nobody any more."""
    notices.over(session, WAITS, _url(draft_id))


def published(session: Session, row: RuleDraft, number: int, effective: date) -> None:
    """Tell whoever wrote or proposed it."""
    _decided(session, row, PUBLISHED, number=number, effective=effective.isoformat())


def declined(session: Session, row: RuleDraft) -> None:
    """Tell whoever wrote or proposed it, with the reason."""
    _decided(session, row, DECLINED, reason=row.reason)


def _decided(session: Session, row: RuleDraft, name: str, **facts: object) -> None:
    taken_back(session, row.id)
    writers = {each for each in (row.created_by, row.changed_by, row.proposed_by) if each is not None}
    _tell(session, row, row.decided_by, writers - {row.decided_by}, name, **facts)


def _tell(session: Session, row: RuleDraft, actor_id: int | None, whom: set[int], name: str, **facts: object) -> None:
    assert actor_id is not None  # somebody has just done it
    by = people.names_of(session, [actor_id])[actor_id]
    notices.tell_all(session, whom, name, _url(row.id), title=row.title, by=by, **facts)


def run_ended(session: Session, run: Run) -> None:
    """Tell who asked for a simulation that it is done, or failed; not of one that a later one has replaced."""
    if run.kind != KIND or run.asked_by is None:
        return
    row = session.execute(select(RuleDraft.id, RuleDraft.title).where(RuleDraft.run_id == run.id)).first()
    if row is not None:
        name = SIMULATED if run.state == DONE else NOT_SIMULATED
        changed = (run.result or {}).get("changed", 0)
        notices.tell(session, run.asked_by, name, f"{_url(row.id)}#simulation", title=row.title, changed=changed)


@kind(WAITS)
def _waits(facts: Facts) -> Said:
    text = _("The draft “%(title)s” waits for a second person: publish it or decline it.", title=facts["title"])
    return Said(str(text), str(facts["by"]), person=True)


@kind(PUBLISHED)
def _published(facts: Facts) -> Said:
    text = _(
        "The draft “%(title)s” is published as version %(number)s and holds from %(day)s on.",
        title=facts["title"], number=facts["number"], day=labels.full_day(date.fromisoformat(facts["effective"])),
    )  # fmt: skip
    return Said(str(text), str(facts["by"]), person=True)


@kind(DECLINED)
def _declined(facts: Facts) -> Said:
    text = _("The draft “%(title)s” was declined: %(reason)s", title=facts["title"], reason=brief(facts["reason"]))
    return Said(str(text), str(facts["by"]), person=True)


@kind(SIMULATED)
def _simulated(facts: Facts) -> Said:
    text = _(
        "The simulation of the draft “%(title)s” is done: learners whose hours change: %(count)s.",
        title=facts["title"], count=facts["changed"],
    )  # fmt: skip
    return Said(str(text), str(_("Credit rules")), "rules")


@kind(NOT_SIMULATED)
def _not_simulated(facts: Facts) -> Said:
    text = _("The simulation of the draft “%(title)s” failed. Its page says why.", title=facts["title"])
    return Said(str(text), str(_("Credit rules")), "rules")
