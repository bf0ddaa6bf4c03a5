"""Learners of several units and natures, and rules for them."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.base import clock
from app.classes import class_rules
from app.classes.class_rules import RuleWanted
from app.people import service as people
from app.people.models import Person, RoleGrant, Unit, UnitMembership
from tests import factories


def unit(session: Session, code: str, nature: str = "school", parent: Unit | None = None) -> Unit:
    """A unit, called as its code."""
    return people.create_unit(session, code, f"单位{code}", f"Unit {code}", nature, parent.id if parent else None)


def learners(session: Session, unit: Unit, number: int, *, first: int = 1, band: str = "staff") -> list[int]:
    """So many learners `p00001`, … of a unit since `SINCE`, in no class; their ids."""
    names = [f"p{first + at:05d}" for at in range(number)]
    session.execute(
        insert(Person),
        [
            {
                "key": f"01CROWD{name.upper():0>19}", "login": name, "name": f"学员{name}", "name_pinyin": name,
                "locale": "zh_Hans_CN", "created_at": clock.now(), "key_trainee": False,
            }
            for name in names
        ],
    )  # fmt: skip
    ids = list(session.scalars(select(Person.id).where(Person.login.in_(names)).order_by(Person.id)))
    since = factories.SINCE
    session.execute(
        insert(UnitMembership),
        [{"person_id": each, "unit_id": unit.id, "band": band, "since": since, "until": None} for each in ids],
    )
    session.execute(
        insert(RoleGrant),
        [
            {
                "person_id": each, "role": "learner", "scope_kind": "own", "scope_id": None, "since": since,
                "until": None,
            }
            for each in ids
        ],
    )  # fmt: skip
    return ids


def wanted(*natures: str, sizes: tuple[int, int, int] = (2, 5, 8), **more: object) -> RuleWanted:
    """What a rule says: these natures, these sizes."""
    said = {
        "natures": natures, "bands": (), "districts": (), "key_trainee": None, "by_district": False,
        "join_small": False, "pattern": f"{'、'.join(natures) or '全体'}{{year}}年{{n}}班",
        "pattern_en": f"{' and '.join(natures) or 'All'} class {{n}} of {{year}}",
    }  # fmt: skip
    smallest, best, largest = sizes
    return RuleWanted(smallest=smallest, best=best, largest=largest, **{**said, **more})  # type: ignore[arg-type]


def rule(session: Session, *natures: str, sizes: tuple[int, int, int] = (2, 5, 8), **more: object) -> int:
    """A rule behind the others; its number."""
    return class_rules.add(session, wanted(*natures, sizes=sizes, **more), None)
