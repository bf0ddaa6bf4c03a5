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
    heads: Mapping[str, Mapping[str, Any]] | None = None,
    learners: Sequence[int] | None = None,
) -> Verified:
    """Replay all evidence (or that of these person ids) and compare: postings, chains, sums, hashes.

    `heads`: an export of `heads.export` made earlier; what it knows must still be there.
    `progress(done, total)` is called after each chunk. Reads one snapshot of the database, writes nothing.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    found = Verified()
    rules = _rules(session, found)
    people = select(Person.id, Person.key).order_by(Person.id)
    if learners is not None:
        people = people.where(Person.id.in_(learners))
    everybody = [(row[0], row[1]) for row in session.execute(people)]
    today = clock.local_day(clock.now(), rules.zone) if rules else date.min
    for start in range(0, len(everybody), CHUNK):
        chunk = everybody[start : start + CHUNK]
        for account in _accounts(session, chunk):
            known = (heads or {}).get(account.key)
            found.learners += bool(account.evidence or account.transactions or account.head)
            found.evidence += len(account.evidence)
            found.transactions += len(account.transactions)
            found.differences += checks.differences(account, rules, today, known)
        if progress is not None:
            progress(start + len(chunk), len(everybody))
    if heads is not None and learners is None:
        for key in sorted(set(heads) - {key for _id, key in everybody}):
            found.differences.append(Difference(key, "heads", "person", "known in the heads file", "missing"))
    return found


def _rules(session: Session, found: Verified) -> RuleBook | None:
    """The rules, each checked against its own hash and columns; None when they cannot be read."""
    sound = True
    for row in session.scalars(select(RuleVersion).order_by(RuleVersion.id)):
        name = f"rule_version {row.ruleset} {row.version}"
        if text_hash(row.text) != row.text_hash:
            found.differences.append(Difference("", "rules", name, row.text_hash, text_hash(row.text)))
        try:
            rules = load(row.text)
        except RuleErrors as error:
            found.differences.append(Difference("", "rules", name, "a rule set", str(error)))
            sound = False
            continue
        said, kept = (rules.id, rules.version, rules.effective), (row.ruleset, row.version, row.effective)
        if said != kept:
            found.differences.append(Difference("", "rules", name, _plain(said), _plain(kept)))
    return book(session) if sound else None


def _plain(values: tuple[object, ...]) -> str:
    return json.dumps([str(value) for value in values], ensure_ascii=False)


def _accounts(session: Session, chunk: Sequence[tuple[int, str]]) -> Iterator[Account]:
    """Everything of each of these learners, in five queries for all of them."""
    ids = [person_id for person_id, _key in chunk]
    books = books_of(session, ids)
    periods = _by_learner(session, select(LearnerPeriod).where(LearnerPeriod.learner_id.in_(ids)))
    heads = _by_learner(session, select(ChainHead).where(ChainHead.learner_id.in_(ids)))
    for person_id, key in chunk:
        own = books[person_id]
        head = heads[person_id][0] if heads[person_id] else None
        yield Account(key, own.evidence, own.transactions, own.entries, periods[person_id], head)


def _by_learner(session: Session, query: Any) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.scalars(query.execution_options(populate_existing=True)):
        session.expunge(row)  # one chunk is in memory at a time
        found[row.learner_id].append(row)
    return found
