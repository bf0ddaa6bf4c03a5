"""What is told of periods: somebody asks to reopen one, that was decided, a sealing has ended."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import clock
from app.base.runs import DONE, Run
from app.credits.closing.sealing import SEAL
from app.credits.rulebook import book
from app.credits.shown import period_text
from app.notices import service as notices
from app.notices.kinds import Facts, Said, brief, kind
from app.people import queries as people
from app.rules.credit.book import RuleBook

ASKED: Final = "period.reopen_asked"
REOPENED: Final = "period.reopened"
KEPT: Final = "period.reopen_declined"
SEALED: Final = "period.sealed"
NOT_SEALED: Final = "period.not_sealed"


def _url(start: date) -> str:
    return f"/periods/{start.isoformat()}"


def _days(rules: RuleBook, start: date) -> dict[str, str]:
    return {"start": start.isoformat(), "end": rules.period.end(rules.period.index(start)).isoformat()}


def reopening_asked(session: Session, rules: RuleBook, start: date, actor_id: int, reason: str) -> None:
    """Tell everybody who may decide about it, but not who asked."""
    today = clock.local_day(clock.now(), rules.zone)
    others = people.holders(session, "period.close", today) - {actor_id}
    by = people.names_of(session, [actor_id])[actor_id]
    notices.tell_all(session, others, ASKED, _url(start), by=by, reason=reason.strip(), **_days(rules, start))


def reopening_over(session: Session, start: date) -> None:
    """It waits for nobody any more."""
    notices.over(session, ASKED, _url(start))


def reopening_decided(
    session: Session, rules: RuleBook, start: date, asker_id: int | None, actor_id: int, reason: str, *, confirmed: bool
) -> None:  # fmt: skip
    """Tell who asked."""
    reopening_over(session, start)
    if asker_id is not None:
        by, name = people.names_of(session, [actor_id])[actor_id], REOPENED if confirmed else KEPT
        notices.tell(session, asker_id, name, _url(start), by=by, reason=reason, **_days(rules, start))


def run_ended(session: Session, run: Run) -> None:
    """Tell who asked for a sealing whether the period is sealed."""
    rules = book(session) if run.kind == SEAL else None
    if rules is None or run.asked_by is None:
        return
    start = date.fromisoformat(run.parameters["period"])
    sealed = run.state == DONE and "refused" not in (run.result or {})
    notices.tell(session, run.asked_by, SEALED if sealed else NOT_SEALED, _url(start), **_days(rules, start))


def _name(facts: Facts) -> str:
    return period_text(date.fromisoformat(facts["start"]), date.fromisoformat(facts["end"]))


@kind(ASKED)
def _asked(facts: Facts) -> Said:
    text = _(
        "%(period)s: reopening is asked for and waits for a second person. Reason: %(reason)s",
        period=_name(facts), reason=brief(facts["reason"]),
    )  # fmt: skip
    return Said(str(text), str(facts["by"]), person=True)


@kind(REOPENED)
def _reopened(facts: Facts) -> Said:
    text = _("%(period)s is open again, as you asked. Everybody is settled anew.", period=_name(facts))
    return Said(str(text), str(facts["by"]), person=True)


@kind(KEPT)
def _kept(facts: Facts) -> Said:
    text = _(
        "%(period)s stays sealed; your request was declined: %(reason)s",
        period=_name(facts), reason=brief(facts["reason"]),
    )  # fmt: skip
    return Said(str(text), str(facts["by"]), person=True)


@kind(SEALED)
def _sealed(facts: Facts) -> Said:
    return Said(str(_("%(period)s is sealed.", period=_name(facts))), str(_("Periods")), "lock")


@kind(NOT_SEALED)
def _not_sealed(facts: Facts) -> Said:
    text = _("%(period)s was not sealed. Its page says what holds it up.", period=_name(facts))
    return Said(str(text), str(_("Periods")), "lock")
