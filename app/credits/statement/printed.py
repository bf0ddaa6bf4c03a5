"""The clauses of a version as they are printed: numbered in the order in which they are written."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from app.credits.statement.more import clause_text
from app.rules.credit.clauses import RuleSet


@dataclass(frozen=True, slots=True)
class Article:
    """One clause: its number in this version, its id, what it is about, its text in the reader's language."""

    number: int
    name: str
    kind: str
    text: str


def articles(rules: RuleSet) -> list[Article]:
    """All of them. Written in one line, as tests do it, clauses keep the order of their tables."""
    kinds = _kinds(rules)
    names = sorted(kinds, key=lambda name: rules.lines.get(name, 0))
    return [
        Article(place, name, kinds[name], clause_text(rules, name) or name) for place, name in enumerate(names, start=1)
    ]


def number_of(rules: RuleSet, name: str) -> int | None:
    """The number of a clause; None for what is no clause of this version."""
    return next((each.number for each in articles(rules) if each.name == name), None)


def reference(rules: RuleSet, name: str, url: str, text: str) -> str:
    """A clause as a step of a reckoning shows it: its number as a link to the printed clauses, and its text."""
    number = number_of(rules, name)
    if not text or number is None:
        return text
    link = Markup('<a href="{}">{}</a>').format(url, _("Clause %(number)s", number=number))
    return Markup("{} {}").format(link, text)


def numbered(rules: RuleSet, name: str, url: str) -> str:
    """The link alone, where the text stands beside it already; "" for what is no clause."""
    number = number_of(rules, name)
    if number is None:
        return ""
    words = _("Clause %(number)s of version %(version)s", number=number, version=rules.version)
    return Markup('<a href="{}">{}</a>').format(url, words)


def _kinds(rules: RuleSet) -> dict[str, str]:
    words = (
        (_("Conversion"), rules.converts), (_("Weight"), rules.weights), (_("Completion mark"), rules.marks),
        (_("Condition"), rules.needs), (_("Rounding"), rules.rounds), (_("Repeat"), rules.duplicates),
        (_("Limit"), rules.caps), (_("Share"), rules.shares), (_("Attendance"), rules.attendances),
        (_("Revocation"), rules.revokes), (_("Test"), rules.tests), (_("Requirement for the year"), rules.requirements),
        (_("Carrying over"), rules.carries), (_("Making up"), rules.make_ups),
    )  # fmt: skip
    return {row.id: str(word) for word, rows in words for row in rows}
