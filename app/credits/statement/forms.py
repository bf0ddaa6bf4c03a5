"""The two days of a statement, as a form whose state is in the address."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField
from wtforms.validators import Optional, ValidationError

from app.base.labels import this_day


class DayField(DateField):
    """A day; says in our words when it is none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read `2026-03-31`."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Write a day such as 2026-03-31.")) from error


def _not_ahead(_form: FlaskForm, field: DayField) -> None:
    if isinstance(field.data, date) and field.data > this_day():
        raise ValidationError(_("That day lies ahead. Write today or an earlier day."))


class AsOfForm(FlaskForm):
    """Read from the address; nothing is changed by it, so it carries no token."""

    class Meta:
        csrf = False

    period = HiddenField()
    happened = DayField(
        _l("Happened up to"), [Optional(), _not_ahead], description=_l("Learning up to and including this day.")
    )
    known = DayField(
        _l("Known up to"), [Optional(), _not_ahead], description=_l("As the account stood at the end of this day.")
    )


def moment_of(text: str) -> datetime | None:
    """An exact moment in an address, with its offset (that of a seal); None for anything else."""
    if "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
