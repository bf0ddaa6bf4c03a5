"""Everything that the academy holds on a person, as JSON holds it, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.base.db import Base
from app.myself.taking import audits, parts
from app.myself.taking.parts import PARTS, Part
from app.myself.taking.values import Values
from app.people.models import Person

Rows = list[dict[str, Any]]
# A column's name without what only says how it is stored.
_ENDS = {parts.MOMENT: ("_ms", "_at"), parts.UNIT: ("_id", ""), parts.GROUP: ("_id", ""), parts.LESSON: ("_id", ""),
         parts.MATERIAL: ("_version_id", ""), parts.QUESTION: ("_id", ""), parts.SOURCE: ("_id", ""),
         parts.IMPORT: ("_id", ""), parts.PAPER: ("_id", ""), parts.PLACE: ("scope_id", "place")}  # fmt: skip


def name_of(column: str, how: str) -> str:
    """What a column is called in the copy."""
    if how not in _ENDS:
        return column
    end, other = _ENDS[how]
    base = column.removesuffix(end)
    return base if other and base.endswith(other.strip("_")) else base + other


def everything(session: Session, person_id: int) -> Iterator[tuple[str, Rows]]:
    """(name, rows) of every part, in order, the audit entries last."""
    key, login = session.execute(select(Person.key, Person.login).where(Person.id == person_id)).one()
    values = Values(session, person_id, key)
    for part in PARTS:
        yield part.name, values.without_others(_rows(session, values, part, person_id))
    yield parts.AUDIT, values.without_others(audits.entries(session, values, person_id, key, login))


def _wanted(part: Part, person_id: int) -> Select[Any]:
    table = Base.metadata.tables[part.table]
    own = table.c[part.own]
    columns = [table.c[name] for name in part.takes]
    mine: ColumnElement[bool] = own == person_id
    if part.through:
        whose = Base.metadata.tables[part.through]
        mine = own.in_(select(whose.c.id).where(whose.c.learner_id == person_id))
    if part.only is not None:
        mine &= table.c[part.only[0]] == part.only[1]
    return select(*columns).where(mine).order_by(*table.primary_key.columns)


def _rows(session: Session, values: Values, part: Part, person_id: int) -> Rows:
    found = [dict(row._mapping) for row in session.execute(_wanted(part, person_id))]
    makes = {
        column: values.column(how, [row[column] for row in found])
        for column, how in part.takes.items()
        if how != parts.PLACE
    }
    return [
        {
            name_of(column, how): values.place(row) if how == parts.PLACE else makes[column](row[column])
            for column, how in part.takes.items()
        }
        for row in found
    ]
