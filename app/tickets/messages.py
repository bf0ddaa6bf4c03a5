"""What learners are told of their tickets."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base.numbers import clock, hours
from app.notices import service as notices
from app.notices.kinds import Facts, Said, kind, title
from app.people.queries import names_of
from app.tickets.queries import TicketRow

ANSWERED: Final = "ticket.answered"
DECLINED: Final = "ticket.declined"
GRANTED: Final = "ticket.granted"


def answered(session: Session, ticket: TicketRow, actor_id: int, *, declined: bool) -> None:
    """Tell the learner of an answer."""
    _tell(session, ticket, DECLINED if declined else ANSWERED, actor_id)


def granted(session: Session, ticket: TicketRow, actor_id: int, granted_ms: int, countable: int) -> None:
    """Tell the learner what was granted (ms) and what was credited for it (thousandths of an hour)."""
    _tell(session, ticket, GRANTED, actor_id, granted_ms=granted_ms, countable=countable)


def _tell(session: Session, ticket: TicketRow, name: str, actor_id: int, **more: int) -> None:
    by = names_of(session, [actor_id])[actor_id]
    notices.tell(
        session, ticket.learner_id, name, f"/tickets/{ticket.key}",
        lesson=ticket.lesson, lesson_en=ticket.lesson_en, by=by, **more,
    )  # fmt: skip


@kind(ANSWERED)
def _answered(facts: Facts) -> Said:
    text = _("Your ticket about “%(lesson)s” is answered.", lesson=title(facts, "lesson"))
    return Said(str(text), str(facts["by"]), person=True)


@kind(DECLINED)
def _declined(facts: Facts) -> Said:
    text = _("Your ticket about “%(lesson)s” is answered: the time stays as it is.", lesson=title(facts, "lesson"))
    return Said(str(text), str(facts["by"]), person=True)


@kind(GRANTED)
def _granted(facts: Facts) -> Said:
    lesson, time = title(facts, "lesson"), clock(facts["granted_ms"])
    if facts["countable"]:
        text = _(
            "%(time)s of “%(lesson)s” granted to you; %(hours)s hours were credited.",
            time=time, lesson=lesson, hours=hours(facts["countable"]),
        )  # fmt: skip
    else:
        text = _("%(time)s of “%(lesson)s” granted to you. It is not enough for credit yet.", time=time, lesson=lesson)
    return Said(str(text), str(facts["by"]), person=True)
