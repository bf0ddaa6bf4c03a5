"""Asking for a correction, withdrawing it, deciding it. No function commits."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import update
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import audit, clock, labels, plain
from app.base.db import insert_into
from app.base.errors import BadInput, Forbidden, Refused, TooMany
from app.classes import moving
from app.myself.corrections import messages, queries
from app.myself.corrections.models import Correction
from app.myself.corrections.queries import OPEN, CorrectionRow
from app.people import queries as people
from app.people import service as people_service
from app.people.identifiers import plain_email, plain_phone
from app.people.keys import mailing

FIELDS = ("name", "phone", "email", "unit", "band", "other")
# What one signs in with: who only found an open sign-in does not ask for another.
PROVED = frozenset({"phone", "email"})
MOST_OPEN, MOST_A_DAY = 4, 10
LONGEST = 500  # characters of an explanation, and of an answer


def present_value(session: Session, person_id: int, field: str, day: date) -> str:
    """What stands there now; "" for nothing, and for what is no field of ours."""
    if field in ("unit", "band"):
        unit = people.unit_of(session, person_id, day)
        return "" if unit is None else unit.name if field == "unit" else unit.band
    person = people_service.person_of(session, person_id)
    return {"name": person.name, "phone": person.phone or "", "email": person.email or ""}.get(field, "")


def ask(session: Session, person_id: int, field: str, wanted: str, reason: str, day: date) -> str:
    """Ask for a correction; its key. `BadInput` names the form's field, `Refused` where one is open, `TooMany`."""
    if field not in FIELDS:
        raise BadInput(_("Choose what is wrong."), "wanted")
    said, value = _text(reason, "reason", least=0 if field != "other" else 5), _wanted(field, wanted)
    was = present_value(session, person_id, field, day)
    if field != "other" and value == was:
        raise BadInput(_("That is what stands there already."), "wanted")
    if field == "band" and people.unit_of(session, person_id, day) is None:
        raise Refused(_("You belong to no unit today, so there is no rank band. Ask for the unit first."))
    waiting = queries.open_fields(session, person_id)
    if field in waiting:
        raise _open_already()
    if len(waiting) >= MOST_OPEN:
        text = ngettext(
            "%(num)d correction of yours is not decided yet. Wait for it, or withdraw it.",
            "%(num)d corrections of yours are not decided yet. Wait for them, or withdraw one.",
            len(waiting),
        )
        raise Refused(text)
    if queries.asked_lately(session, person_id) >= MOST_A_DAY:
        raise TooMany(_("You have asked very often today. Go on tomorrow."))
    return _keep(session, person_id, field, was, value, said, day)


def _keep(session: Session, person_id: int, field: str, was: str, value: str, said: str, day: date) -> str:
    key = str(ULID())
    made = session.scalars(
        insert_into(session, Correction)
        .values(
            key=key, person_id=person_id, field=field, was=was, wanted=value, reason=said, state=OPEN,
            asked_at=clock.now(), answer="",
        )
        .on_conflict_do_nothing()
        .returning(Correction.key)
    ).first()  # fmt: skip
    if made is None:  # the same form, sent twice at the same moment
        raise _open_already()
    audit.record(
        session, person_id, "correction.ask", _subject(session, person_id), was={field: was}, now={field: value}
    )
    messages.waits(session, person_id, key, field, day)
    return key


def _open_already() -> Refused:
    return Refused(_("You have asked for this already; it is not decided yet. Withdraw it to ask for something else."))


def _subject(session: Session, person_id: int) -> str:
    return f"person:{people_service.person_of(session, person_id).key}"


def _text(text: str, field: str, *, least: int) -> str:
    plain.check(text, field, lines=True)
    said = text.replace("\r\n", "\n").strip()
    if not least <= len(said) <= LONGEST:
        words = _(
            "This has %(count)s characters; write %(least)s to %(most)s.", count=len(said), least=least, most=LONGEST
        )
        raise BadInput(words, field)
    return said


def _wanted(field: str, typed: str) -> str:
    """The value in its stored form; `BadInput` where it is none."""
    plain.check(typed, "wanted")
    text = typed.strip()
    if field == "phone":
        text = plain_phone(typed)
        if not text:
            raise BadInput(_("This is no telephone number."), "wanted")
    elif field == "email":
        text = plain_email(typed)
        if not text:
            raise BadInput(_("This is no e-mail address."), "wanted")
    elif field == "band" and text not in labels.codes("band"):
        raise BadInput(_("Choose a rank band."), "wanted")
    elif field == "other":
        return ""
    if not 1 <= len(text) <= (60 if field == "name" else 120):
        raise BadInput(
            _("Write what it should be: up to %(n)s characters.", n=60 if field == "name" else 120), "wanted"
        )
    return text


def withdraw(session: Session, row: CorrectionRow) -> None:
    """One's own, as long as it is not decided."""
    _move(session, row, "withdrawn", None, "")
    messages.over(session, row.key)
    audit.record(session, row.person_id, "correction.withdraw", f"person:{row.person_key}", field=row.field)


def accept(session: Session, actor_id: int, row: CorrectionRow, answer: str, day: date, *, mail: bool) -> str:
    """Apply it, or what comes in place of applying it; gives the kind of message that was sent.

    A new address where `mail` goes out is taken when its owner opens the link that is sent there. A unit is not changed
    here: moving somebody is asked by one unit and accepted by the other.
    """
    _not_own(actor_id, row)
    if people_service.person_of(session, row.person_id).disabled_at is not None:
        raise Refused(_("This account is closed."))
    said = _text(answer, "answer", least=5 if row.field == "other" else 0)
    _move(session, row, "handed_on" if row.field == "unit" else "accepted", actor_id, said)
    told = _apply(session, actor_id, row, day, mail=mail)
    messages.decided(session, row, told, actor_id, said)
    return told


def _apply(session: Session, actor_id: int, row: CorrectionRow, day: date, *, mail: bool) -> str:
    subject, was = f"person:{row.person_key}", present_value(session, row.person_id, row.field, day)
    if row.field == "unit":
        audit.record(session, actor_id, "correction.hand_on", subject, field="unit", place=row.wanted)
        return messages.HANDED_ON
    if row.field == "other":
        audit.record(session, actor_id, "correction.accept", subject, field="other")
        return messages.ACCEPTED
    if row.field == "email" and mail:
        mailing.confirm(session, row.person_id, row.wanted)
        audit.record(session, actor_id, "correction.accept", subject, field="email", to=row.wanted)
        return messages.CONFIRM
    if row.field == "band":
        unit = people.unit_of(session, row.person_id, day)
        if unit is None:
            raise Refused(_("This person belongs to no unit today, so there is no rank band to correct."))
        people_service.join_unit(session, row.person_id, unit.id, row.wanted, day)
        moving.note_moved(session, [row.person_id], day, actor_id)
    else:
        person = people_service.person_of(session, row.person_id)
        setattr(person, row.field, row.wanted)
        if row.field == "name":
            person.name_pinyin = people_service.pinyin_of(row.wanted)
    session.flush()
    audit.record(session, actor_id, "correction.accept", subject, was={row.field: was}, now={row.field: row.wanted})
    return messages.ACCEPTED


def decline(session: Session, actor_id: int, row: CorrectionRow, answer: str) -> None:
    """Leave everything as it is, with a reason that the person reads."""
    _not_own(actor_id, row)
    said = _text(answer, "answer", least=2)
    _move(session, row, "declined", actor_id, said)
    audit.record(session, actor_id, "correction.decline", f"person:{row.person_key}", field=row.field, reason=said)
    messages.decided(session, row, messages.DECLINED, actor_id, said)


def _not_own(actor_id: int, row: CorrectionRow) -> None:
    if actor_id == row.person_id:
        raise Forbidden(_("This is about yourself. Somebody else has to decide."))


def _move(session: Session, row: CorrectionRow, state: str, actor_id: int | None, answer: str) -> None:
    """Of two who come at once, one does."""
    decided = {} if actor_id is None else {"decided_by": actor_id, "decided_at": clock.now(), "answer": answer}
    moved = session.execute(
        update(Correction)
        .where(Correction.id == row.id, Correction.state == OPEN)
        .values(state=state, **decided)
        .execution_options(synchronize_session=False)
    )
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise Refused(
            _("Somebody was faster: this correction is decided or withdrawn. Nothing of yours was done; look again.")
        )
