"""Everybody, weighed in several processes: each has its own interpreter, its own connection and its share.

They are started as plain programs: a fork would copy the threads and connections of a server that is at work, and
servers forbid their workers children of `multiprocessing`. What they need comes over their standard input, so that no
address of a database stands in a list of processes.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec

from app.base.db import Database
from app.credits.simulation import share
from app.credits.simulation.drafts import books
from app.credits.simulation.share import Found
from app.credits.simulation.weighing import Scale

ROOT = Path(__file__).resolve().parents[3]
# Fewer are weighed in this process: to start another takes longer.
FEW = 200
LOOK_EVERY = 0.5


class Job(msgspec.Struct):
    """What one process is asked for. Everything but `learners` is the same for all."""

    url: str
    published: list[str]
    draft: str
    as_if: date | None
    start: date
    today: date
    seals: dict[date, datetime]
    name: str
    learners: list[int]

    def scale(self) -> Scale:
        """The books and days that it weighs on."""
        found = books(self.published, self.draft, self.as_if)
        return Scale(found.before, found.after, self.start, self.today, self.seals, self.name)


class Failed(Exception):
    """A process ended without an answer; the text is the end of what it said."""


def everybody(db: Database, job: Job, progress: Callable[[int, int], None], processes: int | None = None) -> Found:
    """Weigh all of the job's learners. What `progress(done, total)` raises ends it, and every process with it.

    `processes`: None for as many as there are cores, 0 for none but this.
    """
    total = len(job.learners)
    wanted = _sensible(total) if processes is None else processes
    progress(0, total)
    if not wanted:
        done = 0

        def tell(more: int) -> None:
            nonlocal done
            done += more
            progress(done, total)

        return share.weigh(db, job.scale(), job.learners, tell)
    with _Crew([_part(job, part) for part in _shares(job.learners, wanted)]) as crew:
        return crew.watch(lambda done: progress(done, total))


def _sensible(learners: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if learners <= FEW else min(cores, -(-learners // FEW))


def _shares(learners: Sequence[int], wanted: int) -> list[list[int]]:
    """Chunks dealt out in turn: neighbours may have come in the same year, and bring as much."""
    dealt = share.chunks(learners)
    parts = [[each for chunk in dealt[n::wanted] for each in chunk] for n in range(wanted)]
    return [part for part in parts if part]


def _part(job: Job, learners: list[int]) -> Job:
    return msgspec.structs.replace(job, learners=learners)


class _Crew:
    """The processes at work; leaving it ends those that still are."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> _Crew:
        try:
            for job in self._jobs:
                self._begin(job)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self, job: Job) -> None:
        command = [sys.executable, "-m", "app.credits.simulation.worker"]
        made = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._processes.append(made)
        assert made.stdin is not None
        try:
            made.stdin.write(msgspec.json.encode(job))
            made.stdin.close()
        except BrokenPipeError as error:
            raise Failed(f"a process of the simulation ended at once, with status {made.wait()}") from error

    def __exit__(self, *_error: object) -> None:
        for each in self._processes:
            each.kill()
        for each in self._processes:
            each.wait()
            if each.stdout is not None:
                each.stdout.close()

    def watch(self, tell: Callable[[int], None]) -> Found:
        """Read how far they are until all have answered."""
        found, done, said = Found(), 0, dict.fromkeys(self._processes, b"")
        with selectors.DefaultSelector() as waiting:
            for each in self._processes:
                assert each.stdout is not None
                waiting.register(each.stdout, selectors.EVENT_READ, each)
            while waiting.get_map():
                for key, _events in waiting.select(LOOK_EVERY):
                    data = os.read(key.fd, 1 << 20)
                    said[key.data] += data
                    if not data:
                        waiting.unregister(key.fileobj)
                        found.merge(_answer(key.data, said.pop(key.data)))
                        continue
                    lines = said[key.data].split(b"\n")
                    while len(lines) > 1 and lines[0].isdigit():
                        done += int(lines.pop(0))
                    said[key.data] = b"\n".join(lines)
                tell(done)
        return found


def _answer(process: subprocess.Popen[bytes], said: bytes) -> Found:
    status = process.wait()
    if status:
        raise Failed(f"a process of the simulation ended with status {status}; the log says why")
    return msgspec.json.decode(said, type=Found)
