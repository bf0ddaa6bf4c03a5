"""The small forms of the workshop."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.credits.workshop.service import LONGEST_NOTE, LONGEST_TITLE


class DraftForm(FlaskForm):
    """What a draft is for, and what it begins with: a version's number, or 0 for an empty text."""

    title = StringField(
        _l("What the draft is for"),
        [InputRequired(_l("Write what the draft is for.")), Length(max=LONGEST_TITLE)],
        description=_l("Such as: new caps from July."),
    )
    note = TextAreaField(_l("Note"), [Optional(), Length(max=LONGEST_NOTE)])
    base = SelectField(_l("Begins with the text of"), coerce=int)


class ReasonForm(FlaskForm):
    """Why a proposal is declined."""

    reason = TextAreaField(
        _l("Why it is declined"),
        [InputRequired(_l("Say why it is declined.")), Length(max=LONGEST_NOTE)],
        description=_l("Whoever proposed the draft reads it on this page."),
    )
