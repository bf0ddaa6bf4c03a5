"""The drill's control: an academy that acknowledges before it commits. The drill must see its losses."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from app.factory import create_app
from app.viewing.stores import PostgresStore

LATE_SECONDS = 0.5


class LateConnection(psycopg.Connection[Any]):
    """Says that it has committed, and does so twice a second."""

    committed = 0.0

    def commit(self) -> None:
        """Perhaps."""
        if time.monotonic() - self.committed > LATE_SECONDS:
            super().commit()
            self.committed = time.monotonic()


class LateStore(PostgresStore):
    """The real store on such a connection."""

    def _connection(self) -> psycopg.Connection[Any]:
        if self._open is None or self._open.closed:
            self._open = LateConnection.connect(self._url)
            self._open.prepare_threshold = 0
        return self._open


app = create_app()
app.beats._writer._store = LateStore(app.extensions["duxue.settings"].database_url)
