"""Evidence and ledger as plain rows: settling and proving read many, and mapped objects cost most of the time.

Proving also reads what nobody should have written: `carefully` takes every value by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Boolean, Column, Date, Integer, String, Table, literal_column, select
from sqlalchemy.orm import Session

from app.base.db import UtcTime
from app.credits.models import Evidence, LedgerEntry, LedgerTransaction


class EvidenceRow(Protocol):
    """A row of `evidence`."""

    id: int
    key: str
    kind: str
    happened_at: datetime
    known_at: datetime
    recorded_by: str
    facts: str
    payload_hash: str
    names: str | None


class TransactionRow(Protocol):
    """A row of `ledger_transaction`."""

    seq: int
    evidence_key: str
    period: date
    rule_version: int
    posted_at: datetime
    reverses: int | None
    why: str
    previous_hash: str
    hash: str


class EntryRow(Protocol):
    """A row of `ledger_entry`."""

    seq: int
    line: int
    account: str
    amount: int


@dataclass(slots=True)
class Books:
    """One learner's evidence in the order of recording, transactions by number, lines by number and place."""

    evidence: list[EvidenceRow] = field(default_factory=list)
    transactions: list[TransactionRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)


def books_of(session: Session, learner_ids: Sequence[int]) -> defaultdict[int, Books]:
    """By learner; who has nothing gets empty books. Three queries."""
    found: defaultdict[int, Books] = defaultdict(Books)
    for row in _rows(session, Evidence, learner_ids, "id"):
        found[row.learner_id].evidence.append(row)
    for row in _rows(session, LedgerTransaction, learner_ids, "seq"):
        found[row.learner_id].transactions.append(row)
    for row in _rows(session, LedgerEntry, learner_ids, "seq", "line"):
        found[row.learner_id].entries.append(row)
    return found


def _rows(session: Session, model: Any, learner_ids: Sequence[int], *order: str) -> Sequence[Any]:
    table: Table = model.__table__
    query = select(table).where(table.c.learner_id.in_(learner_ids))
    return session.execute(query.order_by(*(table.c[name] for name in order))).all()


class Unreadable(NamedTuple):
    """A value that is none of its column's kind: which row and column, what should be there, what is."""

    row: str
    expected: str
    found: str


# What differences call a row: its table and what tells it from the others of one learner.
_NAMES = {
    "evidence": ("evidence", ("id",)),
    "ledger_transaction": ("transaction", ("seq",)),
    "ledger_entry": ("ledger_entry", ("seq", "line")),
    "chain_head": ("chain_head", ()),
    "learner_period": ("learner_period", ("period",)),
    "rule_version": ("rule_version", ("ruleset", "version")),
    "person": ("person", ("id",)),
    "period_seal": ("period_seal", ("period", "number")),
    "closing_record": ("closing_record", ("period", "number")),
}
# The kind of a column: what it is called, and in which form SQLite keeps it.
_KINDS: tuple[tuple[type, str, str], ...] = (
    (UtcTime, "a time", "text"),
    (Date, "a day", "text"),
    (Boolean, "yes or no", "integer"),
    (Integer, "a whole number", "integer"),
    (String, "text", "text"),
)


def carefully(
    session: Session, model: Any, *where: Any, columns: Sequence[str] = ()
) -> tuple[list[Any], list[Unreadable]]:
    """The rows that can be read (or these columns of them), in the order of their keys; each value that cannot, or
    that is written in another form than the academy's.

    SQLite keeps any value in any column, PostgreSQL days that Python does not know: the usual way of reading
    fails at the first of them.
    """
    table: Table = model.__table__
    wanted = [column for column in table.columns if not columns or column.name in columns]
    sqlite = session.get_bind().dialect.name == "sqlite"
    form = "CAST(typeof({0}) || ':' || {0} AS BLOB)" if sqlite else "'text:' || CAST({0} AS text)"
    raw: list[Any] = [literal_column(form.format(f'{table.name}."{column.name}"')) for column in wanted]
    query = select(*raw).select_from(table).where(*where).order_by(*table.primary_key.columns)
    rows: list[Any] = []
    bad: list[Unreadable] = []
    label, names = _NAMES[table.name]
    for values in session.execute(query):
        kept = {column.name: _kept(value) for column, value in zip(wanted, values, strict=True)}
        name = " ".join([label, *(_printable(kept[each][1]) for each in names)])
        row, wrong, odd = {}, [], []
        for column in wanted:
            try:
                row[column.name] = _value(column, *kept[column.name], sqlite)
            except (ValueError, KeyError, OverflowError):
                wrong.append(Unreadable(f"{name}.{column.name}", _kind(column)[0], _shown(*kept[column.name])))
            else:
                if sqlite and (form := _other_form(row[column.name], kept[column.name][1])):
                    odd.append(Unreadable(f"{name}.{column.name}", form, _shown(*kept[column.name])))
        bad += wrong + odd
        if not wrong:
            rows.append(SimpleNamespace(**row))
    return rows, bad


def _other_form(value: Any, text: str | None) -> str:
    """The one form in which SQLite keeps this time or day, where the kept text is another; else ""."""
    form = ""
    if isinstance(value, datetime):
        form = value.replace(tzinfo=None).isoformat(" ", "microseconds")
    elif isinstance(value, date):
        form = value.isoformat()
    return "" if form == text else form


def _kept(value: Any) -> tuple[str, str | None]:
    """(form, text) of a value; bytes that are no UTF-8 become surrogates."""
    if value is None:
        return "null", None
    data = value.encode() if isinstance(value, str) else bytes(value)
    form, _, rest = data.partition(b":")
    return form.decode(), rest.decode("utf-8", "surrogateescape")


def _printable(text: str | None) -> str:
    return (text or "")[:60].encode("utf-8", "backslashreplace").decode()


def _shown(form: str, text: str | None) -> str:
    return "nothing" if text is None else f"{form} {_printable(text)!r}"


def _kind(column: Column[Any]) -> tuple[str, str]:
    return next((name, form) for kind, name, form in _KINDS if isinstance(column.type, kind))


def _value(column: Column[Any], form: str, text: str | None, sqlite: bool) -> Any:
    """The value; ValueError, KeyError or OverflowError when it is none of the column's kind."""
    if text is None:
        if not column.nullable:
            raise ValueError("nothing")
        return None
    kind, wanted = _kind(column)
    if sqlite and form != wanted:
        raise ValueError(form)
    if kind == "a time":
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if kind == "a day":
        return date.fromisoformat(text)
    if kind == "yes or no":
        return {"0": False, "1": True, "false": False, "true": True}[text]
    if kind == "a whole number":
        return int(text)
    text.encode()  # raises for surrogates
    return text
