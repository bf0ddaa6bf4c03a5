"""Forms of the own page and of the desk that decides corrections."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.base.errors import Refused
from app.base.unit_of_work import session


def put(refused: Refused, form: FlaskForm) -> None:
    """Put a refusal beside its field, or above the form. Nothing of the request is kept."""
    session().rollback()
    field: Field | None = form[refused.field] if refused.field and refused.field in form else None
    if field is None:
        form.form_errors.append(refused.text)
    else:
        field.errors = [*field.errors, refused.text]


_WORD = _l("A word of explanation")


class ValueForm(FlaskForm):
    """What it should be, and why."""

    wanted = StringField(_l("It should be"), [InputRequired(_l("Write what it should be.")), Length(max=200)])
    reason = TextAreaField(_WORD, [Optional(), Length(max=4000)], render_kw={"rows": 3})


class SignInValueForm(ValueForm):
    """Of what one signs in with: the password is asked."""

    present = PasswordField(_l("Present password"), [InputRequired(_l("Write your present password."))])


class BandForm(FlaskForm):
    """Another rank band; `choices` come from the page."""

    wanted = SelectField(_l("It should be"), validate_choice=False)
    reason = TextAreaField(_WORD, [Optional(), Length(max=4000)], render_kw={"rows": 3})


class OtherForm(FlaskForm):
    """Whatever else is wrong, in words."""

    reason = TextAreaField(
        _l("What is wrong, and what would be right"),
        [InputRequired(_l("Write what is wrong.")), Length(max=4000)],
        render_kw={"rows": 5},
    )


class DecisionForm(FlaskForm):
    """What the decider writes."""

    answer = TextAreaField(
        _l("Your answer"), [Length(max=4000)],
        description=_l("The person reads it. Whoever declines writes why. Up to 500 characters."),
        render_kw={"rows": 4},
    )  # fmt: skip


class TakeForm(FlaskForm):
    """The present password, before the file leaves."""

    present = PasswordField(_l("Present password"), [InputRequired(_l("Write your present password."))])
