"""Joiners, leavers and corrections of one's own unit. No function commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import audit, clock, plain
from app.base.errors import BadInput, Forbidden, NotFound
from app.classes import moving
from app.classes import service as classes
from app.classes.models import ClassMembership
from app.people import service as people
from app.people import timeline
from app.people.desk.queries import AccountRow
from app.people.identifiers import plain_email, plain_login, plain_phone
from app.people.models import Person, RoleGrant, UnitMembership
from app.people.roles_queries import is_separated
from app.rules.access import Scope
from app.rules.units import Unit


@dataclass(frozen=True, slots=True)
class Details:
    """What is written of somebody. `day`: from when unit or band hold."""

    name: str
    phone: str
    email: str
    band: str
    day: date


def may_act(scope: Scope, row: AccountRow, actor_id: int) -> bool:
    """May this person be marked as gone, transferred or corrected? By a telephone number or an address one gets in: so
    never oneself nor one of the three separated administrators, and whoever works here only by who has the whole
    academy."""
    return row.id != actor_id and not row.separated and (scope.everything or not row.staff)


def check(scope: Scope, row: AccountRow, actor_id: int) -> None:
    """`Forbidden` where they may not."""
    if not may_act(scope, row, actor_id):
        raise Forbidden(_("This account belongs to somebody with duties here. The academy administrator changes it."))


def open_unit(session: Session, code: str, field: str = "unit") -> Unit:
    """An open unit by its code; else `BadInput`."""
    found = next((each for each in timeline.units(session) if each.code == code and each.closed_on is None), None)
    if found is None:
        raise BadInput(_("Choose the unit."), field)
    return found


def called(session: Session, text: str, field: str) -> Unit:
    """An open unit by its full name or its code, as somebody writes it; else `BadInput`. Which units there are is not
    listed to who looks after others."""
    wanted = text.strip().casefold()
    there = [each for each in timeline.units(session) if each.closed_on is None]
    found = [each for each in there if each.code.casefold() == wanted]
    found = found or [each for each in there if wanted in (each.name.casefold(), each.name_en.casefold())]
    if not found:
        raise BadInput(_("No unit is called so. Write its full name, as it stands in documents, or its code."), field)
    if len(found) > 1:
        raise BadInput(_("Several units are called so. Write the code of the one that is meant."), field)
    return found[0]


def not_ahead(day: date, today: date, field: str = "day") -> None:
    """Nothing is entered before it holds."""
    if day > today:
        raise BadInput(_("This is entered when it holds: today at the latest."), field)


def contact(given: Details) -> tuple[str | None, str | None]:
    """Telephone number and address in their stored forms; `BadInput` where they are none, or where there is no name."""
    plain.check(given.name, "name")
    if not 1 <= len(given.name) <= 60:
        raise BadInput(_("The name has 1 to 60 characters."), "name")
    phone, email = plain_phone(given.phone) or None, plain_email(given.email) or None
    if given.phone.strip() and phone is None:
        raise BadInput(_("This is no telephone number."), "phone")
    if given.email.strip() and email is None:
        raise BadInput(_("This is no e-mail address."), "email")
    return phone, email


def home(session: Session, person_id: int) -> UnitMembership | None:
    """The membership that has no end."""
    mine = UnitMembership.person_id == person_id, UnitMembership.until.is_(None)
    return session.scalar(select(UnitMembership).where(*mine))


def hold(session: Session, person_id: int) -> Person:
    """The person: of two who change the same one the second waits. Rows that name the person are not held up."""
    return session.get_one(Person, person_id, with_for_update={"key_share": True}, populate_existing=True)


def own(scope: Scope, member: UnitMembership | None) -> UnitMembership | None:
    """The membership, if it still is in a unit of the scope: the person may have been moved meanwhile."""
    if member is not None and not (scope.everything or member.unit_id in scope.unit_ids):
        raise NotFound(_("There is no such person in the units that you look after."))
    return member


def join(session: Session, scope: Scope, login: str, code: str, given: Details, actor_id: int, today: date) -> Person:
    """Somebody new in a unit of the scope, or somebody who left one of its units and comes back. `BadInput`."""
    unit = open_unit(session, code)
    if not (scope.everything or unit.id in scope.unit_ids):
        raise BadInput(_("Choose the unit."), "unit")
    not_ahead(given.day, today)
    if unit.since is not None and given.day < unit.since:
        raise BadInput(_("The unit was not there before %(day)s.", day=unit.since), "day")
    phone, email = contact(given)
    person = session.scalar(select(Person).where(Person.login == plain_login(login)).with_for_update(key_share=True))
    back = person is not None
    if person is not None:
        _comes_back(session, scope, person, given.day)
        people.reopen(session, person.id, actor_id)
        was = {"name": person.name, "phone": person.phone, "email": person.email}
        _write(session, person, {"name": given.name, "phone": phone, "email": email})
    else:
        was = None
        person = people.create_person(session, login, given.name, phone=phone, email=email)
        begun = (clock.now() - timedelta(hours=12)).date()
        people.grant_role(session, person.id, "learner", "own", since=min(given.day, begun), actor_id=actor_id)
    people.join_unit(session, person.id, unit.id, given.band, given.day)
    now = {"name": given.name, "phone": phone, "email": email, "unit": unit.code, "band": given.band}
    audit.record(
        session, actor_id, "person.join", f"person:{person.key}", login=person.login, was=was, now=now, since=given.day,
        back=back or None,
    )  # fmt: skip
    return person


def _comes_back(session: Session, scope: Scope, person: Person, day: date) -> None:
    """Who has an account comes by a transfer, unless it was closed when they left a unit of the scope."""
    text = _(
        "There is an account with this staff number. Who comes from another unit comes by a transfer that it asks for."
    )
    mine = UnitMembership.person_id == person.id
    last = session.scalar(select(UnitMembership).where(mine).order_by(UnitMembership.since.desc()).limit(1))
    powers = select(func.count()).where(RoleGrant.person_id == person.id, RoleGrant.role != "learner")
    inside = last is not None and (scope.everything or last.unit_id in scope.unit_ids)
    above = scope.everything and not is_separated(session, person.id)  # as at the desk of accounts
    if person.disabled_at is None or not inside or (session.scalar(powers) and not above):
        raise BadInput(text, "login")
    if last is not None and (last.until is None or last.until > day):
        until = last.until or last.since
        raise BadInput(_("This person belonged to a unit until %(day)s.", day=until), "day")


def leave(session: Session, scope: Scope, row: AccountRow, last: date, actor_id: int, today: date) -> None:
    """Somebody left; `last` is their last day. Unit and class end, the account closes at once. `BadInput`."""
    check(scope, row, actor_id)
    not_ahead(last, today, "last")
    hold(session, row.id)  # who is moved and leaves at the same moment does one first
    member = own(scope, home(session, row.id))
    if member is None or row.state == "closed":
        raise BadInput(_("This person has left already."), "last")
    if last < member.since:
        text = _("The last day lies before the first one in the unit, %(day)s.", day=member.since)
        raise BadInput(text, "last")
    until = last + timedelta(days=1)
    inside = ClassMembership.person_id == row.id, ClassMembership.until.is_(None)
    group = session.scalar(select(ClassMembership).where(*inside))
    if group is not None:
        classes.leave_class(session, row.id, max(until, group.since), actor_id)
    member.until = until
    session.flush()
    people.disable(session, row.id, actor_id)
    audit.record(session, actor_id, "person.leave", f"person:{row.key}", login=row.login, until=until)


def correct(session: Session, scope: Scope, row: AccountRow, given: Details, actor_id: int, today: date) -> list[str]:
    """Put name, telephone number, address or band right; the names of what changed. `BadInput`."""
    check(scope, row, actor_id)
    not_ahead(given.day, today)
    phone, email = contact(given)
    person = hold(session, row.id)
    was: dict[str, Any] = {"name": person.name, "phone": person.phone, "email": person.email}
    now: dict[str, Any] = {"name": given.name, "phone": phone, "email": email}
    member = own(scope, home(session, row.id))
    if member is not None:
        was["band"], now["band"] = member.band, given.band
    changed = [name for name in now if was[name] != now[name]]
    if not changed:
        raise BadInput(_("Nothing is different from what it is now."), "name")
    _write(session, person, {name: now[name] for name in changed if name != "band"})
    if "band" in changed and member is not None:
        people.join_unit(session, row.id, member.unit_id, given.band, given.day)
        moving.note_moved(session, [row.id], given.day, actor_id)
    audit.record(
        session, actor_id, "person.correct", f"person:{row.key}", was={name: was[name] for name in changed},
        now={name: now[name] for name in changed}, since=given.day if "band" in changed else None,
    )  # fmt: skip
    return changed


def _write(session: Session, person: Person, values: dict[str, Any]) -> None:
    """Into the account, with what follows from it."""
    if "email" in values and values["email"] != person.email:
        people.end_keys(session, person.id, "mail", "confirm")  # a link on its way to the address before opens nothing
    for name, value in values.items():
        setattr(person, name, value)
    if "name" in values:
        person.name_pinyin = people.pinyin_of(values["name"])
    session.flush()
