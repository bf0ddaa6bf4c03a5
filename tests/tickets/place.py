"""A class with a lesson of six minutes, two learners, and real beats over the real application."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import text

from app.base.db import Database
from app.credits.verify import verify
from app.rules.access import Scope
from app.rules.viewing import spans
from app.rules.viewing.trace import replay
from app.tickets import queries, service
from app.tickets.queries import TicketRow
from app.viewing import service as viewing
from app.viewing import traces
from app.viewing.models import Coverage
from tests import factories
from tests.factories.web import make_app
from tests.services import DatabaseUrls

LENGTH = 360_000
MARK = 324_000  # nine tenths, as the rules of the sample ask for


class Place:
    """The academy; `learner` is the first of two in class-1."""

    def __init__(self, urls: DatabaseUrls, folder: Path) -> None:
        self.app = make_app(urls, folder)
        self.db: Database = self.app.extensions["duxue.db"]
        self.settings = self.app.extensions["duxue.settings"]
        with self.db.writing() as session:
            self.made = factories.academy(session, learners=2)
            course = factories.course(session, "course-1", lessons=[LENGTH])
            factories.offer(session, course, self.made.group)
            (version,) = factories.versions(session, course)
            self.version, self.lesson = version.id, version.lesson_id
        self.learner, self.teacher = self.made.learner.id, self.made.teacher.id
        self.lease, self.seq = "", 0

    def open(self, learner_id: int = 0) -> None:
        """The player opens the lesson."""
        with self.db.writing() as session:
            who = learner_id or self.learner
            self.lease = viewing.open_viewing(session, self.settings, who, self.lesson, None).lease

    def play(self, *ranges: tuple[int, int], after_ms: int) -> dict[str, object]:
        """A beat that tells of these ranges, so long after the last one (or the opening)."""
        with self.db.writing() as session:
            for name in ("opened_ms", "clock_ms"):
                session.execute(
                    text(f"UPDATE viewing SET {name} = {name} - :ms WHERE ended_ms IS NULL"), {"ms": after_ms}
                )
        self.seq += 1
        body = {"lease": self.lease, "seq": self.seq, "ranges": [list(each) for each in ranges]}
        status, answer = self.app.beats.handle(json.dumps(body).encode())
        assert status == 200, answer
        found: dict[str, object] = json.loads(answer)
        return found

    def watch_badly(self) -> None:
        """All of it but what lies from 1:40 to 3:20; too little for credit."""
        self.open()
        self.play((0, 50_000), after_ms=60_000)
        self.play((50_000, 100_000), after_ms=60_000)
        self.play((200_000, 280_000), after_ms=90_000)
        self.play((280_000, LENGTH), after_ms=90_000)

    def ticket(self, part: tuple[int, int] | None = None, words: str = "中间一段看了没有计") -> TicketRow:
        """The learner writes; what staff then see."""
        with self.db.writing() as session:
            key, fresh = service.open_ticket(session, self.settings, self.learner, self.lesson, words, part)
        assert fresh
        return self.row(key)

    def row(self, key: str) -> TicketRow:
        """A ticket as the whole academy's staff see it."""
        with self.db.reading() as session:
            today = service.today(self.settings)
            found = queries.one_of_class(Scope(everything=True), session, "class-1", key, today)
        assert found is not None
        return found[1]

    def covered(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Counted and pending, as stored."""
        with self.db.reading() as session:
            row = session.get(Coverage, (self.learner, self.version))
            assert row is not None
            assert row.counted_ms == spans.length(spans.unpack(row.spans))
            assert row.pending_ms == spans.length(spans.unpack(row.pending))
            return spans.pairs(spans.unpack(row.spans)), spans.pairs(spans.unpack(row.pending))

    def proved(self) -> None:
        """The ledger follows from the evidence, the coverage from the traces."""
        with self.db.reading() as session:
            assert verify(session).differences == []
            told = replay(seen.trace for seen in traces.viewings(session, self.learner, self.version))
        counted, pending = self.covered()
        assert spans.pairs(told.spans) == counted
        assert spans.pairs(told.pending) == pending
