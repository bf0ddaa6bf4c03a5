"""What a draft's page says about its text: what is wrong with it, and what publishing it would do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.credits import changes, queries, rulebook
from app.credits.changes import Change, Clause
from app.credits.queries import VersionRow
from app.credits.workshop.document import Found
from app.rules.credit.clauses import RuleSet
from app.rules.credit.errors import RuleError, RuleErrors


@dataclass(frozen=True, slots=True)
class Checked:
    """What publishing a text would do. `seal` is its hash: only this very text is published by it."""

    seal: str
    number: int
    day: date
    before: VersionRow | None
    changes: list[Change]
    header: list[tuple[str, str, str]]
    clauses: list[Clause]
    learners: int


def blockers(session: Session, found: Found) -> tuple[RuleError, ...]:
    """What keeps a text that loads from being published now: its day, its number, a clause without its text."""
    if found.rules is None:
        return ()
    try:
        rulebook.check(session, found.rules, found.text)
    except RuleErrors as wrong:
        return tuple(wrong.errors)
    return ()


def checked(session: Session, fresh: RuleSet, text: str, before: VersionRow | None) -> Checked:
    """What the text would change against the newest version, `before`."""
    return Checked(
        rulebook.text_hash(text),
        fresh.version,
        fresh.effective,
        before,
        changes.changes(before.text, text) if before else [],
        changes.header(before.text, text) if before else [],
        changes.clauses(text),
        queries.learners_on(session, fresh.effective),
    )
