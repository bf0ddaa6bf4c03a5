"""Forms of certificates: which days, a name to compare, why one is revoked."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length


class SpanForm(FlaskForm):
    """The days, the language, and whether the items are listed."""

    since = DateField(_l("From"), [InputRequired(_l("Choose the first day."))])
    until = DateField(
        _l("Until"), [InputRequired(_l("Choose the last day."))], description=_l("Both days belong to it.")
    )
    language = RadioField(_l("Language"), choices=[SelectChoice("zh", "中文"), SelectChoice("en", "English")])
    annex = BooleanField(
        _l("List the items in an annex"),
        description=_l("Whoever gets the file reads the titles. The public check never shows them."),
    )


class NameForm(FlaskForm):
    """The full name that a visitor reads on the paper."""

    name = StringField(
        _l("Full name on the paper"),
        [InputRequired(_l("Type the name as it stands on the paper.")), Length(max=200)],
        render_kw={"maxlength": 200, "autocomplete": "off"},
    )


class RevokeForm(FlaskForm):
    """Why a certificate is revoked."""

    reason = TextAreaField(
        _l("Reason"),
        [InputRequired(_l("Write the reason.")), Length(max=2000)],
        description=_l("The learner reads it, and whoever reads the audit log. 5 to 500 characters."),
    )
