"""Who may do what: one table, role × permission × scope. Pure; `app/base/access.py` enforces it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ROLES = (
    "learner",
    "head_teacher",
    "study_supervisor",
    "unit_liaison",
    "unit_admin",
    "course_editor",
    "lecturer",
    "credit_reviewer",
    "academy_admin",
    "archive_reader",
    "sys_admin",
    "sec_admin",
    "audit_admin",
)
SCOPES = ("own", "class", "unit", "academy")
# No person holds two of them (`roles.md`).
SEPARATED = frozenset({"sys_admin", "sec_admin", "audit_admin"})
# Roles that may do so much that a password alone does not open them (`DUXUE_SECOND_FACTOR`).
MUST_PROVE_TWICE = SEPARATED | {"academy_admin"}
# Roles beyond learning one's own: their holders may set up a second factor.
STAFF = frozenset(ROLES) - {"learner"}

# permission → the roles that hold it. How far it reaches is the scope of the person's grant.
TABLE: dict[str, frozenset[str]] = {
    "study": frozenset({"learner"}),
    "class.see": frozenset({"head_teacher", "study_supervisor", "academy_admin"}),
    "class.arrange": frozenset({"academy_admin"}),
    "statement.see": frozenset({"head_teacher", "study_supervisor", "academy_admin"}),
    "ticket.answer": frozenset({"head_teacher", "study_supervisor", "academy_admin"}),
    "course.edit": frozenset({"course_editor", "academy_admin"}),
    "rules.see": frozenset({"academy_admin", "study_supervisor", "credit_reviewer"}),
    "rules.draft": frozenset({"academy_admin", "credit_reviewer"}),
    "rules.publish": frozenset({"academy_admin"}),
    "period.see": frozenset({"academy_admin", "credit_reviewer"}),
    "period.close": frozenset({"academy_admin"}),
    "books.verify": frozenset({"academy_admin", "audit_admin"}),
    "certificate.revoke": frozenset({"academy_admin"}),
    "announcement.write": frozenset({"academy_admin"}),
    "roster.import": frozenset({"academy_admin"}),
    "account.see": frozenset({"unit_liaison", "unit_admin", "academy_admin", "sec_admin"}),
    "account.issue": frozenset({"unit_liaison", "unit_admin", "academy_admin"}),
    "account.second_factor": frozenset({"sec_admin"}),
    "correction.decide": frozenset({"unit_liaison", "unit_admin", "academy_admin"}),
    "person.disable": frozenset({"academy_admin", "sec_admin"}),
    "unit.see": frozenset({"unit_liaison", "unit_admin", "academy_admin"}),
    "unit.change": frozenset({"academy_admin"}),
    "unit.staff": frozenset({"unit_liaison", "unit_admin", "academy_admin"}),
    "audit.see": frozenset({"audit_admin"}),
    "role.grant": frozenset({"sec_admin"}),
    "staff.appoint": frozenset({"academy_admin"}),
}
# What concerns the whole academy: a role for a part of it (a unit, a class, one's own) does not open it.
WHOLE = frozenset(
    {
        "course.edit", "announcement.write", "audit.see", "class.arrange", "role.grant", "roster.import",
        "staff.appoint", "unit.change",
    }
)  # fmt: skip
# How far each role may reach, the usual way first.
REACHES: dict[str, tuple[str, ...]] = {
    "learner": ("own",),
    "head_teacher": ("class",),
    "study_supervisor": ("class", "academy"),
    "unit_liaison": ("unit",),
    "unit_admin": ("unit",),
    "course_editor": ("academy",),
    "lecturer": ("own", "academy"),
    "credit_reviewer": ("academy", "unit"),
    "academy_admin": ("academy", "unit"),
    "archive_reader": ("academy", "unit"),
    "sys_admin": ("academy",),
    "sec_admin": ("academy",),
    "audit_admin": ("academy",),
}
# permission → the roles that may be given and taken by it. Nobody gives one to oneself.
APPOINTS: dict[str, tuple[str, ...]] = {
    "role.grant": ROLES,
    "staff.appoint": (
        "head_teacher", "study_supervisor", "unit_liaison", "course_editor", "lecturer", "credit_reviewer",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a person holds today. `scope_id`: the class's or unit's id; None for own and academy.

    `below`: the ids of all units that stand below the unit on that day; a role for a unit reaches them too.
    """

    role: str
    scope_kind: str
    scope_id: int | None = None
    below: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a person may see under one permission; staff queries take it first.

    `unit_ids` holds whole branches: each unit with all that stand below it.
    """

    everything: bool = False
    class_ids: frozenset[int] = frozenset()
    unit_ids: frozenset[int] = frozenset()

    def sees_class(self, class_id: int) -> bool:
        """May this class be seen?"""
        return self.everything or class_id in self.class_ids


def may(grants: Iterable[Grant], permission: str) -> bool:
    """Does any role of the person hold the permission, however far it reaches? Of `WHOLE`: for the whole academy."""
    holders, whole = TABLE[permission], permission in WHOLE
    return any(grant.role in holders and (not whole or grant.scope_kind == "academy") for grant in grants)


def scope_of(grants: Iterable[Grant], permission: str) -> Scope:
    """How far the permission reaches: the union of the scopes of the grants that hold it."""
    holding = [grant for grant in grants if grant.role in TABLE[permission]]
    return Scope(
        everything=any(grant.scope_kind == "academy" for grant in holding),
        class_ids=frozenset(g.scope_id for g in holding if g.scope_kind == "class" and g.scope_id is not None),
        unit_ids=frozenset(
            unit
            for g in holding
            if g.scope_kind == "unit" and g.scope_id is not None
            for unit in (g.scope_id, *g.below)
        ),
    )


def clashes(roles: Iterable[str]) -> frozenset[str]:
    """The separated roles that one person would hold together; empty when there is no clash."""
    held = SEPARATED & frozenset(roles)
    return held if len(held) > 1 else frozenset()


def matrix(role_names: Mapping[str, Mapping[str, str]]) -> str:
    """The table as Markdown, role × permission × reach. `role_names`: by role, its name in `zh` and `en`."""
    lines = ["| " + " | ".join(("role", "角色", "reach", "permissions", "appoints")) + " |", "|---|---|---|---|---|"]
    for role in ROLES:
        held = [permission for permission in sorted(TABLE) if role in TABLE[permission]]
        given = sorted({each for permission in held for each in APPOINTS.get(permission, ())}, key=ROLES.index)
        said = "every role" if tuple(given) == ROLES else ", ".join(f"`{each}`" for each in given)
        cells = (
            f"`{role}` {role_names[role]['en']}", role_names[role]["zh"], ", ".join(REACHES[role]),
            ", ".join(f"`{permission}`" for permission in held) or "–", said or "–",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
