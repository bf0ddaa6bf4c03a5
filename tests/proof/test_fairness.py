"""Fairness in its short form: every evasion and every honest trouble against the running academy.

Both totals stand at the end of each run's output (`pytest_terminal_summary` in tests/conftest.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.fairness import run
from bench.fairness.case import CASES, Case, Row
from tests.services import DatabaseUrls

CONTROLS = ("plain watching", "double speed", "the network away for less than the ceiling")
CHEATS = ("ten times the speed", "ranges of the future", "four lessons at once")


def _named(*names: str) -> list[Case]:
    found = [case for case in CASES if case.name in names]
    assert len(found) == len(names)
    return found


def _again(rows: list[Row]) -> list[Row]:
    """Players keep time here while others hold both processors: honest ones that a busy moment broke are played once
    more, by themselves. What is wrong misses again. A cheat that was credited anything is never played again."""
    names = {row.case for row in rows if row.missed and not row.cheated_ms}
    if not names:
        return rows
    with run.empty(rows[0].database) as (urls, folder):
        second = {row.case: row for row in run.play(urls, folder, run.SHORT_BEAT, _named(*names))}
    return [second.get(row.case, row) for row in rows]


@pytest.mark.browser
@pytest.mark.xdist_group("fairness")
def test_no_honest_second_is_refused_and_no_cheated_second_counts(
    any_database: DatabaseUrls, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = _again(run.play(any_database, tmp_path, run.SHORT_BEAT, CASES))
    found = run.sums(rows)
    record_property("total", f"{rows[0].database}: {found.line()}")
    assert found.missed == [], run.table(rows)
    assert (found.refused_ms, found.cheated_ms) == (0, 0)


def test_there_are_cases_enough_and_each_says_what_it_is_from() -> None:
    honest = [case for case in CASES if case.kind == "honest"]
    evasions = [case for case in CASES if case.kind == "evasion"]
    assert len(honest) >= 22
    assert len(evasions) >= 24
    assert [case.name for case in evasions if not case.stoppable] == ["forged at true pace"]
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(re.match(r"[A-Z~0-9v][^:]{2,70}: .", case.play.__doc__ or "") for case in CASES)


def _controlled(urls: DatabaseUrls, folder: Path, speed: str, names: tuple[str, ...]) -> list[Row]:
    return run.play(urls, folder, run.SHORT_BEAT, _named(*names), f"tests.proof.{speed}:app")


def test_the_bench_sees_honest_seconds_refused(sqlite_database: DatabaseUrls, tmp_path: Path) -> None:
    """The control's clock is slow: it refuses what was watched."""
    rows = _controlled(sqlite_database, tmp_path, "slow", CONTROLS)
    assert all(row.missed for row in rows), run.table(rows)


def test_the_bench_sees_cheated_seconds(sqlite_database: DatabaseUrls, tmp_path: Path) -> None:
    """The control's clock is fast: it credits what nobody can have watched."""
    rows = _controlled(sqlite_database, tmp_path, "fast", CHEATS)
    assert all(row.cheated_ms > 1000 for row in rows), run.table(rows)
    assert all(row.missed for row in rows)
