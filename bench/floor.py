"""The floors: a minimal Flask application on the same server, with the same number of threads.

`POST /floor`: decode a beat's body, one upsert by the same group commit, answer when it is durable.
`GET /page`: one read by key through the ORM's engine, a small template.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
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

    def __init__(self, sink: Sink, window_ms: int) -> None:
        self._sink, self._window = sink, window_ms / 1000
        self._queue: SimpleQueue[tuple[Row, threading.Lock]] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def submit(self, row: Row) -> None:
        """Wait until it is durable."""
        done = threading.Lock()
        done.acquire()
        self._queue.put((row, done))
        done.acquire()

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
            for _row, done in batch:
                done.release()


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
    url = os.environ["DUXUE_DATABASE_URL"]
    sqlite = url.startswith("sqlite")
    sink: Sink = SqliteSink(url.removeprefix("sqlite:///")) if sqlite else PostgresSink(url)
    group = Group(sink, int(os.environ.get("DUXUE_BATCH_WINDOW_MS", "5")))
    app, decoder, db = _bare(), msgspec.json.Decoder(Body), Database(url)

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
