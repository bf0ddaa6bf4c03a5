"""The rules before a draft and after it: two books, and when a text cannot be simulated, why."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import load
from app.rules.credit.errors import RuleError, RuleErrors, Said, say
from app.rules.credit.lines import scan


class Books(NamedTuple):
    """`before` is None while nothing is published. `draft`: as it is taken to hold, from its day on."""

    before: RuleBook | None
    after: RuleBook
    draft: RuleSet


def books(published: Sequence[str], text: str, as_if: date | None) -> Books:
    """The published texts in their order, and a draft that comes after them; with `as_if` it holds from that day, in
    place of whatever is published for later. Its number does not matter. RuleErrors names every mistake."""
    draft = load(text.replace("\r\n", "\n"))
    versions = [load(each) for each in published]
    if not versions:
        return Books(None, RuleBook([_numbered(draft, 0, as_if)]), _numbered(draft, 0, as_if))
    before = RuleBook(versions)
    last = before.versions[-1]
    if draft.id != before.id:
        raise _wrong(draft, "id", text, say("The academy's rule set is %(id)s; keep this id.", id=before.id))
    if as_if is None and draft.effective <= last.effective:
        message = say(
            "This day is not after %(day)s, from which version %(number)s holds: write a later one, or simulate it as"
            " if it held from an earlier day.",
            day=last.effective.isoformat(),
            number=last.version,
        )
        raise _wrong(draft, "effective", text, message)
    kept = [each for each in before.versions if as_if is None or each.effective < as_if]
    fresh = _numbered(draft, kept[-1].version if kept else 0, as_if)
    return Books(before, RuleBook([*kept, fresh]), fresh)


def _numbered(draft: RuleSet, last: int, as_if: date | None) -> RuleSet:
    effective = draft.effective if as_if is None else as_if
    return dataclasses.replace(draft, version=max(draft.version, last + 1), effective=effective)


def _wrong(draft: RuleSet, key: str, text: str, message: Said) -> RuleErrors:
    return RuleErrors([RuleError(scan(text).of("ruleset", 0, key), "ruleset", draft.id, message)])
