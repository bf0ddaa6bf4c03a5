"""Entries of the audit log that a person may see: what was done to them, and what they did themselves.

Of what was done to them: who, by role; from where somebody else came is that person's. Of what they did to others: when
and what, not to whom.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.myself.taking import parts
from app.myself.taking.values import SYSTEM, Values, moment

MOST = 20_000  # the newest
# What may be told of an entry about oneself.
_TOLD = (
    "was", "now", "reason", "role", "scope", "place", "since", "until", "field", "way", "to", "old", "new", "unit",
    "kind", "form", "days", "group", "code",
)  # fmt: skip


def entries(session: Session, values: Values, person_id: int, key: str, login: str) -> list[dict[str, Any]]:
    """The newest first."""
    mine = (f"person:{key}", f"login:{login}")
    wanted = (
        select(AuditEntry)
        .where(or_(AuditEntry.subject.in_(mine), AuditEntry.actor_id == person_id))
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(MOST)
    )
    rows = list(session.scalars(wanted))
    staff = values.column(parts.STAFF, [row.actor_id for row in rows])
    return [_entry(row, staff(row.actor_id), row.actor_id == person_id, row.subject in mine) for row in rows]


def _entry(row: AuditEntry, by: list[str] | None, own: bool, about: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "at": moment(row.at), "action": row.action, "outcome": row.outcome, "by": by or [SYSTEM],
        "about": "self" if about else row.subject.partition(":")[0],
    }  # fmt: skip
    if own:
        found |= {"address": row.address, "device": row.device}
    if about:
        found["detail"] = _detail(row.detail)
    return found


def _detail(stored: str) -> dict[str, Any]:
    try:
        known = json.loads(stored)
    except ValueError:
        return {}
    told = {name: known[name] for name in _TOLD if name in known} if isinstance(known, dict) else {}
    for name in ("was", "now"):
        if isinstance(told.get(name), dict):
            told[name] = {k: v for k, v in told[name].items() if k not in ("stands_in_for", "by")}
    return told
