"""Making keys and using them up. No function commits; only hashes are stored.

A slip's code is a check code (`app/rules/check_code.py`) of 115 bits; a mistyped one is noticed before it counts.
A link's token has 256 bits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import Refused
from app.people.models import AccountKey, Credential, Person
from app.people.passwords import Policy
from app.people.service import end_all, end_keys, keep_password, person_of
from app.rules import check_code

TOKEN = 43  # signs of a link's token
SLIP, MAIL, CONFIRM = "slip", "mail", "confirm"
LINK_HOLDS = timedelta(minutes=30)
ASKED_AGAIN = timedelta(minutes=20)  # a link that was asked for is not sent anew before: the first one still holds


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that holds: whose it is, and whether that account has a password already."""

    id: int
    person_id: int
    login: str
    name: str
    has_password: bool
    way: str
    email: str


def hash_of(secret: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(f"key\n{secret}".encode()).hexdigest()


def plain(typed: str) -> str:
    """A typed code, or a token, in its one form; "" for what no key looks like."""
    code = check_code.read(typed)
    if code is not None:
        return code
    return typed if len(typed) == 43 and typed.isascii() else ""


def slips(
    session: Session, person_ids: Sequence[int], lasts: timedelta, actor_id: int | None, batch: str | None
) -> dict[int, str]:
    """A fresh slip for each (there is one at least): its code by person. All keys that they had end; `Refused` for a
    sheet that was made before."""
    now = clock.now()
    made = {person_id: check_code.make(secrets.randbits(check_code.BITS)) for person_id in person_ids}
    for at in range(0, len(person_ids), 500):
        ending = update(AccountKey).where(
            AccountKey.person_id.in_(person_ids[at : at + 500]), AccountKey.ended_at.is_(None)
        )
        session.execute(ending.values(ended_at=now).execution_options(synchronize_session=False))
    rows = [
        {
            "person_id": person_id, "way": SLIP, "secret_hash": hash_of(code), "made_at": now, "made_by": actor_id,
            "expires_at": now + lasts, "batch": batch,
        }
        for person_id, code in made.items()
    ]  # fmt: skip
    try:
        with session.begin_nested():
            session.execute(insert(AccountKey), rows)
    except IntegrityError as error:  # the same form, sent twice at the same moment
        raise printed_already() from error
    for person_id, key in session.execute(select(Person.id, Person.key).where(Person.id.in_(made))):
        audit.record(session, actor_id, "account.slip", f"person:{key}", until=rows[0]["expires_at"], person=person_id)
    return made


def link(session: Session, person_id: int, actor_id: int | None, *, email: str = "") -> str:
    """A fresh token for a link that is mailed; earlier links end, slips do not: anybody may ask for a link.

    With `email` the link confirms that new address instead of leading to a password.
    """
    way = CONFIRM if email else MAIL
    end_keys(session, person_id, way)
    token, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        AccountKey(
            person_id=person_id, way=way, secret_hash=hash_of(token), made_at=now, made_by=actor_id,
            expires_at=now + LINK_HOLDS, email=email or None,
        )
    )  # fmt: skip
    session.flush()
    detail = {"to": email} if email else {}
    subject = f"person:{person_of(session, person_id).key}"
    audit.record(session, actor_id, "account.confirm_link" if email else "account.link", subject, **detail)
    return token


def printed_already() -> Refused:
    """The refusal of a sheet that was made before."""
    return Refused(_("These slips were made already, and are shown once only. Make new ones if they are lost."))


def was_printed(session: Session, batch: str) -> bool:
    """Was this sheet made already? It is never shown twice."""
    return session.scalar(select(AccountKey.id).where(AccountKey.batch == batch).limit(1)) is not None


def is_under_way(session: Session, person_id: int) -> bool:
    """Was a link asked for a moment ago, which still holds? Whoever floods a mailbox with asking keeps nobody out."""
    mine = (AccountKey.person_id == person_id, AccountKey.way == MAIL, AccountKey.ended_at.is_(None))
    fresh = select(AccountKey.id).where(*mine, AccountKey.made_at > clock.now() - ASKED_AGAIN).limit(1)
    return session.scalar(fresh) is not None


def look(session: Session, secret: str, *ways: str) -> KeyRow | None:
    """The key, as long as it holds and its account is open. Looking does not use it up."""
    row = session.execute(
        select(
            AccountKey.id, Person.id, Person.login, Person.name, Credential.person_id.is_not(None), AccountKey.way,
            func.coalesce(AccountKey.email, ""),
        )
        .join(Person, Person.id == AccountKey.person_id)
        .outerjoin(Credential, Credential.person_id == Person.id)
        .where(
            AccountKey.secret_hash == hash_of(secret),
            AccountKey.way.in_(ways or (SLIP, MAIL)),
            AccountKey.ended_at.is_(None),
            AccountKey.expires_at > clock.now(),
            Person.disabled_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    return None if row is None else KeyRow(*row)


def gone() -> Refused:
    """The refusal of a key that does not hold: never made, used, replaced or too old, all alike."""
    return Refused(_("This code or link does not hold any more, or never did. Ask for a new one."), "code")


def _use(session: Session, key: KeyRow, now: datetime) -> None:
    """Exactly one of those who come at the same time gets past here."""
    used = session.execute(
        update(AccountKey)
        .where(AccountKey.id == key.id, AccountKey.ended_at.is_(None), AccountKey.expires_at > now)
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    if not used.rowcount:  # type: ignore[attr-defined]
        raise gone()


def redeem(session: Session, key: KeyRow, made: str, policy: Policy, address: str) -> None:
    """Use the key up for a password that was made (`made_password`): every sign-in and every other key end."""
    _use(session, key, clock.now())
    keep_password(session, key.person_id, made, policy)
    end_all(session, key.person_id)
    end_keys(session, key.person_id)
    person = person_of(session, key.person_id)
    action = "account.reset" if key.has_password else "account.activate"
    audit.record(session, person.id, action, f"person:{person.key}", way=key.way, address=address)


def take_email(session: Session, key: KeyRow) -> None:
    """The new address was proved: from now on it signs in, and gets the links."""
    _use(session, key, clock.now())
    person = person_of(session, key.person_id)
    before, person.email = person.email, key.email
    end_keys(session, person.id, MAIL, CONFIRM)
    audit.record(session, person.id, "person.change_email", f"person:{person.key}", old=before, new=key.email)


def sweep(session: Session) -> None:
    """Keys that ended a quarter of a year ago are nobody's business any more."""
    old = clock.now() - timedelta(days=90)
    session.execute(
        AccountKey.__table__.delete().where(AccountKey.made_at < old, AccountKey.expires_at < clock.now())  # type: ignore[attr-defined]
    )
