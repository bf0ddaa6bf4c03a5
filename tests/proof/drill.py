"""The kill drill: processes of the academy under beats, `kill -9`, and what the clients were promised."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base import settings as reading
from app.base.db import Database
from app.base.settings import Settings
from app.credits.verify import verify
from app.rules.viewing import spans, trace
from app.viewing import evidence, service
from app.viewing.models import Coverage, TraceChunk, Viewing
from tests import factories
from tests.services import DatabaseUrls, free_port

ROOT = Path(__file__).resolve().parents[2]
LEARNERS = 20
LONG_MS, SHORT_MS = 3_600_000, 12_000  # a short lesson is credited during the drill, so settlement is hit too
PLAYED_MS = 400
SECRET = "a secret of the drill that is long enough"


class Process:
    """One application process behind its own port; `kill` is SIGKILL to all of it."""

    def __init__(
        self, target: str, environment: dict[str, str], log: Path, *options: str, port: int = 0, threads: int = 32
    ) -> None:
        """Start it. With `port` it listens there and is told nothing else: the content origin beside an academy."""
        self.port = port or free_port()
        self._environment = environment if port else {**environment, "PORT": str(self.port)}
        self._log = log
        self._command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", "1", "--blocking-threads", str(threads), "--no-ws", "--log-level", "error", *options, target,
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, start_new_session=True, stdout=log, stderr=log
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"no application process: {self._log.read_text()[-3000:]}")

    @property
    def group(self) -> int:
        """The process group of all of it."""
        return self._process.pid

    def kill(self) -> None:
        """As the kernel does when memory is short: no clean-up, mid-request, mid-commit."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@dataclass(eq=False)
class Player(threading.Thread):
    """One learner's player: one beat in flight, each to the next process, sent again until acknowledged."""

    learner: int
    media: int
    length_ms: int
    lease: str
    ports: list[int]
    stop: threading.Event
    acknowledged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    failures: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._turn = itertools.cycle(range(len(self.ports)))
        self._lines: dict[int, http.client.HTTPConnection] = {}

    def run(self) -> None:
        at = 0
        for seq in itertools.count():
            played = [[at, min(at + PLAYED_MS, self.length_ms)]]
            answer = self._send(json.dumps({"lease": self.lease, "seq": seq, "ranges": played}).encode())
            if answer is None:
                break
            if answer["seq"] != seq:
                self.wrong.append(f"beat {seq} was answered as {answer['seq']}")
            pieces = [(start, end) for start, end in answer["credited"]]
            self.acknowledged[seq] = pieces
            # Now and then a little is skipped, so that coverage has many spans.
            at = pieces[-1][1] + (13 if seq % 7 == 0 else 0) if pieces else at
            if at >= self.length_ms - 1:
                at = 0
            self.stop.wait(0.01)
        for line in self._lines.values():
            line.close()

    def _send(self, body: bytes) -> dict[str, Any] | None:
        """The acknowledgement; None when the drill ends first."""
        while not self.stop.is_set():
            port = self.ports[next(self._turn)]
            line = self._lines.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=20))
            try:
                line.request("POST", "/beats", body)
                answer = line.getresponse()
                told = answer.read()
            except (OSError, http.client.HTTPException):
                line.close()
                self.failures += 1
                self.stop.wait(0.1)
                continue
            if answer.status == 200:
                return json.loads(told)  # type: ignore[no-any-return]
            self.failures += 1
            if answer.status != 503:
                self.wrong.append(f"{answer.status}: {told[:200]!r}")
            self.stop.wait(0.05)
        return None


@dataclass
class Found:
    """What was promised and what was kept; milliseconds, 0 everywhere but in the first two."""

    acknowledged: int = 0
    failures: int = 0
    settled: int = 0
    lost_ms: int = 0
    twice_ms: int = 0
    replay_differs: list[int] = field(default_factory=list)
    count_differs: list[int] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Drill:
    """An academy of twenty learners with open viewings, its processes, and the players."""

    def __init__(self, urls: DatabaseUrls, folder: Path, processes: int, target: str = "wsgi:app") -> None:
        given = {
            "DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": urls.app_url, "DUXUE_SECRET": SECRET,
            "DUXUE_EMBEDDED": "0",
        }  # fmt: skip
        self.settings = reading.load(given)
        self.db = Database(urls.app_url)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DUXUE_")}
        self._stop = threading.Event()
        viewings = self._open(self.settings)
        self.processes = [
            Process(target, {**clean, **given}, folder / f"process-{number}.log") for number in range(processes)
        ]
        ports = [process.port for process in self.processes]
        self.players = [Player(*viewing, ports[n % processes :] + ports[: n % processes], self._stop)
                        for n, viewing in enumerate(viewings)]  # fmt: skip

    def _open(self, settings: Settings) -> list[tuple[int, int, int, str]]:
        """The academy; (learner, media version, length, lease) of each open viewing, ten seconds old."""
        with self.db.writing() as session:
            made = factories.academy(session, learners=LEARNERS)
            courses = [factories.course(session, f"c{ms}", lessons=[ms]) for ms in (LONG_MS, SHORT_MS)]
            versions = [factories.versions(session, course)[0] for course in courses]
            for course in courses:
                factories.offer(session, course, None)
            found = []
            for number, learner in enumerate(made.learners):
                version = versions[number % 2]
                opened = service.open_viewing(session, settings, learner.id, version.lesson_id, None)
                found.append((learner.id, version.id, version.length_ms, opened.lease))
            session.execute(text("UPDATE viewing SET clock_ms = clock_ms - 10000"))
        return found

    def run(self, kills: int, pause: float = 0.5) -> Found:
        """Kill and restart one process after the other under load; then compare."""

        def kill(number: int) -> None:
            victim = self.processes[number % len(self.processes)]
            victim.kill()
            victim.start()

        return self.suffer(kills, kill, pause)

    def suffer(self, times: int, hurt: Callable[[int], None], pause: float = 0.5) -> Found:
        """Do something bad so many times under load; then compare. `hurt` is told which time it is, from 0."""
        for player in self.players:
            player.start()
        for number in range(times):
            self.until_busy(pause)
            hurt(number)
        self.until_busy(pause)
        self.close()
        return self._compare()

    def until_busy(self, pause: float) -> None:
        """Every player has been acknowledged since: the next blow hits all of them at work."""
        before = [len(player.acknowledged) for player in self.players]
        time.sleep(pause)
        until = time.monotonic() + 60
        while any(len(player.acknowledged) <= old for player, old in zip(self.players, before, strict=True)):
            if time.monotonic() > until or not all(player.is_alive() for player in self.players):
                raise AssertionError("the players did not recover by themselves within a minute")
            time.sleep(0.02)

    def close(self) -> None:
        """Players first; then the processes, as roughly as before."""
        self._stop.set()
        for player in self.players:
            if player.ident is not None:
                player.join(30)
        for process in self.processes:
            process.kill()

    def _compare(self) -> Found:
        found = Found()
        with self.db.writing() as session:
            due = session.scalars(select(Coverage).where(Coverage.due_mark_ms.is_not(None))).all()
            for row in due:
                evidence.write_due_evidence(session, self.settings, row.learner_id, row.media_version_id)
            found.settled = len(due)
        with self.db.reading() as session:
            for player in self.players:
                _compare_one(found, player, session)
            found.ledger = [f"{each.what} {each.row}" for each in verify(session).differences]
        self.db.engine.dispose()
        return found


def _compare_one(found: Found, player: Player, session: Session) -> None:
    row = session.get(Coverage, (player.learner, player.media))
    assert row is not None
    kept, promised, total = spans.unpack(row.spans), list[int](), 0
    for pieces in player.acknowledged.values():
        for start, end in pieces:
            found.lost_ms += sum(high - low for low, high in spans.subtract((start, end), kept))
            promised, total = spans.union(promised, start, end), total + end - start
    found.acknowledged += len(player.acknowledged)
    found.failures += player.failures
    found.twice_ms += total - spans.length(promised)
    found.wrong += player.wrong
    chunks = session.scalars(select(TraceChunk.bytes).where(TraceChunk.learner_id == player.learner)).all()
    tails = session.scalars(select(Viewing.trace_tail).where(Viewing.learner_id == player.learner)).all()
    if trace.replay([*chunks, *tails]).spans != kept:
        found.replay_differs.append(player.learner)
    if row.counted_ms != spans.length(kept):
        found.count_differs.append(player.learner)
