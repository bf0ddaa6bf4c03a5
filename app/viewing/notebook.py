"""A learner's notes at places of a lesson: kept, changed, deleted. Nobody else ever sees them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.base import clock, plain
from app.base.errors import BadInput, NotFound, Refused
from app.viewing.models import Note

MOST_TEXT = 2000
MOST_NOTES = 500  # of one lesson
_TIME = re.compile(r"(?:(\d{1,3})[:：])?(\d{1,3})[:：]([0-5]?\d)|(\d{1,6})")
_NOTES = (
    select(Note)
    .where(Note.learner_id == bindparam("learner"), Note.lesson_id == bindparam("lesson"))
    .order_by(Note.at_ms, Note.id)
)


def notes_of(session: Session, learner_id: int, lesson_id: int) -> Sequence[Note]:
    """The learner's notes of a lesson, by place."""
    return session.scalars(_NOTES, {"learner": learner_id, "lesson": lesson_id}).all()


def note_of(session: Session, learner_id: int, note_id: int) -> Note:
    """One of the learner's own; `NotFound` for anybody else's and for none."""
    found = session.get(Note, (learner_id, note_id))
    if found is None:
        raise NotFound(_("There is no such note. It may have been deleted on another device."))
    return found


def add(session: Session, learner_id: int, lesson_id: int, at_ms: int, text: str) -> Note:
    """Keep a note. The same words at the same place again are the note that is there: a sending that was repeated."""
    clean = _clean(text)
    again = session.scalars(
        select(Note).where(
            Note.learner_id == learner_id, Note.lesson_id == lesson_id, Note.at_ms == at_ms, Note.text == clean
        )
    ).first()
    if again is not None:
        return again
    count = select(func.count()).where(Note.learner_id == learner_id, Note.lesson_id == lesson_id)
    if (session.scalar(count) or 0) >= MOST_NOTES:
        raise Refused(_("A lesson holds %(most)s notes. Delete one, then save this one.", most=MOST_NOTES), "text")
    now = clock.now()
    made = Note(
        learner_id=learner_id, id=clock.to_ms(now) << 20 | secrets.randbits(20), lesson_id=lesson_id, at_ms=at_ms,
        text=clean, written_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def change(session: Session, learner_id: int, note_id: int, at_ms: int | None, text: str) -> Note:
    """Other words, and another place where one is given."""
    note = note_of(session, learner_id, note_id)
    clean = _clean(text)
    if (clean, at_ms) not in ((note.text, note.at_ms), (note.text, None)):
        note.text, note.changed_at = clean, clock.now()
        note.at_ms = note.at_ms if at_ms is None else at_ms
    return note


def remove(session: Session, learner_id: int, note_id: int) -> int:
    """Delete a note; gives the lesson it stood at."""
    note = note_of(session, learner_id, note_id)
    session.delete(note)
    return note.lesson_id


def read_time(text: str, length_ms: int | None) -> int:
    """`12:34`, `1:02:03` or seconds as ms; `BadInput` when it is none, or lies beyond the lesson."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise BadInput(_("Write the time like 12:34 or 1:02:03."), "at")
    hours, minutes, seconds, alone = found.groups()
    ms = (int(alone) if alone else (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000
    return inside(ms, length_ms)


def inside(ms: int, length_ms: int | None) -> int:
    """The place itself; `BadInput` when it lies beyond the lesson (of unknown length: None)."""
    if ms < 0 or ms > (2**31 - 1 if length_ms is None else length_ms):
        raise BadInput(_("This time lies outside the lesson."), "at")
    return ms


def _clean(text: str) -> str:
    """The text as it is kept; `BadInput` says what is wrong with it."""
    clean = re.sub(r"\r\n?", "\n", text).strip()
    if not clean:
        raise BadInput(_("Write something first."), "text")
    if len(clean) > MOST_TEXT:
        raise BadInput(
            _("A note has at most %(most)s characters; this one has %(n)s.", most=MOST_TEXT, n=len(clean)), "text"
        )
    plain.check(clean, "text", lines=True)
    if any("\ud800" <= char <= "\udfff" for char in clean):
        raise BadInput(_("The text holds half a character. Delete the one that looks broken."), "text")
    return clean
