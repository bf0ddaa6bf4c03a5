"""Transfers: one unit asks, the other accepts. Both are told; what nobody answers expires. No function commits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import BadInput, Forbidden, NotFound, Refused
from app.classes import moving
from app.liaison import service
from app.liaison.models import UnitTransfer
from app.notices import service as notices
from app.notices.kinds import Facts, Said, brief, kind, title
from app.people import queries as people_queries
from app.people import roles_queries, timeline
from app.people import service as people
from app.people.desk.queries import AccountRow
from app.people.models import Person, Unit
from app.rules.access import TABLE, Scope

PERMISSION: Final = "unit.staff"
LASTS = timedelta(days=30)
ASKED, ENDED = "transfer.asked", "transfer.ended"


def ask(
    session: Session, scope: Scope, row: AccountRow, to: str, day: date, reason: str, actor_id: int, today: date
) -> UnitTransfer | None:
    """Ask the other unit to take somebody from a day on; None where it is one of the scope as well: then they are moved
    at once. `BadInput`."""
    service.check(scope, row, actor_id)
    service.hold(session, row.id)  # of two who ask at once the second sees the first
    target, member = service.called(session, to, "to"), service.own(scope, service.home(session, row.id))
    if member is None or row.state == "closed":
        raise BadInput(_("This person belongs to no unit."), "to")
    if target.id == member.unit_id:
        raise BadInput(_("This person belongs to that unit already."), "to")
    service.not_ahead(day, today)
    first = max(each for each in (member.since, target.since) if each is not None)
    if day < first:
        raise BadInput(_("This can hold from %(day)s at the earliest.", day=first), "day")
    if session.scalar(select(UnitTransfer.id).where(UnitTransfer.person_id == row.id, UnitTransfer.state == "open")):
        raise BadInput(_("A transfer of this person waits for an answer already."), "to")
    if scope.everything or target.id in scope.unit_ids:
        _move(session, row.id, member.unit_id, target.id, member.band, day, actor_id)
        return None
    made = UnitTransfer(
        person_id=row.id, from_id=member.unit_id, to_id=target.id, day=day, reason=reason[:300], state="open",
        asked_at=clock.now(), asked_by=actor_id, expires_at=clock.now() + LASTS, answer="",
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.record(
        session, actor_id, "transfer.ask", f"transfer:{made.id}", login=row.login, unit=_codes(session, made), day=day,
        reason=reason or None,
    )  # fmt: skip
    notices.tell_all(
        session, _staff(session, target.id, today) - {actor_id, row.id}, ASKED, _url(made), name=row.name,
        **_names(session, made),
    )  # fmt: skip
    return made


def accept(session: Session, scope: Scope, transfer_id: int, actor_id: int, today: date) -> None:
    """Take them. `NotFound` for who does not look after the unit; `Refused` where it waits no more."""
    who = select(UnitTransfer.person_id, UnitTransfer.to_id).where(UnitTransfer.id == transfer_id)
    for person_id, unit_id in session.execute(who):  # held in the order in which others hold them
        timeline.closed_on(session, unit_id)
        service.hold(session, person_id)
    made = _waiting(session, transfer_id)
    _decides(scope, made, actor_id)
    member = service.home(session, made.person_id)
    if member is None or member.unit_id != made.from_id or made.day < member.since:
        raise Refused(_("This person does not belong to that unit any more. Decline it, or let it be asked for anew."))
    if (closed := session.get_one(Unit, made.to_id).closed_on) is not None:
        raise Refused(_("This unit was closed on %(day)s.", day=closed))
    _move(session, made.person_id, made.from_id, made.to_id, member.band, made.day, actor_id)
    _end(session, made, "accepted", "transfer.accept", actor_id, today)


def decline(session: Session, scope: Scope, transfer_id: int, answer: str, actor_id: int, today: date) -> None:
    """Do not take them, and say why."""
    made = _waiting(session, transfer_id)
    _decides(scope, made, actor_id)
    if not 2 <= len(answer.strip()) <= 300:
        raise BadInput(_("Say why, in 2 to 300 characters."), "answer")
    made.answer = answer.strip()
    _end(session, made, "declined", "transfer.decline", actor_id, today)


def withdraw(session: Session, scope: Scope, transfer_id: int, actor_id: int, today: date) -> None:
    """The unit that asked asks no more."""
    made = _waiting(session, transfer_id)
    if not _sees(scope, made.from_id):
        raise NotFound(_("There is no such transfer."))
    _end(session, made, "withdrawn", "transfer.withdraw", actor_id, today)


def sweep(session: Session, today: date) -> int:
    """What nobody answered in time expires; how many."""
    over = select(UnitTransfer).where(UnitTransfer.state == "open", UnitTransfer.expires_at <= clock.now())
    rows = session.scalars(over.with_for_update(skip_locked=True)).all()
    for made in rows:
        _end(session, made, "expired", "transfer.expire", None, today)
    return len(rows)


def unit_closed(session: Session, unit_id: int, actor_id: int | None) -> None:
    """Transfers from a unit that is closed, or into it, are void."""
    _lapse(session, or_(UnitTransfer.from_id == unit_id, UnitTransfer.to_id == unit_id), actor_id)


def person_disabled(session: Session, person_id: int) -> None:
    """Transfers of somebody whose account is closed are void."""
    _lapse(session, UnitTransfer.person_id == person_id, None)


def _lapse(session: Session, where: object, actor_id: int | None) -> None:
    wanted = select(UnitTransfer).where(UnitTransfer.state == "open", where)  # type: ignore[arg-type]
    for made in session.scalars(wanted.with_for_update()).all():
        _end(session, made, "lapsed", "transfer.lapse", actor_id, clock.now().date())


def _waiting(session: Session, transfer_id: int) -> UnitTransfer:
    made = session.get(UnitTransfer, transfer_id, with_for_update=True, populate_existing=True)
    if made is None:
        raise NotFound(_("There is no such transfer."))
    if made.state != "open" or made.expires_at <= clock.now():
        raise Refused(_("This transfer waits for no answer any more."))
    return made


def _sees(scope: Scope, unit_id: int) -> bool:
    return scope.everything or unit_id in scope.unit_ids


def _decides(scope: Scope, made: UnitTransfer, actor_id: int) -> None:
    if not _sees(scope, made.to_id):
        raise NotFound(_("There is no such transfer."))
    if made.person_id == actor_id:
        raise Forbidden(_("Nobody decides about oneself. Somebody else of the unit or the academy does."))


def _move(
    session: Session, person_id: int, from_id: int, to_id: int, band: str, day: date, actor_id: int
) -> None:  # fmt: skip
    people.join_unit(session, person_id, to_id, band, day)
    moving.note_moved(session, [person_id], day, actor_id)
    person, units = session.get_one(Person, person_id), [session.get_one(Unit, each).code for each in (from_id, to_id)]
    audit.record(session, actor_id, "person.move", f"person:{person.key}", unit=units, since=day)


def _end(
    session: Session, made: UnitTransfer, state: str, action: str, actor_id: int | None, today: date
) -> None:  # fmt: skip
    made.state, made.ended_at, made.ended_by = state, clock.now(), actor_id
    session.flush()
    audit.record(
        session, actor_id, action, f"transfer:{made.id}", unit=_codes(session, made),
        day=made.day, reason=made.answer or None,
    )  # fmt: skip
    notices.over(session, ASKED, _url(made))
    told = {made.asked_by} | (_staff(session, made.to_id if state == "withdrawn" else made.from_id, today))
    person = session.get_one(Person, made.person_id)
    notices.tell_all(
        session, told - {actor_id or 0, made.person_id}, ENDED, _url(made), name=person.name, state=state,
        answer=made.answer, **_names(session, made),
    )  # fmt: skip


def _staff(session: Session, unit_id: int, day: date) -> set[int]:
    """Who looks after a unit's people; where nobody is appointed, those of the academy."""
    held = roles_queries.of_unit(session, unit_id, day)
    found = {each.person.id for each in held if each.role in TABLE[PERMISSION] and not each.person.disabled}
    return found or people_queries.holders(session, PERMISSION, day)


def _codes(session: Session, made: UnitTransfer) -> list[str]:
    return [session.get_one(Unit, each).code for each in (made.from_id, made.to_id)]


def _names(session: Session, made: UnitTransfer) -> dict[str, str]:
    before, after = session.get_one(Unit, made.from_id), session.get_one(Unit, made.to_id)
    return {"from": before.name, "from_en": before.name_en, "to": after.name, "to_en": after.name_en}


def _url(made: UnitTransfer) -> str:
    return f"/desk/transfers/{made.id}"


@kind(ASKED)
def _asked(facts: Facts) -> Said:
    text = _(
        "%(name)s is to come from %(from)s to %(to)s. Accept or decline the transfer.", name=facts["name"],
        **{"from": title(facts, "from"), "to": title(facts, "to")},
    )  # fmt: skip
    return Said(str(text), str(_("Transfers")), "import")


@kind(ENDED)
def _ended(facts: Facts) -> Said:
    said = {"name": facts["name"], "to": title(facts, "to"), "answer": brief(facts["answer"])}
    words = {
        "accepted": _("The transfer of %(name)s to %(to)s is accepted.", **said),
        "declined": _("The transfer of %(name)s to %(to)s is declined: %(answer)s", **said),
        "withdrawn": _("The transfer of %(name)s to %(to)s is withdrawn.", **said),
        "expired": _("Nobody answered the transfer of %(name)s to %(to)s. It can be asked for anew.", **said),
        "lapsed": _("The transfer of %(name)s to %(to)s is void: a unit was closed, or the person left.", **said),
    }
    return Said(str(words[facts["state"]]), str(_("Transfers")), "import")
