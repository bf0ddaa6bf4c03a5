"""What is wrong with a rule set or a piece of evidence: all of it, each with its place.

Messages are kept as what was said, not only as text: so a page says them in its reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

SINGLE = ("ruleset", "period")
Translate = Callable[[str], str]


class Said(str):
    """A message: as text it is English; it keeps its template and values to be told in another language."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def told(self, translate: Translate) -> str:
        """The message with its template, and those of the messages in it, translated."""
        return _filled(translate(self.template), self.values, translate)


def say(template: str, **values: object) -> Said:
    """A message from a template with %(name)s and %(name)r. Write the template itself here, as one text:
    `tools/words.py` looks for it."""
    said = Said(_filled(template, values, str))
    said.template, said.values = template, values
    return said


def _filled(template: str, values: Mapping[str, object], translate: Translate) -> str:
    if not values:
        return template
    return template % {
        name: value.told(translate) if isinstance(value, Said) else value for name, value in values.items()
    }


@dataclass(frozen=True, slots=True, order=True)
class RuleError:
    """One mistake: its line (from 1), the table, the row's id (or ""), what and what to do."""

    line: int
    table: str
    id: str
    message: Said

    def __str__(self) -> str:
        return str(self.said())

    def said(self) -> Said:
        """The whole: line, table, id and message."""
        line, message = self.line, self.message
        if not self.table:
            return say("line %(line)s: %(message)s", line=line, message=message)
        head = f"[{self.table}]" if self.table in SINGLE else f"[[{self.table}]]"
        if not self.id:
            return say("line %(line)s: %(table)s: %(message)s", line=line, table=head, message=message)
        return say("line %(line)s: %(table)s %(id)r: %(message)s", line=line, table=head, id=self.id, message=message)


class RuleErrors(ValueError):
    """A rule set cannot be loaded. `errors` holds every mistake by line; `str` prints one a line."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        self.errors = sorted(set(errors))
        super().__init__("\n".join(map(str, self.errors)))


class Misread(Exception):
    """A part of a row cannot be read; `said` says why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said)
        self.said = said


class EvidenceError(ValueError):
    """A piece of evidence cannot be read; the text names the piece, the field and what is allowed."""
