"""Units, persons, memberships, roles, sign-ins: what changes them. No function commits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from flask_babel import gettext as _
from pypinyin import lazy_pinyin
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import audit, clock, events
from app.base.errors import BadInput, TooMany
from app.people import passwords, queries, throttle
from app.people.models import Credential, Person, Unit, UnitMembership
from app.people.roles import grant_role
from app.people.signing import (
    WrongPassword,
    begin,
    end_all,
    hash_of,
    judge,
    note_failure,
    person_of,
    plain_login,
    revoke,
    sign_in,
    sign_out,
    too_many,
    touch,
)

__all__ = [
    "WrongPassword",
    "begin",
    "change_password",
    "choose_locale",
    "create_person",
    "create_unit",
    "disable",
    "end_all",
    "grant_role",
    "hash_of",
    "join_unit",
    "judge",
    "keep_first_passwords",
    "note_failure",
    "pinyin_of",
    "plain_login",
    "revoke",
    "set_password",
    "sign_in",
    "sign_out",
    "touch",
]
_LOGIN = re.compile(r"[\w.@+-]{2,60}")
_IDENTITY_NUMBER = re.compile(r"\d{17}[\dx]")


@lru_cache(maxsize=1 << 15)
def pinyin_of(name: str) -> str:
    """The key by which a name is sorted and found."""
    return " ".join(lazy_pinyin(name)).casefold()[:120]


def create_unit(
    session: Session, code: str, name: str, name_en: str, nature: str, parent_id: int | None = None
) -> Unit:
    """A unit below `parent_id`; `BadInput` when the code is taken."""
    if session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise BadInput(_("There is a unit with the code %(code)s already.", code=code), "code")
    unit = Unit(code=code, name=name, name_en=name_en, nature=nature, parent_id=parent_id)
    session.add(unit)
    session.flush()
    return unit


def create_person(
    session: Session,
    login: str,
    name: str,
    *,
    password: str | None = None,
    locale: str = "",
    phone: str | None = None,
) -> Person:
    """An account. Without a password nobody can sign in to it yet; without a locale it speaks as the browser does,
    until its owner chooses. `BadInput` names the field."""
    login, name = plain_login(login), name.strip()
    if not _LOGIN.fullmatch(login):
        raise BadInput(_("The login has 2 to 60 letters, digits or . _ - @ +."), "login")
    if _IDENTITY_NUMBER.fullmatch(login):
        raise BadInput(_("An identity number cannot be a login. Use a staff number."), "login")
    if not 1 <= len(name) <= 60:
        raise BadInput(_("The name has 1 to 60 characters."), "name")
    if session.scalar(select(Person.id).where(Person.login == login)) is not None:
        raise BadInput(_("The login %(login)s is taken.", login=login), "login")
    person = Person(
        key=str(ULID()),
        login=login,
        name=name,
        name_pinyin=pinyin_of(name),
        phone=phone or None,
        locale=locale,
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    if password is not None:
        set_password(session, person.id, password)
    return person


def set_password(session: Session, person_id: int, password: str) -> None:
    """Store a new password; `BadInput` (field `password`) when it is too short, too long or too common."""
    person = person_of(session, person_id)
    passwords.check(password, person.login)
    made = passwords.make(password)
    found = session.get(Credential, person_id)
    if found is None:
        session.add(Credential(person_id=person_id, password_hash=made, changed_at=clock.now()))
    else:
        found.password_hash, found.changed_at = made, clock.now()
    session.flush()


def keep_first_passwords(session: Session, made: Mapping[int, str]) -> None:
    """Of accounts without a password: hashes that `passwords.make` made, by person.

    Each takes a processor for a while, so who makes many accounts makes the hashes side by side, and before.
    """
    now = clock.now()
    rows = [{"person_id": person_id, "password_hash": each, "changed_at": now} for person_id, each in made.items()]
    if rows:
        session.execute(insert(Credential), rows)


def change_password(
    session: Session, person_id: int, present: str, password: str, session_id: int, address: str
) -> None:
    """The person changes it: the present one is asked again, and every other sign-in ends."""
    person = person_of(session, person_id)
    known = queries.known(session, person.login)
    if not throttle.take(person.login, address):
        raise TooMany(too_many(), "present")
    if not passwords.matches(known.password_hash, present):
        audit.record(session, person_id, "person.change_password", f"person:{person.key}", "refused")
        raise WrongPassword(_("The present password is not right."), "present")
    throttle.forget(person.login, address)
    set_password(session, person_id, password)
    end_all(session, person_id, but=session_id)
    audit.record(session, person_id, "person.change_password", f"person:{person.key}")


def choose_locale(session: Session, person_id: int, locale: str) -> None:
    """The language of the person's pages from now on."""
    person_of(session, person_id).locale = locale


def join_unit(session: Session, person_id: int, unit_id: int, band: str, since: date) -> UnitMembership:
    """Belong to a unit from a day on; the membership before it ends on that day."""
    before = session.scalar(
        select(UnitMembership).where(UnitMembership.person_id == person_id, UnitMembership.until.is_(None))
    )
    if before is not None:
        if before.since == since:
            before.unit_id, before.band = unit_id, band
            return before
        if before.since > since:
            text = _("The membership before this one begins later, on %(day)s.", day=before.since)
            raise BadInput(text, "since")
        before.until = since
        session.flush()
    membership = UnitMembership(person_id=person_id, unit_id=unit_id, band=band, since=since)
    session.add(membership)
    session.flush()
    return membership


def disable(session: Session, person_id: int, actor_id: int | None) -> None:
    """Close an account: every sign-in ends at once, and what the person has open is told."""
    person = person_of(session, person_id)
    if person.disabled_at is not None:
        return
    person.disabled_at = clock.now()
    end_all(session, person_id)
    session.flush()
    audit.record(session, actor_id, "person.disable", f"person:{person.key}")
    events.announce(session, events.PERSON_DISABLED, person_id=person_id)
