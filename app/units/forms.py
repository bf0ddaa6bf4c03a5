"""The form of an act with a unit; each act has its own fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.base import labels
from app.rules import units as rules
from app.rules.units import CHANGE, CLOSE, MERGE, OPEN, SPLIT
from app.units.acts import Wanted, unit_name
from app.units.queries import ordered

FIELDS = {
    OPEN: ("name", "name_en", "nature", "parent"),
    CHANGE: ("name", "name_en", "nature", "parent"),
    MERGE: ("target",),
    SPLIT: ("name", "name_en", "nature", "people", "below"),
    CLOSE: (),
}
_BETWEEN = re.compile(r"[\s,;,;、]+")


class ActForm(FlaskForm):
    """What is to be done, from when, why."""

    target = SelectField(
        _l("Into which unit"), [InputRequired(_l("Choose the unit."))], validate_choice=True,
        description=_l("Its people belong to that one from the day on, and the units below it stand below that one."),
    )  # fmt: skip
    name = StringField(_l("Name of the unit"), [InputRequired(_l("Write the unit's full name.")), Length(max=120)])
    name_en = StringField(_l("Name in English"), [Optional(), Length(max=120)])
    nature = SelectField(_l("Nature of the unit"), [InputRequired(_l("Choose the nature of the unit."))])
    parent = SelectField(_l("Superior unit"), [Optional()])
    people = TextAreaField(
        _l("Who goes to the new unit"), [Optional(), Length(max=200_000)],
        description=_l("Staff numbers, one a line or with commas between them. Everybody else stays."),
    )  # fmt: skip
    below = SelectMultipleField(
        _l("Units that go along"), [Optional()], widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    day = DateField(
        _l("Holds from"), [InputRequired(_l("Choose the first day."))],
        description=_l("Today or earlier. What was earned before keeps the unit of its day."),
    )  # fmt: skip
    reason = StringField(
        _l("Reason"),
        [Optional(), Length(max=300)],
        description=_l("Such as the number of the document that decides it."),
    )

    def offer(self, kind: str, units: Iterable[rules.Unit], unit: rules.Unit | None) -> None:
        """Keep the fields of the act, and say what can be chosen."""
        for name in {each for fields in FIELDS.values() for each in fields} - set(FIELDS[kind]):
            delattr(self, name)
        there = [each for each in units if each.closed_on is None]
        tree = [
            SelectChoice(each.code, "\u3000" * depth + unit_name(each))
            for each, depth in ordered(there)
            if unit is None or each.id != unit.id
        ]
        if kind == MERGE:
            self.target.choices = [SelectChoice("", _("Choose")), *tree]
        if kind in (OPEN, CHANGE):
            self.parent.choices = [SelectChoice("", _("None: it stands at the top")), *tree]
        if kind in (OPEN, CHANGE, SPLIT):
            codes = labels.codes("nature")
            own = [unit.nature] if unit is not None and unit.nature and unit.nature not in codes else []
            self.nature.choices = [SelectChoice("", _("Choose"))] + [
                SelectChoice(each, labels.label("nature", each)) for each in [*codes, *own]
            ]
        if kind == SPLIT:
            self.below.choices = [
                SelectChoice(each.code, unit_name(each))
                for each in there
                if unit is not None and each.parent == unit.id
            ]
            if not self.below.choices:
                del self.below

    def wanted(self, kind: str, code: str) -> Wanted:
        """What was filled in."""

        def text(name: str) -> str:
            return str(self[name].data or "").strip() if name in self else ""

        day: date = self.day.data
        return Wanted(
            kind, code, day, text("name"), text("name_en"), text("nature"), text("parent"), text("target"),
            tuple(dict.fromkeys(each for each in _BETWEEN.split(text("people")) if each)),
            tuple(sorted(self.below.data or ())) if "below" in self else (), text("reason"),
        )  # fmt: skip
