"""The form of an announcement."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.base.errors import BadInput
from app.courses import articles
from app.front.service import MOST_BODY, MOST_TITLE, MOST_TITLE_EN, Wanted


def _laid_out(_form: FlaskForm, field: Any) -> None:
    """It can be rendered. Found out here, because the database is not yet held up."""
    if not (field.data or "").strip():
        return
    try:
        articles.checked(field.data)
    except BadInput as error:
        raise ValidationError(error.text) from error


class AnnouncementForm(FlaskForm):
    """Title and text in Chinese and English, and when it is shown. `edition`: which saving it began from."""

    title = StringField(_l("Headline"), [InputRequired(_l("Write the headline.")), Length(max=MOST_TITLE)])
    title_en = StringField(_l("Headline in English"), [Optional(), Length(max=MOST_TITLE_EN)])
    body = TextAreaField(
        _l("Announcement text"),
        [InputRequired(_l("Write the text.")), Length(max=MOST_BODY), _laid_out],
        description=_l("In Markdown: ## heading, **bold**, - list, > quotation. HTML and pictures are left out."),
    )
    body_en = TextAreaField(
        _l("Announcement text in English"),
        [Optional(), Length(max=MOST_BODY), _laid_out],
        description=_l("May stay empty. Then English pages show the Chinese text."),
    )
    since = DateField(_l("First day shown"), [InputRequired(_l("Choose the first day."))])
    until = DateField(_l("Last day shown"), [Optional()], description=_l("Empty: shown until it is taken back."))
    pinned = BooleanField(_l("Keep at the top"))
    edition = HiddenField(default="0")

    def validate_until(self, field: Any) -> None:
        """Not before the first day."""
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(_("The last day lies before the first."))

    def wanted(self) -> Wanted:
        """What was written, of a form that is valid."""
        since: date = self.since.data
        return Wanted(
            title=_text(self.title), title_en=_text(self.title_en), body=_text(self.body), body_en=_text(self.body_en),
            pinned=bool(self.pinned.data), since=since, until=self.until.data,
        )  # fmt: skip

    def based_on(self) -> int:
        """The edition that was on the page; 0 for what no edition can be."""
        text = self.edition.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _text(field: Any) -> str:
    return str(field.data or "").replace("\r\n", "\n").strip()
