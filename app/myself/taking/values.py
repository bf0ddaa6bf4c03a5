"""Values of rows as JSON holds them, without anybody else in them: staff are told by their roles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.base import clock
from app.classes.models import VirtualClass
from app.courses.models import Course, Lesson, MediaVersion
from app.credits.certificates.models import HoursCertificate
from app.myself.taking import parts
from app.people.models import Person, RoleGrant, Unit
from app.questions.models import Question
from app.roster.models import RosterImport, RosterSource
from app.rules.viewing import spans

_KEY = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")  # as people's keys are written
# In what a message says: the names of who decided or answered.
_NAMES = ("by", "stands_in_for")
SOMEBODY, SYSTEM, ONESELF = "somebody", "system", "self"
Lookup = dict[int, Any]


def moment(value: datetime) -> str:
    """UTC, to the second, as RFC 3339 writes it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(value: object) -> Any:
    """A stored value as JSON holds it."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _parsed(value: object) -> Any:
    try:
        found = json.loads(str(value))
    except ValueError:
        return value
    return {name: each for name, each in found.items() if name not in _NAMES} if isinstance(found, dict) else found


def _unnamed(value: object) -> Any:
    """What a message says, without whom it is about: that may be somebody else."""
    found = _parsed(value)
    return {name: each for name, each in found.items() if name != "name"} if isinstance(found, dict) else found


def _packed(value: object) -> list[list[int]]:
    return [list(piece) for piece in spans.pairs(spans.unpack(value if isinstance(value, bytes) else b""))]


class Values:
    """Turns columns into values; what numbers stand for is read once for all rows of a part."""

    def __init__(self, session: Session, person_id: int, key: str) -> None:
        self._session, self._person_id, self._key = session, person_id, key

    def column(self, how: str, numbers: Iterable[Any]) -> Callable[[Any], Any]:
        """What turns the values of one column into JSON's. `numbers`: all that stand in it."""
        simple: dict[str, Callable[[Any], Any]] = {
            "": plain, parts.JSON: _parsed, parts.MESSAGE: _unnamed, parts.SPANS: _packed,
            parts.MOMENT: lambda ms: moment(clock.from_ms(ms)),
        }  # fmt: skip
        if how in simple:
            made = simple[how]
        else:
            known = self._known(how, {each for each in numbers if each is not None})
            made = known.get
        return lambda value: None if value is None else made(value)

    def _known(self, how: str, numbers: set[int]) -> Lookup:
        if how == parts.STAFF:
            return self._staff(numbers)
        return {row[0]: _named(how, row) for row in self._session.execute(_LOOKUPS[how].where(_IDS[how].in_(numbers)))}

    def _staff(self, numbers: set[int]) -> Lookup:
        """Who did something, by the roles that they ever held: their name is theirs."""
        held: dict[int, set[str]] = {number: set() for number in numbers}
        rows = select(RoleGrant.person_id, RoleGrant.role).where(RoleGrant.person_id.in_(numbers))
        for person_id, role in self._session.execute(rows):
            if role != "learner":
                held[person_id].add(role)
        told = {number: sorted(roles) or [SOMEBODY] for number, roles in held.items()}
        return {**told, **({self._person_id: [ONESELF]} if self._person_id in numbers else {})}

    def place(self, row: dict[str, Any]) -> str | None:
        """The unit or class that a role is for."""
        models: dict[str, Any] = {"unit": Unit, "class": VirtualClass}
        model = models.get(row["scope_kind"])
        if model is None:
            return None
        return self._session.scalar(select(model.name).where(model.id == row["scope_id"]))

    def without_others(self, value: Any) -> Any:
        """The same without any other person's key, wherever one stands."""
        text = json.dumps(value, ensure_ascii=False)
        found = sorted(set(_KEY.findall(text)) - {self._key})
        others: set[str] = set()
        for at in range(0, len(found), 500):
            others |= set(self._session.scalars(select(Person.key).where(Person.key.in_(found[at : at + 500]))))
        for key in others:
            text = text.replace(key, SOMEBODY)
        return json.loads(text)


_LESSON = select(Lesson.id, Course.title, Lesson.title).join(Course, Course.id == Lesson.course_id)
_LOOKUPS: dict[str, Select[Any]] = {
    parts.UNIT: select(Unit.id, Unit.code, Unit.name, Unit.name_en),
    parts.GROUP: select(VirtualClass.id, VirtualClass.code, VirtualClass.name, VirtualClass.name_en),
    parts.LESSON: _LESSON,
    parts.MATERIAL: select(MediaVersion.id, Course.title, Lesson.title, MediaVersion.version)
    .join(Lesson, Lesson.id == MediaVersion.lesson_id)
    .join(Course, Course.id == Lesson.course_id),
    parts.QUESTION: select(Question.id, Question.text),
    parts.SOURCE: select(RosterSource.id, RosterSource.name),
    parts.IMPORT: select(RosterImport.id, RosterImport.day),
    parts.PAPER: select(HoursCertificate.id, HoursCertificate.code),
}
_IDS: dict[str, Any] = {how: next(iter(wanted.selected_columns)) for how, wanted in _LOOKUPS.items()}


def _named(how: str, row: Any) -> Any:
    if how in (parts.UNIT, parts.GROUP):
        return {"code": row[1], "name": row[2], "name_en": row[3]}
    if how in (parts.LESSON, parts.MATERIAL):
        told = {"id": row[0], "course": row[1], "lesson": row[2]}
        return {**told, "version": row[3]} if how == parts.MATERIAL else told
    return plain(row[1])
