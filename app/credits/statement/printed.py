"""The clauses of a version as they are printed: numbered in the order in which they are written."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.credits.reckoning import clause_text
from app.credits.shown import link
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
    return [
        Article(place, name, str(kind), clause_text(rules, name) or name)
        for place, (name, kind) in enumerate(_kinds(rules).items(), start=1)
    ]


def number_of(rules: RuleSet, name: str) -> int | None:
    """The number of a clause; None for what is no clause of this version."""
    return next((place for place, each in enumerate(_kinds(rules), start=1) if each == name), None)


def reference(rules: RuleSet, name: str, url: str, text: str) -> str:
    """A clause as a step of a reckoning shows it: its number as a link to the printed clauses, and its text."""
    number = number_of(rules, name)
    if not text or number is None:
        return text
    return Markup("{} {}").format(link(url, _("Clause %(number)s", number=number)), text)


def numbered(rules: RuleSet, name: str, url: str) -> str:
    """The link alone, where the text stands beside it already; "" for what is no clause."""
    number = number_of(rules, name)
    if number is None:
        return ""
    return link(url, _("Clause %(number)s of version %(version)s", number=number, version=rules.version))


def _kinds(rules: RuleSet) -> dict[str, object]:
    """By id what each clause is about, in the order of print; a page asks for many numbers and few of the words."""
    words = (
        (_l("Conversion"), rules.converts), (_l("Weight"), rules.weights), (_l("Completion mark"), rules.marks),
        (_l("Condition"), rules.needs), (_l("Rounding"), rules.rounds), (_l("Repeat"), rules.duplicates),
        (_l("Limit"), rules.caps), (_l("Share"), rules.shares), (_l("Attendance"), rules.attendances),
        (_l("Revocation"), rules.revokes), (_l("Test"), rules.tests),
        (_l("Requirement for the year"), rules.requirements), (_l("Carrying over"), rules.carries),
        (_l("Making up"), rules.make_ups),
    )  # fmt: skip
    kinds = {row.id: word for word, rows in words for row in rows}
    return {name: kinds[name] for name in sorted(kinds, key=lambda name: rules.lines.get(name, 0))}
