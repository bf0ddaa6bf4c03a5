"""Questions from a GIFT file and into one. The file is shown first; what was shown is what is taken.

Between the two steps the text goes through the browser, signed: nothing is kept here for a page that is closed.
"""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from itsdangerous import BadData, URLSafeTimedSerializer

from app.base import plain
from app.base.access import can, guard
from app.base.errors import BadInput, Refused
from app.base.unit_of_work import session, settings
from app.courses import queries as courses
from app.courses.queries import CourseRow
from app.questions import importing, queries, words
from app.questions.importing import Plan
from app.rules.questions import gift_text
from app.study.editor.questions import shown
from app.study.editor.questions.forms import BY_FILE, WHOLE, QuestionFileForm
from app.study.editor.views import Page, bp, course_of, to_form

SECONDS = 6 * 3600
# The largest file that is taken, compressed and signed, is smaller.
MOST_FIELD = 3_000_000


@bp.url_value_preprocessor
def _allow_field(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    if endpoint == "editor.take_questions" and can("course.edit"):
        request.max_form_memory_size = MOST_FIELD


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret, salt="questions.import")


def _file_form(course: CourseRow) -> QuestionFileForm:
    form = QuestionFileForm()
    lessons = shown.lesson_names(course)
    form.lesson.choices = [
        (BY_FILE, _("What its $CATEGORY lines name")),
        (WHOLE, _("The course as a whole")),
        *((str(key), name) for key, name in lessons.items()),
    ]
    return form


def _plan(course: CourseRow, text: str, lesson: str) -> Plan:
    """What an import would do. A lesson that was withdrawn meanwhile leaves its questions to the course."""
    drafts = courses.drafts_of(session(), course.id)
    named = {name.casefold(): row.id for row in reversed(drafts) for name in (row.title_en, row.title) if name}
    if lesson == BY_FILE:
        return importing.plan(session(), course.id, text, lambda category: named.get(category.casefold()))
    chosen = next((row.id for row in drafts if str(row.id) == lesson), None)
    return importing.plan(session(), course.id, text, lambda _category: chosen)


@bp.route("/edit/<code>/questions/import", methods=["GET", "POST"])
@guard("course.edit")
def import_questions(code: str) -> Page:
    """Choose a file; then what in it will be taken, and what not. Nothing is changed."""
    course = course_of(code, changeable=True)
    form = _file_form(course)
    if form.validate_on_submit():
        try:
            if not form.file.data:
                raise BadInput(_("Choose a file."), "file")
            with form.file.data.stream as stream:
                text = importing.decode(stream.read(importing.MOST_BYTES + 1))
            found = _plan(course, text, form.lesson.data)
        except Refused as error:
            to_form(error, form)
        else:
            name = _name(form.file.data.filename)
            return _look(course, found, name, _signed(course, text, form.lesson.data, name))
    page = render_template("study/questions_import.html", course=course, form=form)
    return page, 422 if form.errors else 200


def _name(given: str | None) -> str:
    """A file's name, where it can be shown."""
    name = (given or "").replace("\\", "/").rpartition("/")[2][:200]
    return _("a file") if not name or plain.complaint(name) else name


def _signed(course: CourseRow, text: str, lesson: str, name: str) -> str:
    return str(_signer().dumps([current_user.person_id, course.id, lesson, name, text]))


def _look(course: CourseRow, found: Plan, name: str, signed: str) -> str:
    lessons = shown.lesson_names(course)
    return render_template(
        "study/questions_plan.html",
        course=course,
        plan=found,
        name=name,
        signed=signed,
        kinds=words.kinds(),
        about=lambda lesson_id: shown.about(lessons, lesson_id),
    )


@bp.post("/edit/<code>/questions/import/take")
@guard("course.edit")
def take_questions(code: str) -> Page:
    """Take what was shown: all that is good of it, at once. What the bank holds by now is not added again."""
    course = course_of(code, changeable=True)
    try:
        person_id, course_id, lesson, name, text = _signer().loads(request.form.get("plan", ""), max_age=SECONDS)
    except BadData:
        person_id = course_id = lesson = name = text = None
    if (person_id, course_id) != (current_user.person_id, course.id):
        raise Refused(
            _("This page was open too long or belongs to another sign-in. Nothing was added; choose the file again.")
        )
    found = _plan(course, text, lesson)
    count = importing.apply(session(), course.id, found.good, actor_id=current_user.person_id, source=name)
    if count:
        flash(ngettext("%(num)s question was added.", "%(num)s questions were added.", count), "done")
    else:
        flash(_("Nothing was added: the bank holds all of it already."), "notice")
    return redirect(url_for("editor.questions", code=code))


@bp.get("/edit/<code>/questions.gift")
@guard("course.edit")
def questions_file(code: str) -> Page:
    """The bank as a GIFT file, a category a lesson."""
    course = course_of(code)
    held = queries.bank(session(), course.id)
    lessons = courses.drafts_of(session(), course.id)
    known = {row.id for row in lessons}
    groups = [(course.title, [each.draft for each in held if each.lesson_id not in known])]
    groups += [(row.title, [each.draft for each in held if each.lesson_id == row.id]) for row in lessons]
    text = gift_text.write(group for group in groups if group[1])
    answer = Response(text, mimetype="text/plain")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{course.code}-questions.gift.txt")
    return answer
