"""`kill -9` under load: what was acknowledged is kept, once, and the trace proves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.drill import LEARNERS, Drill, Found
from tests.services import DatabaseUrls


def drilled(urls: DatabaseUrls, folder: Path, processes: int, kills: int, target: str = "wsgi:app") -> Found:
    """Run one drill; its processes never outlive it."""
    drill = Drill(urls, folder, processes, target)
    try:
        found = drill.run(kills)
    except BaseException:
        drill.close()
        drill.db.engine.dispose()
        raise
    print(found)
    return found


def kept(found: Found, kills: int) -> None:
    """Nothing lost, nothing twice, everything explained."""
    assert found.acknowledged >= LEARNERS * (kills + 1)
    assert found.failures > 0  # the kills were felt
    assert (found.lost_ms, found.twice_ms, found.wrong) == (0, 0, [])
    assert (found.replay_differs, found.count_differs, found.ledger) == ([], [], [])


@pytest.mark.postgres
def test_two_processes_two_kills(postgres_database: DatabaseUrls, tmp_path: Path) -> None:
    kept(drilled(postgres_database, tmp_path, processes=2, kills=2), 2)


def test_one_process_two_kills(sqlite_database: DatabaseUrls, tmp_path: Path) -> None:
    kept(drilled(sqlite_database, tmp_path, processes=1, kills=2), 2)


@pytest.mark.proof
@pytest.mark.postgres
def test_two_processes_ten_kills(postgres_database: DatabaseUrls, tmp_path: Path) -> None:
    kept(drilled(postgres_database, tmp_path, processes=2, kills=10), 10)


@pytest.mark.proof
def test_one_process_ten_kills(sqlite_database: DatabaseUrls, tmp_path: Path) -> None:
    kept(drilled(sqlite_database, tmp_path, processes=1, kills=10), 10)


@pytest.mark.postgres
def test_the_drill_sees_losses(postgres_database: DatabaseUrls, tmp_path: Path) -> None:
    """The control acknowledges before it commits."""
    found = drilled(postgres_database, tmp_path, processes=1, kills=2, target="tests.proof.early:app")
    assert found.lost_ms > 0
