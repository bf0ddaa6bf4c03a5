"""Forms of the second factor."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


class CodeForm(FlaskForm):
    """A code of the authenticator, or a recovery code."""

    code = StringField(_l("Code"), [InputRequired(_l("Write the code.")), Length(max=40)])


class PresentForm(FlaskForm):
    """The present password."""

    present = PasswordField(_l("Present password"), [InputRequired(_l("Write your present password."))])


class BothForm(PresentForm):
    """Both factors."""

    code = StringField(_l("Code"), [InputRequired(_l("Write the code.")), Length(max=40)])
