"""Units, persons, memberships, roles, sign-ins: what changes them. No function commits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import delete, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import audit, clock, events
from app.base.errors import BadInput, Refused
from app.people import passwords, throttle, timeline
from app.people.identifiers import plain_email, plain_login, plain_phone
from app.people.models import Credential, FormerCredential, Person, Unit, UnitMembership
from app.people.passwords import MODERN, Policy
from app.people.queries import Known
from app.people.roles import grant_role
from app.people.signing import (
    WrongPassword,
    begin,
    end_all,
    end_keys,
    end_others,
    guess,
    hash_of,
    judge,
    keep_renewed,
    note_failure,
    person_of,
    revoke,
    sign_in,
    sign_out,
    still_holds,
    touch,
)
from app.people.throttle import Guess

__all__ = [
    "WrongPassword",
    "begin",
    "change_password",
    "choose_locale",
    "confirm_present",
    "create_person",
    "create_unit",
    "disable",
    "end_all",
    "end_keys",
    "end_others",
    "grant_role",
    "guess",
    "hash_of",
    "join_unit",
    "judge",
    "keep_first_passwords",
    "keep_password",
    "keep_renewed",
    "made_password",
    "note_failure",
    "person_of",
    "pinyin_of",
    "plain_login",
    "reopen",
    "revoke",
    "set_password",
    "sign_in",
    "sign_out",
    "still_holds",
    "touch",
]
_LOGIN = re.compile(r"[\w.@+-]{2,60}")
_IDENTITY_NUMBER = re.compile(r"\d{17}[\dx]")


@lru_cache(maxsize=1 << 15)
def pinyin_of(name: str) -> str:
    """The key by which a name is sorted and found."""
    from pypinyin import lazy_pinyin  # its words take a third of a second: a command that names nobody is spared them

    return " ".join(lazy_pinyin(name)).casefold()[:120]


def create_unit(
    session: Session,
    code: str,
    name: str,
    name_en: str,
    nature: str,
    parent_id: int | None = None,
    since: date | None = None,
) -> Unit:
    """A unit below `parent_id`, from a day on (None: it has always been there); `BadInput` when the code is taken."""
    if session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise BadInput(_("There is a unit with the code %(code)s already.", code=code), "code")
    unit = Unit(code=code, name=name, name_en=name_en, nature=nature, parent_id=parent_id, since=since)
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
    email: str | None = None,
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
        phone=plain_phone(phone or "") or phone or None,
        email=plain_email(email or "") or None,
        locale=locale,
        created_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:  # of two who come at the same moment one was first
        raise BadInput(_("The login %(login)s is taken.", login=login), "login") from error
    if password is not None:
        set_password(session, person.id, password)
    return person


def set_password(session: Session, person_id: int, password: str, policy: Policy = MODERN) -> None:
    """Store a new password; `BadInput` (field `password`) when the policy refuses it."""
    keep_password(session, person_id, made_password(session, person_id, password, policy), policy)


def made_password(session: Session, person_id: int, password: str, policy: Policy = MODERN) -> str:
    """The hash of a new password that the policy takes, else `BadInput`. It only reads, and takes long."""
    passwords.check(password, person_of(session, person_id).login, policy)
    if policy.remembered:
        former = select(FormerCredential.password_hash).where(FormerCredential.person_id == person_id)
        newest = former.order_by(FormerCredential.id.desc()).limit(policy.remembered - 1)
        present = session.get(Credential, person_id)
        held = [present.password_hash] if present else []
        if any(passwords.matches(each, password) for each in [*held, *session.scalars(newest)]):
            text = _("This was one of your last %(n)s passwords. Choose a new one.", n=policy.remembered)
            raise BadInput(text, "password")
    return passwords.make(password)


def keep_password(session: Session, person_id: int, made: str, policy: Policy = MODERN) -> None:
    """Store a password that was made. The one before is kept only where it must not be taken again."""
    found = session.get(Credential, person_id)
    if found is None:
        session.add(Credential(person_id=person_id, password_hash=made, changed_at=clock.now()))
    else:
        if policy.remembered:
            before = FormerCredential(person_id=person_id, password_hash=found.password_hash, replaced_at=clock.now())
            session.add(before)
        found.password_hash, found.changed_at = made, clock.now()
    session.flush()
    _forget_former(session, person_id, policy.remembered)


def _forget_former(session: Session, person_id: int, kept: int) -> None:
    mine = FormerCredential.person_id == person_id
    newest = select(FormerCredential.id).where(mine).order_by(FormerCredential.id.desc()).limit(kept)
    session.execute(
        delete(FormerCredential)
        .where(mine, FormerCredential.id.not_in(newest.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )


def keep_first_passwords(session: Session, made: Mapping[int, str]) -> None:
    """Of accounts without a password: hashes that `passwords.make` made, by person.

    Each takes a processor for a while, so who makes many accounts makes the hashes side by side, and before.
    """
    now = clock.now()
    rows = [{"person_id": person_id, "password_hash": each, "changed_at": now} for person_id, each in made.items()]
    if rows:
        session.execute(insert(Credential), rows)


def confirm_present(
    session: Session, known: Known, present: str, tried: Guess, action: str, *, last: bool = True
) -> None:
    """The person proves once more who they are, before something about the account changes: by the present password,
    counted with all other guesses. `WrongPassword` and `TooMany` name the field `present`; a refused `action` is
    audited. Not the `last` proof: the try stays taken until that one is right too."""
    assert known.person_id is not None
    try:
        left = throttle.take(session, tried, "present")
        if not passwords.matches(known.password_hash, present):
            raise WrongPassword(
                ngettext(
                    "The present password is not right. %(num)d try is left.",
                    "The present password is not right. %(num)d tries are left.",
                    left,
                ),
                "present",
            )
    except Refused:
        note_failure(session, known.login, tried.address, known, action)
        raise
    if last:
        throttle.give_back(session, tried)


def change_password(
    session: Session,
    known: Known,
    present: str,
    password: str,
    session_id: int,
    tried: Guess,
    policy: Policy = MODERN,
) -> None:
    """The person changes it: the present one is asked again, and every other sign-in ends."""
    assert known.person_id is not None
    confirm_present(session, known, present, tried, "person.change_password")
    set_password(session, known.person_id, password, policy)
    end_all(session, known.person_id, but=session_id)
    end_keys(session, known.person_id)
    person = person_of(session, known.person_id)
    audit.record(session, person.id, "person.change_password", f"person:{person.key}")


def choose_locale(session: Session, person_id: int, locale: str) -> None:
    """The language of the person's pages from now on."""
    person_of(session, person_id).locale = locale


def join_unit(session: Session, person_id: int, unit_id: int, band: str, since: date) -> UnitMembership:
    """Belong to a unit from a day on; the membership before it ends on that day, also where its end lies ahead. A
    closed unit takes nobody."""
    if (closed := timeline.closed_on(session, unit_id)) is not None:
        raise BadInput(_("This unit was closed on %(day)s.", day=closed), "unit")
    # Of two who move the same person at once the second sees what the first has done.
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
    lasts = or_(UnitMembership.until.is_(None), UnitMembership.until > since)
    mine = select(UnitMembership).where(UnitMembership.person_id == person_id, lasts)
    newest = mine.order_by(UnitMembership.since.desc()).limit(1).execution_options(populate_existing=True)
    before = session.scalar(newest)
    if before is not None:
        if before.since == since:
            before.unit_id, before.band, before.until = unit_id, band, None
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
    end_keys(session, person_id)
    session.flush()
    audit.record(session, actor_id, "person.disable", f"person:{person.key}")
    events.announce(session, events.PERSON_DISABLED, person_id=person_id)


def reopen(session: Session, person_id: int, actor_id: int | None) -> None:
    """Open a closed account again. Sign-ins that ended stay ended; the password goes on holding."""
    person = person_of(session, person_id)
    if person.disabled_at is None:
        return
    closed, person.disabled_at = person.disabled_at, None
    session.flush()
    audit.record(session, actor_id, "person.reopen", f"person:{person.key}", closed=closed.isoformat())
