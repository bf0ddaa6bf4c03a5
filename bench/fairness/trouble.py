"""Ill-treatment of a process that serves one case alone: no writing, a wrong clock."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from app.base import clock
from bench.fairness.device import Answer
from bench.fairness.player import Player
from bench.fairness.scene import Scene
from tests.proof.drill import Process

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def members(process: Process) -> list[int]:
    """The numbers of all operating-system processes of one application process (its group)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == process.group:
                found.append(int(entry.name))
    return found


@contextmanager
def without_writing(scene: Scene, process: Process) -> Iterator[None]:
    """SQLite: no file takes a byte more. PostgreSQL: the learner's row is held, and who waits for it is cut off."""
    if scene.place.kind == "sqlite":
        with files_full(process):
            yield
        return
    over = threading.Event()
    cutter = threading.Thread(target=_cut_off, args=(scene, over), daemon=True)
    with scene.place.db.writing() as session:
        session.execute(text("SELECT id FROM viewing WHERE learner_id = :who FOR UPDATE"), {"who": scene.learner.id})
        me = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        scene.blocker = int(me)
        cutter.start()
        try:
            yield
        finally:
            over.set()
            cutter.join()


@contextmanager
def files_full(process: Process) -> Iterator[None]:
    """Every file that a process writes to has reached its limit, as on a full disk."""
    numbers = members(process)
    for number in numbers:
        resource.prlimit(number, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for number in numbers:
            resource.prlimit(number, resource.RLIMIT_FSIZE, UNLIMITED)


def _cut_off(scene: Scene, over: threading.Event) -> None:
    """End the connections of the application's role that wait for our lock: their batch is not saved."""
    while not over.wait(0.1):
        with scene.place.db.reading() as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = current_user AND :me = ANY(pg_blocking_pids(pid))"
                ),
                {"me": scene.blocker},
            )


def until_answered(player: Player, status: int, pause: float) -> Answer:
    """Play on and report until the academy answers so."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        player.play(1, rate=2, sending=False)
        told = player.send()
        if told is not None and told.status == status:
            return told
        time.sleep(pause / 10)
    raise AssertionError(f"it was never answered {status}")


def wall_clock_back(scene: Scene, process: Process, seconds: float) -> None:
    """Turn the clock of that process's machine back, and see that it is."""
    scene.turn_file.write_text(str(-seconds))
    done = scene.turn_file.with_suffix(".done")
    until = time.monotonic() + 10
    while not done.exists() or not done.read_text():
        scene.must(time.monotonic() < until, "the clock was turned")
        time.sleep(0.02)
    now = int(done.read_text())
    scene.must(now < clock.now_ms() - seconds * 900, f"the clock of process {process.port} stands back: {now}")
