"""The forms of an appointment: giving a role, ending it. The present password is asked each time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, PasswordField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from app.base import labels
from app.base.errors import BadInput
from app.classes.queries import ClassRow
from app.people.roles_queries import UnitNode
from app.rules.access import REACHES


class AppointForm(FlaskForm):
    """A role, for what, from when until when, in whose place."""

    role = SelectField(_l("Role"), [InputRequired(_l("Choose the role."))])
    class_ = SelectField(
        _l("Class"), [Optional()], name="class", validate_choice=True,
        description=_l("For head teachers and study supervisors."),
    )  # fmt: skip
    unit = SelectField(
        _l("Unit"), [Optional()],
        description=_l("For liaison officers and unit administrators: this unit and all below it."),
    )  # fmt: skip
    since = DateField(_l("First day"), [InputRequired(_l("Choose the first day."))])
    last = DateField(_l("Last day"), [Optional()], description=_l("Empty: until it is ended."))
    stands_in_for = StringField(
        _l("Stands in for"), [Optional(), Length(max=100)],
        description=_l("The staff number of the one who is away. It ends by itself after the last day."),
    )  # fmt: skip
    password = PasswordField(_l("Your password"), [InputRequired(_l("Write your present password."))])

    def offer(self, roles: Iterable[str], classes: Iterable[ClassRow], units: Iterable[UnitNode]) -> None:
        """What can be chosen."""
        english = labels.english()
        none = SelectChoice("", "–")
        self.role.choices = [SelectChoice("", _("Choose"))] + [
            SelectChoice(role, labels.label("role", role)) for role in roles
        ]
        self.class_.choices = [none] + [
            SelectChoice(str(row.id), f"{(row.name_en if english else '') or row.name} ({row.code})") for row in classes
        ]
        self.unit.choices = [none] + [
            SelectChoice(str(node.id), "\u3000" * node.depth + ((node.name_en if english else "") or node.name))
            for node in units
        ]

    def reach(self) -> tuple[str, int | None]:
        """How far the role reaches, from what was chosen. `BadInput` names the field."""
        group, unit = self.class_.data or "", self.unit.data or ""
        allowed = REACHES[str(self.role.data)]
        for field, kind, chosen in (("class_", "class", group), ("unit", "unit", unit)):
            if chosen and kind not in allowed:
                raise BadInput(_("This role is not for one of these. Leave it empty."), field)
            if not chosen and allowed == (kind,):
                raise BadInput(_("This role needs one of these. Choose it."), field)
        if group or unit:
            return ("class", int(group)) if group else ("unit", int(unit))
        return next(kind for kind in allowed if kind not in ("class", "unit")), None

    def until(self) -> date | None:
        """The first day no longer."""
        last: date | None = self.last.data
        return last + timedelta(days=1) if last is not None and last < date.max else None


class EndForm(FlaskForm):
    """The last day of an appointment; without one it ends at once."""

    last = DateField(_l("Last day"), [Optional()])
    password = PasswordField(_l("Your password"), [InputRequired(_l("Write your present password."))])
