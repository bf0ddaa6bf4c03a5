"""Forms of the import desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, StringField
from wtforms.validators import InputRequired, Length, Optional


class FileForm(FlaskForm):
    """A roster, who sends it, and the day from which it holds."""

    file = FileField(
        _l("Roster"),
        [FileRequired(_l("Choose a file."))],
        description=_l("Excel (.xlsx, .xls) or CSV (UTF-8 or GB18030), up to 24 MB."),
    )
    source = StringField(
        _l("Who sends it"),
        [InputRequired(_l("Write who sends it.")), Length(max=60)],
        description=_l("Who leaves is reckoned for each source by itself: keep to one name for one office."),
    )
    day = DateField(_l("Holds from"), [Optional()], description=_l("Who moves or leaves does so on this day."))
    sheet = StringField(
        _l("Sheet"), [Optional(), Length(max=60)], description=_l("Empty: the first sheet that has headings.")
    )


class ApplyForm(FlaskForm):
    """Apply what was shown."""

    many_may_leave = BooleanField(_l("They have really left: close these accounts"))
