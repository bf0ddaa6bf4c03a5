"""The form of a new version of the rules."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from app.rules.credit.document import LARGEST


def _plain_lines(text: str | None) -> str | None:
    """A form sends every line end as two characters; the text is kept, judged and compared with one."""
    return text and text.replace("\r\n", "\n")


class RulesForm(FlaskForm):
    """The whole text of a version, as TOML."""

    text = TextAreaField(
        _l("Text of the rules"),
        [InputRequired(_l("Write the rules.")), Length(max=LARGEST)],
        filters=[_plain_lines],
        description=_l("TOML. Numbers that are not whole stand in quotation marks, as texts."),
        # A line of the text is a line on the screen: mistakes are named by line.
        render_kw={"wrap": "off", "spellcheck": "false", "autocapitalize": "off"},
    )
