"""Tokens of identity systems: shown once, hashed, scoped, dated, revocable. No function commits."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import BadInput, NotFound
from app.doors.scim.models import ScimToken

SCOPES = ("read", "users", "groups")  # see both; change people; change units and who belongs to them
LONGEST = 730  # days
USED_FOR = timedelta(minutes=10)  # how stale `used_at` may become


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks."""

    id: int
    name: str
    scopes: frozenset[str]
    used_at: datetime | None


def make(session: Session, name: str, scopes: Iterable[str], days: int) -> tuple[int, str]:
    """A fresh token: its number and the token, which is kept nowhere. `BadInput` for scopes or days that are none."""
    wanted, name = [each for each in SCOPES if each in set(scopes)], name.strip()
    if not wanted or set(scopes) - set(SCOPES) or not 1 <= days <= LONGEST or not 1 <= len(name) <= 60:
        raise BadInput(f"a name of 1 to 60 characters, scopes of {', '.join(SCOPES)}, 1 to {LONGEST} days")
    token, now = f"scim_{secrets.token_urlsafe(32)}", clock.now()
    row = ScimToken(
        name=name,
        token_hash=_hashed(token),
        scopes=",".join(wanted),
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    audit.record(session, None, "scim.token", f"scim_token:{row.id}", name=name, scope=wanted, until=row.expires_at)
    return row.id, token


def revoke(session: Session, token_id: int) -> None:
    """It opens nothing more, from the next request on."""
    row = session.get(ScimToken, token_id)
    if row is None:
        raise NotFound(f"there is no token {token_id}")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        audit.record(session, None, "scim.token_revoke", f"scim_token:{row.id}", name=row.name)


def bearer(session: Session, token: str) -> Bearer | None:
    """Whose token it is: not revoked, not over."""
    mine = select(ScimToken).where(
        ScimToken.token_hash == _hashed(token), ScimToken.revoked_at.is_(None), ScimToken.expires_at > clock.now()
    )
    row = session.scalar(mine)
    return None if row is None else Bearer(row.id, row.name, frozenset(row.scopes.split(",")), row.used_at)


def touch(session: Session, token_id: int) -> None:
    """Note that it was used."""
    session.execute(update(ScimToken).where(ScimToken.id == token_id).values(used_at=clock.now()))


def listed(session: Session) -> list[ScimToken]:
    """All, the latest last."""
    return list(session.scalars(select(ScimToken).order_by(ScimToken.id)))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
