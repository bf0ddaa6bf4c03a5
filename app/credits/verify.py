"""Proving the ledger: everything is rebuilt from evidence and compared, and every difference is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import Database
from app.credits.books.chunk import STUMBLES, Chunk, Prover, Verified
from app.credits.books.closings import Closing, closings, unreadable
from app.credits.books.crew import Crew
from app.credits.books.rules import published
from app.credits.checks import UNREADABLE, Difference
from app.credits.heads import Heads, row_heads
from app.credits.models import ChainHead
from app.credits.rows import carefully
from app.people.models import Person
from app.rules.credit.book import RuleBook

__all__ = ["Difference", "Verified", "everything", "verify"]
CHUNK = 200  # learners whose rows are in memory at once
# From so many learners on helpers are worth the second that they take to start.
FEW = 500
Progress = Callable[[int, int], None]


def verify(
    session: Session,
    progress: Progress | None = None,
    heads: Heads | None = None,
    learners: Sequence[int] | None = None,
) -> Verified:
    """Replay all evidence (or that of these person ids) and compare: postings, chains, sums, hashes, in this process.

    `heads`: an export of `heads.export` made earlier; what it knows must still be there.
    `progress(done, total)` is called after each chunk. Reads one snapshot of the database, writes nothing.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    found = Verified()
    rules, sealed = _shared(session, found, heads)
    today = clock.local_day(clock.now(), rules.zone) if rules else date.min
    prover = Prover(session, rules, today, sealed)
    people = _people(session, found, learners)
    done = 0
    for chunk in _chunks(people, heads) if learners is None else _alone(people, heads):
        found.add(prover.prove(chunk))
        done += len(chunk.people)
        if progress is not None:
            progress(done, len(people))
    if learners is None:
        _vanished(found, people, sealed, heads)
    return found


def everything(
    db: Database, progress: Progress | None = None, heads: Heads | None = None, *, aside: bool = False
) -> Verified:
    """`verify` over everybody, on all processors where there is much to do.

    `aside`: at the convenience of others, always in processes of its own.
    """
    with db.reading() as session:
        rules, _sealed = _shared(session, Verified(), None)
        few = (session.scalar(select(func.count()).select_from(ChainHead)) or 0) < FEW
    if rules is None or (few and not aside):
        with db.reading() as session:
            return verify(session, progress, heads)
    today = clock.local_day(clock.now(), rules.zone)
    found, done = Verified(), 0
    with Crew(db, 1 if few else _cores(), nice=10 if aside else 0) as crew, crew.snapshot(today) as session:
        _rules, sealed = _shared(session, found, heads)
        people = _people(session, found, None)
        for size, chunk in crew.prove(_chunks(people, heads)):
            found.add(chunk)
            done += size
            if progress is not None:
                progress(done, len(people))
    found.differences.sort(key=lambda each: each.learner_key)  # helpers answer in any order
    _vanished(found, people, sealed, heads)
    return found


def _shared(session: Session, found: Verified, heads: Heads | None) -> tuple[RuleBook | None, list[Closing]]:
    """What is everybody's: the rules and the seals, each compared with the heads file."""
    rules, wrong = published(session, heads["rules"] if heads else {})
    sealed, odd = closings(session)
    found.differences += [*wrong, *odd, *_rows(session, heads)]
    return None if unreadable(odd) else rules, sealed


def _rows(session: Session, heads: Heads | None) -> Iterator[Difference]:
    """Rules and seals whose rows are not those of the heads file; a version that is gone is named by the rules."""
    known = heads.get("rows", {}) if heads else {}
    if not known:
        return
    try:
        now = row_heads(session)
    except STUMBLES:
        return  # they cannot be read, which has been named
    for name, then in sorted(known.items()):
        if now.get(name) != then and (name in now or not name.startswith("rule_version")):
            yield Difference("", "heads file: rows", name, then, now.get(name, "missing"))


def _cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chunks(people: Sequence[tuple[int, str]], heads: Heads | None) -> Iterator[Chunk]:
    """Every number that a learner might have lies in exactly one of them."""
    for start in range(0, max(1, len(people)), CHUNK):
        own = list(people[start : start + CHUNK])
        beyond = people[start + CHUNK][0] if start + CHUNK < len(people) else None
        yield Chunk(own, own[0][0] if start else None, beyond, _known(own, heads))


def _alone(people: Sequence[tuple[int, str]], heads: Heads | None) -> Iterator[Chunk]:
    for person_id, key in people:
        yield Chunk([(person_id, key)], person_id, person_id + 1, _known([(person_id, key)], heads))


def _known(people: Sequence[tuple[int, str]], heads: Heads | None) -> dict[str, Any]:
    found = heads["learners"] if heads else {}
    return {key: found[key] for _id, key in people if key in found}


def _vanished(
    found: Verified, people: Sequence[tuple[int, str]], sealed: Sequence[Closing], heads: Heads | None
) -> None:
    """Who is known from outside the tables of people."""
    keys = {key for _id, key in people}
    for key in sorted(set(heads["learners"] if heads else ()) - keys):
        found.differences.append(Difference(key, "heads", "person", "known in the heads file", "missing"))
    for closing in sealed:
        for key in sorted(closing.lines.keys() - keys):
            found.differences.append(Difference(key, "seal", closing.name, closing.lines[key], "no such person"))


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
