"""The form of a rule by which classes are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from app.classes.class_rules import MOST_PATTERN, MOST_SIZE, RuleWanted

BOTH, ONLY, WITHOUT = "both", "only", "without"
_TRAINEES = {BOTH: None, ONLY: True, WITHOUT: False}
Choices = Sequence[tuple[str, str]]


def _boxes(label: Any, description: Any) -> SelectMultipleField:
    """Several of a list, each with a box to tick."""
    return SelectMultipleField(
        label, description=description, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


def _size(label: Any, description: Any = "") -> IntegerField:
    return IntegerField(
        label, [InputRequired(_l("Write a number.")), NumberRange(1, MOST_SIZE, _l("Write a number from 1 on."))],
        description=description,
    )  # fmt: skip


class RuleForm(FlaskForm):
    """Whom a rule takes, how large its classes are, and what they are called."""

    natures = _boxes(_l("Nature of the unit"), _l("Nothing ticked: every nature."))
    bands = _boxes(_l("Rank"), _l("Nothing ticked: every rank."))
    districts = _boxes(_l("Under which top unit"), _l("Nothing ticked: all of them."))
    trainees = RadioField(
        _l("Key trainees"),
        choices=[
            SelectChoice(BOTH, _l("With the others")),
            SelectChoice(ONLY, _l("Only them")),
            SelectChoice(WITHOUT, _l("Not them")),
        ],
        default=BOTH,
    )
    smallest = _size(_l("Smallest class"))
    best = _size(_l("Best size"), _l("How many classes are made follows from it."))
    largest = _size(_l("Largest class"))
    by_district = BooleanField(_l("Classes of its own for each top unit"))
    join_small = BooleanField(
        _l("Put together what is too small"),
        description=_l("Small districts go together; a whole rule with too few people goes with the next rule."),
    )
    pattern = StringField(
        _l("Name of the classes"), [InputRequired(_l("Write how the classes are called.")), Length(max=MOST_PATTERN)],
        description=_l("{n} is the number of the class, {year} the training year, {district} the top unit."),
    )  # fmt: skip
    pattern_en = StringField(
        _l("Name of the classes in English"),
        [InputRequired(_l("Write how the classes are called.")), Length(max=MOST_PATTERN)],
    )

    def offer(self, natures: Choices, bands: Choices, districts: Choices) -> None:
        """What can be ticked."""
        for field, choices in ((self.natures, natures), (self.bands, bands), (self.districts, districts)):
            field.choices = [SelectChoice(code, text) for code, text in choices]

    def wanted(self) -> RuleWanted:
        """What was written, of a form that is valid."""
        return RuleWanted(
            tuple(sorted(self.natures.data or ())), tuple(sorted(self.bands.data or ())),
            tuple(sorted(self.districts.data or ())), _TRAINEES[self.trainees.data], bool(self.by_district.data),
            bool(self.join_small.data), int(self.smallest.data or 0), int(self.best.data or 0),
            int(self.largest.data or 0), str(self.pattern.data or "").strip(), str(self.pattern_en.data or "").strip(),
        )  # fmt: skip


def filled_with(wanted: RuleWanted) -> dict[str, Any]:
    """A rule as the form's first values."""
    trainees = next(name for name, value in _TRAINEES.items() if value is wanted.key_trainee)
    return {
        "natures": list(wanted.natures), "bands": list(wanted.bands), "districts": list(wanted.districts),
        "trainees": trainees, "by_district": wanted.by_district, "join_small": wanted.join_small,
        "smallest": wanted.smallest, "best": wanted.best, "largest": wanted.largest, "pattern": wanted.pattern,
        "pattern_en": wanted.pattern_en,
    }  # fmt: skip
