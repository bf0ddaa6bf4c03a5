"""The forms of a period: a reason, for the seal and for what is done to it later."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import Length

from app.credits.closing.service import LONGEST_REASON

_LONG = Length(max=LONGEST_REASON, message=_l("At most 1,000 characters."))


class SealForm(FlaskForm):
    """Seal the period; the reason is needed where something open is overruled."""

    reason = TextAreaField(_l("Reason"), [_LONG])


class ReopenForm(FlaskForm):
    """Why the period should be opened again."""

    reason = TextAreaField(
        _l("Why it should be opened again"), [_LONG], description=_l("Another person reads this and decides.")
    )


class DecisionForm(FlaskForm):
    """Confirm or decline; who declines says why."""

    reason = TextAreaField(_l("Your reason"), [_LONG], description=_l("Needed when you decline."))
