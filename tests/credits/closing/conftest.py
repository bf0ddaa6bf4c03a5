"""A database on each engine, on 2 March 2026; the rules are each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import time_machine

from app.base.db import Database
from app.credits.closing import wired
from app.wiring import listen

if TYPE_CHECKING:
    from tests.services import DatabaseUrls


@pytest.fixture(autouse=True)
def traveller() -> Iterator[time_machine.Traveller]:
    """The day of these tests."""
    with time_machine.travel("2026-03-02T04:00:00Z", tick=False) as now:
        yield now


@pytest.fixture
def db(any_database: DatabaseUrls) -> Iterator[Database]:
    """The migrated database, as the application's role, with the rooms above wired in."""
    listen()
    found = Database(any_database.app_url)
    yield found
    found.engine.dispose()
    wired._wired.clear()
