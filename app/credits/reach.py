"""Whom a scope reaches. Classes stand above credits, so who belongs to which class is wired in from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Protocol

from sqlalchemy.orm import Session

from app.people import queries as people
from app.rules.access import Scope


class HasId(Protocol):
    """A class, as far as it matters here."""

    @property
    def id(self) -> int:
        """The class's id."""

    @property
    def name(self) -> str:
        """What it is called."""


ClassOf = Callable[[Session, int, date], HasId | None]
_wired: list[ClassOf] = []


def wire(class_of: ClassOf) -> None:
    """Say how a learner's class on a day is found (`classes.queries.class_of`); the last one said holds."""
    _wired[:] = [class_of]


def sees(scope: Scope, session: Session, person_id: int, today: date) -> bool:
    """Does the scope reach this person today? While nothing is wired no class does."""
    if scope.everything:
        return True
    if scope.class_ids and _wired:
        group = _wired[0](session, person_id, today)
        if group is not None and scope.sees_class(group.id):
            return True
    if scope.unit_ids:
        unit = people.unit_of(session, person_id, today)
        return unit is not None and unit.id in scope.unit_ids
    return False


def class_name(session: Session, person_id: int, today: date) -> str:
    """What a person's class of today is called; "" for who is in none, and while nothing is wired."""
    group = _wired[0](session, person_id, today) if _wired else None
    return group.name if group is not None else ""
