"""The pages of a course's question bank: list, add, change, withdraw."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.base.access import guard
from app.base.errors import NotFound, Refused
from app.base.unit_of_work import session
from app.courses.queries import CourseRow
from app.questions import queries, service, words
from app.questions.queries import Held
from app.rules.questions.draft import TRUEFALSE
from app.study.editor.questions import shown
from app.study.editor.questions.forms import WHOLE, QuestionForm
from app.study.editor.views import Page, bp, course_of, to_form


def held_of(course: CourseRow, question_id: int) -> Held:
    """A question of this course's bank; `NotFound` for one of another or a withdrawn one."""
    found = queries.find(session(), question_id)
    if found is None or found.withdrawn or found.course_id != course.id:
        raise NotFound(_("This question does not exist or was withdrawn."))
    return found


@bp.get("/edit/<code>/questions")
@guard("course.edit")
def questions(code: str) -> Page:
    """A course's bank."""
    course = course_of(code)
    wanted, lesson = request.args.get("q", "")[:100], request.args.get("lesson", "")[:20]
    found = shown.bank(course, wanted, lesson, request.args.get("page", 1, type=int))
    return render_template(
        "study/questions.html", course=course, bank=found, wanted=wanted, lesson=lesson, kinds=words.kinds()
    )


def _form(course: CourseRow, present: Held | None = None) -> QuestionForm:
    """The form with its choices, filled with what is there."""
    form = QuestionForm()
    form.kind.choices = list(words.kinds().items())
    lessons = shown.lesson_names(course)
    form.lesson.choices = [(WHOLE, _("The course as a whole")), *((str(key), name) for key, name in lessons.items())]
    if present is not None and present.lesson_id is not None and present.lesson_id not in lessons:
        form.lesson.choices.append((str(present.lesson_id), _("A lesson that was withdrawn")))
    if request.method == "GET":
        _fill(form, present)
    return form


def _fill(form: QuestionForm, present: Held | None) -> None:
    if present is None:
        lesson = request.args.get("lesson", WHOLE)
        form.lesson.data = lesson if lesson in dict(form.lesson.choices) else WHOLE
        return
    draft = present.draft
    form.kind.data, form.text.data, form.explanation.data = draft.kind, draft.text, draft.explanation
    form.lesson.data = str(present.lesson_id or WHOLE)
    if draft.kind == TRUEFALSE:
        form.truth.data = "true" if draft.options[0].right else "false"
        return
    for (_number, text, right), option in zip(form.rows(), draft.options, strict=False):
        text.data, right.data = option.text, option.right


def _lesson_id(form: QuestionForm) -> int | None:
    return int(form.lesson.data) if form.lesson.data else None


def _page(course: CourseRow, form: QuestionForm, present: Held | None = None) -> tuple[str, int]:
    page = render_template("study/question.html", course=course, form=form, question=present)
    return page, 422 if form.errors else 200


@bp.route("/edit/<code>/questions/new", methods=["GET", "POST"])
@guard("course.edit")
def new_question(code: str) -> Page:
    """A new question."""
    course = course_of(code, changeable=True)
    form = _form(course)
    if form.validate_on_submit():
        lesson_id = _lesson_id(form)
        try:
            service.add(session(), course.id, form.draft(), lesson_id, actor_id=current_user.person_id)
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("The question is in the bank."), "done")
            if request.form.get("another"):
                return redirect(url_for("editor.new_question", code=code, lesson=lesson_id))
            return redirect(url_for("editor.questions", code=code))
    return _page(course, form)


@bp.route("/edit/<code>/questions/<int:question_id>", methods=["GET", "POST"])
@guard("course.edit")
def question(code: str, question_id: int) -> Page:
    """One question. A change makes a new one of it and withdraws the old one."""
    course = course_of(code, changeable=request.method == "POST")
    present = held_of(course, question_id)
    form = _form(course, present)
    if form.validate_on_submit():
        try:
            made = service.change(
                session(), present.id, form.draft(), _lesson_id(form), actor_id=current_user.person_id
            )
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("Nothing was different.") if made.id == present.id else _("Saved."), "done")
            return redirect(url_for("editor.questions", code=code))
    return _page(course, form, present)


@bp.route("/edit/<code>/questions/<int:question_id>/withdraw", methods=["GET", "POST"])
@guard("course.edit")
def withdraw_question(code: str, question_id: int) -> Page:
    """Take a question out: first what that means, then it is done."""
    course = course_of(code, changeable=True)
    present = held_of(course, question_id)
    back = url_for("editor.questions", code=code)
    if request.method == "POST":
        service.withdraw(session(), present.id, actor_id=current_user.person_id)
        flash(_("The question is withdrawn. Answers that were given stay."), "done")
        return redirect(back)
    facts: dict[str, Any] = {
        "title": _("Withdraw the question?"),
        "text": _(
            "“%(text)s” is asked no more. Answers that were given stay. To ask it again, add it anew.",
            text=present.draft.text,
        ),
        "back": back,
    }
    return render_template("study/edit_confirm.html", course=course, **facts)
