"""Drills that kill: application processes, PostgreSQL's postmaster; and the controls that must show losses."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests import services
from tests.proof.cluster import cluster, come_back
from tests.proof.drill import Drill, Found
from tests.proof.outcome import Outcome
from tests.services import DatabaseUrls

KEPT = "acknowledged seconds lost 0, twice 0; players recover by themselves"


def _outcome(name: str, found: Found, times: str) -> Outcome:
    wrong = [*found.wrong[:3], *(f"trace of {each}" for each in found.replay_differs), *found.ledger[:3],
             *(f"sum of {each}" for each in found.count_differs)]  # fmt: skip
    figures = (
        f"{times}; {found.acknowledged:,} beats acknowledged, {found.failures} not answered or 503;"
        f" lost {found.lost_ms} ms, twice {found.twice_ms} ms; traces replay, ledger verifies"
        + (f"; WRONG: {wrong}" if wrong else "")
    )
    kept = not wrong and found.lost_ms == found.twice_ms == 0 and found.acknowledged > 0 and found.failures > 0
    return Outcome(name, KEPT, figures, kept)


def _control(name: str, found: Found, times: str) -> Outcome:
    return Outcome(name, "the drill sees losses", f"{times}; lost {found.lost_ms} ms", found.lost_ms > 0)


def _run(urls: DatabaseUrls, folder: Path, processes: int, kills: int, target: str = "wsgi:app") -> Found:
    drill = Drill(urls, folder, processes, target)
    try:
        return drill.run(kills)
    except BaseException:
        drill.close()
        raise


def application_on_postgres(kills: int) -> list[Outcome]:
    """SIGKILL of one of two processes after the other, every learner's beats arriving at both; and the control."""
    with tempfile.TemporaryDirectory(prefix="duxue-drill-") as name, cluster(Path(name)) as (server, urls):
        folder = Path(name)
        found = _run(urls, folder, 2, kills)
        server.create("control")
        control = server.urls("control")
        services.migrated(control, folder / "data")
        lost = _run(control, folder, 1, 3, "tests.proof.early:app")
    return [
        _outcome("kill -9 of an application process, two serving, PostgreSQL", found, f"{kills} kills"),
        _control("control: answers before it commits", lost, "3 kills"),
    ]


def application_on_sqlite(kills: int) -> list[Outcome]:
    """The same on the embedded database, whose one process is killed."""
    with tempfile.TemporaryDirectory(prefix="duxue-drill-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'duxue.sqlite'}"
        urls = DatabaseUrls(url, url, "")
        services.migrated(urls, folder)
        found = _run(urls, folder, 1, kills)
    return [_outcome("kill -9 of the process, SQLite", found, f"{kills} kills")]


def postmaster(kills: int) -> list[Outcome]:
    """SIGKILL of PostgreSQL's postmaster under beats at two processes, started again each time; and the control."""
    return [
        _outcome("kill -9 of PostgreSQL, two processes serving", _postmaster(kills, 2, "wsgi:app"), f"{kills} kills"),
        _control(
            "control: answers before it commits", _postmaster(2, 1, "tests.proof.early:app"), "2 kills of PostgreSQL"
        ),
    ]


def _postmaster(kills: int, processes: int, target: str) -> Found:
    with tempfile.TemporaryDirectory(prefix="duxue-drill-") as name, cluster(Path(name)) as (server, urls):
        drill = Drill(urls, Path(name), processes, target)

        def kill(_number: int) -> None:
            server.kill()
            come_back(server)

        try:
            return drill.suffer(kills, kill)
        except BaseException:
            drill.close()
            raise
