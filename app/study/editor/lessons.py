"""The editor's pages about lessons: add, order, rename, replace, caption, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.base.access import can, guard
from app.base.errors import BadInput, NotFound, Refused
from app.base.unit_of_work import session, settings
from app.courses import documents, queries, service
from app.courses.origin import picture_url
from app.courses.queries import CourseRow, DraftRow
from app.courses.renditions import queries as renditions
from app.study.editor import taking
from app.study.editor.forms import (
    ArticleForm,
    CaptionsForm,
    DocumentFileForm,
    FileForm,
    LessonForm,
    TextForm,
    TitlesForm,
)
from app.study.editor.taking import Taken
from app.study.editor.views import Page, bp, course_of, course_page, to_form, tus_url, upload_words

# A plain form sends its file in one piece: enough for a lecture, where scripts do not run.
MOST_FORM = 2_000_000_000
_WITH_FILES = ("editor.add_file", "editor.replace_file")


@bp.url_value_preprocessor
def _allow_size(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before any form is read. Only who may upload may send more than the usual.
    if endpoint in _WITH_FILES and can("course.edit"):
        request.max_content_length = min(MOST_FORM, settings().max_upload_bytes)


def lesson_of(course: CourseRow, lesson_id: int) -> DraftRow:
    """A lesson of this course; `NotFound` for one of another or a withdrawn one."""
    for row in queries.drafts_of(session(), course.id):
        if row.id == lesson_id:
            return row
    raise NotFound(_("This lesson does not exist or was withdrawn."))


def _say_taken(found: Taken) -> None:
    length, claimed = found.measured.length_ms // 1000, (found.measured.claimed_ms or 0) // 1000
    flash(
        _("%(name)s is taken in: %(minutes)s min %(seconds)s s, as measured.",
          name=found.name, minutes=length // 60, seconds=length % 60),
        "done",
    )  # fmt: skip
    if found.measured.overclaims:
        flash(
            _("The file claims %(claimed)s min, but holds %(minutes)s. Only what it holds counts.",
              claimed=claimed // 60, minutes=length // 60),
            "notice",
        )  # fmt: skip


@bp.post("/edit/<code>/lessons")
@guard("course.edit")
def add_file(code: str) -> Page:
    """A new lesson out of a media file."""
    form = LessonForm(prefix="lesson-")
    if form.validate():
        try:
            with taking.taken(form) as found:
                course = course_of(code, changeable=True)
                lesson = service.add_lesson(
                    session(), course.id, found.measured.kind, form.title.data, form.title_en.data or "",
                    actor_id=current_user.person_id,
                )  # fmt: skip
                taking.attach(lesson.id, found, form)
        except Refused as error:
            to_form(error, form)
        else:
            _say_taken(found)
            return redirect(url_for("editor.course", code=code))
    return course_page(course_of(code, changeable=True), lesson_form=kept(form))


def kept(form: Any) -> Any:
    """A form that comes back keeps its upload, unless that is what was wrong with it."""
    try:
        form.waiting = taking.waiting(form.upload.data or "")
    except Refused:
        form.waiting = None
    if form.waiting is None:
        form.upload.raw_data, form.upload.data = None, ""
    return form


@bp.post("/edit/<code>/articles")
@guard("course.edit")
def add_article(code: str) -> Page:
    """A new article."""
    form = ArticleForm(prefix="article-")
    good = form.validate()  # lays the text out: before anything is asked of the database
    course = course_of(code, changeable=True)
    if good:
        try:
            lesson = service.add_lesson(
                session(), course.id, "article", form.title.data, form.title_en.data or "",
                actor_id=current_user.person_id,
            )  # fmt: skip
            service.set_article(
                session(), lesson.id, form.article.data, form.reading_minutes.data,
                actor_id=current_user.person_id,
            )  # fmt: skip
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("The article is there."), "done")
            return redirect(url_for("editor.course", code=code))
    return course_page(course, article_form=form)


@bp.post("/edit/<code>/lessons/<int:lesson_id>/move")
@guard("course.edit")
def move(code: str, lesson_id: int) -> Page:
    """One place up or down."""
    course = course_of(code, changeable=True)
    lesson = lesson_of(course, lesson_id)
    step = request.form.get("step", "")
    if step not in ("-1", "1"):
        raise BadInput(_("A lesson moves up or down by one place."))
    service.move_lesson(session(), lesson.id, int(step), actor_id=current_user.person_id)
    return redirect(url_for("editor.course", code=code))


def page(course: CourseRow, lesson: DraftRow, **forms: Any) -> tuple[str, int]:
    """A lesson's page; the form that came back with errors is passed in, the others are fresh."""
    article = queries.article_of(session(), lesson.media_version_id or 0)
    minutes = (lesson.length_ms or 0) // 60_000 or None
    text = {"article": article[0], "reading_minutes": minutes} if article else {}
    pages = documents.pages_of(session(), lesson.media_version_id or 0) if lesson.kind == "document" else []
    fresh: dict[str, Callable[[], Any]] = {
        "titles_form": lambda: TitlesForm(None, obj=lesson),
        "file_form": lambda: FileForm(None, prefix="lesson-"),
        "captions_form": lambda: CaptionsForm(None, prefix="new-"),
        "text_form": lambda: TextForm(None, prefix="article-", **text),
        "document_form": lambda: DocumentFileForm(None, prefix="document-", reading_minutes=minutes),
    }
    shown = {name: forms.get(name) or make() for name, make in fresh.items()}
    shown_page = render_template(
        "study/edit_lesson.html",
        course=course,
        lesson=lesson,
        pages=pages,
        first_picture=picture_url(settings(), request.host, pages[0].sha256) if pages else "",
        tus=tus_url(),
        words=upload_words(),
        most_mb=settings().max_upload_bytes // 1_000_000,
        **renditions.listed(session(), lesson.media_version_id or 0),
        **shown,
    )
    return shown_page, 422 if any(form.errors for form in forms.values()) else 200


def back(code: str, lesson_id: int) -> Page:
    """To the lesson's page, after something was saved."""
    return redirect(url_for("editor.lesson", code=code, lesson_id=lesson_id))


@bp.route("/edit/<code>/lessons/<int:lesson_id>", methods=["GET", "POST"])
@guard("course.edit")
def lesson(code: str, lesson_id: int) -> Page:
    """One lesson: its titles, file, captions or text."""
    course = course_of(code, changeable=request.method == "POST")
    found = lesson_of(course, lesson_id)
    if request.method == "GET":
        return page(course, found)
    form = TitlesForm()
    if form.validate():
        title_en = form.title_en.data or ""
        service.rename_lesson(session(), found.id, form.title.data, title_en, actor_id=current_user.person_id)
        flash(_("Saved."), "done")
        return back(code, lesson_id)
    return page(course, found, titles_form=form)


@bp.post("/edit/<code>/lessons/<int:lesson_id>/file")
@guard("course.edit")
def replace_file(code: str, lesson_id: int) -> Page:
    """A new file: a new version. What was watched of the old one stays counted."""
    form = FileForm(prefix="lesson-")
    if form.validate():
        try:
            with taking.taken(form) as found:
                course = course_of(code, changeable=True)
                taking.attach(lesson_of(course, lesson_id).id, found, form)
        except Refused as error:
            to_form(error, form)
        else:
            _say_taken(found)
            return back(code, lesson_id)
    course = course_of(code, changeable=True)
    return page(course, lesson_of(course, lesson_id), file_form=kept(form))


@bp.post("/edit/<code>/lessons/<int:lesson_id>/captions")
@guard("course.edit")
def captions(code: str, lesson_id: int) -> Page:
    """Captions for the present file."""
    course = course_of(code, changeable=True)
    found = lesson_of(course, lesson_id)
    form = CaptionsForm(prefix="new-")
    if form.validate() and found.media_version_id is not None:
        try:
            if not taking.add_captions(found.media_version_id, form):
                raise BadInput(_("Choose a file."), "captions_zh")
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("The captions are there."), "done")
            return back(code, lesson_id)
    return page(course, found, captions_form=form)


@bp.post("/edit/<code>/lessons/<int:lesson_id>/article")
@guard("course.edit")
def article(code: str, lesson_id: int) -> Page:
    """An article's text."""
    form = TextForm(prefix="article-")
    good = form.validate()  # lays the text out: before anything is asked of the database
    course = course_of(code, changeable=True)
    found = lesson_of(course, lesson_id)
    if good:
        try:
            service.set_article(
                session(), found.id, form.article.data, form.reading_minutes.data,
                actor_id=current_user.person_id,
            )  # fmt: skip
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("Saved."), "done")
            return back(code, lesson_id)
    return page(course, found, text_form=form)


@bp.route("/edit/<code>/lessons/<int:lesson_id>/withdraw", methods=["GET", "POST"])
@guard("course.edit")
def withdraw_lesson(code: str, lesson_id: int) -> Page:
    """Withdraw a lesson: first what that means, then it is done."""
    course = course_of(code, changeable=True)
    found = lesson_of(course, lesson_id)
    if request.method == "POST":
        service.withdraw_lesson(session(), found.id, actor_id=current_user.person_id)
        flash(_("The lesson is withdrawn. Hours that were earned stay."), "done")
        return redirect(url_for("editor.course", code=code))
    text = _(
        "“%(title)s” opens no more, and who is watching it now is stopped. Hours that were earned stay. A "
        "withdrawn lesson cannot be brought back.",
        title=found.title,
    )
    back = url_for("editor.lesson", code=code, lesson_id=lesson_id)
    title = _("Withdraw the lesson?")
    return render_template("study/edit_confirm.html", title=title, course=course, text=text, back=back)
