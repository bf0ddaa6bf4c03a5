"""Forms of the import desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional


class FileForm(FlaskForm):
    """A roster, who sends it, and the day from which it holds."""

    what = RadioField(
        _l("What the file holds"),
        choices=[
            SelectChoice("roster", _l("A roster: people and their units")),
            SelectChoice("opening", _l("From an older platform: hours by year, half-watched courses, certificates")),
        ],
        default="roster",
    )
    file = FileField(
        _l("File"),
        [FileRequired(_l("Choose a file."))],
        description=_l("Excel (.xlsx, .xls) or CSV (UTF-8 or GB18030), up to 24 MB."),
    )
    source = StringField(
        _l("Who sends it"),
        [InputRequired(_l("Write who sends it.")), Length(max=60)],
        description=_l("Who leaves is reckoned for each source by itself: keep to one name for one office."),
    )
    day = DateField(
        _l("Holds from"), [Optional()], description=_l("Of a roster: who moves or leaves does so on this day.")
    )
    sheet = StringField(
        _l("Sheet"),
        [Optional(), Length(max=60)],
        description=_l("Empty: the first sheet that has headings; from an older platform all of them."),
    )


class ApplyForm(FlaskForm):
    """Apply what was shown."""

    many_may_leave = BooleanField(_l("They have really left: close these accounts"))


class WithdrawForm(ApplyForm):
    """The same of an older platform's file."""

    many_may_leave = BooleanField(_l("They are really gone: withdraw what was taken over"))
