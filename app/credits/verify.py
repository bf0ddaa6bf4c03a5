"""Proving the ledger: everything is rebuilt from evidence and compared, and every difference is named."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.base import clock
from app.credits import checks
from app.credits.checks import UNREADABLE, Account, Difference
from app.credits.heads import Head, Heads, RuleHead, rule_key
from app.credits.models import ChainHead, Evidence, LearnerPeriod, LedgerEntry, LedgerTransaction, RuleVersion
from app.credits.rows import books_of, carefully
from app.credits.rulebook import text_hash
from app.people.models import Person
from app.rules.credit.book import RuleBook
from app.rules.credit.document import load
from app.rules.credit.errors import RuleErrors

__all__ = ["Difference", "Verified", "verify"]
CHUNK = 200  # learners whose rows are in memory at once
# What reading a value that is none of its column's kind may raise.
STUMBLES = (SQLAlchemyError, ValueError, TypeError, OverflowError)


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
    """(number, key) of everybody, or of these."""
    rows: Sequence[Any]
    these = () if learners is None else (Person.id.in_(learners),)
    try:
        rows = session.execute(select(Person.id, Person.key).where(*these).order_by(Person.id)).all()
        readable = all(isinstance(row.key, str) for row in rows)
    except STUMBLES:
        rows, readable = [], False
    if not readable:
        rows, bad = carefully(session, Person, *these, columns=("id", "key"))
        found.differences += [Difference("", UNREADABLE, *each) for each in bad]
    return [(row.id, row.key) for row in rows]


def _rules(session: Session, found: Verified, known: Mapping[str, RuleHead]) -> RuleBook | None:
    """The rules, each checked against its own hash, its columns and the heads file.

    None when they cannot be read or a text is not the one that was published: nothing can be replayed then.
    """
    rows, bad = carefully(session, RuleVersion)
    wrong = [(UNREADABLE, *each) for each in bad]
    versions, there = [], {}
    for row in rows:
        name, own_hash = f"rule_version {row.ruleset} {row.version}", text_hash(row.text)
        there[rule_key(row.ruleset, row.version)] = (row.effective.isoformat(), own_hash)
        if own_hash != row.text_hash:
            wrong.append(("rules", name, row.text_hash, own_hash))
            continue
        try:
            rules = load(row.text)
        except Exception as error:  # a text that was never published may stumble over anything
            wrong.append(("rules", name, "a rule set", str(error)))
            continue
        versions.append(rules)
        said, kept = (rules.id, rules.version, rules.effective), (row.ruleset, row.version, row.effective)
        if said != kept:
            wrong.append(("rules", name, _plain(said), _plain(kept)))
    for key, head in sorted(known.items()):
        then, now = (head["effective"], head["hash"]), there.get(key)
        if now != then:
            wrong.append(("heads file: rules", f"rule_version {key}", _plain(then), _plain(now) if now else "missing"))
    found.differences += [Difference("", *each) for each in wrong]
    if not versions or bad or len(versions) < len(rows):
        return None
    try:
        # Not the book that settling keeps in memory: it goes by the kept hashes, and the texts are to be proved.
        return RuleBook(versions)
    except RuleErrors as error:
        found.differences.append(Difference("", "rules", "rule_version", "versions of one rule set", str(error)))
        return None


def _plain(values: tuple[object, ...]) -> str:
    return json.dumps([str(value) for value in values], ensure_ascii=False)


def _differences(
    session: Session, person_id: int, account: Account, rules: RuleBook | None, today: date, known: Head | None
) -> list[Difference]:
    try:
        return checks.differences(account, rules, today, known)
    except Exception:
        if account.unreadable is not None:
            raise
        # A value that is none of its column's kind: look at each by itself, and name it.
        return checks.differences(_read_carefully(session, person_id, account.key), rules, today, known)


def _accounts(session: Session, chunk: Sequence[tuple[int, str]]) -> Iterator[tuple[int, Account]]:
    """Everything of each of these learners, in five queries for all of them."""
    ids = [person_id for person_id, _key in chunk]
    try:
        books = books_of(session, ids)
        periods = _by_learner(session, select(LearnerPeriod).where(LearnerPeriod.learner_id.in_(ids)))
        heads = _by_learner(session, select(ChainHead).where(ChainHead.learner_id.in_(ids)))
    except STUMBLES:
        for person_id, key in chunk:
            yield person_id, _read_carefully(session, person_id, key)
        return
    for person_id, key in chunk:
        own = books[person_id]
        head = heads[person_id][0] if heads[person_id] else None
        yield person_id, Account(key, own.evidence, own.transactions, own.entries, periods[person_id], head)


def _read_carefully(session: Session, person_id: int, key: str) -> Account:
    models = (Evidence, LedgerTransaction, LedgerEntry, LearnerPeriod, ChainHead)
    found = [carefully(session, model, model.learner_id == person_id) for model in models]
    evidence, transactions, entries, periods, heads = (rows for rows, _bad in found)
    unreadable = [each for _rows, bad in found for each in bad]
    return Account(key, evidence, transactions, entries, periods, heads[0] if heads else None, unreadable)


def _by_learner(session: Session, query: Any) -> defaultdict[int, list[Any]]:
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.scalars(query.execution_options(populate_existing=True)):
        session.expunge(row)  # one chunk is in memory at a time
        found[row.learner_id].append(row)
    return found
