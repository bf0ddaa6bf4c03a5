"""The event-loop entry under its real server: the same answers, the same durability, nothing but beats."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.viewing.beats import MOST_BYTES
from tests.services import DatabaseUrls, free_port
from tests.viewing.helpers import LENGTH_MS, SECRET, Room

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(urls: DatabaseUrls, folder: Path) -> Iterator[int]:
    """granian with the entry over a database; its port."""
    port = free_port()
    environment = {
        **os.environ, "DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": urls.app_url,
        "DUXUE_SECRET": SECRET.decode(), "DUXUE_EMBEDDED": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "granian", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port),
               "--no-ws", "--log-level", "error", "--factory", "app.beats_entry:create"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert process.poll() is None, "the server ended"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def room(any_database: DatabaseUrls) -> Iterator[Room]:
    made = Room(any_database)
    yield made
    made.close()


@pytest.fixture
def port(room: Room, tmp_path: Path) -> Iterator[int]:
    with serving(room.urls, tmp_path) as found:
        yield found


def ask(port: int, body: bytes, method: str = "POST", path: str = "/beats") -> tuple[int, dict[str, object]]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        line.request(method, path, body)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())


def beat(port: int, lease: str, seq: int, *ranges: list[int]) -> tuple[int, dict[str, object]]:
    return ask(port, json.dumps({"lease": lease, "seq": seq, "ranges": ranges}).encode())


def test_it_answers_as_the_academy_does(room: Room, port: int) -> None:
    lease = room.viewing(1, 10, opened_s=20)
    status, answer = beat(port, lease, 1, [0, 15_000])
    assert (status, answer["credited_ms"], answer["coverage_ms"]) == (200, 15_000, 15_000)
    assert room.covered(1) == [(0, 15_000)]
    assert beat(port, lease, 1, [0, 15_000]) == (status, answer), "a resent number gets the same answer"
    status, refused = beat(port, lease[:-1] + ("A" if lease[-1] != "A" else "B"), 2, [15_000, 20_000])
    assert (status, refused["error"]) == (401, "not_ours")
    status, refused = beat(port, room.viewing(2, 20, ended_s=5, reason="disabled"), 1, [0, 1000])
    assert (status, refused["acknowledged"]) == (409, False)


def test_what_is_no_beat_is_told_why(port: int) -> None:
    for method, path, body, status in (
        ("GET", "/beats", b"", 405), ("POST", "/", b"{}", 404), ("POST", "/beats", b"{", 400),
        ("POST", "/beats", b" " * (MOST_BYTES + 1), 413),
    ):  # fmt: skip
        got, answer = ask(port, body, method, path)
        assert got == status
        assert answer["text"]


def test_many_at_once_each_get_their_own_answer(room: Room, port: int) -> None:
    leases = [room.viewing(learner, learner * 10, opened_s=20) for learner in range(1, 41)]
    found: dict[int, object] = {}

    def send(number: int) -> None:
        found[number] = beat(port, leases[number], 1, [number * 1000, number * 1000 + 1000])[1]["credited"]

    threads = [threading.Thread(target=send, args=(number,)) for number in range(40)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {number: [[number * 1000, number * 1000 + 1000]] for number in range(40)}


def test_a_client_that_has_gone_harms_nobody(room: Room, port: int) -> None:
    lease = room.viewing(1, 10, opened_s=20)
    body = json.dumps({"lease": lease, "seq": 1, "ranges": [[0, 5000]]}).encode()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        line.request("POST", "/beats", body)
    status, answer = beat(port, lease, 2, [5000, 9000], [LENGTH_MS, LENGTH_MS + 1])
    assert status == 200
    assert answer["coverage_ms"] in (4000, 9000)
