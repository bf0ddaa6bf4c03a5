"""An academy of N learners with 100 pieces of evidence each and the ledgers that follow, for whatever reads all of it.

Every row is as the academy itself would have written it: evidence is checked and hashed by its code, folded, posted
and summed by its code, as if all of a learner's evidence had been recorded and then settled once. Only the way into
the tables is a shorter one (`bulk`). So `verify` finds nothing here, and `tests/credits/test_ledgers.py` asks it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from app.base import clock
from app.base.db import Database
from app.credits import sums
from app.credits.folding import fold, targets_of
from app.credits.models import ChainHead
from app.credits.posting import Poster, digest_of
from app.credits.rulebook import text_hash
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.document import load
from app.rules.credit.settlement import NO_SEALS
from bench.bulk import Bulk, PostgresBulk, Row, SqliteBulk
from bench.databases import empty
from bench.histories import CLASS_SIZE, Kept, pieces
from bench.people import GIVEN, SURNAMES
from tests import factories, services

PIECES = 100
FIRST_PERSON = 1000
CHUNK = 100  # learners made at once by one process
# The sample academy's rules from 2024 on, with a little more in them.
RULES = (
    factories.RULES.replace("effective = 2026-01-01", "effective = 2024-01-01")
    + """
[[convert]]
id = "session"
when = {kind = "session"}
amount = "4 * (2 * days)"
bucket = "professional"
text = {zh = "面授每半天计 4 学时", en = "A half-day in class counts as 4 hours"}

[[convert]]
id = "recognised"
when = {kind = "recognised"}
amount = "hours"
bucket_field = "subject_bucket"
text = {zh = "外部培训按认定学时计", en = "Training elsewhere counts as recognised"}

[[cap]]
id = "training"
when = {kind = "recognised"}
limit = 20
per = "period"
text = {zh = "外部培训每年最多计 20 学时", en = "At most 20 hours from elsewhere count in a year"}
"""
)


def draft(effective: date, **changes: str) -> str:
    """The next version: `changes` are texts of `RULES` and what stands in their place, by a name nobody reads."""
    found = RULES.replace("version = 1\neffective = 2024-01-01", f"version = 2\neffective = {effective.isoformat()}")
    for change in changes.values():
        before, _, after = change.partition(" => ")
        assert before in found, before
        found = found.replace(before, after)
    return found


@dataclass
class Ledgers:
    """A filled database; `folder` is its data folder."""

    kind: str
    urls: services.DatabaseUrls
    folder: Path
    learners: int


@contextmanager
def ledgers(kind: str, learners: int, pieces: int = PIECES, processes: int = 2) -> Iterator[Ledgers]:
    """A fresh academy on "postgresql" or "sqlite", removed at the end."""
    with empty(kind, "ledgers") as where:
        fill(where.urls, where.admin, learners, pieces, processes)
        yield Ledgers(kind, where.urls, where.folder, learners)


class Made(NamedTuple):
    """The rows of some learners, by table."""

    evidence: list[Row]
    entries: list[Row]
    transactions: list[Row]
    heads: list[Row]
    periods: list[Row]


COLUMNS = {
    "evidence": (
        "id", "learner_id", "key", "kind", "happened_at", "known_at", "recorded_by", "facts", "payload_hash", "names",
    ),
    "ledger_entry": ("learner_id", "seq", "line", "account", "amount"),
    "ledger_transaction": (
        "learner_id", "seq", "evidence_key", "period", "rule_version", "posted_at", "reverses", "why",
        "previous_hash", "hash",
    ),
    "chain_head": ("learner_id", "seq", "hash", "settled_evidence"),
    "learner_period": (
        "learner_id", "period", "earned", "countable", "buckets", "tests", "met", "carried", "made_up", "carry",
        "settled_at",
    ),
}  # fmt: skip


class Chunk(NamedTuple):
    """What one process makes at a time: learners `first` … of so many, all known at `now_ms`."""

    first: int
    learners: int
    pieces: int
    now_ms: int
    address: str


def fill(urls: services.DatabaseUrls, admin: str, learners: int, pieces: int = PIECES, processes: int = 2) -> None:
    """Fill a migrated database. `admin`: PostgreSQL's superuser, whom the processes write as; "" on SQLite."""
    now = clock.from_ms(clock.now_ms())
    path = urls.app_url.removeprefix("sqlite:///")
    bulk: Bulk = PostgresBulk(admin) if admin else SqliteBulk(path)
    _people(bulk, learners, now)
    if admin:
        bulk.finish()
    chunks = [
        Chunk(n, min(CHUNK, learners - n), pieces, clock.to_ms(now), admin) for n in range(0, learners, CHUNK)
    ]  # fmt: skip
    if processes > 1:
        with get_context("spawn").Pool(processes) as pool:
            for made in pool.imap_unordered(_make, chunks):
                _write(bulk, made)
    else:
        for chunk in chunks:
            _write(bulk, _make(chunk))
    if not admin:
        bulk.finish()
        return
    PostgresBulk(admin).finish()
    owner = Database(urls.owner_url)
    with owner.writing() as session:
        for table in ("evidence", "person", "unit", "virtual_class", "rule_version"):
            session.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table}','id'), (SELECT max(id) FROM {table}))")
            )
    owner.engine.dispose()


def _write(bulk: Bulk, made: Made | None) -> None:
    if made is not None:
        for table, rows in zip(COLUMNS, made, strict=True):
            bulk.rows(table, COLUMNS[table], rows)


def _people(bulk: Bulk, learners: int, now: datetime) -> None:
    """Rules, a unit, classes, everybody in their class."""
    at, since, chance = bulk.time(now), "2024-01-01", random.Random(20260101)
    bulk.rows(
        "rule_version",
        ("id", "ruleset", "version", "effective", "text", "text_hash", "published_at", "published_by"),
        [(1, "yunting", 1, "2024-01-01", RULES, text_hash(RULES), at, None)],
    )
    bulk.rows(
        "unit", ("id", "code", "name", "name_en", "nature"), [(1, "city", "云汀市", "Yunting City", "party_government")]
    )
    bulk.rows(
        "virtual_class", ("id", "code", "name", "name_en"),
        [(n, f"class-{n}", f"网络{n}班", f"Online class {n}") for n in range(1, learners // CLASS_SIZE + 2)],
    )  # fmt: skip
    bulk.rows(
        "person", ("id", "key", "login", "name", "name_pinyin", "locale", "created_at"),
        [
            (FIRST_PERSON + n, key_of(n), f"b{n:06d}", _name(chance), "xue yuan", "zh_Hans_CN", at)
            for n in range(learners)
        ],
    )  # fmt: skip
    bulk.rows(
        "unit_membership", ("person_id", "unit_id", "band", "since"),
        [(FIRST_PERSON + n, 1, "staff", since) for n in range(learners)],
    )  # fmt: skip
    bulk.rows(
        "class_membership", ("person_id", "class_id", "since"),
        [(FIRST_PERSON + n, n // CLASS_SIZE + 1, since) for n in range(learners)],
    )  # fmt: skip


def key_of(number: int) -> str:
    """The key of a learner by number from 0."""
    return f"B{number:025d}"


def _name(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)


_book: list[RuleBook] = []


def _make(chunk: Chunk) -> Made | None:
    """The rows of a chunk; on PostgreSQL they are written here, by a connection of this process."""
    if not _book:
        _book.append(RuleBook([load(RULES)]))
    made, now = Made([], [], [], [], []), clock.from_ms(chunk.now_ms)
    bulk = PostgresBulk(chunk.address) if chunk.address else None
    time = bulk.time if bulk else SqliteBulk.time
    for number in range(chunk.first, chunk.first + chunk.learners):
        _one(made, _book[0], number, pieces(number, chunk.pieces, now), now, time)
    if bulk is None:
        return made
    _write(bulk, made)
    bulk.commit()
    return None


class _Poster(Poster):
    """The academy's own, told what it would have asked the database."""

    def __init__(self, number: int, head: ChainHead, evidence: list[Kept], now: datetime) -> None:
        self._learner_id, self._head, self._key = FIRST_PERSON + number, head, key_of(number)
        self._kinds = {row.key: row.kind for row in evidence}
        self._seen, self._posted_ms = (evidence[-1].id, digest_of(evidence)), clock.to_ms(now)


def _one(made: Made, book: RuleBook, number: int, evidence: list[Kept], now: datetime, time: Any) -> None:
    person = FIRST_PERSON + number
    settlement = fold(book, evidence, clock.local_day(now, book.zone), NO_SEALS)
    post = ledger.difference(targets_of(settlement), [])[1]
    head = ChainHead(learner_id=person, seq=0, hash=ledger.START, settled_evidence=evidence[-1].id)
    poster, at = _Poster(number, head, evidence, now), time(now)
    seq, last = 0, ledger.START
    for link, last in poster._links([], post):
        seq, row = link.seq, poster._row(link, last)
        made.entries.extend((person, seq, place, *entry) for place, entry in enumerate(link.entries))
        row["period"], row["posted_at"] = row["period"].isoformat(), at
        made.transactions.append(tuple(row[name] for name in COLUMNS["ledger_transaction"]))
    made.heads.append((person, seq, last, evidence[-1].id))
    for start, values in sums.expected(settlement).items():
        made.periods.append((person, start.isoformat(), *(values[n] for n in COLUMNS["learner_period"][2:-1]), at))
    for row_ in evidence:
        times = time(row_.happened_at), time(row_.known_at)
        made.evidence.append(
            (row_.id, person, row_.key, row_.kind, *times, row_.recorded_by, row_.facts, row_.payload_hash, row_.names)
        )
