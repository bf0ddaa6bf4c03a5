"""Reads of question banks. What a learner is shown never carries which options are right."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.questions.models import Question
from app.rules.questions.draft import Draft, Option, wording


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is put to somebody. `options` in stored order: an answer is their numbers, from 0."""

    id: int
    kind: str
    text: str
    options: tuple[str, ...]


_USABLE = (
    select(Question.id, Question.lesson_id)
    .where(
        Question.course_id == bindparam("course"),
        Question.withdrawn_at.is_(None),
        or_(Question.lesson_id == bindparam("lesson"), Question.lesson_id.is_(None)),
    )
    .order_by(Question.id)
)
_ASKED = select(Question.id, Question.kind, Question.text, Question.options).where(Question.id == bindparam("question"))
_OPTIONS = select(Question.options).where(Question.id == bindparam("question"))
_EXPLANATION = select(Question.explanation).where(Question.id == bindparam("question"))


def usable(session: Session, course_id: int, lesson_id: int) -> list[int]:
    """The questions that may be asked in a lesson, by age: its own; where it has none, those of the course that name
    no lesson. Withdrawn ones are left out. One query."""
    found = session.execute(_USABLE, {"course": course_id, "lesson": lesson_id}).all()
    own = [question_id for question_id, about in found if about is not None]
    return own or [question_id for question_id, _about in found]


def asked(session: Session, question_id: int) -> Asked | None:
    """A question as it is or was put, withdrawn or not; None when there is none."""
    found = session.execute(_ASKED, {"question": question_id}).first()
    if found is None:
        return None
    return Asked(found[0], found[1], found[2], tuple(each["text"] for each in json.loads(found[3])))


def is_right(session: Session, question_id: int, chosen: frozenset[int]) -> bool:
    """Are these the numbers (from 0, in stored order) of exactly the right options? No for an unknown question."""
    found = session.scalar(_OPTIONS, {"question": question_id})
    if found is None:
        return False
    return chosen == {number for number, each in enumerate(json.loads(found)) if each["right"]}


def explanation(session: Session, question_id: int) -> str:
    """Why the right answer is right; "" where the editor wrote nothing."""
    return session.scalar(_EXPLANATION, {"question": question_id}) or ""


@dataclass(frozen=True, slots=True)
class Held:
    """A question of a bank as its editor sees it; with `digest` and `wording` to find its like."""

    id: int
    course_id: int
    lesson_id: int | None
    draft: Draft
    digest: str
    withdrawn: bool

    @property
    def wording(self) -> str:
        """Its words alone."""
        return wording(self.draft)


def bank(session: Session, course_id: int) -> list[Held]:
    """The questions of a course, by age, without the withdrawn ones. One query."""
    return [each for each in history(session, course_id) if not each.withdrawn]


def history(session: Session, course_id: int) -> list[Held]:
    """The same with the withdrawn ones."""
    found = session.scalars(select(Question).where(Question.course_id == course_id).order_by(Question.id))
    return [_held(row) for row in found]


def find(session: Session, question_id: int) -> Held | None:
    """One question, withdrawn or not; None when there is none."""
    row = session.get(Question, question_id)
    return None if row is None else _held(row)


def count(session: Session, course_id: int) -> int:
    """How many questions a course's bank holds."""
    held = (Question.course_id == course_id, Question.withdrawn_at.is_(None))
    return session.scalar(select(func.count()).select_from(Question).where(*held)) or 0


def _held(row: Question) -> Held:
    options = tuple(Option(each["text"], each["right"]) for each in json.loads(row.options))
    draft = Draft(row.kind, row.text, options, row.explanation)
    return Held(row.id, row.course_id, row.lesson_id, draft, row.digest, row.withdrawn_at is not None)
