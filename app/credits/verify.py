"""Proving the ledger: everything is rebuilt from evidence and compared, and every difference is named."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.credits import checks
from app.credits.checks import Account, Difference
from app.credits.models import ChainHead, LearnerPeriod, RuleVersion
from app.credits.rows import books_of
from app.credits.rulebook import book, text_hash
from app.people.models import Person
from app.rules.credit.book import RuleBook
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors

__all__ = ["Difference", "Verified", "verify"]
CHUNK = 200  # learners whose rows are in memory at once


@dataclass(slots=True)
class Verified:
    """How much was read, and everything that does not agree (nothing: the ledger is proved)."""

    learners: int = 0
    evidence: int = 0
    transactions: int = 0
    differences: list[Difference] = field(default_factory=list)


def verify(
    session: Session,
    progress: Callable[[int, int], None] | None = None,
    heads: Heads | None = None,
    learners: Sequence[int] | None = None,
) -> Verified:
    """Replay all evidence (or that of these person ids) and compare: postings, chains, sums, hashes.

    `heads`: an export of `heads.export` made earlier; what it knows must still be there.
    `progress(done, total)` is called after each chunk. Reads one snapshot of the database, writes nothing.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    found = Verified()
    rules = _rules(session, found, heads["rules"] if heads else {})
    everybody = _people(session, found, learners)
    today = clock.local_day(clock.now(), rules.zone) if rules else date.min
    known = heads["learners"] if heads else {}
    for start in range(0, len(everybody), CHUNK):
        chunk = everybody[start : start + CHUNK]
        for person_id, account in _accounts(session, chunk):
            found.learners += bool(account.evidence or account.transactions or account.head)
            found.evidence += len(account.evidence)
            found.transactions += len(account.transactions)
            found.differences += _differences(session, person_id, account, rules, today, known.get(account.key))
        if progress is not None:
            progress(start + len(chunk), len(everybody))
    if learners is None:
        for key in sorted(set(known) - {key for _id, key in everybody}):
            found.differences.append(Difference(key, "heads", "person", "known in the heads file", "missing"))
    return found


def _people(session: Session, found: Verified, learners: Sequence[int] | None) -> list[tuple[int, str]]:
    """(number, key) of everybody; who has no readable key is named by the number."""
    these = () if learners is None else (Person.id.in_(learners),)
    try:
        return [(row[0], row[1]) for row in session.execute(select(Person.id, Person.key).where(*these).order_by(Person.id))]
    except STUMBLES:
        rows, bad = carefully(session, Person, *these)
