"""The academy that the cases are played in: learners, server processes, on either database."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from app.base import settings as reading
from app.base.db import Database
from app.base.settings import Settings
from app.wiring import listen
from tests import factories
from tests.factories.media import make_video
from tests.proof.drill import Process
from tests.services import DatabaseUrls, free_port

FILM_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Who:
    """A learner."""

    id: int
    login: str


@dataclass
class Field:
    """A running academy with the settings of any. `beat`: seconds between beats."""

    kind: str
    beat: float
    db: Database
    settings: Settings
    folder: Path
    environment: dict[str, str]
    processes: list[Process]
    people: list[Who]
    target: str = "wsgi:app"
    origin: Process | None = None

    def __post_init__(self) -> None:
        self._lock, self._writing, self._filming = threading.Lock(), threading.Lock(), threading.RLock()

        # Eighty sign-ins at one moment are a morning rush of thousands: they come a few at a time, as those would.
        self.door = threading.Semaphore(6)

    @property
    def ports(self) -> list[int]:
        """Where the academy listens: two processes on PostgreSQL."""
        return [process.port for process in self.processes]

    @property
    def ceiling_ms(self) -> int:
        """The most wall time that counts without a sign of life."""
        return self.settings.ceiling_seconds * 1000

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction of the driver's own; one at a time, so that side by side they do not starve an SQLite."""
        with self._writing, self.db.writing() as session:
            yield session

    def take(self) -> Who:
        """A learner whom no other case has."""
        with self._lock:
            return self.people.pop()

    @cached_property
    def film(self) -> Path:
        """A real video of a minute and a half, made once."""
        with self._filming:
            path = self.folder / "film.mp4"
            if not path.exists():
                make_video(path, FILM_SECONDS, sound=FILM_SECONDS, options={"movflags": "faststart"})
            return path

    def serve_material(self) -> None:
        """Start the content origin beside the first process, once: for browsers."""
        with self._filming:
            if self.origin is None:
                there = {**self.environment, "PORT": str(self.ports[0])}
                self.origin = Process(
                    "app.content_origin:create", there, self.folder / "origin.log", "--factory",
                    port=self.settings.content_port, threads=16,
                )  # fmt: skip

    @contextmanager
    def another(self, target: str = "", **more: str) -> Iterator[Process]:
        """One more process over the same database, for a case that ill-treats it."""
        with self._lock:
            number = len(list(self.folder.glob("more-*.log")))
            log = self.folder / f"more-{number}.log"
            log.touch()
        process = Process(target or self.target, {**self.environment, **more}, log)
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def field(urls: DatabaseUrls, folder: Path, beat: float, learners: int, target: str = "wsgi:app") -> Iterator[Field]:
    """A fresh academy in an empty, migrated database; its processes end with it."""
    listen()
    kind = "postgresql" if urls.app_role else "sqlite"
    given = {
        "DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": urls.app_url, "DUXUE_SECRET": secrets.token_hex(32),
        "DUXUE_EMBEDDED": "0",
        "DUXUE_BEAT_SECONDS": str(max(1, round(beat))), "CONTENT_PORT": str(free_port()),
    }  # fmt: skip
    db = Database(urls.app_url)
    with db.writing() as session:
        made = factories.academy(session, learners=learners)
        factories.provider(session)  # made once: the cases make their courses side by side
        people = [Who(each.id, each.login) for each in made.learners]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DUXUE_")}
    found = Field(kind, beat, db, reading.load(given), folder, {**clean, **given}, [], people, target)
    try:
        for number in range(2 if kind == "postgresql" else 1):
            found.processes.append(Process(target, found.environment, folder / f"fairness-{number}.log"))
        yield found
    finally:
        for process in (*found.processes, *([found.origin] if found.origin else [])):
            process.kill()
        db.engine.dispose()
