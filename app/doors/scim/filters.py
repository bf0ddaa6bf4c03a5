"""SCIM filters as conditions of the database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from sqlalchemy import ColumnElement, String, and_, cast, exists, func, not_, or_, select

from app.base.db import holds
from app.doors.scim.models import ScimMark
from app.doors.scim.resources import Group, User
from app.people.models import Person, Unit, UnitMembership

Column = Any  # an attribute, an expression, or who belongs to a unit
EXACT = {"id", "externalid", "groups", "groups.value", "members", "members.value"}


def conditions(kind: type[User] | type[Group], text: str, day: date) -> ColumnElement[bool]:
    """What the filter asks for; `InvalidFilterException` where it cannot be read or asks what is not kept."""
    if len(text) > 2000:
        raise InvalidFilterException(detail="The filter is too long.")
    parsed = ScimFilter[kind](text)  # type: ignore[valid-type]
    return _Conditions(_users(day) if kind is User else _groups(day)).visit(parsed.ast)


def _users(day: date) -> dict[str, Column]:
    unit = (
        select(cast(UnitMembership.unit_id, String))
        .where(UnitMembership.person_id == Person.id, holds(UnitMembership, day))
        .limit(1)
    )
    return {
        "id": Person.key, "username": Person.login, "displayname": Person.name, "externalid": ScimMark.external_id,
        "active": Person.disabled_at.is_(None), "emails": Person.email, "emails.value": Person.email,
        "phonenumbers": Person.phone, "phonenumbers.value": Person.phone, "meta.created": Person.created_at,
        "groups": unit.scalar_subquery(), "groups.value": unit.scalar_subquery(),
    }  # fmt: skip


def _groups(day: date) -> dict[str, Column]:
    return {
        "id": cast(Unit.id, String), "displayname": Unit.name, "externalid": ScimMark.external_id,
        "members": _Members(day), "members.value": _Members(day),
    }  # fmt: skip


class _Members:
    """Who belongs to a unit: compared by `eq` alone."""

    def __init__(self, day: date) -> None:
        self._day = day

    def has(self, key: object) -> ColumnElement[bool]:
        """Does this person?"""
        belonging = exists().where(
            UnitMembership.unit_id == Unit.id, UnitMembership.person_id == Person.id, Person.key == str(key),
            holds(UnitMembership, self._day),
        )  # fmt: skip
        return belonging


class _Conditions(FilterVisitor[ColumnElement[bool]]):
    def __init__(self, columns: dict[str, Column]) -> None:
        self._columns, self._within = columns, ""

    def _column(self, path: AttrPath) -> tuple[str, Column]:
        names = [self._within, path.attr, path.sub_attr or ""]
        name = ".".join(each for each in names if each).casefold()
        if name not in self._columns:
            raise InvalidFilterException(detail=f"Filters by {name} are not supported.")
        return name, self._columns[name]

    def visit_comparison(self, node: Comparison) -> ColumnElement[bool]:
        """One comparison."""
        name, column = self._column(node.attr_path)
        value: Any = node.value
        if isinstance(value, str) and not _is_text(value):
            raise InvalidFilterException(detail="A text without NUL and halves of characters is wanted.")
        if isinstance(column, _Members):
            if node.op is not CompareOperator.eq:
                raise InvalidFilterException(detail="Members are compared by eq.")
            return column.has(value)
        if name == "active":
            if not isinstance(value, bool) or node.op not in (CompareOperator.eq, CompareOperator.ne):
                raise InvalidFilterException(detail="active is true or false.")
            active: ColumnElement[bool] = column
            return active if value == (node.op is CompareOperator.eq) else not_(active)
        if name == "meta.created":
            return _ordered(column, node.op, _moment(value))
        if value is None:
            empty: ColumnElement[bool] = column.is_(None)
            return empty if node.op is CompareOperator.eq else not_(empty)
        if not isinstance(value, str):
            raise InvalidFilterException(detail=f"{name} is compared with a text.")
        if name in EXACT:
            return _text(column, node.op, value)
        return _text(func.lower(column), node.op, value.lower())

    def visit_present(self, node: Present) -> ColumnElement[bool]:
        """Is there a value?"""
        _name, column = self._column(node.attr_path)
        if isinstance(column, _Members):
            raise InvalidFilterException(detail="Members are compared by eq.")
        there: ColumnElement[bool] = column.is_not(None)
        return there

    def visit_not(self, node: Not) -> ColumnElement[bool]:
        """What does not hold, an unknown value among it."""
        return not_(func.coalesce(self.visit(node.expr), False))

    def visit_logical_expr(self, node: LogicalExpr) -> ColumnElement[bool]:
        """And, or."""
        joined = and_ if node.op is LogicalOperator.and_ else or_
        return joined(*(self.visit(each) for each in node.terms))

    def visit_value_path(self, node: ValuePath) -> ColumnElement[bool]:
        """`emails[value eq "…"]`."""
        self._within = node.attr_path.attr
        try:
            return self.visit(node.val_filter)
        finally:
            self._within = ""


def _text(column: Column, op: CompareOperator, value: str) -> ColumnElement[bool]:
    if op is CompareOperator.ne:
        return or_(column != value, column.is_(None))
    within = {CompareOperator.co: "contains", CompareOperator.sw: "startswith", CompareOperator.ew: "endswith"}
    if op not in within:
        return _ordered(column, op, value)
    found: ColumnElement[bool] = getattr(column, within[op])(value, autoescape=True)
    return found


def _ordered(column: Column, op: CompareOperator, value: Any) -> ColumnElement[bool]:
    made: dict[CompareOperator, Any] = {
        CompareOperator.eq: column == value, CompareOperator.ne: column != value, CompareOperator.gt: column > value,
        CompareOperator.ge: column >= value, CompareOperator.lt: column < value, CompareOperator.le: column <= value,
    }  # fmt: skip
    if op not in made:
        raise InvalidFilterException(detail=f"{op.value} does not compare moments.")
    found: ColumnElement[bool] = made[op]
    return found


def _moment(value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidFilterException(detail="This is no moment.") from error
    if moment.tzinfo is None:
        raise InvalidFilterException(detail="A moment has its zone.")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidFilterException(detail="This is no moment.") from error


def _is_text(value: str) -> bool:
    """Can a database hold it?"""
    return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
