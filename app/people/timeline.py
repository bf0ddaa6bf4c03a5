"""The tree of units as of any day, and what their names were: rosters that come late use them still."""

from __future__ import annotations

from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.people.models import Unit, UnitPast
from app.rules import units as rules

_ALL = select(
    Unit.id, Unit.parent_id, Unit.code, Unit.name, Unit.name_en, Unit.nature, Unit.since, Unit.closed_on,
    Unit.successor_id,
).order_by(Unit.code)  # fmt: skip
_PAST = (
    select(UnitPast.unit_id, UnitPast.until, UnitPast.name, UnitPast.name_en, UnitPast.nature, UnitPast.parent_id)
    .where(UnitPast.until > bindparam("day"))
    .order_by(UnitPast.unit_id, UnitPast.until)
)  # fmt: skip
_OPEN = select(Unit.id, Unit.closed_on).where(Unit.id == bindparam("unit"))


def units(session: Session) -> list[rules.Unit]:
    """All units as they are now, those that are closed too, by code. One query."""
    return [rules.Unit(*row) for row in session.execute(_ALL)]


def past(session: Session, day: date = date.min) -> list[rules.Past]:
    """What units were, as far as it held on a day or later. One query."""
    return [rules.Past(*row) for row in session.execute(_PAST, {"day": day})]


def units_on(session: Session, day: date) -> list[rules.Unit]:
    """The units that were there on a day, as they were then. Two queries."""
    return rules.as_of(units(session), past(session, day), day)


def closed_on(session: Session, unit_id: int) -> date | None:
    """The first day on which a unit is no more; None while it is open. Nobody closes it before this transaction ends:
    on PostgreSQL who closes waits, and who waited sees that it is closed."""
    locked = _OPEN.with_for_update(read=True, key_share=True)
    found: date | None = session.execute(locked, {"unit": unit_id}).one().closed_on
    return found
