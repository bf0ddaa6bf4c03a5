"""Signing in: judging a password, opening, ending and dating sign-ins. No function commits."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

from flask_babel import gettext as _
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import Forbidden, NotFound, Refused, TooMany
from app.people import passwords, queries, throttle
from app.people.models import LoginSession, Person


class WrongPassword(Refused):
    """Login and password do not fit; which of the two is not said."""

    status = 422


def plain_login(login: str) -> str:
    """The stored form of a login: one width, small letters, no spaces around."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


def judge(known: queries.Known, login: str, password: str, address: str) -> None:
    """Is this the password? Slow on purpose, so callers hold no transaction meanwhile.

    Raises `TooMany` before the sixth try of one login from one address within 15 minutes, else
    `WrongPassword`, with the same words and the same work for an unknown login.
    """
    if not throttle.take(login, address):
        raise TooMany(too_many(), "password")
    right = passwords.matches(known.password_hash, password)
    if right and known.person_id is not None and not known.disabled:
        throttle.forget(login, address)
        return
    left = throttle.left(login, address)
    raise WrongPassword(
        _("Login or password is not right. %(n)s tries are left, then there is a wait of 15 minutes.", n=left)
        if left
        else _("Login or password is not right. No tries are left; wait 15 minutes."),
        "password",
    )


def too_many() -> str:
    """The words of `TooMany`: nobody elsewhere is locked out."""
    return str(_("Too many tries from here. Wait 15 minutes; other devices are not affected."))


def note_failure(session: Session, login: str, address: str, known: queries.Known) -> None:
    """The audit entry of a refused sign-in. An unknown login is kept only as a hash: it may be a password."""
    subject = f"login:{login}"
    if known.person_id is None:
        subject = f"login:#{hashlib.sha256(login.encode()).hexdigest()[:12]}"
    audit.record(session, known.person_id, "sign_in", subject, "refused", address=address)


def begin(session: Session, person_id: int, device: str, address: str) -> tuple[Person, str]:
    """Open a sign-in for a person whose password was judged: the person and a fresh token (kept nowhere)."""
    person = person_of(session, person_id)
    if person.disabled_at is not None:
        raise Forbidden(_("This account is disabled. Ask the academy."))
    token, moment = secrets.token_urlsafe(32), clock.now()
    row = LoginSession(
        person_id=person.id,
        token_hash=hash_of(token),
        created_at=moment,
        seen_at=moment,
        device=device[:200],
        address=address[:60],
    )
    session.add(row)
    session.flush()
    audit.record(session, person.id, "sign_in", f"person:{person.key}", address=address, sign_in=row.id)
    return person, token


def sign_in(session: Session, login: str, password: str, device: str, address: str) -> tuple[Person, str]:
    """Judge the password and open a sign-in. A refusal is in the audit log if the caller commits."""
    login = plain_login(login)
    known = queries.known(session, login)
    try:
        judge(known, login, password, address)
    except Refused:
        note_failure(session, login, address, known)
        raise
    assert known.person_id is not None
    return begin(session, known.person_id, device, address)


def hash_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def revoke(session: Session, session_id: int, person_id: int, action: str = "sign_in.revoke") -> None:
    """End one of the person's own sign-ins: its next request is refused. `NotFound` for anybody else's."""
    found = session.get(LoginSession, session_id)
    if found is None or found.person_id != person_id:
        raise NotFound(_("There is no such sign-in."))
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        person = person_of(session, person_id)
        audit.record(session, person_id, action, f"person:{person.key}", sign_in=session_id)


def sign_out(session: Session, session_id: int, person_id: int) -> None:
    """End the present sign-in."""
    revoke(session, session_id, person_id, "sign_out")


def touch(session: Session, seen: dict[int, float]) -> None:
    """Write down when sign-ins were last seen: id → seconds since 1970. Never backwards."""
    for session_id, moment in sorted(seen.items()):
        at = clock.from_ms(int(moment * 1000))
        session.execute(
            update(LoginSession).where(LoginSession.id == session_id, LoginSession.seen_at < at).values(seen_at=at)
        )


def end_all(session: Session, person_id: int, but: int | None = None) -> None:
    """End every sign-in of a person, `but` one if it is given."""
    ending = update(LoginSession).where(LoginSession.person_id == person_id, LoginSession.revoked_at.is_(None))
    if but is not None:
        ending = ending.where(LoginSession.id != but)
    session.execute(ending.values(revoked_at=clock.now()))


def person_of(session: Session, person_id: int) -> Person:
    """The person; `NotFound` when there is none."""
    found = session.get(Person, person_id)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found
