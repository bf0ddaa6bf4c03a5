"""Short films in a running sample academy, so that a whole lesson is watched within seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from app.base import clock
from app.base.db import Database
from app.base.settings import Settings, load
from app.base.storage import Store
from app.classes import service as classes
from app.courses import service as courses
from app.courses.models import Lesson, Provider
from app.people.models import Person
from app.questions import service as questions
from app.rules.questions.draft import Draft, Option
from app.rules.viewing import spans
from app.viewing.models import Coverage
from tests.factories.media import make_video
from tests.journeys.server import Academy

EVERY = 2  # a line of the transcript lasts so many seconds


@dataclass(frozen=True, slots=True)
class Film:
    """A lesson of a course that everybody may study."""

    lesson: int
    version: int
    length_ms: int

    @property
    def address(self) -> str:
        """The player's."""
        return f"/lessons/{self.lesson}"


class Studio:
    """Makes lessons in an academy, and looks into its database."""

    def __init__(self, academy: Academy, folder: Path) -> None:
        self.settings: Settings = load(academy.environment)
        self.db = Database(self.settings.database_url)
        self.folder = folder
        self._made = 0

    def film(
        self, seconds: int, *, captions: bool = True, in_order: bool = False, title: str = "", check_minutes: int = 0
    ) -> Film:
        """A film with a line of transcript every two seconds."""
        self._made += 1
        path = self.folder / f"film-{seconds}.mp4"
        if not path.exists():
            make_video(path, seconds, options={"movflags": "faststart"})
        with self.db.writing() as session:
            provider = session.scalars(select(Provider)).first()
            assert provider is not None
            course = courses.create_course(
                session, title=title or f"短片{self._made}", title_en=f"Film {self._made}", summary="", summary_en="",
                provider_id=provider.id, category="skills", subject_bucket="general", lecturer="", max_rate_m=2000,
                in_order=in_order, check_minutes=check_minutes, actor_id=None,
            )  # fmt: skip
            lesson = courses.add_lesson(session, course.id, "video", title or f"短片{self._made}", "Film")
            version = courses.attach_media(session, Store(self.settings.files_dir), lesson.id, path, path.name)
            if captions:
                courses.attach_caption(session, version.id, "zh", _lines(seconds).encode(), "film.vtt")
            since = clock.local_day(clock.now(), self.settings.timezone)
            classes.offer_course(session, course.id, None, "elective", since, None, None)
            return Film(lesson.id, version.id, version.length_ms)

    def ask(self, film: Film, count: int) -> None:
        """Give the film's course questions; the right answer of each begins with 对."""
        with self.db.writing() as session:
            lesson = session.get_one(Lesson, film.lesson)
            for number in range(count):
                words = ((f"对的{number}", True), (f"错的{number}", False), (f"也错{number}", False))
                options = tuple(Option(text, right) for text, right in words)
                draft = Draft("single", f"第{number}问：哪一个对？", options, f"讲解{number}")
                questions.add(session, lesson.course_id, draft, actor_id=None)

    def watched(self, film: Film, login: str, *pairs: tuple[int, int], waits: tuple[int, int] | None = None) -> None:
        """Let a learner have seen these milliseconds; those of `waits` (the network was away) after them."""
        flat = [bound for pair in pairs for bound in pair]
        held = [] if waits is None else list(waits)
        with self.db.writing() as session:
            total = sum(end - start for start, end in pairs)
            row = Coverage(
                learner_id=_learner(login, session), media_version_id=film.version, counted_ms=total,
                pending_ms=sum(held[1::2]) - sum(held[::2]), resume_ms=pairs[-1][1], watched_at_ms=clock.now_ms(),
                spans=spans.pack(flat), pending=spans.pack(held),
            )  # fmt: skip
            session.add(row)

    def counted(self, film: Film, login: str) -> list[tuple[int, int]]:
        """What the academy has counted, as pairs of milliseconds."""
        with self.db.reading() as session:
            row = session.get(Coverage, (_learner(login, session), film.version))
            return [] if row is None else list(spans.pairs(spans.unpack(row.spans)))


def _learner(login: str, session: object) -> int:
    found = session.scalar(select(Person.id).where(Person.login == login))  # type: ignore[attr-defined]
    assert isinstance(found, int)
    return found


def _lines(seconds: int) -> str:
    def stamp(at: int) -> str:
        return f"00:{at // 60:02d}:{at % 60:02d}.000"

    cues = [f"{stamp(at)} --> {stamp(at + EVERY)}\n第{at // EVERY + 1}行。\n" for at in range(0, seconds, EVERY)]
    return "WEBVTT\n\n" + "\n".join(cues)
