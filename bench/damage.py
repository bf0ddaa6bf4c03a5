"""Faults that somebody with the owner's rights, or a failing disk, could bring into the books: one at a time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Integer, Table, and_, delete, insert, literal_column, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.base.db import Base

LEDGER = ("evidence", "ledger_transaction", "ledger_entry", "chain_head")
# What is everybody's: fewer rows, and as rare among the faults.
SHARED = ("rule_version", "period_seal", "closing_record")
# `learner_period` is derived: every settlement rebuilds it, and losing it loses nothing. It is compared all the same,
# but for the moment of the settlement, which nothing could tell again.
DERIVED = "learner_period"
Rows = Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]]  # table → learner → rows


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done: to which table, and to whom (keys; none where it is everybody's)."""

    kind: str
    table: str
    learners: frozenset[str]
    told: str


class Vandal:
    """Does one random fault in the session's transaction. `before`: the rows of each learner at an earlier time."""

    def __init__(self, session: Session, chance: random.Random, keys: Mapping[int, str], before: Rows) -> None:
        self._session, self._chance, self._keys, self._before = session, chance, keys, before
        self._sqlite = session.get_bind().dialect.name == "sqlite"

    def do(self) -> Damage:
        """A fault that changes something and that the database takes."""
        ways: list[Callable[[Table], Damage | None]] = [self._flip, self._remove, self._swap, self._cut]
        way = self._chance.choice(ways)
        while True:
            names = SHARED if self._chance.random() < 0.1 and way != self._cut else LEDGER
            table = Base.metadata.tables[self._chance.choice(names)]
            try:
                with self._session.begin_nested():
                    done = way(table)
            except (DBAPIError, OverflowError, UnicodeError):
                continue  # the database does not keep such a value, or not there
            if done is not None:
                return done

    def _flip(self, table: Table) -> Damage | None:
        """Another bit in one byte of one column."""
        row = self._row(table)
        column = self._chance.choice([*table.columns])
        where = _same(table, row)
        kept: Any = column
        if self._sqlite:
            kept = literal_column(f"CAST({column.name} AS TEXT)") if _is_text(column) else column
        value = self._session.scalar(select(kept).select_from(table).where(where))
        if value is None:
            return None
        flipped = self._flipped(value)
        if isinstance(flipped, bytes):
            if self._sqlite:
                change = text(f"UPDATE {table.name} SET {column.name} = CAST(:new AS TEXT) WHERE {_spelt(table)}")
                self._session.execute(change, {"new": flipped, **self._spelt_key(table, row)})
            else:
                self._session.execute(update(table).where(where).values({column.name: flipped.decode()}))
        else:
            self._session.execute(update(table).where(where).values({column.name: flipped}))
        return Damage("flip", table.name, self._whose(row), f"{column.name} {value!r:.60} → {flipped!r:.60}")

    def _flipped(self, value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value ^ 1 << self._chance.randrange(value.bit_length() + 1)
        if isinstance(value, datetime):
            return value + timedelta(microseconds=self._chance.choice((-1, 1)) << self._chance.randrange(48))
        if isinstance(value, date):
            return value + timedelta(days=self._chance.choice((-1, 1)) << self._chance.randrange(9))
        data = bytearray(str(value).encode())
        if not data:
            return b"\x01"
        data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)
        return bytes(data)

    def _remove(self, table: Table) -> Damage:
        row = self._row(table)
        self._session.execute(delete(table).where(_same(table, row)))
        return Damage("delete", table.name, self._whose(row), _key(table, row))

    def _swap(self, table: Table) -> Damage | None:
        """Two rows whose contents change places under their keys."""
        first, second = self._row(table), self._row(table)
        keys = [column.name for column in table.primary_key]
        if all(first[name] == second[name] for name in first if name not in keys):
            return None
        self._session.execute(delete(table).where(_same(table, first)))
        self._session.execute(delete(table).where(_same(table, second)))
        for row, other in ((first, second), (second, first)):
            self._session.execute(insert(table).values({**other, **{name: row[name] for name in keys}}))
        told = f"{_key(table, first)} ↔ {_key(table, second)}"
        return Damage("swap", table.name, self._whose(first) | self._whose(second), told)

    def _cut(self, table: Table) -> Damage | None:
        """The end of one learner's rows: of one table, or of all of them as they once were, and all agree."""
        learner = self._chance.choice([*self._keys])
        if self._chance.random() < 0.5:
            return self._rewind(learner)
        if "learner_id" not in table.c or table.name == "chain_head":
            return None
        rows = self._session.execute(select(table).where(table.c.learner_id == learner).order_by(*table.primary_key))
        found = [dict(row._mapping) for row in rows]
        if not found:
            return None
        last = found[-self._chance.randrange(1, 1 + min(5, len(found))) :]
        for row in last:
            self._session.execute(delete(table).where(_same(table, row)))
        return Damage("cut", table.name, frozenset({self._keys[learner]}), f"the last {len(last)}")

    def _rewind(self, learner: int) -> Damage:
        for name in (*LEDGER, DERIVED):
            table = Base.metadata.tables[name]
            self._session.execute(delete(table).where(table.c.learner_id == learner))
            for row in self._before[name][learner]:
                self._session.execute(insert(table).values(row))
        return Damage("cut", "evidence", frozenset({self._keys[learner]}), "all tables as they were before")

    def _row(self, table: Table) -> dict[str, Any]:
        rows = self._session.execute(select(*table.primary_key).order_by(*table.primary_key)).all()
        key = self._chance.choice(rows)
        where = and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))
        return dict(self._session.execute(select(table).where(where)).one()._mapping)

    def _whose(self, row: Mapping[str, Any]) -> frozenset[str]:
        return frozenset({self._keys[row["learner_id"]]} if "learner_id" in row else ())

    @staticmethod
    def _spelt_key(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
        values = ((column.name, row[column.name]) for column in table.primary_key)
        return {f"key_{name}": value.isoformat() if isinstance(value, date) else value for name, value in values}


def rows_now(session: Session) -> Rows:
    """Every learner's rows as they are, to be put back later."""
    found: dict[str, defaultdict[int, list[Mapping[str, Any]]]] = {}
    for name in (*LEDGER, DERIVED):
        own = found[name] = defaultdict(list)
        for row in session.execute(select(Base.metadata.tables[name])):
            own[row.learner_id].append(dict(row._mapping))
    return found


def _is_text(column: Column[Any]) -> bool:
    """How SQLite keeps it; times and days too."""
    return not isinstance(column.type, Integer | Boolean)


def _same(table: Table, row: Mapping[str, Any]) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))


def _spelt(table: Table) -> str:
    return " AND ".join(f"{column.name} = :key_{column.name}" for column in table.primary_key)


def _key(table: Table, row: Mapping[str, Any]) -> str:
    return " ".join(str(row[column.name]) for column in table.primary_key)
