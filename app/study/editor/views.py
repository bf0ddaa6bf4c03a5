"""The editor's pages about courses: list, new, describe, offer, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import assets, clock
from app.base.access import guard
from app.base.errors import NotFound, Refused
from app.base.labels import full_day, label
from app.base.unit_of_work import session, settings
from app.classes import queries as classes
from app.classes import service as class_service
from app.classes.queries import OfferRow
from app.courses import queries, service
from app.courses.queries import CourseRow
from app.questions import queries as banks
from app.study.editor import queries as editor
from app.study.editor.forms import NEW, ArticleForm, CourseForm, DocumentForm, LessonForm, OfferForm, choices

bp = Blueprint("editor", __name__, template_folder="../templates")
PAGE = 50
Page = str | Response | tuple[str, int]


@bp.context_processor
def _words() -> dict[str, Any]:
    return {"label": label}


def english() -> bool:
    """Is the page shown in English?"""
    return str(get_locale()) == "en"


def course_of(code: str, *, changeable: bool = False) -> CourseRow:
    """The course of an address; `NotFound`, and `Refused` when it is to be changed but was withdrawn."""
    found = queries.course_by_code(session(), code)
    if found is None:
        raise NotFound(_("There is no such course."))
    if changeable and found.withdrawn_at is not None:
        raise Refused(_("This course is withdrawn and cannot be changed any more."))
    return found


def to_form(error: Refused, form: Any) -> None:
    """Show a refusal at the field it is about, else above the form. Nothing of the request's writing stays."""
    session().rollback()
    if error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.text]
    else:
        form.form_errors.append(error.text)


def tus_url() -> str | None:
    """The upload client's address; None where set-up has not brought it: then the plain form serves."""
    try:
        return assets.static_url("vendor/tus.min.js")
    except OSError:
        return None


def upload_words() -> dict[str, str]:
    """What the upload module says; {holes} are filled by it."""
    return {
        "sending": _("{done} of {total} MB, about {left} left. If the line breaks it goes on from here."),
        "waiting": _("The line is broken. It goes on by itself; keep this page open."),
        "ready": _("{name} is here ({total} MB). Save to measure it."),
        "saving": _("Measuring the length. A long film takes a minute or two."),
        "ready_pages": _("{name} is here ({total} MB). Save to draw its pages."),
        "saving_pages": _("Drawing the pages. A long document takes a minute or two."),
        "after": _("It is saved as soon as the file is here."),
        "stopped": _("Stopped. Choose the same file again to go on from here."),
        "failed": _("The file was not taken: {why}"),
        "large": _("This file has {total} MB; at most {most} MB can be taken."),
        "seconds": _("{n} s"),
        "minutes": _("{n} min"),
        "signed_out": _("Your sign-in has ended. Sign in in another tab, then choose the file again."),
    }


@bp.get("/edit")
@guard("course.edit")
def courses() -> Page:
    """All courses."""
    wanted = request.args.get("q", "")[:100]
    found = editor.listed(session(), wanted)
    pages = max(1, -(-len(found) // PAGE))
    number = min(max(request.args.get("page", 1, type=int), 1), pages)
    shown = found[(number - 1) * PAGE : number * PAGE]
    return render_template("study/edit.html", courses=shown, total=len(found), wanted=wanted, page=number, pages=pages)


def _course_form(present: CourseRow | None = None) -> CourseForm:
    form = CourseForm(obj=present)
    known = queries.providers(session())
    names = [(str(row.id), row.name_en if english() else row.name) for row in known]
    form.provider.choices = [*names, (NEW, _("A new one …"))]
    form.category.choices = choices("category", present.category if present else None)
    form.subject_bucket.choices = choices("bucket", present.subject_bucket if present else None)
    if request.method == "GET" or request.endpoint not in ("editor.new", "editor.course"):
        if present is not None:
            form.provider.data = str(present.provider_id)
            form.max_rate.data = Decimal(present.max_rate_m) / 1000
        else:
            form.max_rate.data = Decimal("2.0")
    return form


def _facts(form: CourseForm) -> dict[str, Any]:
    """What a valid form says; a new provider is made."""
    if form.provider.data == NEW:
        made = service.create_provider(
            session(), "", form.new_provider.data, form.new_provider_en.data or "",
            actor_id=current_user.person_id,
        )  # fmt: skip
        provider_id = made.id
    else:
        provider_id = int(form.provider.data)
    return {
        "title": form.title.data,
        "title_en": form.title_en.data or "",
        "summary": form.summary.data or "",
        "summary_en": form.summary_en.data or "",
        "provider_id": provider_id,
        "category": form.category.data,
        "subject_bucket": form.subject_bucket.data,
        "lecturer": form.lecturer.data or "",
        "lecturer_en": form.lecturer_en.data or "",
        "sources": form.sources.data or "",
        "sources_en": form.sources_en.data or "",
        "slip": form.slip.data or "",
        "max_rate_m": int(form.max_rate.data * 1000),
        "check_minutes": form.check_minutes.data,
        "in_order": form.in_order.data,
        "actor_id": current_user.person_id,
    }


@bp.route("/edit/new", methods=["GET", "POST"])
@guard("course.edit")
def new() -> Page:
    """A new course."""
    form = _course_form()
    if form.validate_on_submit():
        try:
            made = service.create_course(session(), **_facts(form))
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("The course is there. Add its first lesson."), "done")
            return redirect(url_for("editor.course", code=made.code))
    return render_template("study/edit_new.html", form=form), 422 if form.errors else 200


@bp.route("/edit/<code>", methods=["GET", "POST"])
@guard("course.edit")
def course(code: str) -> Page:
    """One course: what describes it, its lessons, its offers."""
    found = course_of(code, changeable=request.method == "POST")
    form = _course_form(found)
    if form.validate_on_submit():
        try:
            service.update_course(session(), found.id, **_facts(form))
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("Saved."), "done")
            return redirect(url_for("editor.course", code=code))
    return course_page(found, course_form=form)


def course_page(found: CourseRow, **forms: Any) -> tuple[str, int]:
    """The course's page; the form that came back with errors is passed in, the others are fresh."""
    today = clock.local_day(clock.now(), settings().timezone)
    fresh: dict[str, Callable[[], Any]] = {
        "course_form": lambda: _course_form(found),
        "lesson_form": lambda: LessonForm(None, prefix="lesson-"),
        "article_form": lambda: ArticleForm(None, prefix="article-"),
        "document_form": lambda: DocumentForm(None, prefix="document-"),
        "offer_form": lambda: offer_form(None, since=today),
    }
    shown = {name: forms.get(name) or make() for name, make in fresh.items()}
    wrong = any(form.errors for form in forms.values())
    page = render_template(
        "study/edit_course.html",
        course=found,
        lessons=queries.drafts_of(session(), found.id),
        offers=editor.offers(session(), found.id),
        questions=banks.count(session(), found.id),
        tus=tus_url(),
        words=upload_words(),
        most_mb=settings().max_upload_bytes // 1_000_000,
        **shown,
    )
    return page, 422 if wrong else 200


def offer_form(*data: Any, **defaults: Any) -> OfferForm:
    """The form of an offer with its choices. Without arguments it reads the request."""
    form = OfferForm(*data, prefix="offer-", **defaults)
    groups = [(str(row.id), row.name_en if english() else row.name) for row in classes.classes(session())]
    form.group.choices = [("", _("All classes")), *groups]
    form.requirement_class.choices = choices("requirement")
    return form


@bp.post("/edit/<code>/offers")
@guard("course.edit")
def offer(code: str) -> Page:
    """Publish the course to a class or to all."""
    found = course_of(code, changeable=True)
    form = offer_form()
    if form.validate():
        try:
            if not queries.lessons_of(session(), found.id):
                raise Refused(_("Add a lesson first: there is nothing to open yet."))
            group_id = int(form.group.data) if form.group.data else None
            before = next((o for o in classes.offers_of_course(session(), found.id) if o.class_id == group_id), None)
            class_service.offer_course(
                session(), found.id, group_id,
                form.requirement_class.data, form.since.data, form.due.data, current_user.person_id,
            )  # fmt: skip
        except Refused as error:
            to_form(error, form)
        else:
            flash(_("Published. Learners see it from the first day on."), "done")
            wanted = (form.requirement_class.data, form.since.data, form.due.data)
            if before is not None and (before.requirement_class, before.since, before.due) != wanted:
                flash(
                    _("It takes the place of the offer to the same class: %(offer)s.", offer=_terms(before)), "notice"
                )
            return redirect(url_for("editor.course", code=code))
    return course_page(found, offer_form=form)


def _terms(offer: OfferRow) -> str:
    """An offer in a few words: required or elective, until when."""
    kind = label("requirement", offer.requirement_class)
    return f"{kind} · {_('until %(day)s', day=full_day(offer.due))}" if offer.due else kind


@bp.post("/edit/<code>/offers/<int:offer_id>/withdraw")
@guard("course.edit")
def withdraw_offer(code: str, offer_id: int) -> Page:
    """Take an offer back; it can be made again."""
    found = course_of(code)
    if offer_id not in {row.id for row in editor.offers(session(), found.id)}:
        raise NotFound(_("There is no such offer."))
    class_service.withdraw_offer(session(), offer_id, current_user.person_id)
    flash(_("The offer is withdrawn. Hours that were earned stay."), "done")
    return redirect(url_for("editor.course", code=code))


@bp.route("/edit/<code>/withdraw", methods=["GET", "POST"])
@guard("course.edit")
def withdraw(code: str) -> Page:
    """Withdraw the course: first what that means, then it is done."""
    found = course_of(code, changeable=True)
    if request.method == "POST":
        service.withdraw_course(session(), found.id, actor_id=current_user.person_id)
        flash(_("The course is withdrawn. Hours that were earned stay."), "done")
        return redirect(url_for("editor.courses"))
    lessons, offered = queries.lessons_of(session(), found.id), editor.offers(session(), found.id)
    text = _(
        "%(lessons)s lessons open no more, %(offers)s offers end, and who is watching now is stopped. Hours that "
        "were earned stay. A withdrawn course cannot be brought back.",
        lessons=len(lessons), offers=len(offered),
    )  # fmt: skip
    back = url_for("editor.course", code=code)
    title = _("Withdraw the course?")
    return render_template("study/edit_confirm.html", title=title, course=found, text=text, back=back)
