"""Appointing people to roles and ending it. No function commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.base import audit, clock, labels
from app.base.errors import BadInput, Forbidden, NotFound
from app.people.models import Person, RoleGrant, Unit
from app.people.signing import end_all, end_keys, person_of
from app.rules.access import APPOINTS, MUST_PROVE_TWICE, REACHES, ROLES, SCOPES, clashes


@dataclass(frozen=True, slots=True)
class Wanted:
    """An appointment that is asked for. `until`: the first day no longer; `place`: how class or unit is called in the
    audit log; `stands_in_for`: whose place is taken meanwhile."""

    role: str
    scope_kind: str
    scope_id: int | None
    since: date
    until: date | None = None
    stands_in_for: int | None = None
    place: str = ""


def grant_role(
    session: Session,
    person_id: int,
    role: str,
    scope_kind: str,
    scope_id: int | None = None,
    since: date | None = None,
    actor_id: int | None = None,
) -> RoleGrant:
    """Give a role, from a day on (default: at once). `BadInput` for an unknown role or scope, or for two
    of the three separated administrators in one person."""
    # "At once" is a day that has begun everywhere on earth: the reader compares academy-local days.
    since = since or (clock.now() - timedelta(hours=12)).date()
    return _give(session, person_id, Wanted(role, scope_kind, scope_id, since), actor_id, separated=True)


def appoint(
    session: Session, permission: str, actor_id: int, person_id: int, wanted: Wanted, *, separated: bool = True
) -> RoleGrant:
    """Appoint somebody, by the power of a permission of `APPOINTS`. `separated`: the three administrators stay apart;
    without it, that they do not is audited. `Forbidden` for oneself or a role beyond the permission; `BadInput` names
    the field."""
    _allowed(permission, actor_id, person_id, wanted.role)
    if wanted.scope_kind not in REACHES[wanted.role]:
        raise BadInput(_("This role does not reach so far. Choose another reach."), "scope")
    if wanted.scope_kind == "unit" and session.get(Unit, wanted.scope_id) is None:
        raise BadInput(_("Choose the unit."), "unit")
    person = session.get(Person, person_id, with_for_update=True)  # of two appointments at once the second sees both
    if person is None or person.disabled_at is not None:
        raise BadInput(_("This account is closed."), "role")
    if wanted.until is not None and wanted.until <= wanted.since:
        raise BadInput(_("The last day lies before the first."), "until")
    if wanted.stands_in_for is not None and (wanted.until is None or wanted.stands_in_for == person_id):
        text = _("Who stands in for somebody does so until a day, and for somebody else.")
        raise BadInput(text, "until" if wanted.until is None else "stands_in_for")
    if any(_same(each, wanted) for each in _overlapping(session, person_id, wanted)):
        raise BadInput(_("This person holds that role there already on some of these days."), "role")
    return _give(session, person_id, wanted, actor_id, separated=separated)


def end(session: Session, permission: str, actor_id: int, grant_id: int, until: date) -> None:
    """End an appointment: `until` is the first day no longer (one that has not begun never does). Errors as `appoint`;
    `BadInput` where it is over already."""
    grant = session.get(RoleGrant, grant_id, with_for_update=True)
    if grant is None:
        raise NotFound(_("There is no such appointment."))
    _allowed(permission, actor_id, grant.person_id, grant.role)
    until = max(until, grant.since)
    if grant.until is not None and grant.until <= until:
        raise BadInput(_("This appointment ends before that day already."), "until")
    was, grant.until = grant.until, until
    session.flush()
    audit.record(
        session, actor_id, "role.end", f"person:{person_of(session, grant.person_id).key}", role=grant.role,
        scope=grant.scope_kind, scope_id=grant.scope_id, was={"until": was}, now={"until": until},
    )  # fmt: skip


def _allowed(permission: str, actor_id: int, person_id: int, role: str) -> None:
    if role not in ROLES:
        raise BadInput(_("There is no role %(role)s.", role=role), "role")
    if role not in APPOINTS[permission]:
        raise Forbidden(_("This role is given and taken by the security administrator."))
    if person_id == actor_id:
        raise Forbidden(_("Nobody gives or takes a role of one's own. Another administrator does."))


def _give(session: Session, person_id: int, wanted: Wanted, actor_id: int | None, *, separated: bool) -> RoleGrant:
    if wanted.role not in ROLES:
        raise BadInput(_("There is no role %(role)s.", role=wanted.role), "role")
    kind = wanted.scope_kind
    if kind not in SCOPES or (kind in ("class", "unit")) != (wanted.scope_id is not None):
        text = _("The scope %(scope)s is unknown, or its class or unit is missing or too much.", scope=kind)
        raise BadInput(text, "scope")
    held = [each.role for each in _overlapping(session, person_id, wanted)]
    both = sorted(clashes([*held, wanted.role]))
    if both and separated:
        names = ", ".join(f"{labels.label('role', each)} ({each})" for each in both)
        raise BadInput(_("One person cannot hold %(roles)s together.", roles=names), "role")
    grant = RoleGrant(
        person_id=person_id, role=wanted.role, scope_kind=kind, scope_id=wanted.scope_id, since=wanted.since,
        until=wanted.until, stands_in_for=wanted.stands_in_for,
    )  # fmt: skip
    session.add(grant)
    session.flush()
    if wanted.role in MUST_PROVE_TWICE:
        end_all(session, person_id)  # who has such rights signs in with what they ask for
    end_keys(session, person_id)  # and a slip that somebody printed for a learner opens no more than that
    _note(session, person_id, wanted, actor_id, both)
    return grant


def _note(session: Session, person_id: int, wanted: Wanted, actor_id: int | None, both: list[str]) -> None:
    subject, more = f"person:{person_of(session, person_id).key}", {}
    if wanted.stands_in_for is not None:
        stood = person_of(session, wanted.stands_in_for)
        more = {"stands_in_for": f"{stood.name} {stood.login}"}
    audit.record(
        session, actor_id, "role.grant", subject, role=wanted.role, scope=wanted.scope_kind, scope_id=wanted.scope_id,
        place=wanted.place, was=None,
        now={"since": wanted.since, "until": wanted.until, **more},
    )  # fmt: skip
    if both:
        audit.record(session, actor_id, "role.unseparated", subject, roles=both)


def _overlapping(session: Session, person_id: int, wanted: Wanted) -> list[RoleGrant]:
    """What the person holds on any day of the appointment."""
    held = select(RoleGrant).where(
        RoleGrant.person_id == person_id, or_(RoleGrant.until.is_(None), RoleGrant.until > wanted.since)
    )
    if wanted.until is not None:
        held = held.where(RoleGrant.since < wanted.until)
    return [each for each in session.scalars(held) if each.until is None or each.until > each.since]


def _same(grant: RoleGrant, wanted: Wanted) -> bool:
    return (grant.role, grant.scope_kind, grant.scope_id) == (wanted.role, wanted.scope_kind, wanted.scope_id)
