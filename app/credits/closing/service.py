"""What people do to a period: have it sealed, ask for a seal to be taken back, decide about that.

Everything leaves an event and an audit entry. Callers commit.
"""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import audit, runs, tasks
from app.base.errors import BadInput, NotFound, Refused
from app.credits.closing import events, messages, readiness
from app.credits.closing.sealing import SEAL, NotReady, seal
from app.credits.models import PeriodSeal
from app.credits.rulebook import book
from app.credits.seals import ASKED, DECLINED, REOPENED, WITHDRAWN, seals_of
from app.rules.credit.book import RuleBook

__all__ = [
    "SEAL", "NotReady", "ask_reopening", "decide_reopening", "request_seal", "seal", "withdraw_reopening",
]  # fmt: skip
LONGEST_REASON = 1000


def request_seal(session: Session, start: date, actor_id: int, reason: str) -> int:
    """Put the sealing of a period in line, after a look at what stands open; gives the run's number.

    Refused when something holds it up, BadInput when a reason is needed. Everything is looked at again when it runs.
    """
    rules, seals = _rules(session, start), seals_of(session)
    if start in seals:
        raise Refused(_("This period is sealed already."))
    checks = readiness.readiness(session, rules, start, seals)
    if readiness.blocking(checks):
        raise Refused(_("This period cannot be sealed yet. What holds it up is listed below."))
    reason = _reason(reason, needed=any(check.asks_reason for check in checks))
    audit.record(session, actor_id, "period.seal_asked", f"period:{start.isoformat()}", reason=reason)
    return runs.begin(session, SEAL, actor_id, period=start.isoformat(), by=actor_id, reason=reason)


def ask_reopening(session: Session, start: date, actor_id: int, reason: str) -> None:
    """Ask for a seal to be taken back; another person decides. Only the newest sealed period can be reopened."""
    rules = _rules(session, start)
    if events.last(session, start).event == ASKED:
        raise Refused(_("Somebody has asked for this already; it waits for another person."))
    _newest_sealed(session, start)
    events.add(session, start, ASKED, actor_id, _reason(reason, needed=True))
    audit.record(session, actor_id, "period.reopen_asked", f"period:{start.isoformat()}", reason=reason.strip())
    messages.reopening_asked(session, rules, start, actor_id, reason)


def withdraw_reopening(session: Session, start: date, actor_id: int) -> None:
    """Take one's own request back."""
    if _asked(session, start).by_id != actor_id:
        raise Refused(_("Only the person who asked can take the request back; others decline it."))
    events.add(session, start, WITHDRAWN, actor_id, "")
    audit.record(session, actor_id, "period.reopen_withdrawn", f"period:{start.isoformat()}")
    messages.reopening_over(session, start)


def decide_reopening(session: Session, start: date, actor_id: int, reason: str, *, confirmed: bool) -> None:
    """Confirm a request, or decline it with a reason; not by the person who asked.

    With a confirmation the seal no longer holds: everybody is settled again, so that what came late falls where it
    belongs.
    """
    asked = _asked(session, start)
    if asked.by_id == actor_id:
        raise Refused(_("You asked for this yourself. Another person has to decide."))
    reason = _reason(reason, needed=not confirmed)
    if confirmed:
        _newest_sealed(session, start)
    events.add(session, start, REOPENED if confirmed else DECLINED, actor_id, reason)
    done = "period.reopen" if confirmed else "period.reopen_declined"
    audit.record(
        session, actor_id, done, f"period:{start.isoformat()}", reason=reason, asked_by=asked.by_id, why=asked.reason
    )
    messages.reopening_decided(
        session, _rules(session, start), start, asked.by_id, actor_id, reason, confirmed=confirmed
    )
    if confirmed:
        tasks.enqueue(session, "credits.resettle")


def _rules(session: Session, start: date) -> RuleBook:
    """The rules; NotFound unless a period begins on this day."""
    rules = book(session)
    if rules is None or (index := rules.period.index(start)) < 0 or rules.period.start(index) != start:
        raise NotFound(_("There is no such period."))
    return rules


def _reason(reason: str, *, needed: bool) -> str:
    reason = reason.strip()
    if needed and not reason:
        raise BadInput(_("Write a reason; it is kept with the period."), "reason")
    if len(reason) > LONGEST_REASON:
        raise BadInput(_("At most %(most)s characters.", most=LONGEST_REASON), "reason")
    return reason


def _asked(session: Session, start: date) -> PeriodSeal:
    row = events.last(session, start)
    if row.event != ASKED:
        raise Refused(_("Nobody asks for this period to be reopened (any more)."))
    return row


def _newest_sealed(session: Session, start: date) -> None:
    seals = seals_of(session)
    if start not in seals:
        raise Refused(_("This period is not sealed."))
    newest = max(seals)
    if newest != start:
        raise Refused(
            _("Only the newest sealed period can be reopened. That is the one from %(day)s.", day=newest.isoformat())
        )
