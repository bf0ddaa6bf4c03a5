"""The editor's pages about documents: add one, change its file or reading time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.base.access import can, guard
from app.base.errors import NotFound, Refused
from app.base.storage import Store
from app.base.unit_of_work import session, settings
from app.courses import documents, service, uploads
from app.courses.models import Upload
from app.study.editor import lessons, taking
from app.study.editor.forms import DocumentFileForm, DocumentForm
from app.study.editor.views import Page, bp, course_of, course_page, to_form

_WITH_FILES = ("editor.add_document", "editor.document")


@bp.url_value_preprocessor
def _allow_size(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before any form is read. Only who may upload may send more than the usual.
    if endpoint in _WITH_FILES and can("course.edit"):
        request.max_content_length = min(lessons.MOST_FORM, settings().max_upload_bytes)


@dataclass(frozen=True, slots=True)
class Taken:
    """A PDF whose pages are drawn and stored, not yet part of a lesson. `file`: SHA-256, bytes, name."""

    file: tuple[str, int, str]
    pages: Sequence[documents.Page]
    upload: Upload | None


@contextmanager
def _taken(form: Any) -> Iterator[Taken]:
    """Draw and store the pages of a form's PDF: minutes for a long one, so before the database is written to."""
    with taking.received(form) as (path, name, upload):
        with taking.swept_when_bad(upload):
            pages = documents.read_document(path, Store(settings().files_dir), form.reading_minutes.data)
        size = path.stat().st_size
        yield Taken((taking.stored(path), size, name), pages, upload)


def _attach(lesson_id: int, found: Taken, form: Any) -> None:
    documents.attach_document(
        session(), lesson_id, found.file, found.pages, form.reading_minutes.data, actor_id=current_user.person_id
    )
    if found.upload is not None:
        uploads.use(session(), found.upload)


def _say_taken(found: Taken) -> None:
    flash(_("%(name)s is taken in: %(pages)s pages.", name=found.file[2], pages=len(found.pages)), "done")


@bp.post("/edit/<code>/documents")
@guard("course.edit")
def add_document(code: str) -> Page:
    """A new lesson out of a PDF."""
    form = DocumentForm(prefix="document-")
    if form.validate():
        try:
            with _taken(form) as found:
                course = course_of(code, changeable=True)
                lesson = service.add_lesson(
                    session(), course.id, "document", form.title.data, form.title_en.data or "",
                    actor_id=current_user.person_id,
                )  # fmt: skip
                _attach(lesson.id, found, form)
        except Refused as error:
            to_form(error, form)
        else:
            _say_taken(found)
            return redirect(url_for("editor.course", code=code))
    return course_page(course_of(code, changeable=True), document_form=lessons.kept(form))


@bp.post("/edit/<code>/lessons/<int:lesson_id>/document")
@guard("course.edit")
def document(code: str, lesson_id: int) -> Page:
    """Another PDF, or another reading time: a new version. What was read of the old one stays counted."""
    form = DocumentFileForm(prefix="document-")
    if form.validate():
        try:
            _change(code, lesson_id, form)
        except Refused as error:
            to_form(error, form)
        else:
            return lessons.back(code, lesson_id)
    course = course_of(code, changeable=True)
    found_lesson = lessons.lesson_of(course, lesson_id)
    if found_lesson.kind != "document":  # its page has no such form to say it in
        raise NotFound(_("This lesson is no document. Add a new lesson for it."))
    return lessons.page(course, found_lesson, document_form=lessons.kept(form))


def _change(code: str, lesson_id: int, form: Any) -> None:
    if form.upload.data or form.file.data:
        with _taken(form) as found:
            _attach(lessons.lesson_of(course_of(code, changeable=True), lesson_id).id, found, form)
        _say_taken(found)
        return
    lesson = lessons.lesson_of(course_of(code, changeable=True), lesson_id)
    documents.set_reading_time(session(), lesson.id, form.reading_minutes.data, actor_id=current_user.person_id)
    flash(_("Saved."), "done")
