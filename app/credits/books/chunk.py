"""A chunk of learners proved: all at once where everything agrees, one by one and with care where it does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.credits import checks
from app.credits.books import balance
from app.credits.books.balance import Sums
from app.credits.books.closings import Closing, Link, line_of
from app.credits.books.quick import Quick
from app.credits.books.raw import Raw, Reader
from app.credits.checks import Account, Difference
from app.credits.heads import Head
from app.credits.models import ChainHead, Evidence, LearnerPeriod, LedgerEntry, LedgerTransaction
from app.credits.rows import Unreadable, books_of, carefully
from app.credits.seals import seals_of
from app.people.models import Person
from app.rules.credit.book import RuleBook
from app.rules.credit.settlement import NO_SEALS

# What reading a value that is none of its column's kind may raise.
STUMBLES = (SQLAlchemyError, ValueError, TypeError, OverflowError)
# What is kept about a learner, by where it lies in `Raw`.
_RAW: dict[str, Any] = {
    "evidence": Evidence, "transactions": LedgerTransaction, "entries": LedgerEntry, "periods": LearnerPeriod,
    "heads": ChainHead,
}  # fmt: skip


@dataclass(slots=True)
class Verified:
    """How much was read, and everything that does not agree (nothing: the ledger is proved).

    `balance`: the sum of each account in each period, by its first day in ISO form (thousandths).
    """

    learners: int = 0
    evidence: int = 0
    transactions: int = 0
    differences: list[Difference] = field(default_factory=list)
    balance: Sums = field(default_factory=dict)

    def count(self, evidence: int, transactions: int, there: object) -> None:
        """One more learner, of whom there is something or nothing."""
        self.learners += bool(there)
        self.evidence += evidence
        self.transactions += transactions

    def add(self, other: Verified) -> None:
        """What another chunk found."""
        self.learners += other.learners
        self.evidence += other.evidence
        self.transactions += other.transactions
        self.differences += other.differences
        balance.add(self.balance, other.balance)


class Chunk(NamedTuple):
    """People (number, key) in the order of their numbers, and which learner numbers they stand for: from `first` on
    and below `beyond`, None without bound. `known`: heads by key."""

    people: list[tuple[int, str]]
    first: int | None
    beyond: int | None
    known: dict[str, Head]


class Prover:
    """Proves chunks under one set of rules (without: nothing is replayed), in the session's snapshot."""

    def __init__(self, session: Session, rules: RuleBook | None, today: date, closings: Sequence[Closing]) -> None:
        self._session, self._rules, self._today, self._closings = session, rules, today, closings
        self._seals = seals_of(session) if rules is not None else NO_SEALS
        self._reader = Reader(session)
        self._quick = None if rules is None else Quick(rules, today, self._seals, closings, self._reader.moment)

    def prove(self, chunk: Chunk) -> Verified:
        """Everything about these learners, and rows in their range that are nobody's."""
        found = Verified()
        try:
            rows = self._reader.learners(chunk.first, chunk.beyond)
        except Exception:  # a value that the driver cannot read: then each by itself
            self._strangers_by_query(chunk, found)
            self._slowly(chunk.people, chunk.known, found)
            return found
        doubtful = []
        for person_id, key in chunk.people:
            own = rows.pop(person_id, None) or Raw()
            _balance(found.balance, own)
            if self._quick is not None and self._quick.proves(key, own, chunk.known.get(key)):
                found.count(len(own.evidence), len(own.transactions), own.evidence or own.transactions or own.heads)
            else:
                doubtful.append((person_id, key))
        for person_id, left in rows.items():
            _strangers(found, person_id, (model for name, model in _RAW.items() if getattr(left, name)))
        self._slowly(doubtful, chunk.known, found)
        return found

    def _strangers_by_query(self, chunk: Chunk, found: Verified) -> None:
        for model in _RAW.values():
            bounds = [] if chunk.first is None else [model.learner_id >= chunk.first]
            bounds += [] if chunk.beyond is None else [model.learner_id < chunk.beyond]
            nobody = ~exists().where(Person.id == model.learner_id)
            for (person_id,) in self._session.execute(select(model.learner_id).where(nobody, *bounds).distinct()):
                _strangers(found, person_id, [model])

    def _slowly(self, people: Sequence[tuple[int, str]], known: Mapping[str, Head], found: Verified) -> None:
        for person_id, account in self._accounts(people):
            found.count(
                len(account.evidence), len(account.transactions),
                account.evidence or account.transactions or account.head,
            )  # fmt: skip
            found.differences += self._differences(person_id, account, known.get(account.key))

    def _differences(self, person_id: int, account: Account, known: Head | None) -> list[Difference]:
        given = (self._rules, self._today, known, self._seals)
        try:
            found = checks.differences(account, *given)
        except Exception:
            if account.unreadable is not None:
                raise
            found = []
        if found or account.unreadable is not None:
            return found
        # A value that is none of its column's kind, or not in its form: look at each by itself, and name it.
        return checks.differences(self._read_carefully(person_id, account.key), *given)

    def _accounts(self, people: Sequence[tuple[int, str]]) -> Iterator[tuple[int, Account]]:
        """Everything of each of these learners, in five queries for all of them."""
        ids = [person_id for person_id, _key in people]
        if not ids:
            return
        try:
            books = books_of(self._session, ids)
            periods = self._by_learner(select(LearnerPeriod).where(LearnerPeriod.learner_id.in_(ids)))
            heads = self._by_learner(select(ChainHead).where(ChainHead.learner_id.in_(ids)))
        except STUMBLES:
            for person_id, key in people:
                yield person_id, self._read_carefully(person_id, key)
            return
        for person_id, key in people:
            own = books[person_id]
            head = heads[person_id][0] if heads[person_id] else None
            yield person_id, self._account(key, own.evidence, own.transactions, own.entries, periods[person_id], head)

    def _read_carefully(self, person_id: int, key: str) -> Account:
        found = [carefully(self._session, model, model.learner_id == person_id) for model in _RAW.values()]
        evidence, transactions, entries, periods, heads = (rows for rows, _bad in found)
        unreadable = [each for _rows, bad in found for each in bad]
        found_head = heads[0] if heads else None
        return self._account(key, evidence, transactions, entries, periods, found_head, unreadable)

    def _account(
        self, key: str, evidence: Sequence[Any], transactions: Sequence[Any], entries: Sequence[Any],
        periods: Sequence[Any], head: Any, unreadable: Sequence[Unreadable] | None = None,
    ) -> Account:  # fmt: skip
        """The rows, and the lines of the seals that follow from them."""
        lines: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
        for entry in entries if self._closings else ():
            lines[entry.seq].append((entry.account, entry.amount))
        links = [
            Link(row.seq, row.posted_at, row.period.isoformat(), row.hash, lines[row.seq])
            for row in (transactions if self._closings else ())
        ]
        seals = [(each.name, each.lines.get(key, ""), line_of(each, key, links)) for each in self._closings]
        return Account(key, evidence, transactions, entries, periods, head, unreadable, seals)

    def _by_learner(self, query: Any) -> defaultdict[int, list[Any]]:
        found: defaultdict[int, list[Any]] = defaultdict(list)
        for row in self._session.scalars(query.execution_options(populate_existing=True)):
            self._session.expunge(row)  # one chunk is in memory at a time
            found[row.learner_id].append(row)
        return found


def _balance(sums: Sums, own: Raw) -> None:
    """What the lines of one learner add to each account; a line without transaction, or without a number, to none."""
    periods = {row[1]: row[3] for row in own.transactions}
    last, accounts = None, dict[str, int]()
    for _learner, seq, _line, account, amount in own.entries:
        period = periods.get(seq)
        if period != last:
            last, accounts = period, sums.setdefault(str(period), {}) if period else {}
        if type(amount) is int and type(account) is str:
            accounts[account] = accounts.get(account, 0) + amount


def _strangers(found: Verified, person_id: object, models: Iterable[Any]) -> None:
    for model in models:
        row = f"{model.__tablename__} of learner {str(person_id)[:40]}"
        found.differences.append(Difference("", "rows", row, "a person", "nobody"))
