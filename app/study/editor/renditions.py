"""The editor's pages about renditions: how far they are, give one up, try again, make a lesson stream."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.base.access import guard
from app.base.errors import NotFound
from app.base.storage import Store
from app.base.unit_of_work import database, session, settings
from app.courses.measuring import measure
from app.courses.models import MediaVersion
from app.courses.queries import CourseRow, DraftRow
from app.courses.renditions import queries, service
from app.study.editor.lessons import back, lesson_of
from app.study.editor.views import Page, bp, course_of


def _version_of(lesson: DraftRow) -> int:
    if lesson.media_version_id is None or lesson.kind not in ("video", "audio"):
        raise NotFound(_("This lesson has no video or audio."))
    return lesson.media_version_id


def _found(code: str, lesson_id: int, *, changeable: bool = True) -> tuple[CourseRow, DraftRow, int]:
    course = course_of(code, changeable=changeable)
    lesson = lesson_of(course, lesson_id)
    return course, lesson, _version_of(lesson)


@bp.get("/edit/<code>/lessons/<int:lesson_id>/renditions")
@guard("course.edit")
def renditions(code: str, lesson_id: int) -> Page:
    """The list alone, for the page that watches it."""
    course, lesson, version_id = _found(code, lesson_id, changeable=False)
    closed = course.withdrawn_at is not None
    listed = queries.listed(session(), version_id)
    return render_template("study/_renditions.html", course=course, lesson=lesson, closed=closed, **listed)


@bp.post("/edit/<code>/lessons/<int:lesson_id>/renditions")
@guard("course.edit")
def make_renditions(code: str, lesson_id: int) -> Page:
    """Make a lesson stream that was attached without (by an older release, or with the sample academy)."""
    _course, _lesson, version_id = _found(code, lesson_id)
    with database().reading() as reader:
        sha256 = reader.get_one(MediaVersion, version_id).sha256
    session().rollback()  # measuring reads the whole file: nothing of the database is held meanwhile
    measured = measure(Store(settings().files_dir).path(sha256))
    version = session().get_one(MediaVersion, version_id)
    if service.request(session(), version, measured, actor_id=current_user.person_id):
        flash(_("It is being made. You may leave this page."), "done")
    else:
        flash(_("This file streams well as it is; there is nothing to make of it."), "notice")
    return back(code, lesson_id)


@bp.post("/edit/<code>/lessons/<int:lesson_id>/renditions/<int:rendition_id>/cancel")
@guard("course.edit")
def cancel_rendition(code: str, lesson_id: int, rendition_id: int) -> Page:
    """Give one up."""
    _course, _lesson, version_id = _found(code, lesson_id)
    service.cancel(session(), version_id, rendition_id, actor_id=current_user.person_id)
    flash(_("Given up. What is ready stays; it can be tried again."), "done")
    return redirect(url_for("editor.lesson", code=code, lesson_id=lesson_id, _anchor="renditions"))


@bp.post("/edit/<code>/lessons/<int:lesson_id>/renditions/<int:rendition_id>/retry")
@guard("course.edit")
def retry_rendition(code: str, lesson_id: int, rendition_id: int) -> Page:
    """Try one again."""
    _course, _lesson, version_id = _found(code, lesson_id)
    service.retry(session(), version_id, rendition_id, actor_id=current_user.person_id)
    flash(_("It is in line again."), "done")
    return redirect(url_for("editor.lesson", code=code, lesson_id=lesson_id, _anchor="renditions"))
