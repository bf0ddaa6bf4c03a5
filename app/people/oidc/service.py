"""Whose identity it is, linking and unlinking. No function commits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.db import insert_into
from app.base.errors import NotFound, Refused
from app.people import queries
from app.people.identifiers import plain_email, plain_login
from app.people.models import Credential, Identity, Person, UsedState
from app.people.oidc.providers import Provider
from app.people.queries import Known
from app.people.roles_queries import is_guarded
from app.people.signing import person_of

CLAIM, SELF = "claim", "self"
KEPT = timedelta(days=1)  # much longer than an answer is waited for


@dataclass(frozen=True, slots=True)
class Found:
    """Who signs in. Nobody: `why` is unknown, closed, administrator or taken."""

    known: Known
    why: str = ""


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One of a person's identities."""

    id: int
    issuer: str
    way: str
    linked_at: datetime
    used_at: datetime | None


def use(session: Session, state: str) -> bool:
    """Take an answer by its state: False for one that was taken before, on whichever process."""
    now = clock.now()
    session.execute(delete(UsedState).where(UsedState.until < now).execution_options(synchronize_session=False))
    hashed = hashlib.sha256(state.encode()).hexdigest()
    taking = insert_into(session, UsedState).values(state_hash=hashed, until=now + KEPT).on_conflict_do_nothing()
    return session.scalar(taking.returning(UsedState.state_hash)) is not None


def proved_twice(provider: Provider, claims: Mapping[str, Any]) -> bool:
    """Has the provider asked for a second factor, in a way that the operator believes?"""
    amr = claims.get("amr")
    told = {each for each in amr if isinstance(each, str)} if isinstance(amr, list) else set()
    return bool(told & set(provider.second_amr)) or claims.get("acr") in provider.second_acr


def find(session: Session, provider: Provider, claims: Mapping[str, Any]) -> Found:
    """Whose identity it is. One that is new is linked where a claim tells whose, but never to an administrator: what
    another system says of somebody is not enough for that."""
    mine = select(Identity).where(Identity.issuer == provider.issuer, Identity.subject == claims["sub"])
    identity = session.scalar(mine)
    person_id = identity.person_id if identity is not None else _meant(session, provider, claims)
    if person_id is None:
        return Found(queries.NOBODY, "unknown")
    known = queries.known_by_id(session, person_id)
    if known.disabled:
        return Found(known, "closed")
    if (identity is None or identity.way == CLAIM) and is_guarded(session, person_id):
        return Found(known, "administrator")
    if identity is None:
        if not _add(session, provider, str(claims["sub"]), person_id, CLAIM):
            return Found(known, "taken")
        identity = session.scalars(mine).one()
    identity.used_at = clock.now()
    return Found(known)


def _meant(session: Session, provider: Provider, claims: Mapping[str, Any]) -> int | None:
    """The one open account that the provider's claim names."""
    if provider.link == "staff_number":
        told = claims.get(provider.claim)
        wanted = Person.login == plain_login(told) if isinstance(told, str) and told and told.isprintable() else None
    elif provider.link == "email" and claims.get("email_verified") is True:
        told = claims.get("email")
        email = plain_email(told) if isinstance(told, str) and told.isprintable() else ""
        wanted = Person.email == email if email else None
    else:
        wanted = None
    if wanted is None:
        return None
    found = session.scalars(select(Person.id).where(wanted, Person.disabled_at.is_(None)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def _add(session: Session, provider: Provider, subject: str, person_id: int, way: str) -> bool:
    """False where the identity is somebody's, or the person has another one there."""
    adding = insert_into(session, Identity).values(
        person_id=person_id, issuer=provider.issuer, subject=subject, way=way, linked_at=clock.now()
    )
    if session.scalar(adding.on_conflict_do_nothing().returning(Identity.id)) is None:
        return False
    subject = f"person:{person_of(session, person_id).key}"
    audit.record(session, person_id, "identity.link", subject, provider=provider.key, kind=way)
    return True


def note_refusal(session: Session, provider: Provider, known: Known, why: str) -> None:
    """The audit entry of a sign-in by the provider that was refused."""
    subject = f"login:{known.login}" if known.person_id is not None else "login:?"
    audit.record(session, known.person_id, "sign_in.provider", subject, "refused", provider=provider.key, reason=why)


def link(session: Session, provider: Provider, claims: Mapping[str, Any], person_id: int) -> None:
    """A signed-in person links what the provider has just said of them. `Refused` where it is another person's, or
    they have another one there."""
    mine = select(Identity).where(
        Identity.issuer == provider.issuer, or_(Identity.subject == claims["sub"], Identity.person_id == person_id)
    )
    for found in session.scalars(mine):
        if found.person_id != person_id:
            raise Refused(_("This identity belongs to another account."))
        if found.subject != claims["sub"]:
            raise Refused(_("You are linked with another identity of this provider. Unlink that one first."))
        if found.way == CLAIM:
            found.way = SELF
            subject = f"person:{person_of(session, person_id).key}"
            audit.record(session, person_id, "identity.link", subject, provider=provider.key, kind=SELF)
        return
    if not _add(session, provider, str(claims["sub"]), person_id, SELF):
        raise Refused(_("This identity belongs to another account."))


def unlink(session: Session, identity_id: int, person_id: int) -> None:
    """One of one's own goes; who has no password keeps it."""
    found = session.get(Identity, identity_id)
    if found is None or found.person_id != person_id:
        raise NotFound(_("There is no such identity."))
    if session.get(Credential, person_id) is None:
        raise Refused(_("You have no password: without this identity you could not sign in any more."))
    session.delete(found)
    session.flush()
    subject = f"person:{person_of(session, person_id).key}"
    audit.record(session, person_id, "identity.unlink", subject, provider=found.issuer)


def identities(session: Session, person_id: int) -> list[IdentityRow]:
    """All of a person's."""
    mine = select(Identity).where(Identity.person_id == person_id).order_by(Identity.linked_at)
    return [IdentityRow(row.id, row.issuer, row.way, row.linked_at, row.used_at) for row in session.scalars(mine)]
