"""On SQLite a long work of many writing transactions lets others in between."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from app.base.db import BREATH, Database

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

HELD, TIMES = 0.05, 40


def _longest_wait(db: Database, *, breathing: bool) -> float:
    """How long somebody who wants to write once waits, while another writes one transaction after the other."""
    begun, waited = threading.Event(), []

    def want() -> None:
        begun.wait()
        since = time.monotonic()
        with db.writing() as session:
            session.connection()
        waited.append(time.monotonic() - since)

    other = threading.Thread(target=want)
    other.start()
    since = time.monotonic()
    for _time in range(TIMES):
        with db.writing() as session:
            session.connection()
            begun.set()
            time.sleep(HELD)
        if breathing:
            since = db.breathe(since)
        if waited:
            break
    other.join()
    return waited[0]


def test_who_wants_to_write_need_not_wait_for_the_whole_work(sqlite_database: DatabaseUrls) -> None:
    db = Database(sqlite_database.app_url)
    waited = _longest_wait(db, breathing=True)
    db.engine.dispose()
    assert waited < HELD * TIMES / 2


def test_elsewhere_nobody_stands_aside(sqlite_database: DatabaseUrls) -> None:
    db = Database(sqlite_database.app_url)
    db.sqlite = False
    since = time.monotonic() - 10 * BREATH
    assert db.breathe(since) == since
    db.engine.dispose()
