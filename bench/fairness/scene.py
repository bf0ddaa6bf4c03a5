"""The place of one case: its learner, lessons of its own, and what is measured from outside."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.base import clock
from app.base.storage import Store
from app.classes import service as classes
from app.classes.models import CourseOffer
from app.courses import material
from app.courses import service as courses
from app.courses.models import Course, Lesson
from app.people import service as people
from app.people.models import LoginSession
from app.rules.viewing import spans
from app.viewing.models import Coverage, Viewing
from app.viewing.now import time_ms
from bench.fairness.book import Key, Ledger, sums
from bench.fairness.case import Case, Row
from bench.fairness.device import Answer, Device, Opened, beat_body
from bench.fairness.field import Field, Who
from tests import factories

RATE_M = 2000
_codes = itertools.count(1)


class Broken(AssertionError):
    """A case did not go as its text says, so its figures mean nothing."""


class NotHere(Exception):
    """A case cannot be played in this place; the text says why."""


class Scene:
    """What a case is given. `beat`: seconds between beats, to which every span of the case is set."""

    def __init__(self, place: Field, case: Case) -> None:
        self.place, self.case, self.beat = place, case, place.beat
        self.learner = place.take()
        self.rate_m = RATE_M
        self.book = Ledger()
        self._learners = {self.learner.id}
        self._media: set[int] = set()
        self._lock = threading.Lock()
        self._devices: list[Device] = []
        self.blocker = 0
        self.turn_file = place.folder / f"turn-{self.learner.id}"

    # What a case makes.

    def lesson(
        self, beats: float = 400, *, rate_m: int = RATE_M, kind: str = "video", minutes: int = 0, in_order: bool = False
    ) -> int:
        """A lesson of a course of its own, offered to all, so many beats long at single speed."""
        self.rate_m = rate_m
        with self.place.writing() as session:
            made = factories.course(session, f"f{next(_codes):04d}", lessons=[self.ms(beats)])
            made.max_rate_m, made.in_order = rate_m, in_order
            if minutes:
                made.check_minutes = minutes
            version = factories.versions(session, made)[0]
            if kind != "video":
                session.execute(text("UPDATE lesson SET kind = :kind WHERE id = :id"),
                                {"kind": kind, "id": version.lesson_id})  # fmt: skip
                version.mime = "audio/mpeg"
            factories.offer(session, made, None)
            self._media.add(version.id)
            return version.lesson_id

    def film(self, *, minutes: int = 0) -> int:
        """A lesson with a real film, for browsers."""
        lesson = self.lesson(minutes=minutes)
        path, store = self.place.film, Store(self.place.settings.files_dir)
        with self.place.writing() as session:
            version = material.attach_media(session, store, lesson, path, path.name)
            self._media.add(version.id)
        self.place.serve_material()
        return lesson

    def ms(self, beats: float) -> int:
        """So many beats in milliseconds."""
        return round(beats * self.beat * 1000)

    def someone(self) -> Who:
        """Another learner, who takes part in this case."""
        other = self.place.take()
        self._learners.add(other.id)
        return other

    def device(self, who: Who | None = None, ports: list[int] | None = None) -> Device:
        """A device on which somebody (the learner of the case) has just signed in."""
        made = Device((who or self.learner).login, ports or self.place.ports, len(self._devices))
        self._devices.append(made)
        with self.place.door:
            return made.sign_in()

    def open(self, device: Device, lesson: int, who: Who | None = None, **more: object) -> Opened:
        """Open a lesson, and note when: what was open before this was sent has ended by its answer."""
        opened = device.open(lesson, **more)
        with self._lock:
            times = self.book.times.setdefault((who or self.learner).id, [])
            for each in times:
                if each[2] <= opened.sent_at:  # of two openings side by side nobody here knows which was first
                    each[1] = min(each[1], opened.told_at)
            times.append([opened.sent_at, float("inf"), opened.told_at])
            self._media.add(opened.media)
        return opened

    def ended(self, who: Who | None = None, at: float | None = None) -> None:
        """The learner's viewing has ended by now."""
        moment = time.monotonic() if at is None else at
        with self._lock:
            for each in self.book.times.get((who or self.learner).id, []):
                each[1] = min(each[1], moment)

    def close(self, device: Device, opened: Opened, seq: int, ranges: object = (), who: Who | None = None) -> Answer:
        """A beat that closes its viewing."""
        told = device.beat(beat_body(opened.lease, seq, ranges, close=True))
        self.ended(who)
        return told

    def wait(self, beats: float) -> None:
        """Let time pass."""
        time.sleep(beats * self.beat)

    def pass_time(self, seconds: float, who: Who | None = None) -> None:
        """As if so long had gone by: all moments of this learner's viewings move into the past.

        For hours and days. While a viewing is open it counts as open for so long; none may be under way.
        """
        learner, ms = (who or self.learner).id, round(seconds * 1000)
        with self.place.writing() as session:
            open_ms = session.scalar(text(_OPEN), {"who": learner, "ms": ms, "now": time_ms(session)}) or 0
            session.execute(text(_AGE), {"who": learner, "ms": ms})
        with self._lock:
            self.book.aged_ms += int(open_ms)

    def sign_in_grows_old(self, hours: float = 25) -> None:
        """All sign-ins of the learner were made so long ago, and not used since."""
        then = clock.now() - timedelta(hours=hours)
        with self.place.writing() as session:
            session.execute(
                update(LoginSession)
                .where(LoginSession.person_id == self.learner.id)
                .values(created_at=then, seen_at=then)
            )

    def close_time(self, opened: Opened) -> None:
        """The lease runs out now: as if it had been given for so long only."""
        with self.place.writing() as session:
            now = time_ms(session)
            session.execute(
                update(Viewing)
                .where(Viewing.learner_id == self.learner.id, Viewing.id == opened.viewing)
                .values(expires_ms=now)
            )
        self.ended()

    @staticmethod
    def course_of(session: Session, lesson: int) -> int:
        """The course of a lesson."""
        found = session.get(Lesson, lesson)
        assert found is not None
        return found.course_id

    def slow_down(self, lesson: int, rate_m: int) -> None:
        """The editor lowers the course's highest rate."""
        with self.place.writing() as session:
            course = self.course_of(session, lesson)
            session.execute(update(Course).where(Course.id == course).values(max_rate_m=rate_m))

    def withdraw(self, lesson: int) -> None:
        """The editor takes the lesson away."""
        with self.place.writing() as session:
            courses.withdraw_lesson(session, lesson, actor_id=None)

    def take_back(self, lesson: int) -> None:
        """The academy takes back the offer of the lesson's course."""
        with self.place.writing() as session:
            course = self.course_of(session, lesson)
            offer = session.scalars(select(CourseOffer.id).where(CourseOffer.course_id == course)).one()
            classes.withdraw_offer(session, offer, None)

    def disable(self, who: Who) -> None:
        """The academy disables an account."""
        with self.place.writing() as session:
            people.disable(session, who.id, None)

    def confirm(self, device: Device, lesson: int) -> None:
        """The one plain confirmation for what the network's absence holds."""
        told = device.json("GET", f"/lessons/{lesson}/checks")
        self.must(told.status == 200, f"the checks are told: {told}")
        away = [each for each in told.body["checks"] if each["check"] == "away"]
        self.must(len(away) == 1 and away[0]["kind"] == "confirm", f"one plain confirmation is asked for: {told}")
        answer = device.json("POST", f"/lessons/{lesson}/checks", {"check": "away", "chosen": []})
        self.must(answer.body.get("result") == "counted", f"it counts: {answer}")
        self.must(not answer.body["pending"], f"one answer releases all of it: {answer}")

    def leave(self) -> None:
        """Hang up everywhere."""
        for each in self._devices:
            each.close()

    # What a case notes.

    def must(self, holds: object, what: str) -> None:
        """The case goes as its text says; otherwise it is broken, not passed."""
        if not holds:
            raise Broken(what)

    def foreign(self, ms: int) -> None:
        """So much was credited that no lease of this learner allowed."""
        self.book.foreign_ms += max(0, ms)

    @contextmanager
    def nothing_may_count(self) -> Iterator[None]:
        """Whatever is credited or waits more at the end of this than before it is cheated."""
        before = self.sums()
        yield
        after = self.sums()
        self.foreign(sum(after) - sum(before))

    def note(self, where: str, who: int, media: int, pieces: list[tuple[int, int]]) -> None:
        """Unite spans into "played", "late" or "told"."""
        with self._lock:
            book: dict[Key, list[int]] = getattr(self.book, where)
            for start, end in pieces:
                book[who, media] = spans.union(book.get((who, media), []), start, end)

    # What came of it.

    def kept(self, who: Who | None = None) -> tuple[list[int], list[int]]:
        """The coverage and what waits, as flat spans, of the learner in all lessons of the case together.

        For cases with one lesson."""
        with self.place.db.reading() as session:
            rows = session.scalars(select(Coverage).where(Coverage.learner_id == (who or self.learner).id)).all()
            self.must(len(rows) == 1, f"one lesson was watched, not {len(rows)}")
            return spans.unpack(rows[0].spans), spans.unpack(rows[0].pending)

    def newest_media(self) -> int:
        """The media version made last for this case."""
        return max(self._media)

    def rows(self) -> list[Coverage]:
        """The coverage rows of all who take part."""
        with self.place.db.reading() as session:
            return list(session.scalars(select(Coverage).where(Coverage.learner_id.in_(self._learners))).all())

    def sums(self) -> tuple[int, int]:
        """What is credited and what waits, of all who take part, in ms."""
        return sums(self.rows())

    def judge(self) -> Row:
        """The figures of the case, from the driver's book and the academy's rows."""
        rows, book = self.rows(), self.book
        credited, pending = sums(rows)
        open_ms = book.open_ms(time.monotonic())
        refused, watched = book.refused(rows)
        over = credited + pending - open_ms * self.rate_m // 1000
        return Row(
            self.case.name, self.place.kind, self.case.kind, self.case.stoppable, open_ms, self.rate_m / 1000, watched,
            credited, pending, refused, book.taken_over(), max(0, over) + book.foreign_ms,
        )  # fmt: skip


_OPEN = """SELECT coalesce(sum(CASE WHEN :ms < expires_ms - :now THEN :ms ELSE expires_ms - :now END), 0)
FROM viewing WHERE learner_id = :who AND ended_ms IS NULL AND expires_ms > :now"""
_AGE = """UPDATE viewing SET opened_ms = opened_ms - :ms, expires_ms = expires_ms - :ms,
clock_ms = clock_ms - :ms, touched_ms = touched_ms - :ms, ended_ms = ended_ms - :ms WHERE learner_id = :who"""
