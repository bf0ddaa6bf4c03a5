"""The chain over the audit log: entries are sealed shortly after they were written, in a gapless sequence.

Many transactions write entries at once; a chain written in each of them would make them wait for each other. So a
job links what is committed, and the link carries the order, not the entry's number: on PostgreSQL a lower number may
become visible later.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Select,
    String,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.base import clock
from app.base.audit import AuditEntry
from app.base.db import Base, Database
from app.base.db_types import Key
from app.rules.audit_chain import START, is_late, link_hash

CHUNK = 2000  # entries sealed in one transaction, and read at once when all are proved
# How far below the newest sealed number the job looks for entries that were committed late. Whoever proves looks
# at all of them.
LOOK_BACK = 50_000
MOST_NAMED = 1000
_LOCK = 7347292  # PostgreSQL: one process seals at a time
_STORED = "%Y-%m-%d %H:%M:%S.%f"


class AuditLink(Base):
    """Link `seq` (from 1, without gaps) binds one entry; `sealed_ms` since 1970."""

    __tablename__ = "audit_link"
    seq: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), unique=True)
    sealed_ms: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. `at`: when its last entry was sealed; None of an empty chain."""

    seq: int = 0
    hash: str = START
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong (`altered`, `removed`, `unlinked`, `late`, `unreadable`, `head`), link and entry where known."""

    what: str
    seq: int
    entry: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof found: how many entries are bound, how many wait to be, the end of the chain, what is wrong."""

    entries: int
    waiting: int
    head: Head
    problems: tuple[Problem, ...]


_COLUMNS = (
    AuditEntry.id, AuditEntry.at, AuditEntry.actor_id, AuditEntry.action, AuditEntry.subject, AuditEntry.outcome,
    AuditEntry.detail, AuditEntry.address, AuditEntry.device,
)  # fmt: skip
_HEAD = select(AuditLink.seq, AuditLink.hash, AuditLink.sealed_ms).order_by(AuditLink.seq.desc()).limit(1)
_NEWEST = select(func.max(AuditLink.entry_id))
_LINKED = select(literal_column("1")).where(AuditLink.entry_id == AuditEntry.id).exists()
_UNLINKED = select(AuditEntry.id).where(AuditEntry.id > bindparam("floor"), ~_LINKED)


def head(session: Session) -> Head:
    """The end of the chain as it stands."""
    row = session.execute(_HEAD).first()
    return Head() if row is None else Head(row.seq, row.hash, clock.from_ms(row.sealed_ms))


def waiting(session: Session) -> int:
    """How many of the newest entries are not yet bound."""
    newest = session.scalar(_NEWEST) or 0
    return session.scalar(select(func.count()).select_from(_UNLINKED.subquery()), {"floor": newest - LOOK_BACK}) or 0


def seal(db: Database, everything: bool = False) -> int:
    """Bind what is committed and not yet bound, in short transactions; how many. Of two processes one waits.

    `everything`: also numbers far below the newest bound one.
    """
    bound, begun = 0, time.monotonic()
    while True:
        with db.writing() as session:
            count = _seal_some(session, everything)
        bound += count
        if count < CHUNK:
            return bound
        begun = db.breathe(begun)


def _seal_some(session: Session, everything: bool) -> int:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    last, floor = head(session), 0
    if not everything and last.seq:
        floor = (session.scalar(_NEWEST) or 0) - LOOK_BACK
    wanted = _UNLINKED.order_by(AuditEntry.id).limit(CHUNK)
    ids = session.scalars(wanted, {"floor": floor}).all()
    seq, previous, moment = last.seq, last.hash, clock.now_ms()
    links = []
    for row in session.execute(_rows(session).where(AuditEntry.id.in_(ids)).order_by(AuditEntry.id)):
        seq += 1
        previous = link_hash(seq, previous, moment, _told(row))
        links.append({"seq": seq, "entry_id": row.id, "sealed_ms": moment, "hash": previous})
    if links:
        session.execute(insert(AuditLink), links)
    return len(links)


def _rows(session: Session) -> Select[Any]:
    """Entries as they are stored: on SQLite the moment as its text, since many texts mean one moment."""
    if session.get_bind().dialect.name == "sqlite":
        return select(*(type_coerce(each, String).label("at") if each is AuditEntry.at else each for each in _COLUMNS))
    return select(*_COLUMNS)


def _told(row: Any) -> list[object]:
    """An entry's columns in the order of the chain."""
    at = row.at if isinstance(row.at, str) else row.at.astimezone(UTC).strftime(_STORED)
    return [row.id, at, row.actor_id, row.action, row.subject, row.outcome, row.detail, row.address, row.device]


def prove(session: Session, kept: Sequence[tuple[str, int, str]] = ()) -> Proved:
    """Recompute the whole chain. `kept`: ends of it that were kept elsewhere, as (name, seq, hash). Reads only."""
    proof = _Proof(kept)
    for link, entry in _linked(session):
        proof.link(link, entry)
    proof.end()
    unlinked = _unlinked(session)
    for entry_id in unlinked if proof.problems else ():
        proof.name("unlinked", 0, entry_id, "it is not in the chain")
    return Proved(proof.seq, len(unlinked), proof.head, tuple(proof.problems))


class _Proof:
    """Goes along the chain and keeps what is wrong."""

    def __init__(self, kept: Sequence[tuple[str, int, str]]) -> None:
        self.problems: list[Problem] = []
        self.seq, self.head = 0, Head()
        self._kept: dict[int, list[tuple[str, str]]] = {}
        for name, seq, its_hash in kept:
            self._kept.setdefault(seq, []).append((name, its_hash))
        self._previous: str | None = START
        self._sealed_ms = self._newest_ms = 0

    def name(self, what: str, seq: int, entry: int | None, said: str) -> None:
        """Keep one."""
        if len(self.problems) < MOST_NAMED:
            self.problems.append(Problem(what, seq, entry, said))

    def link(self, link: Any, entry: Any) -> None:
        """The next link and its entry: None when it is gone, an exception when it cannot be read."""
        if link.seq != self.seq + 1:
            self.name("removed", self.seq + 1, None, f"links {self.seq + 1} to {link.seq - 1} are missing")
            self._previous = None
        if entry is None:
            self.name("removed", link.seq, link.entry_id, "the entry is gone")
        elif isinstance(entry, Exception):
            self.name("unreadable", link.seq, link.entry_id, str(entry).splitlines()[0][:200])
        elif self._previous is not None:
            self._judge(link, entry)
        for name, its_hash in self._kept.pop(link.seq, ()):
            if its_hash != link.hash:
                self.name("head", link.seq, link.entry_id, f"{name} says {its_hash}, here stands {link.hash}")
        self.seq, self._previous, self._sealed_ms = link.seq, link.hash, link.sealed_ms
        self.head = Head(link.seq, link.hash, clock.from_ms(link.sealed_ms))

    def _judge(self, link: Any, entry: Any) -> None:
        assert self._previous is not None
        told = _told(entry)
        if link_hash(link.seq, self._previous, link.sealed_ms, told) != link.hash:
            self.name("altered", link.seq, link.entry_id, "entry and link do not fit each other or the link before")
            return
        moment = _ms(str(told[1]))
        if is_late(moment, self._sealed_ms, self._newest_ms):
            self.name("late", link.seq, link.entry_id, f"says {told[1]}, long before what was sealed before it")
        self._newest_ms = max(self._newest_ms, moment)

    def end(self) -> None:
        """What was kept of links that are no longer there."""
        for seq, names in sorted(self._kept.items()):
            for name, _hash in names:
                self.name("head", seq, None, f"{name} knows link {seq}, here the chain ends at {self.seq}")


def _ms(stored: str) -> int:
    return clock.to_ms(datetime.strptime(stored, _STORED).replace(tzinfo=UTC))


def _linked(session: Session) -> Iterator[tuple[Any, Any]]:
    """Every link with its entry, by number."""
    after = 0
    links = select(AuditLink.seq, AuditLink.entry_id, AuditLink.sealed_ms, AuditLink.hash).order_by(AuditLink.seq)
    while True:
        found = session.execute(links.where(AuditLink.seq > after).limit(CHUNK)).all()
        if not found:
            return
        entries = _entries(session, [link.entry_id for link in found])
        for link in found:
            yield link, entries.get(link.entry_id)
        after = found[-1].seq


def _entries(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    """By number; where one cannot be read, each by itself, and the error in its place."""
    wanted = _rows(session)
    try:
        return {row.id: row for row in session.execute(wanted.where(AuditEntry.id.in_(ids)))}
    except (SQLAlchemyError, ValueError, TypeError) as error:
        if len(ids) == 1:
            return {ids[0]: error}
    halves = ids[: len(ids) // 2], ids[len(ids) // 2 :]
    return {key: value for half in halves for key, value in _entries(session, half).items()}


def _unlinked(session: Session) -> list[int]:
    return list(session.scalars(_UNLINKED.order_by(AuditEntry.id).limit(MOST_NAMED), {"floor": 0}))
