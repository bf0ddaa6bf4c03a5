"""Signing in: judging a password, opening, ending and dating sign-ins. No function commits."""

from __future__ import annotations

import hashlib
import secrets

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import Forbidden, NotFound, Refused
from app.people import passwords, queries, throttle
from app.people.identifiers import forms, plain_login
from app.people.models import AccountKey, Credential, LoginSession, Person
from app.people.queries import Known
from app.people.throttle import Guess

MOST_HERE = 120  # tries of one address at all accounts, where no setting says otherwise


class WrongPassword(Refused):
    """Identifier and password do not fit; which of the two is not said."""

    status = 422


def guess(known: Known, typed: str, address: str, device: str = "", most_here: int = MOST_HERE) -> Guess:
    """One try at an account, counted alike whichever identifier was typed. Of nobody's only a hash counts."""
    # One number written in two ways is one account, whether there is somebody or not: else the count would tell.
    one = forms(typed).phone or typed
    account = f"person:{known.person_id}" if known.person_id is not None else f"nobody:{_hashed(one)}"
    return Guess(account, address, device, most_here)


def judge(known: Known, password: str, left: int) -> None:
    """Is this the password, after a try was taken of which `left` are left? Slow on purpose, so callers hold no
    transaction meanwhile. `WrongPassword`, with the same words and the same work for an unknown identifier."""
    right = passwords.matches(known.password_hash, password)
    if right and known.person_id is not None and not known.disabled:
        return
    raise WrongPassword(
        ngettext(
            "This does not fit together. %(num)d try is left, then there is a wait of 15 minutes.",
            "This does not fit together. %(num)d tries are left, then there is a wait of 15 minutes.",
            left,
        )
        if left
        else _("This does not fit together. No tries are left; wait 15 minutes."),
        "password",
    )


def note_failure(session: Session, typed: str, address: str, known: Known, action: str = "sign_in") -> None:
    """The audit entry of a refused sign-in. An unknown identifier is kept only as a hash: it may be a password."""
    subject = f"login:{known.login}" if known.person_id is not None else f"login:#{_hashed(typed)[:12]}"
    audit.record(session, known.person_id, action, subject, "refused", address=address)


def _hashed(typed: str) -> str:
    return hashlib.sha256(plain_login(typed).encode()).hexdigest()


def keep_renewed(session: Session, known: Known, made: str) -> None:
    """Put a hash with today's parameters in the place of the one that was just judged, unless that was changed."""
    session.execute(
        update(Credential)
        .where(Credential.person_id == known.person_id, Credential.password_hash == known.password_hash)
        .values(password_hash=made)
    )


def begin(
    session: Session, person_id: int, device: str, address: str, *, by: str = "", twice: bool = False
) -> tuple[Person, str]:
    """Open a sign-in for a person whose password was judged: the person and a fresh token (kept nowhere). `by`: the
    identity provider that said who it is; `twice`: which asked for a second factor, and is believed."""
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
        proved_twice=twice,
    )
    session.add(row)
    session.flush()
    more = {"provider": by} if by else {}
    audit.record(session, person.id, "sign_in", f"person:{person.key}", address=address, sign_in=row.id, **more)
    return person, token


def still_holds(session: Session, known: Known) -> None:
    """Is what was judged still what holds? It took a while, and a password may have been set or a second factor
    meanwhile: then those who set it have ended all sign-ins, and this one must not begin after them."""
    mine = select(Credential.changed_at).where(Credential.person_id == known.person_id)
    changed_at = session.scalar(mine.with_for_update())
    now = queries.known_by_id(session, known.person_id) if known.person_id is not None else queries.NOBODY
    if changed_at != known.changed_at or now.second_factor != known.second_factor or now.disabled:
        raise WrongPassword(_("The account has changed meanwhile. Sign in once more."), "password")


def sign_in(session: Session, typed: str, password: str, device: str, address: str) -> tuple[Person, str]:
    """Judge the password and open a sign-in, in one transaction and in one step, for programs. A refusal is in the
    audit log if the caller commits."""
    known = queries.known(session, typed)
    tried = guess(known, typed, address)
    try:
        judge(known, password, throttle.take(session, tried))
    except Refused:
        note_failure(session, typed, address, known)
        raise
    assert known.person_id is not None
    if known.second_factor:
        raise Forbidden(_("This account needs a second step to sign in."))
    throttle.give_back(session, tried)
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


def end_all(session: Session, person_id: int, but: int | None = None) -> int:
    """End every sign-in of a person, `but` one if it is given; how many there were."""
    ending = update(LoginSession).where(LoginSession.person_id == person_id, LoginSession.revoked_at.is_(None))
    if but is not None:
        ending = ending.where(LoginSession.id != but)
    done = session.execute(ending.values(revoked_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]


def end_others(session: Session, person_id: int, present: int) -> int:
    """The person ends all of their sign-ins but the present one."""
    count = end_all(session, person_id, but=present)
    audit.record(session, person_id, "sign_in.revoke_others", f"person:{person_of(session, person_id).key}", n=count)
    return count


def end_keys(session: Session, person_id: int, *ways: str) -> None:
    """What a person could still choose a password with holds no more: all of it, or only what came these ways."""
    ending = update(AccountKey).where(AccountKey.person_id == person_id, AccountKey.ended_at.is_(None))
    if ways:
        ending = ending.where(AccountKey.way.in_(ways))
    session.execute(ending.values(ended_at=clock.now()).execution_options(synchronize_session=False))


def person_of(session: Session, person_id: int) -> Person:
    """The person; `NotFound` when there is none."""
    found = session.get(Person, person_id)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found
