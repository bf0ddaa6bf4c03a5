"""16,000 learners in 40 classes with a year's work behind them, on either database, in bulk.

A few learners are made and settled by the real services; the others are copies of them under other
numbers. Their ledgers are right in every sum; only the hashes are those of the learner they were
copied from, so this academy is not for `verify`.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import Base, Database
from app.classes import service as classes
from app.courses.models import Course
from app.people.models import Person
from app.rules.viewing import spans
from app.rules.viewing.lease import LeaseClaims, sign
from app.viewing.marks import pack
from bench.bulk import Bulk
from tests import factories

LEARNERS, COURSES, LESSONS, TEMPLATES, OPEN_COURSES = 16_000, 20, 4, 8, 5
# Half of the 40 classes are large: the page of a class is measured with the large ones.
SIZES = [600 if number % 2 == 0 else 200 for number in range(40)]
LENGTH_MS = 45 * 60_000
MARK_MS = LENGTH_MS * 9 // 10  # the sample rules: nine tenths of a lesson
RATE_M = 2000
LEASE_MS = 12 * 3_600_000
# What a copied learner has of its template, and the column that says whose a row is.
COPIED = (
    ("unit_membership", "person_id"), ("role_grant", "person_id"), ("evidence", "learner_id"),
    ("ledger_entry", "learner_id"), ("ledger_transaction", "learner_id"), ("chain_head", "learner_id"),
    ("learner_period", "learner_id"), ("coverage", "learner_id"),
)  # fmt: skip
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈沈韩杨朱秦许何吕施张", "安宁清和远知行明德文思齐若水子衿云汀书白景行之"


@dataclass
class Generated:
    """The academy as measurements see it; `leases` and `resume_ms` by learner, in the order of their ids."""

    first: int
    leases: list[str] = field(default_factory=list)
    resume_ms: list[int] = field(default_factory=list)
    templates: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    media: list[tuple[int, int]] = field(default_factory=list)  # (lesson, media version) of the open viewings
    logins: list[str] = field(default_factory=list)
    teacher: str = "head1"
    group: str = "class-1"
    course: str = "c01"

    @property
    def first_lesson(self) -> int:
        """A lesson that any learner may open."""
        return self.media[0][0]


def generate(
    db: Database, bulk_of: Callable[[str], Bulk], bulk_address: str, secret: bytes, learners: int
) -> Generated:
    """Fill an empty, migrated database. `bulk_of(bulk_address)` opens the way for the many."""
    with db.writing() as session:
        made = _by_services(session)
    bulk = bulk_of(bulk_address)
    _copies(bulk, made, learners)
    _viewings(bulk, made, learners, secret)
    bulk.finish()
    return made


def _by_services(session: Session) -> Generated:
    """Classes, courses, offers and the template learners, as the academy itself makes them."""
    small = factories.academy(session, learners=TEMPLATES)
    groups = [small.group.id, small.other_group.id]
    for number in range(3, len(SIZES) + 1):
        groups.append(classes.open_class(session, f"class-{number}", f"网络{number}班", f"Online class {number}").id)
    courses = [
        factories.course(
            session, f"c{n + 1:02d}", lessons=[LENGTH_MS] * LESSONS, bucket=("general", "professional")[n % 2]
        )
        for n in range(COURSES)
    ]  # fmt: skip
    for number, course in enumerate(courses):
        factories.offer(session, course, None, "required" if number % 3 else "elective")
    for number, learner in enumerate(small.learners):
        _history(session, learner.id, courses, 2 * number + 1)
    media = [(v.lesson_id, v.id) for course in courses[-OPEN_COURSES:] for v in factories.versions(session, course)]
    first = (session.scalar(select(func.max(Person.id))) or 0) + 1
    return Generated(
        first, templates=[learner.id for learner in small.learners], groups=groups, media=media,
        logins=[learner.login for learner in small.learners],
    )  # fmt: skip


def _history(session: Session, learner_id: int, courses: list[Course], lessons: int) -> None:
    """So many lessons watched to their end, one a day, in this year."""
    now = clock.now()
    for number in range(lessons):
        moment = max(now - timedelta(days=lessons - number), datetime(now.year, 1, 1, 4, tzinfo=UTC))
        factories.watched(session, learner_id, courses[number // LESSONS], number % LESSONS, moment)


def _copies(bulk: Bulk, made: Generated, learners: int) -> None:
    """The many: persons, what they have of their templates, their classes, a sign-in each."""
    ids = range(made.first, made.first + learners)
    now = bulk.time(clock.now())
    chance = random.Random(20260101)
    bulk.rows(
        "person", ("id", "key", "login", "name", "name_pinyin", "locale", "created_at"),
        ((p, f"B{p:025d}", f"b{p:06d}", _name(chance), "xue yuan", "zh_Hans_CN", now) for p in ids),
    )  # fmt: skip
    bulk.run("CREATE TABLE bench_copy (id bigint PRIMARY KEY, template bigint)")
    bulk.rows("bench_copy", ("id", "template"), ((p, made.templates[p % TEMPLATES]) for p in ids))
    for table, owner in COPIED:
        names = [c.name for c in Base.metadata.tables[table].columns if c.name not in ("id", owner)]
        bulk.run(
            f"INSERT INTO {table} ({owner}, {', '.join(names)}) SELECT b.id, {', '.join('t.' + n for n in names)}"
            f" FROM bench_copy b JOIN {table} t ON t.{owner} = b.template ORDER BY b.id"
        )
    groups = [group for group, size in zip(made.groups, SIZES, strict=True) for _ in range(size)]
    since = factories.SINCE.isoformat()
    bulk.rows(
        "class_membership", ("person_id", "class_id", "since"),
        ((p, groups[(p - made.first) % len(groups)], since) for p in ids),
    )  # fmt: skip
    bulk.rows(
        "login_session", ("id", "person_id", "token_hash", "created_at", "seen_at", "device", "address"),
        ((p, p, hashlib.sha256(f"bench{p}".encode()).hexdigest(), now, now, "Chrome", "10.0.0.1") for p in ids),
    )  # fmt: skip


def _name(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)


def half_watched(chance: random.Random) -> list[int]:
    """The spans of a lesson watched up to a random point before its mark, in 1 to 40 pieces with short gaps."""
    resume = chance.randrange(60_000, MARK_MS - 60_000)
    cuts = sorted(chance.sample(range(1000, resume - 1000, 1000), chance.randrange(40)))
    bounds = [0]
    for cut in cuts:
        bounds += [cut, cut + 400]
    return [*bounds, resume]


def _viewings(bulk: Bulk, made: Generated, learners: int, secret: bytes) -> None:
    """An open viewing of each learner, an hour old, with its half-watched coverage; the leases."""
    now_ms, chance = int(time.time() * 1000), random.Random(20260102)
    opened, expires = now_ms - 3_600_000, now_ms - 3_600_000 + LEASE_MS
    marks, covers, viewings = pack((MARK_MS,)), [], []
    for number in range(learners):
        person, (lesson, media) = made.first + number, made.media[number % len(made.media)]
        seen, key = half_watched(chance), opened << 20 | number
        covers.append((person, media, spans.length(seen), 0, seen[-1], opened, spans.pack(seen), b""))
        touched = now_ms - chance.randrange(60_000)
        viewings.append(
            (person, key, media, lesson, person, opened, expires, -1, opened, 0, 0, touched, 0, marks, b"", b"")
        )
        made.leases.append(sign(secret, LeaseClaims(person, media, key, LENGTH_MS, RATE_M, expires)))
        made.resume_ms.append(seen[-1])
    bulk.rows("coverage", COVERAGE, covers)
    bulk.rows("viewing", VIEWING, viewings)


COVERAGE = (
    "learner_id", "media_version_id", "counted_ms", "pending_ms", "resume_ms", "watched_at_ms", "spans", "pending",
)  # fmt: skip
VIEWING = (
    "learner_id", "id", "media_version_id", "lesson_id", "session_id", "opened_ms", "expires_ms", "seq", "clock_ms",
    "open_us", "credit_us", "touched_ms", "chunks", "marks", "answer", "trace_tail",
)  # fmt: skip


class Feed:
    """Every learner's next beat, one learner after the other; goes on where the last run stopped."""

    def __init__(self, made: Generated) -> None:
        self._heads = [f'{{"lease":"{lease}","seq":'.encode() for lease in made.leases]
        self._at = list(made.resume_ms)
        self._seq = [0] * len(self._at)
        self._turns: Iterator[int] = self._round()

    def _round(self) -> Iterator[int]:
        order = list(range(len(self._at)))
        random.Random(7).shuffle(order)
        while True:
            yield from order

    def body(self, played_ms: int) -> bytes:
        """A beat of the next learner, who has played so much since the one before."""
        learner = next(self._turns)
        seq, start = self._seq[learner], self._at[learner]
        end = min(start + played_ms, LENGTH_MS)
        self._seq[learner], self._at[learner] = seq + 1, end if end < LENGTH_MS else 0
        return self._heads[learner] + f'{seq},"ranges":[[{start},{end}]]}}'.encode()
