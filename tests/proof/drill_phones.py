"""Slow phones reading material, and films being made, while beats flow: what that does to the beats' latency."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.base import clock
from app.base.storage import Store
from app.courses.models import MediaVersion
from app.courses.origin import signed_path
from bench.beats import BEATS, CONNECTIONS, warm
from bench.driver import Driver, post
from bench.people import Feed
from bench.places import ROOT, Place, place, serving
from tests.proof.outcome import Outcome
from tests.services import find_programs, free_port

PHONES, BYTES_A_SECOND, FILE_BYTES = 48, 24_000, 64 << 20
MOST_RATIO = 2.0
LAUNCH = ROOT / "app" / "courses" / "renditions" / "launch.py"


def phones(learners: int, seconds: float) -> list[Outcome]:
    """p99 of beats alone, with 48 slow phones on the content origin, and with two films being made as well."""
    kind = "postgresql" if find_programs() else "sqlite"
    with place(kind, learners) as where:
        rate = max(1, round(learners / 15))
        port = free_port()
        with serving(where, "wsgi:app", CONTENT_PORT=str(port)) as academy, _origin(where, port) as path:
            warm(academy, BEATS, feed := Feed(where.made))
            alone = _p99(academy, feed, rate, seconds)
            with _readers(port, path) as read:
                slow = _p99(academy, feed, rate, seconds)
                with _transcodes():
                    both = _p99(academy, feed, rate, seconds)
            again = _p99(academy, feed, rate, seconds)
    before = (alone + again) / 2
    promise = f"p99 of beats at most {MOST_RATIO:g} times that without"
    what = f"{rate} beats/s of {learners:,} learners, {kind}: p99 {alone:.0f} and {again:.0f} ms alone"
    got = f"{len(read)} phones took {sum(read) / 1e6:.0f} MB"
    return [
        Outcome(f"{PHONES} slow phones reading media", promise, f"{what}, {slow:.0f} ms with them; {got}",
                slow <= MOST_RATIO * before and min(read) > 0),
        Outcome("and two films being made beside", promise, f"{both:.0f} ms", both <= MOST_RATIO * before),
    ]  # fmt: skip


def _p99(port: int, feed: Feed, rate: int, seconds: float) -> float:
    """Milliseconds, in an open loop; every beat must be answered 200."""
    played = 15_000
    outcome = Driver(port, CONNECTIONS, lambda: post(BEATS.path, feed.body(played), port)).open(seconds, rate)
    if outcome.failed or outcome.unsent > rate:
        raise AssertionError(f"{outcome.failed} beats failed, {outcome.unsent} were never sent: {outcome.statuses}")
    return outcome.percentile_ms(0.99)


@contextmanager
def _origin(where: Place, port: int) -> Iterator[str]:
    """The content origin as `duxue serve` starts it, with one large file; the signed path to it."""
    raw = os.urandom(1 << 20) * (FILE_BYTES >> 20)
    sha256 = hashlib.sha256(raw).hexdigest()
    source = where.folder / "large.mp4"
    source.write_bytes(raw)
    assert Store(where.folder / "files").put(source) == sha256
    path = signed_path(where.secret, MediaVersion(sha256=sha256, mime="video/mp4"), clock.now_ms())
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "16", "--no-ws", "--log-level", "error", "--backlog", "1024",
        "--factory", "app.content_origin:create",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=where.environment(), start_new_session=True)
    try:
        _reachable(port)
        yield path
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _reachable(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class _Phone:
    """A connection that asks for the file range by range and reads a few bytes at a time."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self.read, self._at = 0, 0
        self.line = socket.socket()
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.line.connect(("127.0.0.1", port))
        self._ask()

    def _ask(self) -> None:
        head = f"GET {self._path} HTTP/1.1\r\nHost: localhost:{self._port}\r\nRange: bytes={self._at}-\r\n\r\n"
        self.line.sendall(head.encode())

    def sip(self, most: int) -> None:
        """Read what a slow line lets through in this moment."""
        if not select.select([self.line], [], [], 0)[0]:
            return
        piece = self.line.recv(most)
        if not piece:
            raise ConnectionError("the content origin hung up on a slow phone")
        self.read += len(piece)
        self._at += len(piece)
        if self._at % (2 << 20) < most:  # about the end of a range: the next one
            self._ask()


@contextmanager
def _readers(port: int, path: str) -> Iterator[list[int]]:
    """Forty-eight phones at work in a thread; what each of them has read stands in the list at the end."""
    over, read = threading.Event(), list[int]()
    phones = [_Phone(port, path) for _ in range(PHONES)]

    def work() -> None:
        while not over.wait(0.1):
            for each in phones:
                each.sip(BYTES_A_SECOND // 10)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield read
    finally:
        over.set()
        thread.join()
        read += [each.read for each in phones]
        for each in phones:
            each.line.close()


@contextmanager
def _transcodes() -> Iterator[None]:
    """Two films being made, as the academy's own tasks make them: the program they use, on the leash they use."""
    import imageio_ffmpeg

    program = imageio_ffmpeg.get_ffmpeg_exe()
    leash = (
        [sys.executable, "-I", str(LAUNCH), "3600", str(4 << 30), str(1 << 33)] if LAUNCH.exists() else ["nice", "-19"]
    )
    film = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25", "-t", "3600", "-c:v", "libx264",
            "-preset", "veryfast", "-f", "null", "-"]  # fmt: skip
    running = [subprocess.Popen([*leash, program, *film], stdin=subprocess.DEVNULL) for _ in range(2)]
    try:
        time.sleep(1)
        if any(each.poll() is not None for each in running):
            raise AssertionError("the films are not being made")
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()
