"""Setting up a second factor, taking its codes, doing without it again. No function commits."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import BadInput, NotFound, Refused
from app.people.models import RecoveryCode, SecondFactor
from app.people.second import vault
from app.people.signing import end_all, person_of
from app.rules.check_code import ALPHABET

STEP = 30  # seconds that a code holds
DRIFT = 1  # steps that a phone's clock may be early or late
BEGUN_HOLDS = timedelta(hours=1)  # an authenticator that was never confirmed
CODES, SIGNS, GROUP = 10, 16, 4  # recovery codes: 80 bits each


@dataclass(frozen=True, slots=True)
class State:
    """How far somebody's second factor is: none, begun (not confirmed) or set; how many recovery codes are left."""

    begun: bool
    confirmed: bool
    codes_left: int


def state(session: Session, person_id: int) -> State:
    """How far it is."""
    found = session.get(SecondFactor, person_id)
    if found is None or (found.confirmed_at is None and clock.now() - found.made_at > BEGUN_HOLDS):
        return State(False, False, 0)
    unused = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return State(found.confirmed_at is None, found.confirmed_at is not None, session.scalar(unused) or 0)


def begin(session: Session, secret: str, person_id: int) -> None:
    """A fresh authenticator secret, which holds nothing up until a code of it was confirmed."""
    found = session.get(SecondFactor, person_id)
    if found is not None and found.confirmed_at is not None:
        raise Refused(_("A second factor is set up already. Remove it first."))
    sealed = vault.seal(secret, pyotp.random_base32(), person_id)
    if found is None:
        session.add(SecondFactor(person_id=person_id, secret=sealed, made_at=clock.now(), last_step=0))
    else:
        found.secret, found.made_at, found.last_step = sealed, clock.now(), 0
    session.flush()


def secret_of(session: Session, secret: str, person_id: int) -> str:
    """The authenticator's secret, for the page that shows it while it is not confirmed."""
    found = session.get(SecondFactor, person_id)
    if found is None or found.confirmed_at is not None:
        raise NotFound(_("There is no second factor to be set up. Begin anew."))
    return vault.read(secret, found.secret, person_id)


def address_of(key: str, login: str, academy: str) -> str:
    """What the QR code holds: `otpauth://…`."""
    return pyotp.TOTP(key, interval=STEP).provisioning_uri(name=login, issuer_name=academy)


def confirm(session: Session, secret: str, person_id: int, code: str, present: int) -> list[str]:
    """The first right code sets it: fresh recovery codes, to be shown once. Sign-ins but the present one end."""
    if not state(session, person_id).begun:
        raise Refused(_("There is no second factor to be set up. Begin anew."))
    if not _take_step(session, secret, person_id, code):
        raise BadInput(
            _("This code does not fit. Is the phone's clock right? Write the code that is shown now."), "code"
        )
    session.execute(update(SecondFactor).where(SecondFactor.person_id == person_id).values(confirmed_at=clock.now()))
    end_all(session, person_id, but=present)
    audit.record(session, person_id, "second_factor.set", f"person:{person_of(session, person_id).key}")
    return fresh_codes(session, person_id)


def fresh_codes(session: Session, person_id: int) -> list[str]:
    """Ten new recovery codes; earlier ones die."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    made = ["".join(secrets.choice(ALPHABET) for _sign in range(SIGNS)) for _code in range(CODES)]
    session.add_all(RecoveryCode(person_id=person_id, code_hash=_hashed(person_id, each)) for each in made)
    session.flush()
    return ["-".join(each[at : at + GROUP] for at in range(0, SIGNS, GROUP)) for each in made]


def take(session: Session, secret: str, person_id: int, code: str) -> bool:
    """Is this a right code, of the authenticator or for recovery? Each is taken once, also by two at once."""
    plain = "".join(unicodedata.normalize("NFKC", code).upper().replace("-", " ").split())
    if len(plain) == SIGNS:
        return _take_recovery(session, person_id, plain)
    return _take_step(session, secret, person_id, plain)


def _take_step(session: Session, secret: str, person_id: int, code: str) -> bool:
    found = session.get(SecondFactor, person_id)
    if found is None:
        return False
    try:
        totp = pyotp.TOTP(vault.read(secret, found.secret, person_id), interval=STEP)
    except vault.Unreadable:
        return False
    plain = "".join(unicodedata.normalize("NFKC", code).split()).encode()
    now = int(clock.now().timestamp()) // STEP
    near = range(now - DRIFT, now + DRIFT + 1)
    steps = [at for at in near if hmac.compare_digest(totp.generate_otp(at).encode(), plain)]
    if not steps:
        return False
    # Only forward: a code that was taken, or one before it, is refused, also to one of two who come at once.
    taken = session.execute(
        update(SecondFactor)
        .where(SecondFactor.person_id == person_id, SecondFactor.last_step < steps[-1])
        .values(last_step=steps[-1])
        .execution_options(synchronize_session=False)
    )
    session.expire(found)
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def _take_recovery(session: Session, person_id: int, plain: str) -> bool:
    read = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    taken = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == _hashed(person_id, read),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    done = bool(taken.rowcount)  # type: ignore[attr-defined]
    if done:
        audit.record(session, person_id, "second_factor.recovery", f"person:{person_of(session, person_id).key}")
    return done


def _hashed(person_id: int, code: str) -> str:
    return hashlib.sha256(f"recovery\n{person_id}\n{code}".encode()).hexdigest()


def remove(session: Session, person_id: int, actor_id: int, action: str = "second_factor.remove") -> None:
    """Do without: by its owner, who has proved both factors, or by a security administrator (`second_factor.reset`)."""
    found = session.get(SecondFactor, person_id)
    if found is None:
        raise NotFound(_("There is no second factor."))
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    session.delete(found)
    session.flush()
    audit.record(session, actor_id, action, f"person:{person_of(session, person_id).key}")
