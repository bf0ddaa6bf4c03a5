"""Forms of the door and of one's own account."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length


class SignInForm(FlaskForm):
    """Identifier and password; `next` says where to go afterwards."""

    login = StringField(
        _l("Staff number, phone or e-mail"),
        [InputRequired(_l("Write your staff number, phone number or e-mail address.")), Length(max=100)],
    )
    password = PasswordField(_l("Password"), [InputRequired(_l("Write your password."))])
    next = HiddenField()


class PasswordForm(FlaskForm):
    """A new password; the present one is asked again."""

    present = PasswordField(_l("Present password"), [InputRequired(_l("Write your present password."))])
    password = PasswordField(_l("New password"), [InputRequired(_l("Write a new password."))])
    again = PasswordField(_l("New password once more"), [EqualTo("password", _l("The two new passwords differ."))])
