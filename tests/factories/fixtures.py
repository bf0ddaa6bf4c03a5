"""Fixtures over the factories: `from tests.factories.fixtures import *` in a conftest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.base.db import Database
from tests import factories

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

__all__ = ["db", "session", "traveller"]


@pytest.fixture
def traveller() -> Iterator[time_machine.Traveller]:
    """Noon of 2 March 2026 in Shanghai; the clock stands."""
    with time_machine.travel(factories.NOON, tick=False) as now:
        yield now


@pytest.fixture
def db(any_database: DatabaseUrls, traveller: time_machine.Traveller) -> Iterator[Database]:
    """The migrated database, as the application's role, once on each engine."""
    found = Database(any_database.app_url)
    yield found
    found.engine.dispose()


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """A writing session; what a test leaves is rolled back."""
    with db._writers() as found:
        yield found
