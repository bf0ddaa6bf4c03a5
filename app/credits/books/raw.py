"""Rows as the database's driver gives them, for proving millions: a tuple each, no mapping, times with their ms.

Whatever is not exactly in the form in which it was written raises: whoever reads here looks again with care then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from app.base.clock import to_ms

Row = tuple[Any, ...]
Moment = tuple[datetime, int]  # aware UTC, milliseconds since 1970
# Columns after the learner; times and days in the driver's own form, read by `Reader.moment` and as ISO text.
EVIDENCE = "id, key, kind, happened_at, known_at, recorded_by, facts, payload_hash, names"
TRANSACTION = "seq, evidence_key, {period}, rule_version, posted_at, reverses, why, previous_hash, hash"
ENTRY = "seq, line, account, amount"
PERIOD = "{period}, earned, countable, buckets, tests, met, carried, made_up, carry, settled_at"
HEAD = "seq, hash, settled_evidence"


@dataclass(slots=True)
class Raw:
    """What is kept about one learner: rows without the learner's number, in the order of their numbers."""

    evidence: list[Row] = field(default_factory=list)
    transactions: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    periods: list[Row] = field(default_factory=list)
    heads: list[Row] = field(default_factory=list)


class Reader:
    """Reads learners by ranges of their numbers through a session's own connection, so in its snapshot."""

    def __init__(self, session: Session) -> None:
        self._sqlite = session.get_bind().dialect.name == "sqlite"
        connection: Any = session.connection().connection.driver_connection
        # Binary: PostgreSQL's times as numbers, which are a third of the work of texts.
        self._cursor = connection.cursor() if self._sqlite else connection.cursor(binary=True)
        self._mark = "?" if self._sqlite else "%s"
        self.moment: Callable[[Any], Moment] = _of_text if self._sqlite else _of_time

    def learners(self, first: int | None, beyond: int | None) -> dict[int, Raw]:
        """By number, everybody of whom there is any row, from `first` on and below `beyond` (None: no bound)."""
        found: dict[int, Raw] = {}
        self._read(found, "evidence", EVIDENCE, "evidence", first, beyond)
        self._read(found, "ledger_transaction", TRANSACTION, "transactions", first, beyond)
        self._read(found, "ledger_entry", ENTRY, "entries", first, beyond)
        self._read(found, "learner_period", PERIOD, "periods", first, beyond)
        self._read(found, "chain_head", HEAD, "heads", first, beyond)
        for own in found.values():
            own.evidence.sort(key=itemgetter(1))
            own.transactions.sort(key=itemgetter(1))
            own.entries.sort(key=itemgetter(1, 2))
        return found

    def _read(
        self, found: dict[int, Raw], table: str, columns: str, into: str, first: int | None, beyond: int | None
    ) -> None:
        bounds = [(f"learner_id >= {self._mark}", first), (f"learner_id < {self._mark}", beyond)]
        given = [(text, value) for text, value in bounds if value is not None]
        where = f" WHERE {' AND '.join(text for text, _value in given)}" if given else ""
        period = "period" if self._sqlite else "period::text"
        query = f"SELECT learner_id, {columns.format(period=period)} FROM {table}{where}"
        last, rows = None, list[Row]()
        for row in self._rows(query, [value for _text, value in given]):
            if row[0] != last:
                last = row[0]
                rows = getattr(found.setdefault(last, Raw()), into)
            rows.append(row)

    def _rows(self, query: str, values: Sequence[int | None]) -> Iterable[Row]:
        found: Iterable[Row] = self._cursor.execute(query, values).fetchall()
        return found


def day(text: str) -> date:
    """A day in the one form in which days are written."""
    found = date.fromisoformat(text)
    if found.isoformat() != text:
        raise ValueError(text)
    return found


def _of_text(text: str) -> Moment:
    text += "+00:00"
    moment = datetime.fromisoformat(text)
    if moment.isoformat(" ", "microseconds") != text:
        raise ValueError(text)
    return moment, to_ms(moment)


def _of_time(moment: datetime) -> Moment:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment, to_ms(moment)
