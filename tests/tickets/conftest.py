"""A class with a lesson of six minutes, two learners, and real beats; the clock is the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import DatabaseUrls
from tests.tickets.place import Place


@pytest.fixture
def place(any_database: DatabaseUrls, tmp_path: Path) -> Iterator[Place]:
    made = Place(any_database, tmp_path)
    yield made
    made.db.engine.dispose()
