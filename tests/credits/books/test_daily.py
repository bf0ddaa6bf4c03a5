"""Heads outside the database: a file a day, never overwritten; every night, from the small hours on, once."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import cli
from app.base import runs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.runs import Run
from app.base.settings import Settings, load
from app.credits import heads
from app.credits.books import daily, service
from app.credits.heads import Heads, HeadsError

if TYPE_CHECKING:
    from tests.services import DatabaseUrls

DAY = date(2026, 3, 2)


@pytest.fixture
def settings(tmp_path: Path, any_database: DatabaseUrls) -> Iterator[Settings]:
    """An academy whose heads lie in a folder of their own."""
    env = {"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield load()


@pytest.fixture
def exported(kept: Session) -> Heads:
    """The heads of two learners."""
    return heads.export(kept)


def test_a_day_is_written_once_and_whole(exported: Heads, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "heads"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _n: daily.keep(folder, exported, DAY), range(8)))
    (path,) = [each for each in made if each is not None]
    assert [each.name for each in folder.iterdir()] == ["heads-2026-03-02.json"]
    assert heads.read(path.read_bytes()) == exported
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    other: Heads = {**exported, "learners": {}}
    assert daily.keep(folder, other, DAY) is None
    assert heads.read(path.read_bytes()) == exported


def test_the_newest_day_is_the_latest_and_other_files_are_none(exported: Heads, tmp_path: Path) -> None:
    assert daily.latest(tmp_path / "nowhere") is None
    for day in (2, 3):
        daily.keep(tmp_path, exported, date(2026, 3, day))
    (tmp_path / "heads-2026-13-01.json").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "heads-2026-03-09.json").symlink_to(tmp_path / "heads-2026-03-02.json")
    assert [file.day.day for file in daily.files(tmp_path)] == [3, 2]
    newest = daily.latest(tmp_path)
    assert newest is not None
    assert (newest[0].day, newest[1]) == (date(2026, 3, 3), exported)
    (tmp_path / "heads-2026-03-04.json").write_text("{}")
    with pytest.raises(HeadsError, match=r"heads-2026-03-04\.json"):
        daily.latest(tmp_path)


def prove(db: Database, settings: Settings, *, nightly: bool = True) -> Run:
    """A run as its task does it."""
    with db.writing() as session:
        run_id = runs.begin(session, service.KIND, None, nightly=nightly)
    runs.perform(db, settings, run_id)
    with db.reading() as session:
        found = runs.one(session, run_id)
    assert found is not None
    return found


@pytest.mark.usefixtures("exported")
def test_the_night_proves_and_writes_the_heads(kept: Session, db: Database, settings: Settings) -> None:
    kept.commit()
    first = prove(db, settings)
    assert first.result is not None, first.error
    assert (first.result["differences"], first.result["heads"]) == (0, "")
    assert first.result["exported"] == "heads-2026-03-02.json"
    again = prove(db, settings)
    assert again.result is not None
    assert (again.result["heads"], again.result["exported"]) == ("heads-2026-03-02.json", "")
    asked = prove(db, settings, nightly=False)
    assert asked.result is not None
    assert (asked.result["exported"], asked.result["balance"]) == ("", first.result["balance"])


def test_after_a_difference_no_heads_are_written_and_it_is_audited(
    kept: Session, db: Database, settings: Settings
) -> None:
    kept.commit()
    with db.writing() as session:
        session.execute(text("UPDATE chain_head SET settled_evidence = 1 WHERE learner_id = 1"))
    found = prove(db, settings)
    assert found.result is not None, found.error
    assert (found.result["differences"], found.result["exported"]) == (1, "")
    assert daily.files(settings.heads_dir) == []
    with db.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "books.verify")).one()
    assert entry.outcome == "differences"
    assert json.loads(entry.detail)["learners"] == ["01LEARNER00000000000000001"]


def test_once_a_day_from_three_on(db: Database, settings: Settings, traveller: time_machine.Traveller) -> None:
    def begun(moment: str) -> int:
        traveller.move_to(moment)
        with db.writing() as session:
            service.nightly(session, settings)
            run = runs.latest(session, service.KIND, nightly=True)
            for _each in [run] if run is not None and run.is_open else []:
                runs.cancel(session, _each.id)
        return run.id if run is not None else 0

    assert begun("2026-03-02T18:59:00Z") == 0  # 02:59 in Shanghai
    first = begun("2026-03-02T19:00:00Z")
    assert first > 0
    assert begun("2026-03-02T19:15:00Z") == first
    assert begun("2026-03-03T15:59:00Z") == first  # 23:59
    assert begun("2026-03-03T18:59:00Z") == first
    assert begun("2026-03-04T04:00:00Z") > first  # nothing ran at three: later the same day


def test_verify_compares_with_the_latest_file(kept: Session, settings: Settings) -> None:
    exported = heads.export(kept)
    kept.commit()

    def duxue(*arguments: str) -> tuple[int, str]:
        found = CliRunner().invoke(cli.main, ["credits", "verify", *arguments])
        return found.exit_code, found.output

    code, said = duxue("--heads", "latest")
    assert code == 2
    assert "there is no daily heads file" in said
    daily.keep(settings.heads_dir, exported, DAY)
    assert duxue("--heads", "latest")[0] == 0
    gone: Heads = {**exported, "learners": {**exported["learners"], "01GONE": exported["learners"][
        "01LEARNER00000000000000001"]}}  # fmt: skip
    daily.keep(settings.heads_dir, gone, date(2026, 3, 3))
    code, said = duxue("--heads", "latest")
    assert code == 1
    assert "01GONE heads person" in said
