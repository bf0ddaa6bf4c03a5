"""What an identity system changes: people and who belongs to which unit. No function commits.

Nothing here removes anything: an account is closed, a membership ends on its day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scim2_models import ForbiddenException, InvalidValueException, UniquenessException
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import audit, clock, plain
from app.base.db import holds, insert_into
from app.base.errors import BadInput
from app.classes import service as classes
from app.classes.models import ClassMembership
from app.doors.scim import queries
from app.doors.scim.models import ScimMark
from app.doors.scim.queries import GROUP, USER
from app.doors.scim.resources import Email, Group, PhoneNumber, User
from app.people import service as people
from app.people import timeline
from app.people.identifiers import plain_email, plain_login, plain_phone
from app.people.models import Person, Unit, UnitMembership
from app.people.roles_queries import is_guarded
from app.people.units import become, unit_code
from app.rules import units as rules

FEW = 20  # accounts that may be closed in a day, however small the academy


class Guarded(ForbiddenException):
    """An administrator's account, one that the academy has closed, or too many at once: refused, and the audit log
    says so."""

    def __init__(self, detail: str, subject: str) -> None:
        super().__init__(detail=detail)
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Writer:
    """Who changes, on which day; `percent` of all open accounts may be closed in 24 hours."""

    session: Session
    day: date
    token: str
    percent: int


def _note(writer: Writer, action: str, subject: str, was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> None:
    audit.record(writer.session, None, action, subject, name=writer.token, was=was, now=now)


def _mark(session: Session, kind: str, target_id: int) -> ScimMark:
    made = insert_into(session, ScimMark).values(kind=kind, target_id=target_id)
    session.execute(made.on_conflict_do_nothing())
    return session.scalars(select(ScimMark).where(ScimMark.kind == kind, ScimMark.target_id == target_id)).one()


# People


def create_user(writer: Writer, wanted: User) -> str:
    """A new account without password, with the right to study; or one that was removed comes back. Its key."""
    session, login = writer.session, plain_login(wanted.user_name or "")
    person = session.scalar(select(Person).where(Person.login == login))
    if person is not None:
        mark = session.get(ScimMark, (USER, person.id))
        if mark is None or mark.gone_at is None:
            raise UniquenessException(detail=f"There is a user with the userName {login}.")
        if is_guarded(session, person.id):
            raise Guarded("This is an administrator's account.", f"person:{person.key}")
        mark.gone_at = None
    else:
        try:
            person = people.create_person(session, login, _name(wanted))
        except BadInput as error:
            if session.scalar(select(Person.id).where(Person.login == login)) is not None:  # it came at this moment
                raise UniquenessException(detail=f"There is a user with the userName {login}.") from error
            raise InvalidValueException(detail=error.text) from error
        people.grant_role(session, person.id, "learner", "own")
        _note(writer, "scim.create", f"person:{person.key}", None, {"login": login, "name": person.name})
    _write(writer, person, wanted)
    return person.key


def person_of(session: Session, key: str) -> Person | None:
    """The person, locked: two changes at once follow each other."""
    return session.scalar(select(Person).where(Person.key == key).with_for_update(key_share=True))


def change_user(writer: Writer, person: Person, wanted: User) -> None:
    """Make the person what is wanted. `Guarded` where that would take an administrator's account over or close it, or
    open one that was closed in the academy."""
    _write(writer, person, wanted)


def _write(writer: Writer, person: Person, wanted: User) -> None:
    session = writer.session
    mark = _mark(session, USER, person.id)
    email, phone = _first(wanted.emails), _first(wanted.phone_numbers)
    now = {"name": _name(wanted), "email": _email(email), "phone": _phone(phone)}
    was = {"name": person.name, "email": person.email, "phone": person.phone}
    closes = wanted.active is False and person.disabled_at is None
    opens = wanted.active is not False and person.disabled_at is not None
    if opens and mark.closed_at != person.disabled_at:
        raise Guarded("This account was closed in the academy: it is opened there alone.", f"person:{person.key}")
    subject = f"person:{person.key}"
    if (now != was or closes or opens) and is_guarded(session, person.id):
        raise Guarded("This is an administrator's account: it is changed in the academy alone.", subject)
    if now != was:
        person.name, person.email, person.phone = now["name"] or "", now["email"], now["phone"]
        person.name_pinyin = people.pinyin_of(person.name)
        session.flush()
        if now["email"] != was["email"]:  # a link that is on its way to the address before opens nothing more
            people.end_keys(session, person.id, "mail", "confirm")
        _note(writer, "scim.change", subject, was, now)
    mark.external_id = _external(wanted.external_id)
    mark.details = json.dumps({"email": _besides(email), "phone": _besides(phone)}, ensure_ascii=False)
    if closes:
        _close(writer, person, mark)
    elif opens:
        people.reopen(session, person.id, None)
        _note(writer, "scim.change", subject, {"active": False}, {"active": True})
    session.flush()


def _close(writer: Writer, person: Person, mark: ScimMark) -> None:
    """Closed at once everywhere. As with a roster no more than a share of all may be closed unasked: a directory that
    has lost its people must not close the academy."""
    session, now = writer.session, clock.now()
    recent = select(func.count()).where(ScimMark.kind == USER, ScimMark.closed_at > now - timedelta(days=1))
    open_ = select(func.count()).select_from(Person).where(Person.disabled_at.is_(None))
    closed, there = session.scalar(recent) or 0, session.scalar(open_) or 0
    if closed >= max(FEW, (there + closed) * writer.percent // 100):
        text = f"{closed} accounts were closed in 24 hours: no more until somebody in the academy has looked."
        raise Guarded(text, f"person:{person.key}")
    people.disable(session, person.id, None)
    mark.closed_at = person.disabled_at  # what is closed by somebody else later is not opened from here
    _note(writer, "scim.change", f"person:{person.key}", {"active": True}, {"active": False})


def remove_user(writer: Writer, person: Person) -> None:
    """Gone for the identity system: the account is closed, class and unit are left, everything earned stays."""
    session = writer.session
    if is_guarded(session, person.id):
        raise Guarded("This is an administrator's account: it is closed in the academy alone.", f"person:{person.key}")
    mark = _mark(session, USER, person.id)
    if person.disabled_at is None:
        _close(writer, person, mark)
    in_class = _in_class(session, person.id)
    if in_class is not None:
        classes.leave_class(session, person.id, max(writer.day, in_class.since), None, occasion=_occasion())
    home = _home(session, person.id)
    if home is not None:
        _leave(writer, person, home)
    mark.gone_at = clock.now()
    session.flush()
    _note(writer, "scim.remove", f"person:{person.key}", {"login": person.login}, {})


def _name(wanted: User) -> str:
    name = (wanted.display_name or "").strip()
    if not 1 <= len(name) <= 60 or plain.complaint(name):
        raise InvalidValueException(detail="displayName has 1 to 60 characters, none of them unseen.")
    return name


def _first(given: list[Any] | None) -> Any:
    """The one that is kept: the primary one, else the first."""
    there = [each for each in given or [] if each.value]
    return next((each for each in there if each.primary), there[0] if there else None)


def _email(given: Email | None) -> str | None:
    if given is None:
        return None
    found = plain_email(given.value or "")
    if not found or len(found) > 120:
        raise InvalidValueException(detail="This is no e-mail address.")
    return found


def _phone(given: PhoneNumber | None) -> str | None:
    if given is None:
        return None
    found = plain_phone((given.value or "").removeprefix("tel:"))
    if not found:
        raise InvalidValueException(detail="This is no telephone number.")
    return found


def _besides(given: Email | PhoneNumber | None) -> dict[str, Any]:
    if given is None:
        return {}
    told = {"type": (given.type or "")[:40] or None, "primary": given.primary}
    return {name: value for name, value in told.items() if value is not None}


def _external(given: str | None) -> str | None:
    if given is not None and (len(given) > 200 or plain.complaint(given)):
        raise InvalidValueException(detail="externalId has at most 200 characters, none of them unseen.")
    return given or None


# Units


def create_group(writer: Writer, wanted: Group) -> str:
    """A new unit, of no nature yet, below none; or one that was removed comes back. Its number."""
    session, name = writer.session, _unit_name(wanted)
    gone = select(Unit).where(Unit.name == name, Unit.closed_on.is_(None), queries.gone(GROUP, Unit.id))
    unit = session.scalar(gone.order_by(Unit.id).limit(1))
    if unit is not None:
        _mark(session, GROUP, unit.id).gone_at = None
    else:
        _not_taken(session, name, None, 0)
        code = unit_code(name, set(session.scalars(select(Unit.code))))
        unit = people.create_unit(session, code, name, name, "")
    _note(writer, "scim.create", f"unit:{unit.code}", None, {"title": name})
    change_group(writer, unit, wanted)
    return str(unit.id)


def unit_of(session: Session, number: str) -> Unit | None:
    """The unit, locked: of two changes at once the second reads what the first has made of its members."""
    if not queries.is_number(number):
        return None
    return session.scalar(select(Unit).where(Unit.id == int(number)).with_for_update())


def change_group(writer: Writer, unit: Unit, wanted: Group) -> None:
    """Its name, and who belongs to it from today on."""
    session, name = writer.session, _unit_name(wanted)
    if name != unit.name:
        if unit.closed_on is not None:
            raise InvalidValueException(detail=f"This unit was closed on {unit.closed_on}: its name stays.")
        _not_taken(session, name, unit.parent_id, unit.id)
        _note(writer, "scim.change", f"unit:{unit.code}", {"title": unit.name}, {"title": name})
        english = name if unit.name_en == unit.name else unit.name_en
        become(session, unit.id, {"name": name, "name_en": english}, writer.day)
    _mark(session, GROUP, unit.id).external_id = _external(wanted.external_id)
    asked = [each.value or str(each.ref or "").rpartition("/")[2] for each in wanted.members or []]
    meant = _people(session, dict.fromkeys(asked))
    there = _belonging(session, unit.id, writer.day)
    for person_id, home in there.items():
        if person_id not in meant:
            _leave(writer, session.get_one(Person, person_id), home)
    for person_id, person in meant.items():
        if person_id not in there:
            _join(writer, person, unit)
    session.flush()


def _not_taken(session: Session, name: str, parent: int | None, but: int) -> None:
    """Rosters tell units apart by their names: two beside each other are not called alike."""
    if rules.taken(timeline.units(session), name, parent, but) is not None:
        raise UniquenessException(detail=f"There is a unit {name} in the same place already.")


def remove_group(writer: Writer, unit: Unit) -> None:
    """Gone for the identity system: everybody leaves it today. The unit stays in the academy, as its years need it."""
    for person_id, home in _belonging(writer.session, unit.id, writer.day).items():
        _leave(writer, writer.session.get_one(Person, person_id), home)
    _mark(writer.session, GROUP, unit.id).gone_at = clock.now()
    writer.session.flush()
    _note(writer, "scim.remove", f"unit:{unit.code}", {"title": unit.name}, {})


def _unit_name(wanted: Group) -> str:
    name = (wanted.display_name or "").strip()
    if not 1 <= len(name) <= 120 or plain.complaint(name):
        raise InvalidValueException(detail="displayName has 1 to 120 characters, none of them unseen.")
    return name


def _people(session: Session, keys: Mapping[str, None]) -> dict[int, Person]:
    found: dict[int, Person] = {}
    asked = list(keys)
    for at in range(0, len(asked), 500):
        wanted = select(Person).where(Person.key.in_(asked[at : at + 500]), ~queries.gone(USER, Person.id))
        found |= {each.id: each for each in session.scalars(wanted.order_by(Person.id))}
    missing = set(asked) - {each.key for each in found.values()}
    if missing:
        raise InvalidValueException(detail=f"There is no user {min(missing)}.")
    return found


def _belonging(session: Session, unit_id: int, day: date) -> dict[int, UnitMembership]:
    """Who belongs to it today, closed accounts too, and who leaves on a day ahead: as the members are read."""
    rows = select(UnitMembership).where(UnitMembership.unit_id == unit_id, holds(UnitMembership, day))
    return {row.person_id: row for row in session.scalars(rows.order_by(UnitMembership.person_id))}


def _join(writer: Writer, person: Person, unit: Unit) -> None:
    session, before, day = writer.session, _latest(writer.session, person.id), writer.day
    here = before is not None and (before.until is None or before.until > day)
    was = session.get_one(Unit, before.unit_id).code if before is not None and here else None
    band = before.band if before is not None else ""  # groups come one by one: many leave one before they join another
    if before is not None and before.since > day:
        raise InvalidValueException(detail=f"{person.login} begins elsewhere on {before.since}.")
    people.join_unit(session, person.id, unit.id, band, day)
    _stands(writer, person)
    _note(writer, "person.move", f"person:{person.key}", {"place": was}, {"place": unit.code, "since": day})


def _leave(writer: Writer, person: Person, home: UnitMembership) -> None:
    session, code = writer.session, writer.session.get_one(Unit, home.unit_id).code
    if home.since >= writer.day:
        session.delete(home)  # it has not lasted a day
    else:
        home.until = writer.day
    session.flush()
    _stands(writer, person)
    _note(writer, "person.move", f"person:{person.key}", {"place": code}, {"place": None, "since": writer.day})


def _stands(writer: Writer, person: Person) -> None:
    if _in_class(writer.session, person.id) is not None:
        classes.note_standing(writer.session, person.id, "changed", writer.day, None, occasion=_occasion())


def _occasion() -> str:
    return f"s{clock.now_ms()}"


def _home(session: Session, person_id: int) -> UnitMembership | None:
    mine = select(UnitMembership).where(UnitMembership.person_id == person_id, UnitMembership.until.is_(None))
    return session.scalar(mine)


def _latest(session: Session, person_id: int) -> UnitMembership | None:
    mine = select(UnitMembership).where(UnitMembership.person_id == person_id)
    return session.scalar(mine.order_by(UnitMembership.since.desc()).limit(1))


def _in_class(session: Session, person_id: int) -> ClassMembership | None:
    mine = select(ClassMembership).where(ClassMembership.person_id == person_id, ClassMembership.until.is_(None))
    return session.scalar(mine)
