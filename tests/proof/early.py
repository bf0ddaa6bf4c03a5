"""The drill's control: an academy that acknowledges before it commits. The drill must see its losses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from app.factory import create_app
from app.viewing.stores import PostgresStore

LATE_SECONDS = 0.5


class LateStore(PostgresStore):
    """The real store, on connections that say that they have committed, and do so twice a second."""

    def _connection(self) -> psycopg.Connection[Any]:
        fresh = self._open is None or self._open.closed
        found = super()._connection()
        if fresh:
            found.commit = _late(found.commit)  # type: ignore[method-assign]
        return found


def _late(commit: Callable[[], None]) -> Callable[[], None]:
    committed = 0.0

    def perhaps() -> None:
        nonlocal committed
        if time.monotonic() - committed > LATE_SECONDS:
            commit()
            committed = time.monotonic()

    return perhaps


app = create_app()
app.beats.writer._store = LateStore(app.extensions["duxue.settings"].database_url)
