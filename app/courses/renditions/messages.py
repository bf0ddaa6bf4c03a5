"""What editors are told when a film or a recording cannot be made streamable."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.courses.models import Course, Lesson, MediaVersion
from app.notices import service as notices
from app.notices.kinds import Facts, Said, kind, title
from app.people import queries as people

FAILED: Final = "rendition.failed"
_LESSON = (
    select(
        Lesson.id, Lesson.title, Lesson.title_en, Course.code, Course.title.label("course"),
        Course.title_en.label("course_en"), Course.created_by,
    )
    .select_from(MediaVersion)
    .join(Lesson, Lesson.id == MediaVersion.lesson_id)
    .join(Course, Course.id == Lesson.course_id)
    .where(MediaVersion.id == bindparam("version"))
)  # fmt: skip


def failed(session: Session, settings: Settings, media_version_id: int, rendition: str) -> None:
    """Tell the course's editor; everybody who edits, where its editor is not known or edits no more. A film has
    several renditions: one message stands for all, until it is read. Without its cover a lesson plays."""
    if rendition == "cover":
        return
    row = session.execute(_LESSON, {"version": media_version_id}).one()
    editors = people.holders(session, "course.edit", clock.local_day(clock.now(), settings.timezone))
    whom = {row.created_by} if row.created_by in editors else editors
    notices.tell_once(
        session, whom, FAILED, f"/edit/{row.code}/lessons/{row.id}#renditions",
        lesson=row.title, lesson_en=row.title_en, course=row.course, course_en=row.course_en,
    )  # fmt: skip


@kind(FAILED)
def _failed(facts: Facts) -> Said:
    text = _(
        "“%(lesson)s” of “%(course)s” could not be prepared for streaming. Its page says why, and can try again.",
        lesson=title(facts, "lesson"), course=title(facts, "course"),
    )  # fmt: skip
    return Said(str(text), str(_("Course editor")), "video")
