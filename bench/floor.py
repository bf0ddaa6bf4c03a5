"""The floors: a minimal Flask application on the same server, with the same number of threads.

`POST /floor`: decode a beat's body, one upsert by the same group commit, answer when it is durable.
`GET /page`: one read by key through the ORM's engine, a small template.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import msgspec
import psycopg
from flask import Flask, Response, render_template_string, request
from sqlalchemy import text

from app.base.db import Database, prepare_sqlite

TABLE = "CREATE TABLE IF NOT EXISTS bench_floor (learner bigint PRIMARY KEY, seq bigint, at bigint, body varchar(200))"
UPSERT = "ON CONFLICT (learner) DO UPDATE SET seq = excluded.seq, at = excluded.at, body = excluded.body"
PAGE = "<!doctype html><title>{{ row.login }}</title><h1>{{ row.name }}</h1>" + "<p>{{ row.login }}</p>" * 20
MOST_IN_A_BATCH = 256
Row = tuple[int, int, int, str]


class Body(msgspec.Struct):
    """As a beat's."""

    lease: str
    seq: int
    ranges: list[Any]


class Sink(Protocol):
    """Writes a batch durably."""

    def write(self, rows: list[Row]) -> None:
        """Return after the commit."""


class SqliteSink:
    """As the beat's store: WAL, FULL, one immediate transaction."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        prepare_sqlite(self._connection)

    def write(self, rows: list[Row]) -> None:
        """See `Sink`."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(f"INSERT INTO bench_floor VALUES (?, ?, ?, ?) {UPSERT}", rows)
        self._connection.execute("COMMIT")


class PostgresSink:
    """One prepared statement with arrays a batch."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url.replace("+psycopg", "", 1), prepare_threshold=0)

    def write(self, rows: list[Row]) -> None:
        """See `Sink`."""
        last = {row[0]: row for row in rows}  # one statement may touch a row only once
        columns = [list(column) for column in zip(*(last[key] for key in sorted(last)), strict=True)]
        self._connection.execute(
            f"INSERT INTO bench_floor SELECT * FROM unnest(%s::int8[], %s::int8[], %s::int8[], %s::text[]) {UPSERT}",
            columns,
        )
        self._connection.commit()


class Group:
    """The same queue, thread and window as the beat's writer, around one upsert."""

    def __init__(self, sink: Sink, window_ms: int, answered: Callable[[list[Any]], None]) -> None:
        self._sink, self._window, self._answered = sink, window_ms / 1000, answered
        self._queue: SimpleQueue[tuple[Row, Any]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def submit(self, row: Row) -> None:
        """Wait until it is durable."""
        done = threading.Lock()
        done.acquire()
        self.put(row, done)
        done.acquire()

    def put(self, row: Row, waiter: Any) -> None:
        """Queue it; `answered` is told its waiter."""
        self._queue.put((row, waiter))

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            if self._window:
                time.sleep(self._window)
            try:
                while len(batch) < MOST_IN_A_BATCH:
                    batch.append(self._queue.get_nowait())
            except Empty:
                pass
            self._sink.write([row for row, _done in batch])
            self._answered([waiter for _row, waiter in batch])


def _release(waiters: list[threading.Lock]) -> None:
    for each in waiters:
        each.release()


class Loop:
    """The same under an event loop, without Flask (RSGI)."""

    def __init__(self) -> None:
        self._sink, window = _sink()
        self._group = Group(self._sink, window, self._answered)
        self._decoder = msgspec.json.Decoder(Body)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __rsgi__(self, _scope: Any, proto: Any) -> None:
        body = self._decoder.decode(await proto())
        self._loop = self._loop or asyncio.get_running_loop()
        future = self._loop.create_future()
        learner = int(body.lease.split(".", 1)[0])
        self._group.put((learner, body.seq, int(time.time() * 1000), str(body.ranges)[:200]), future)
        await future
        proto.response_bytes(200, [("content-type", "application/json")], b'{"ok":true}')

    def _answered(self, waiters: list[asyncio.Future[None]]) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(_wake, waiters)


def _wake(waiters: list[asyncio.Future[None]]) -> None:
    for each in waiters:
        each.set_result(None)


def _sink() -> tuple[Sink, int]:
    url = os.environ["DUXUE_DATABASE_URL"]
    sink: Sink = SqliteSink(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else PostgresSink(url)
    return sink, int(os.environ.get("DUXUE_BATCH_WINDOW_MS", "5"))


def create_loop() -> Loop:
    """`granian --interface rsgi --factory bench.floor:create_loop`, with the same settings as `create`."""
    return Loop()


def _bare() -> Flask:
    """Flask as an application of this size has it: a hundred routes, three hooks that return early."""
    app = Flask("floor")
    for number in range(98):
        app.add_url_rule(f"/part{number}/<int:key>", f"part{number}", lambda key: str(key))
    for _ in range(3):
        app.before_request(lambda: None)
    return app


def create() -> Flask:
    """`granian --factory bench.floor:create`, with DUXUE_DATABASE_URL and DUXUE_BATCH_WINDOW_MS."""
    sink, window = _sink()
    group = Group(sink, window, _release)
    app, decoder, db = _bare(), msgspec.json.Decoder(Body), Database(os.environ["DUXUE_DATABASE_URL"])

    @app.post("/floor")
    def floor() -> Response:
        body = decoder.decode(request.get_data())
        learner = int(body.lease.split(".", 1)[0])
        group.submit((learner, body.seq, int(time.time() * 1000), str(body.ranges)[:200]))
        return Response(b'{"ok":true}', mimetype="application/json")

    @app.get("/page")
    def page() -> str:
        with db.reading() as session:
            row = session.execute(text("SELECT login, name FROM person ORDER BY id LIMIT 1")).one()
        return render_template_string(PAGE, row=row)

    return app
