"""Plays all cases side by side, a learner each, and says what came of them."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fairness import (
    browser,
    checks,
    evasions,
    evasions_many,
    forged,
    honest,
    honest_network,
)
from bench.fairness.case import CASES, Case, Row
from bench.fairness.field import Field, field
from bench.fairness.scene import NotHere, Scene
from tests import services
from tests.services import DatabaseUrls

# The cases declare themselves when these are imported.
DECLARED = (browser, checks, evasions, evasions_many, forged, honest, honest_network)
SHORT_BEAT, LONG_BEAT = 0.5, 2.0
SPARE_LEARNERS = 12  # who take part in cases beside the one whose case it is


@dataclass(frozen=True, slots=True)
class Sums:
    """Both totals, and how many cases each is over."""

    honest_cases: int
    refused_ms: int
    stoppable_cases: int
    cheated_ms: int
    skipped: int
    missed: list[str]

    def line(self) -> str:
        """The two numbers that matter."""
        return (
            f"honest seconds refused: {self.refused_ms / 1000:g} in {self.honest_cases} cases; "
            f"cheated seconds credited: {self.cheated_ms / 1000:g} in {self.stoppable_cases} stoppable cases"
            + (f"; {self.skipped} not played here" if self.skipped else "")
        )


def sums(rows: Sequence[Row]) -> Sums:
    """Add up."""
    played = [row for row in rows if not row.skipped]
    honest = [row for row in played if row.kind == "honest"]
    seen = [row for row in played if row.kind == "evasion" and row.stoppable]
    return Sums(
        len(honest), sum(row.refused_ms for row in honest), len(seen), sum(row.cheated_ms for row in seen),
        len(rows) - len(played), [f"{row.case}: {_why(row)}" for row in rows if row.missed],
    )  # fmt: skip


def _why(row: Row) -> str:
    if row.broken:
        return row.broken
    return f"{row.refused_ms} ms refused" if row.kind == "honest" else f"{row.cheated_ms} ms cheated"


def play(urls: DatabaseUrls, folder: Path, beat: float, cases: Sequence[Case], target: str = "wsgi:app") -> list[Row]:
    """All cases on one empty, migrated database, side by side; rows in the order of the cases."""
    learners = len(cases) + SPARE_LEARNERS
    with field(urls, folder, beat, learners, target) as place, ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(lambda case: one(place, case), cases))


def one(place: Field, case: Case) -> Row:
    """One case; whatever happens in it is a row."""
    if case.where and case.where != place.kind:
        return Row(case.name, place.kind, case.kind, case.stoppable, skipped=case.why_not)
    scene = Scene(place, case)
    try:
        case.play(scene)
        return scene.judge()
    except NotHere as reason:
        return Row(case.name, place.kind, case.kind, case.stoppable, skipped=str(reason))
    except Exception as error:  # a case that cannot be judged has missed
        line = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(line.filename).name}:{line.lineno}"
        said = f"{type(error).__name__}: {error} ({where})"
        return Row(case.name, place.kind, case.kind, case.stoppable, broken=said)
    finally:
        scene.leave()


HEAD = (
    f"{'':<52}{'database':<12}{'open s':>9}{'rate':>6}{'watched':>9}{'credited':>10}{'pending':>9}"
    f"{'refused':>9}{'taken over':>12}{'cheated':>9}"
)


def line(row: Row) -> str:
    """A row of the table; seconds."""
    name = f"{'' if row.stoppable else '(paced) '}{row.case}"
    if row.skipped:
        return f"{name:<52}{row.database:<12}  not played: {row.skipped}"
    if row.broken:
        return f"{name:<52}{row.database:<12}  BROKEN: {row.broken}"
    figures = (row.watched_ms, row.credited_ms, row.pending_ms, row.refused_ms, row.taken_over_ms, row.cheated_ms)
    watched, credited, pending, refused, late, cheated = (f"{each / 1000:.1f}" for each in figures)
    return (
        f"{name:<52}{row.database:<12}{row.open_ms / 1000:>9.1f}{row.rate:>6g}{watched:>9}{credited:>10}{pending:>9}"
        f"{refused:>9}{late:>12}{cheated:>9}{'   <-- missed' if row.missed else ''}"
    )


def table(rows: Sequence[Row]) -> str:
    """Case by case and in sum."""
    parts = [HEAD]
    for kind in ("honest", "evasion"):
        parts += [f"-- {kind}", *(line(row) for row in rows if row.kind == kind)]
    return "\n".join([*parts, sums(rows).line()])


def long_form(say: Callable[[str], None], kinds: Sequence[str], keep: Callable[[list[Row]], None]) -> list[str]:
    """The long form on each database: prints the table, keeps the rows; what missed its target."""
    missed: list[str] = []
    for kind in kinds:
        with empty(kind) as (urls, folder):
            begun = time.monotonic()
            rows = play(urls, folder, LONG_BEAT, CASES)
            say(f"· {kind}: {len(rows)} cases side by side in {time.monotonic() - begun:.0f} s; seconds of the lesson")
        keep(rows)
        say(table(rows))
        missed += [f"{kind}: {each}" for each in sums(rows).missed]
    return missed


@contextmanager
def empty(kind: str) -> Iterator[tuple[DatabaseUrls, Path]]:
    """An empty, migrated database on "postgresql" or "sqlite", and a folder; both are removed at the end."""
    with tempfile.TemporaryDirectory(prefix="duxue-fair-") as name:
        folder = Path(name)
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'duxue.sqlite'}"
            urls = DatabaseUrls(url, url, "")
            services.migrated(urls, folder)
            yield urls, folder
            return
        programs = services.find_programs()
        if programs is None:
            raise SystemExit("bench: no PostgreSQL here (apt-get install postgresql), or: ONLY='fairness sqlite'")
        with services.shared_server(programs, folder) as server:
            urls = server.create("fairness")
            services.migrated(urls, folder)
            yield urls, folder
