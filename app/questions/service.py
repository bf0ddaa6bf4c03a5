"""Writing question banks. What somebody may have been asked is never reworded. Every change leaves an audit entry."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import BadInput, NotFound, Refused
from app.questions import words
from app.questions.models import Question
from app.questions.queries import count
from app.rules.questions.draft import KINDS, Draft, digest, faults, tidied

MOST_QUESTIONS = 2000


def checked(draft: Draft) -> Draft:
    """The question as a bank keeps it; `BadInput` says what keeps it from being asked, at `text`, `options`, `right`
    or `explanation`."""
    if draft.kind not in KINDS:
        raise BadInput(_("Choose one of the list."), "kind")
    if wrong := words.unseen(draft):
        raise BadInput(wrong[1], wrong[0])
    draft = tidied(draft)
    for fault in faults(draft):
        raise BadInput(words.fault(fault), fault.at)
    return draft


def add(
    session: Session, course_id: int, draft: Draft, lesson_id: int | None = None, *, actor_id: int | None
) -> Question:
    """Put a question into a course's bank. The caller answers for the lesson being one of the course.

    `BadInput` names the field; `Refused` when the bank holds it already or is full.
    """
    made = _new(session, course_id, [(checked(draft), lesson_id)])[0]
    audit.record(session, actor_id, "question.add", f"question:{made.id}", course=course_id, lesson=lesson_id)
    return made


def add_all(
    session: Session, course_id: int, drafts: Sequence[tuple[Draft, int | None]], *, actor_id: int | None, source: str
) -> int:
    """Put many questions, each with its lesson or None, into a bank: all or none. How many there were.

    `source`: the file they come from, for the audit entry. Errors as `add`.
    """
    made = _new(session, course_id, [(checked(draft), lesson_id) for draft, lesson_id in drafts])
    if made:
        audit.record(
            session, actor_id, "question.import", f"course:{course_id}", file=source, questions=[row.id for row in made]
        )
    return len(made)


def change(
    session: Session, question_id: int, draft: Draft, lesson_id: int | None, *, actor_id: int | None
) -> Question:
    """Change a question: a new row takes its place and the old one is withdrawn, because somebody may have been asked
    it, and what was asked can always be shown. Where nothing is different nothing happens. Errors as `add`."""
    old, draft = _held(session, question_id), checked(draft)
    new = _row(old.course_id, draft, lesson_id)
    if _content(new) == _content(old):
        return old
    old.withdrawn_at = clock.now()
    session.flush()  # before the new row: a bank holds nothing twice
    made = _new(session, old.course_id, [(draft, lesson_id)])[0]
    audit.record(
        session, actor_id, "question.change", f"question:{made.id}", course=old.course_id, lesson=lesson_id,
        instead_of=old.id,
    )  # fmt: skip
    return made


def withdraw(session: Session, question_id: int, *, actor_id: int | None) -> None:
    """Take a question out of its bank: it is asked no more, and stays for those who were asked it."""
    row = _held(session, question_id)
    row.withdrawn_at = clock.now()
    session.flush()
    audit.record(session, actor_id, "question.withdraw", f"question:{row.id}", course=row.course_id)


def _held(session: Session, question_id: int) -> Question:
    row = session.scalar(
        select(Question).where(Question.id == question_id, Question.withdrawn_at.is_(None)).with_for_update()
    )
    if row is None:
        raise NotFound(_("This question does not exist or was withdrawn."))
    return row


def _new(session: Session, course_id: int, drafts: Sequence[tuple[Draft, int | None]]) -> list[Question]:
    if count(session, course_id) + len(drafts) > MOST_QUESTIONS:
        raise Refused(_("A course has at most %(most)s questions. Withdraw some first.", most=MOST_QUESTIONS))
    made = [_row(course_id, draft, lesson_id) for draft, lesson_id in drafts]
    session.add_all(made)
    try:
        session.flush()
    except IntegrityError as error:
        # The bank's own law (`uq_question_held`): whoever came first is in.
        raise Refused(_("The bank holds this question already. Nothing was added."), "text") from error
    return made


def _row(course_id: int, draft: Draft, lesson_id: int | None) -> Question:
    options = [{"text": each.text, "right": each.right} for each in draft.options]
    return Question(
        course_id=course_id, lesson_id=lesson_id, kind=draft.kind, text=draft.text,
        options=json.dumps(options, ensure_ascii=False), explanation=draft.explanation, digest=digest(draft),
        created_at=clock.now(),
    )  # fmt: skip


def _content(row: Question) -> tuple[object, ...]:
    return (row.kind, row.text, row.options, row.explanation, row.lesson_id)
