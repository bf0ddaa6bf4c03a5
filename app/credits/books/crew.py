"""Helper processes that prove chunks beside each other, all in one snapshot of the database.

PostgreSQL lends a transaction's snapshot to others. SQLite does not, but while one connection holds the write lock
nothing can be committed: read transactions that begin in that moment see the same.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits.books.chunk import Chunk, Verified

Message = TypeVar("Message")
ROOT = Path(__file__).resolve().parents[3]
_WIDTH = 8  # bytes of a message's length


class Begin(msgspec.Struct):
    """The first message to a helper; `snapshot` on PostgreSQL, `nice`: how far it stands back."""

    url: str
    today: date
    snapshot: str | None
    nice: int


class HelperDied(RuntimeError):
    """A helper ended before its work did; nothing was compared to the end."""


def send(pipe: IO[bytes], message: object) -> None:
    """One message: its length, its MessagePack."""
    data = msgspec.msgpack.encode(message)
    pipe.write(len(data).to_bytes(_WIDTH, "big") + data)
    pipe.flush()


def receive(pipe: IO[bytes], kind: type[Message]) -> Message | None:
    """The next message; None at the end."""
    head = pipe.read(_WIDTH)
    if len(head) < _WIDTH:
        return None
    size = int.from_bytes(head, "big")
    data = pipe.read(size)
    return msgspec.msgpack.decode(data, type=kind) if len(data) == size else None


class Crew:
    """Helpers over one database, in the snapshot of the session that `snapshot` gives. Ends them on leaving."""

    def __init__(self, db: Database, helpers: int, nice: int = 0) -> None:
        self._db, self._nice = db, nice
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._helpers = [
            subprocess.Popen(
                [sys.executable, "-m", "app.credits.books.helper"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
            )
            for _number in range(helpers)
        ]

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_how: object) -> None:
        for helper in self._helpers:
            helper.kill()
            helper.wait()
            for pipe in (helper.stdin, helper.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    @contextmanager
    def snapshot(self, today: date) -> Iterator[Session]:
        """A reading session, and every helper at the same moment of the database."""
        for helper in self._helpers:
            self._answer(helper, str)  # it is up: importing takes the time, and nobody is locked out meanwhile
        with self._db.reading() as session:
            if self._db.sqlite:
                with self._db.engine.execution_options(immediate=True).connect() as lock:
                    lock.execute(text("SELECT 1"))
                    session.execute(text("SELECT count(*) FROM sqlite_schema"))
                    self._begin(today, None)
                    lock.rollback()
            else:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                self._begin(today, session.scalar(text("SELECT pg_export_snapshot()")))
            yield session

    def _begin(self, today: date, snapshot: str | None) -> None:
        url = self._db.engine.url.render_as_string(hide_password=False)
        for helper in self._helpers:
            send(_pipe(helper.stdin), Begin(url, today, snapshot, self._nice))
        for helper in self._helpers:
            self._answer(helper, str)

    def _answer(self, helper: subprocess.Popen[bytes], kind: type[Message]) -> Message:
        found = receive(_pipe(helper.stdout), kind)
        if found is None:
            raise HelperDied(f"a process that proves the books ended with status {helper.wait()}")
        return found

    def prove(self, chunks: Iterable[Chunk]) -> Iterator[tuple[int, Verified]]:
        """What each chunk gave, as they come: (people in it, what was found). Every helper has one at hand."""
        waiting = iter(chunks)
        sizes: dict[int, int] = {}
        with selectors.DefaultSelector() as ready:
            for helper in self._helpers:
                if self._hand_out(waiting, helper, sizes):
                    ready.register(_pipe(helper.stdout), selectors.EVENT_READ, helper)
            while sizes:
                for key, _events in ready.select(1.0):
                    helper = key.data
                    found, size = self._answer(helper, Verified), sizes.pop(helper.pid)
                    if not self._hand_out(waiting, helper, sizes):
                        ready.unregister(key.fileobj)
                    yield size, found

    def _hand_out(self, waiting: Iterator[Chunk], helper: subprocess.Popen[bytes], sizes: dict[int, int]) -> bool:
        chunk = next(waiting, None)
        if chunk is None:
            return False
        sizes[helper.pid] = len(chunk.people)
        try:
            send(_pipe(helper.stdin), chunk)
        except OSError as error:
            raise HelperDied(f"a process that proves the books ended with status {helper.wait()}") from error
        return True


def _pipe(pipe: IO[Any] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
