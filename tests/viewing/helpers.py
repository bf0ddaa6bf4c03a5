"""A learner with an open viewing, straight in the tables, and the real beat path over it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from app.base.clock import AnchoredClock
from app.base.db import Database
from app.courses.models import Course, Lesson, MediaVersion, Provider
from app.people.models import Person
from app.rules.viewing import spans
from app.rules.viewing.lease import LeaseClaims, sign
from app.viewing.beats import Beats
from app.viewing.marks import pack
from app.viewing.models import Coverage, Viewing
from app.viewing.rows import Policy
from app.viewing.stores import PostgresStore, SqliteStore, Store
from app.viewing.writer import Writer
from tests.services import DatabaseUrls

SECRET = b"a secret of the tests, long enough"
LENGTH_MS = 360_000
POLICY = Policy(ceiling_ms=120_000, backlog_ms=7 * 86_400_000)


@dataclass
class Room:
    """A database with one course, and the beat path of one process."""

    urls: DatabaseUrls
    clock: AnchoredClock = field(default_factory=AnchoredClock)
    settled: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.db = Database(self.urls.app_url)
        self.writer = Writer(self.store(), POLICY, 0)
        self.beats = Beats((SECRET,), self.writer, lambda learner, media: self.settled.append((learner, media)))
        with self.db.writing() as session:
            run = session.execute
            run(insert(Provider).values(id=1, code="own", name="本院", name_en="Own"))

            made = datetime.now(UTC)
            run(
                insert(Course).values(
                    id=1,
                    code="c1",
                    title="课",
                    title_en="Course",
                    summary="",
                    summary_en="",
                    provider_id=1,
                    category="law",
                    subject_bucket="general",
                    lecturer="",
                    max_rate_m=2000,
                    created_at=made,
                )
            )
            run(insert(Lesson).values(id=1, course_id=1, position=1, title="讲", title_en="Talk", kind="video"))
            for media in (1, 2):
                run(
                    insert(MediaVersion).values(
                        id=media,
                        lesson_id=1,
                        version=media,
                        sha256="0" * 64,
                        bytes=1,
                        mime="video/mp4",
                        length_ms=LENGTH_MS,
                        original_name="x.mp4",
                        created_at=made,
                    )
                )

    def store(self) -> Store:
        if self.db.sqlite:
            return SqliteStore(self.urls.app_url.removeprefix("sqlite:///"), self.clock)
        return PostgresStore(self.urls.app_url)

    def viewing(
        self,
        learner: int,
        key: int,
        media: int = 1,
        *,
        opened_s: float = 60,
        marks: tuple[int, ...] = (),
        ended_s: float | None = None,
        reason: str | None = None,
        expires_s: float = 3600,
    ) -> str:
        """An open viewing that began `opened_s` ago (its allowance is as large); its lease."""
        began = int(time.time() * 1000 - opened_s * 1000)
        expires = began + int(expires_s * 1000)
        ended = None if ended_s is None else int(time.time() * 1000 - ended_s * 1000)
        with self.db.writing() as session:
            if session.get(Person, learner) is None:
                session.add(
                    Person(
                        id=learner,
                        key=f"K{learner:025d}",
                        login=f"p{learner}",
                        name="某",
                        name_pinyin="mou",
                        locale="zh_Hans_CN",
                        created_at=datetime.now(UTC),
                    )
                )
                session.flush()
            if session.get(Coverage, (learner, media)) is None:
                session.add(
                    Coverage(
                        learner_id=learner,
                        media_version_id=media,
                        counted_ms=0,
                        pending_ms=0,
                        resume_ms=0,
                        watched_at_ms=0,
                        spans=b"",
                        pending=b"",
                    )
                )
            session.add(
                Viewing(
                    learner_id=learner,
                    id=key,
                    media_version_id=media,
                    lesson_id=1,
                    opened_ms=began,
                    expires_ms=expires,
                    ended_ms=ended,
                    end_reason=reason,
                    seq=-1,
                    clock_ms=began,
                    open_us=0,
                    credit_us=0,
                    touched_ms=began,
                    chunks=0,
                    marks=pack(marks),
                    answer=b"",
                    trace_tail=b"",
                )
            )
        return sign(SECRET, LeaseClaims(learner, media, key, LENGTH_MS, 2000, expires))

    def beat(self, lease: str, seq: int, *ranges: list[Any], **more: Any) -> tuple[int, dict[str, Any]]:
        """Send one; status and decoded answer."""
        status, body = self.beats.handle(json.dumps({"lease": lease, "seq": seq, "ranges": ranges, **more}).encode())
        return status, json.loads(body)

    def resume_ms(self, learner_id: int) -> int:
        """Where the learner would go on."""
        with self.db.reading() as session:
            return session.scalars(select(Coverage.resume_ms).where(Coverage.learner_id == learner_id)).one()

    def covered(self, learner: int, media: int = 1) -> list[tuple[int, int]]:
        """What is stored."""
        with self.db.reading() as session:
            row = session.get(Coverage, (learner, media))
            assert row is not None
            return spans.pairs(spans.unpack(row.spans))

    def close(self) -> None:
        self.db.engine.dispose()
