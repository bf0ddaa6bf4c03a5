"""Forms of the course editor."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.base import plain
from app.base.errors import BadInput
from app.base.labels import codes, label
from app.courses import articles

NEW = "new"


def choices(kind: str, present: str | None = None) -> list[tuple[str, str]]:
    """(code, word) of a kind, and the code that a record holds already, whatever it is."""
    found = codes(kind)
    return [(code, label(kind, code)) for code in (*found, *([present] if present not in (None, *found) else ()))]


class Plain:
    """Refuses invisible control characters; tabs and line breaks too, unless there may be several `lines`."""

    def __init__(self, *, lines: bool = False) -> None:
        self.lines = lines

    def __call__(self, _form: Any, field: Any) -> None:
        if wrong := plain.complaint(field.data or "", lines=self.lines):
            raise ValidationError(wrong)


class RateField(DecimalField):
    """A decimal number. `NaN` and its signalling kin are none: comparing the latter is an error, not an answer."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it; an error at the field when it is no number."""
        super().process_formdata(valuelist)
        if self.data is not None and not self.data.is_finite():
            super().process_formdata([""])  # says what it says of any other word


class CourseForm(FlaskForm):
    """What describes a course."""

    title = StringField(_l("Title"), [InputRequired(_l("Write the title.")), Plain(), Length(max=120)])
    title_en = StringField(_l("Title in English"), [Optional(), Plain(), Length(max=200)])
    summary = TextAreaField(_l("About the course"), [Optional(), Plain(lines=True), Length(max=5000)])
    summary_en = TextAreaField(_l("About the course, in English"), [Optional(), Plain(lines=True), Length(max=5000)])
    provider = SelectField(_l("Provider"), validate_choice=True)
    new_provider = StringField(_l("New provider"), [Plain(), Length(max=120)])
    new_provider_en = StringField(_l("New provider, in English"), [Optional(), Plain(), Length(max=120)])
    category = SelectField(_l("Category"))
    subject_bucket = SelectField(_l("Counts as"))
    lecturer = StringField(_l("Lecturer"), [Optional(), Plain(), Length(max=120)])
    lecturer_en = StringField(_l("Lecturer, in English"), [Optional(), Plain(), Length(max=120)])
    sources = TextAreaField(
        _l("Sources"),
        [Optional(), Plain(lines=True), Length(max=5000)],
        description=_l("What the facts come from, one a line: law, standard or book, issuing body, year."),
    )
    sources_en = TextAreaField(_l("Sources, in English"), [Optional(), Plain(lines=True), Length(max=5000)])
    slip = StringField(
        _l("On the cover"),
        [Optional(), Plain(), Length(max=4)],
        description=_l("Four characters at most. Left empty, the first four of the title."),
    )
    max_rate = RateField(
        _l("Highest speed"),
        [InputRequired(_l("Write a number, such as 1.5.")), NumberRange(1, 4, _l("Between 1.0 and 4.0."))],
        places=None,
        description=_l("From 1.0 to 4.0. Time watched faster is not counted."),
    )
    check_minutes = IntegerField(
        _l("A question every so many minutes"),
        [
            InputRequired(_l("Write a number of minutes; 0 for no questions.")),
            NumberRange(0, 240, _l("Between 0 and 240 minutes.")),
        ],
        default=0,
        description=_l(
            "At places nobody knows beforehand the learner is asked about the content, or just to confirm where the "
            "course has no questions. What follows counts once it is answered, also later. 0: nothing is asked."
        ),
    )
    in_order = BooleanField(
        _l("Watch in order"),
        description=_l("What lies beyond the part already seen does not count, and the player does not jump there."),
    )

    def validate_new_provider(self, field: Any) -> None:
        """A new provider needs a name."""
        if self.provider.data == NEW and not (field.data or "").strip():
            raise ValidationError(_("Write the provider's name, or choose one from the list."))


class TitlesForm(FlaskForm):
    """A lesson's titles."""

    title = StringField(_l("Title"), [InputRequired(_l("Write the title.")), Plain(), Length(max=120)])
    title_en = StringField(_l("Title in English"), [Optional(), Plain(), Length(max=200)])


class FileForm(FlaskForm):
    """A media file: uploaded before (`upload` is its key), or with this form where scripts do not run."""

    upload = HiddenField()
    file = FileField(
        _l("Video or audio"),
        description=_l(
            "MP4 (H.264 and AAC), WebM, MP3 and M4A open at once; WMV, AVI, MOV, FLV and MPEG are prepared first. "
            "The length is measured here."
        ),
    )
    captions_zh = FileField(_l("Chinese captions"), description=_l("May stay empty. .srt or .vtt"))
    captions_en = FileField(_l("English captions"), description=_l("May stay empty. .srt or .vtt"))


class LessonForm(TitlesForm, FileForm):
    """A new lesson with its file."""


class DocumentFileForm(FlaskForm):
    """A document's file, uploaded before or with this form, and its reading time."""

    upload = HiddenField()
    file = FileField(_l("PDF"), description=_l("Word, slides and sheets: save them as PDF first. At most 500 pages."))
    reading_minutes = IntegerField(
        _l("Reading time, minutes"),
        [InputRequired(_l("Write a whole number.")), NumberRange(1, 480, _l("Between 1 and 480."))],
        description=_l("For all pages together: each gets an equal part, which runs while it is open."),
    )


class DocumentForm(TitlesForm, DocumentFileForm):
    """A new document."""


class CaptionsForm(FlaskForm):
    """Captions for a file that is there."""

    captions_zh = FileField(_l("Chinese captions"), description=_l("May stay empty. .srt or .vtt"))
    captions_en = FileField(_l("English captions"), description=_l("May stay empty. .srt or .vtt"))


class TextForm(FlaskForm):
    """An article's text."""

    article = TextAreaField(
        _l("Text"),
        [InputRequired(_l("Write the text."))],
        description=_l("In Markdown: ## heading, **bold**, - list, > quotation. HTML and pictures are left out."),
    )
    reading_minutes = IntegerField(
        _l("Reading time, minutes"),
        [InputRequired(_l("Write a whole number.")), NumberRange(1, 480, _l("Between 1 and 480."))],
    )

    def validate_article(self, field: Any) -> None:
        """It can be laid out. (Found out here, because the database is not yet held up.)"""
        try:
            articles.checked(field.data or "")
        except BadInput as error:
            raise ValidationError(error.text) from error


class ArticleForm(TitlesForm, TextForm):
    """A new article."""


class OfferForm(FlaskForm):
    """To whom a course is offered. `group`: a class's id, or empty for all."""

    group = SelectField(_l("To whom"))
    requirement_class = RadioField(_l("Offered as"), default="required")
    since = DateField(_l("First day"), [InputRequired(_l("Choose the first day."))])
    due = DateField(_l("Last day"), [Optional()])
