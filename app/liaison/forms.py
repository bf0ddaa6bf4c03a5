"""The forms of the liaison's desk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from app.base import labels
from app.liaison.service import Details
from app.people.units import UnitChoice


def tree(units: Iterable[UnitChoice]) -> list[SelectChoice]:
    """Units to choose from, those below further in."""
    english = labels.english()
    return [
        SelectChoice(each.code, "\u3000" * each.depth + ((each.name_en if english else "") or each.name))
        for each in units
    ]


def bands(held: Sequence[str] = ()) -> list[SelectChoice]:
    """Rank bands to choose from, those that an academy has of its own too."""
    codes = labels.codes("band")
    more = [each for each in held if each and each not in codes]
    return [SelectChoice("", "–")] + [SelectChoice(each, labels.label("band", each)) for each in [*codes, *more]]


class _Details(FlaskForm):
    name = StringField(_l("Name"), [InputRequired(_l("Write the person's name.")), Length(max=60)])
    phone = StringField(_l("Phone"), [Optional(), Length(max=30)])
    email = StringField(_l("E-mail"), [Optional(), Length(max=120)])
    band = SelectField(_l("Rank band"), [Optional()])
    day = DateField(_l("Holds from"), [InputRequired(_l("Choose the first day."))])

    def details(self) -> Details:
        """What was written."""
        return Details(
            (self.name.data or "").strip(), self.phone.data or "", self.email.data or "", self.band.data or "",
            self.day.data,
        )  # fmt: skip


class JoinForm(_Details):
    """Somebody who comes to a unit."""

    login = StringField(
        _l("Staff number"), [InputRequired(_l("Write the staff number.")), Length(max=60)],
        description=_l("Never an identity number. With the staff number of somebody who left here, they come back."),
    )  # fmt: skip
    unit = SelectField(_l("Unit"), [InputRequired(_l("Choose the unit."))])

    def offer(self, units: Iterable[UnitChoice]) -> None:
        """What can be chosen."""
        found = tree(units)
        self.unit.choices = found if len(found) == 1 else [SelectChoice("", _("Choose")), *found]
        self.band.choices = bands()


class CorrectForm(_Details):
    """What is written of somebody."""

    def offer(self, held: str) -> None:
        """What can be chosen."""
        self.band.choices = bands([held])


class TransferForm(FlaskForm):
    """To which unit, from when, why."""

    to = StringField(
        _l("To which unit"), [InputRequired(_l("Write the unit's full name.")), Length(max=120)],
        description=_l("Its full name, or its code."),
    )  # fmt: skip
    day = DateField(
        _l("Holds from"), [InputRequired(_l("Choose the first day."))], id="transfer-day",
        description=_l("Today or earlier. What was earned before keeps the unit of its day."),
    )  # fmt: skip
    reason = StringField(_l("Reason"), [Optional(), Length(max=300)])


class LeaveForm(FlaskForm):
    """The last day."""

    last = DateField(
        _l("Last day in the unit"), [InputRequired(_l("Choose the last day."))],
        description=_l("The account is closed at once; hours and record stay."),
    )  # fmt: skip


class DeclineForm(FlaskForm):
    """Why somebody is not taken."""

    answer = TextAreaField(_l("Why not"), [InputRequired(_l("Say why.")), Length(max=300)])
