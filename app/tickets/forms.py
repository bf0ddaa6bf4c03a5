"""Forms of tickets: what the learner says, what staff answer, what they grant."""

from __future__ import annotations

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.rules.viewing.spans import Piece

_CLOCK = re.compile(r"(?:(\d{1,2})[:：])?(\d{1,3})[:：]([0-5]?\d)")


def clock_ms(text: str) -> int | None:
    """Milliseconds of `m:ss` or `h:mm:ss`, also with full-width colons; None for anything else."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _is_clock(_form: FlaskForm, field: Field) -> None:
    if field.data and clock_ms(field.data) is None:
        raise ValidationError(_("Write minutes and seconds, such as 3:20."))


class PartForm(FlaskForm):
    """A part of the lesson, from and to; both or neither."""

    since = StringField(_l("From"), [_is_clock], render_kw={"placeholder": "0:00", "maxlength": 9})
    until = StringField(_l("To"), [_is_clock], render_kw={"placeholder": "0:00", "maxlength": 9})

    def validate(self, extra_validators: object = None) -> bool:
        """Both bounds or none."""
        well: bool = super().validate(extra_validators)
        for one, other in ((self.since, self.until), (self.until, self.since)):
            if well and one.data and not other.data:
                other.errors = [_("Give both, the beginning and the end.")]
                return False
        return well

    def part(self) -> Piece | None:
        """The part in ms; None where it was left empty."""
        start, end = clock_ms(self.since.data or ""), clock_ms(self.until.data or "")
        return None if start is None or end is None else (start, end)


class TicketForm(PartForm):
    """What is wrong, in the learner's words."""

    text = TextAreaField(
        _l("What is wrong?"),
        [InputRequired(_l("Say what is wrong, in a sentence or two.")), Length(max=4000)],
        description=_l("When and on which device you watched, and what does not count. 5 to 1000 characters."),
    )


class AgainForm(FlaskForm):
    """The second and last word."""

    text = TextAreaField(
        _l("What does the answer leave open?"),
        [InputRequired(_l("Say what is still wrong.")), Length(max=4000)],
        description=_l("You can write once more. 5 to 1000 characters."),
    )


class AnswerForm(FlaskForm):
    """An answer without any time."""

    answer = TextAreaField(
        _l("Answer"),
        [InputRequired(_l("Write the answer.")), Length(max=4000)],
        description=_l("The learner reads this. Up to 1000 characters."),
    )


class GrantForm(PartForm):
    """Parts that do not count and shall, and why. `choices` of `parts` and `viewing` come from the page."""

    parts = SelectMultipleField(
        _l("Parts that do not count"),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
    )
    viewing = SelectField(_l("Watched in"), validate_choice=False)
    reason = TextAreaField(
        _l("Reason"),
        [InputRequired(_l("Write the reason. It stands in the ledger's evidence for good.")), Length(max=4000)],
        description=_l("The learner reads it on the statement, and whoever checks the ledger. Up to 1000 characters."),
    )

    def wanted(self) -> list[Piece]:
        """All parts asked for, in ms; what is no part is left out."""
        found = [_piece(text) for text in self.parts.data or []]
        return [piece for piece in [*found, self.part()] if piece is not None]


def _piece(text: str) -> Piece | None:
    start, _dash, end = text.partition("-")
    plain = all(each.isascii() and each.isdigit() and len(each) < 12 for each in (start, end))
    return (int(start), int(end)) if plain else None
