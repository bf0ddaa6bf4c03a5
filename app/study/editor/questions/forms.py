"""Forms of the question bank."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from app.questions import words
from app.rules.questions.draft import (
    MOST_EXPLANATION,
    MOST_OPTION,
    MOST_OPTIONS,
    MOST_TEXT,
    TRUEFALSE,
    Draft,
    Option,
    faults,
    tidied,
    true_or_false,
)
from app.study.editor.forms import Plain

WHOLE, BY_FILE = "", "file"
ROWS = range(1, MOST_OPTIONS + 1)


class QuestionForm(FlaskForm):
    """One question. Its options are the fields `option_1` … `option_8`, each with its `right_1` …; empty ones are
    left out."""

    kind = RadioField(_l("What is asked"), default="single")
    text = TextAreaField(
        _l("Question"), [InputRequired(_l("Write the question.")), Plain(lines=True), Length(max=MOST_TEXT)]
    )
    truth = RadioField(
        _l("The statement is"),
        [Optional()],
        choices=[SelectChoice("true", _l("true")), SelectChoice("false", _l("false"))],
        default="true",
    )
    explanation = TextAreaField(
        _l("Explanation"),
        [Optional(), Plain(lines=True), Length(max=MOST_EXPLANATION)],
        description=_l("Shown once the learner has answered."),
    )
    lesson = SelectField(_l("About"))

    def rows(self) -> list[tuple[int, Any, Any]]:
        """(number, text field, right field) of every option, filled or not."""
        return [(number, self[f"option_{number}"], self[f"right_{number}"]) for number in ROWS]

    def filled(self) -> list[tuple[int, Any, Any]]:
        """The same of those that hold something; a tick without a text is something."""
        return [row for row in self.rows() if (row[1].data or "").strip() or row[2].data]

    def draft(self) -> Draft:
        """What the form says."""
        text, why = self.text.data or "", self.explanation.data or ""
        if self.kind.data == TRUEFALSE:
            return tidied(true_or_false(text, self.truth.data == "true", why))
        options = tuple(Option(field.data or "", right.data) for _number, field, right in self.filled())
        return tidied(Draft(self.kind.data, text, options, why))

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field, then what they make together: every fault at the field that mends it."""
        if not super().validate(extra_validators):
            return False
        rows = self.filled()
        found = faults(self.draft())
        for fault in found:
            holes = dict(fault.holes)
            at = fault.at if fault.at in self else "option_1"
            if "number" in holes:  # of the option among the filled ones; here it counts by the rows of the form
                row = rows[int(str(holes["number"])) - 1][0]
                at, holes["number"] = f"option_{row}", row
            if "other" in holes:
                holes["other"] = rows[int(str(holes["other"])) - 1][0]
            said = words.fault(type(fault)(fault.code, fault.at, holes))
            self[at].errors = [*self[at].errors, said]
        return not found


for _number in ROWS:
    setattr(
        QuestionForm,
        f"option_{_number}",
        StringField(_l("Option %(number)s", number=_number), [Optional(), Plain(), Length(max=MOST_OPTION)]),
    )
    setattr(QuestionForm, f"right_{_number}", BooleanField(_l("Right")))


class QuestionFileForm(FlaskForm):
    """A file of questions, and which lesson they are about."""

    file = FileField(_l("GIFT file"), description=_l("Plain text, in UTF-8 or GB18030, at most 512 KB."))
    lesson = SelectField(_l("The questions are about"))
