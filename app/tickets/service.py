"""Opening, withdrawing, answering, granting. Whoever comes second is told; no function commits.

Locks in the house's order: coverage, viewing, ticket, ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import audit, clock
from app.base.db import insert_into
from app.base.errors import BadInput, Forbidden, NotFound, Refused, TooMany
from app.base.settings import Settings
from app.classes import queries as classes
from app.courses import queries as courses
from app.courses.queries import Material
from app.people.models import Person
from app.rules.viewing import spans
from app.rules.viewing.spans import Piece
from app.tickets import attachment, messages
from app.tickets.models import Ticket, TicketRound
from app.tickets.queries import TicketRow
from app.viewing import grants, traces
from app.viewing.grants import Cause, Given

SHORTEST, LONGEST = 5, 1000  # characters of what a learner writes
MOST_A_DAY = 20
MOST_PIECES = 100
MOST_ROUNDS = 2
REOPENS = frozenset({"answered", "declined"})


def material_for(session: Session, settings: Settings, learner_id: int, lesson_id: int) -> Material:
    """The lesson's version that this learner opened last, or the present one if it is offered to them.

    NotFound otherwise: a lesson that was never theirs is not told apart from none.
    """
    version = traces.of_lesson(session, learner_id, lesson_id)
    found = courses.open_material(session, lesson_id) if version is None else None
    if version is not None:
        return _known(courses.material_of_version(session, version))
    today = clock.local_day(clock.now(), settings.timezone)
    if found is None or classes.offer_of(session, learner_id, found.course.id, today) is None:
        raise NotFound(_("You have opened no such lesson."))
    return found


def _known(material: Material | None) -> Material:
    assert material is not None  # versions are never deleted
    return material


def open_ticket(
    session: Session, settings: Settings, learner_id: int, lesson_id: int, text: str, part: Piece | None
) -> tuple[str, bool]:
    """Open a ticket: (its key, is it new?). While one of this lesson is open, it is that one: a form sent twice
    makes one ticket. BadInput for a text or a part that cannot be used."""
    material = material_for(session, settings, learner_id, lesson_id)
    said, part = _said(text, "text", SHORTEST), _part(part, material.media_version.length_ms)
    _not_too_many(session, learner_id)
    attached = attachment.pack(attachment.freeze(session, learner_id, material, settings.beat_seconds))
    key = str(ULID())
    made = session.scalars(
        insert_into(session, Ticket)
        .values(
            learner_id=learner_id, key=key, lesson_id=lesson_id, media_version_id=material.media_version.id,
            from_ms=part[0] if part else None, to_ms=part[1] if part else None, state="open",
            opened_at=clock.now(), granted=b"", credited=0,
        )
        .on_conflict_do_nothing()
        .returning(Ticket.key)
    ).first()  # fmt: skip
    if made is None:
        there = select(Ticket.key).where(
            Ticket.learner_id == learner_id, Ticket.lesson_id == lesson_id, Ticket.state == "open"
        )
        return session.scalars(there).one(), False
    _write(session, learner_id, key, 1, said, attached)
    return key, True


def _write(session: Session, learner_id: int, key: str, number: int, text: str, attached: bytes) -> None:
    session.execute(
        insert(TicketRound).values(
            learner_id=learner_id, ticket_key=key, number=number, text=text, written_at=clock.now(), attached=attached
        )
    )


def _said(text: str, field: str, shortest: int) -> str:
    """The text without what surrounds it; BadInput when it is too short or too long."""
    said = text.replace("\r\n", "\n").strip()
    if not shortest <= len(said) <= LONGEST:
        words = _(
            "This has %(count)s characters; write %(least)s to %(most)s.",
            count=len(said), least=shortest, most=LONGEST,
        )  # fmt: skip
        raise BadInput(words, field)
    return said


def _part(part: Piece | None, length_ms: int) -> Piece | None:
    if part is not None and not 0 <= part[0] < part[1]:
        raise BadInput(_("The end must lie after the beginning."), "until")
    if part is not None and part[0] >= length_ms:
        raise BadInput(_("The lesson is shorter than that."), "since")
    return None if part is None else (part[0], min(part[1], length_ms))


def _not_too_many(session: Session, learner_id: int) -> None:
    day_ago = clock.now() - timedelta(days=1)
    written = session.scalar(
        select(func.count()).where(TicketRound.learner_id == learner_id, TicketRound.written_at > day_ago)
    )
    if (written or 0) >= MOST_A_DAY:
        raise TooMany(
            _("You have written %(count)s tickets within a day. Go on tomorrow, or ask your head teacher.",
              count=MOST_A_DAY)
        )  # fmt: skip


def withdraw(session: Session, learner_id: int, key: str) -> None:
    """The learner takes an open ticket back."""
    _move(session, learner_id, key, ("open",), state="withdrawn")


def write_again(session: Session, settings: Settings, learner_id: int, key: str, text: str) -> None:
    """The learner is not content with an answer: once, with another text and the trace as it is now."""
    found = session.get(Ticket, (learner_id, key))
    if found is None:
        raise NotFound(_("There is no such ticket."))
    said = _said(text, "text", SHORTEST)
    number = (session.scalar(_rounds(learner_id, key)) or 0) + 1
    if number > MOST_ROUNDS:
        raise Refused(_("You have written a second time already. If something new is wrong, open a new ticket."))
    _not_too_many(session, learner_id)
    material = _known(courses.material_of_version(session, found.media_version_id))
    attached = attachment.pack(attachment.freeze(session, learner_id, material, settings.beat_seconds))
    other = select(Ticket.key).where(
        Ticket.learner_id == learner_id, Ticket.lesson_id == found.lesson_id, Ticket.state == "open"
    )
    if session.scalars(other).first() is not None:
        raise Refused(_("Another ticket about this lesson is open. Wait for its answer, or withdraw it."))
    try:
        _move(session, learner_id, key, tuple(REOPENS), state="open")
    except IntegrityError as error:  # one was opened at this very moment
        raise Refused(_("Another ticket about this lesson is open. Wait for its answer, or withdraw it.")) from error
    _write(session, learner_id, key, number, said, attached)


def _rounds(learner_id: int, key: str) -> Any:
    return select(func.max(TicketRound.number)).where(
        TicketRound.learner_id == learner_id, TicketRound.ticket_key == key
    )


def _move(session: Session, learner_id: int, key: str, before: tuple[str, ...], **values: object) -> None:
    """Change a ticket if it is in one of these states: of two who come at once, one does."""
    moved: Any = session.execute(
        update(Ticket)
        .where(Ticket.learner_id == learner_id, Ticket.key == key, Ticket.state.in_(before))
        .values(**values)
    )
    if not moved.rowcount:
        raise Refused(
            _("Somebody was faster: this ticket has changed meanwhile. Nothing of yours was done; look again.")
        )


def answer(session: Session, actor_id: int, ticket: TicketRow, text: str, *, declined: bool) -> None:
    """Explain how it came about; `declined`: and say that the time stays as it is."""
    _not_own(actor_id, ticket)
    said, state = _said(text, "answer", 1), "declined" if declined else "answered"
    _move(session, ticket.learner_id, ticket.key, ("open",), state=state)
    _answered(session, actor_id, ticket, state, said)
    messages.answered(session, ticket, actor_id, declined=declined)
    audit.record(session, actor_id, f"ticket.{'decline' if declined else 'answer'}", f"ticket:{ticket.key}",
                 learner=ticket.learner_key)  # fmt: skip


def _not_own(actor_id: int, ticket: TicketRow) -> None:
    if actor_id == ticket.learner_id:
        raise Forbidden(_("This is about your own time. Somebody else has to decide."))


def _answered(session: Session, actor_id: int, ticket: TicketRow, outcome: str, text: str) -> None:
    session.execute(
        update(TicketRound)
        .where(
            TicketRound.learner_id == ticket.learner_id,
            TicketRound.ticket_key == ticket.key,
            TicketRound.number == ticket.last.number,
        )
        .values(outcome=outcome, answer=text, answered_by=actor_id, answered_at=clock.now())
    )


def grant(
    session: Session,
    settings: Settings,
    actor_id: int,
    ticket: TicketRow,
    wanted: Sequence[Piece],
    reason: str,
    viewing_id: int | None = None,
) -> Given:
    """Let parts of the lesson (ms) count that did not: coverage, trace, evidence, credit, in one transaction.

    BadInput without a part or a reason; Refused where nothing is left to grant, or somebody was faster.
    """
    _not_own(actor_id, ticket)
    said = _said(reason, "reason", 1)
    if not wanted:
        raise BadInput(_("Choose at least one part."), "parts")
    if len(wanted) > MOST_PIECES:
        raise BadInput(_("These are more than %(most)s parts. Choose fewer, larger ones.", most=MOST_PIECES), "parts")
    if any(start >= end for start, end in wanted):
        raise BadInput(_("The end must lie after the beginning."), "until")
    held = grants.lock(session, ticket.learner_id, ticket.media_version_id, viewing_id)
    _move(session, ticket.learner_id, ticket.key, ("open",), state="granted")
    granted_by = session.scalars(select(Person.key).where(Person.id == actor_id)).one()
    given = grants.give(session, settings, held, wanted, Cause(ticket.key, granted_by, said))
    flat = [bound for piece in given.pieces for bound in piece]
    _move(
        session, ticket.learner_id, ticket.key, ("granted",), granted=spans.pack(flat), credited=given.countable
    )  # fmt: skip
    _answered(session, actor_id, ticket, "granted", said)
    messages.granted(session, ticket, actor_id, spans.length(flat), given.countable)
    audit.record(
        session, actor_id, "ticket.grant", f"ticket:{ticket.key}", learner=ticket.learner_key,
        lesson=ticket.lesson_id, parts_ms=[list(piece) for piece in given.pieces],
        granted_ms=spans.length(flat), countable=given.countable, reason=said,
    )  # fmt: skip
    return given


def today(settings: Settings) -> date:
    """The academy's day."""
    return clock.local_day(clock.now(), settings.timezone)
