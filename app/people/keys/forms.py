"""Forms of first sign-in and of a forgotten password."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length


class AskForm(FlaskForm):
    """Whose password is forgotten."""

    login = StringField(
        _l("Staff number, phone or e-mail"),
        [InputRequired(_l("Write your staff number, phone number or e-mail address.")), Length(max=100)],
    )


class CodeForm(FlaskForm):
    """The code of a slip."""

    code = StringField(
        _l("Code on the slip"),
        [InputRequired(_l("Write the code that stands on your slip.")), Length(max=200)],
        description=_l("24 signs. Small letters, spaces and hyphens do not matter."),
    )


class ChooseForm(FlaskForm):
    """A password, twice."""

    password = PasswordField(_l("New password"), [InputRequired(_l("Write a new password."))])
    again = PasswordField(_l("New password once more"), [EqualTo("password", _l("The two new passwords differ."))])


class EmailForm(FlaskForm):
    """Another e-mail address; the present password is asked."""

    email = StringField(_l("New e-mail address"), [InputRequired(_l("Write an e-mail address.")), Length(max=120)])
    present = PasswordField(_l("Present password"), [InputRequired(_l("Write your present password."))])
