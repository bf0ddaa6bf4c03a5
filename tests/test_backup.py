"""Backup and restore across both databases: the ledger's heads come out equal, and damage is refused."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import backup
from app.base.db import Database
from app.base.settings import Settings, load
from app.credits import heads, verify
from app.credits import service as credits
from app.people import service as people
from tests.services import DatabaseUrls, PostgresServer

RULES = (Path(__file__).parents[1] / "content/rules/yunting-2026.toml").read_text(encoding="utf-8")


def _settings(urls: DatabaseUrls, folder: Path) -> Settings:
    return load(
        {
            "DUXUE_DATA_DIR": str(folder),
            "DUXUE_DATABASE_URL": urls.app_url,
            "DUXUE_OWNER_DATABASE_URL": urls.owner_url,
            "DUXUE_APP_ROLE": urls.app_role,
        }
    )


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    db = Database(settings.database_url)
    yield db
    db.engine.dispose()


def _fill(settings: Settings) -> None:
    settings.files_dir.mkdir(parents=True)
    (settings.files_dir / "ab").mkdir()
    (settings.files_dir / "ab" / "abcd").write_bytes(b"material")
    with _opened(settings) as db, db.writing() as session:
        credits.publish_rules(session, RULES, None)
        for number in range(3):
            person = people.create_person(session, f"p{number}", f"学员{number}")
            credits.record(
                session, person.id, key="opening:1", kind="opening", happened_at=datetime(2026, 1, 5, tzinfo=UTC),
                known_at=datetime(2026, 1, 6, tzinfo=UTC), recorded_by="test",
                facts={"hours_m": 1500 + number, "subject_bucket": "general"},
            )  # fmt: skip
            credits.settle(session, person.id)


def _heads(settings: Settings) -> dict[str, heads.Head]:
    with _opened(settings) as db, db.reading() as session:
        return heads.export(session)


def _differences(settings: Settings, known: dict[str, heads.Head]) -> list[verify.Difference]:
    with _opened(settings) as db, db.reading() as session:
        return verify.verify(session, heads=known).differences


@pytest.fixture
def filled(any_database: DatabaseUrls, tmp_path: Path) -> Settings:
    settings = _settings(any_database, tmp_path / "here")
    _fill(settings)
    return settings


def _empty_sqlite(tmp_path: Path, name: str = "there") -> Settings:
    url = f"sqlite:///{tmp_path / name / 'duxue.sqlite'}"
    return _settings(DatabaseUrls(url, url, ""), tmp_path / name)


def test_restored_elsewhere_the_heads_are_equal(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, lambda _name, _count: None)
    there = _empty_sqlite(tmp_path)
    backup.restore(there, archive, lambda _name, _count: None)
    known = _heads(filled)
    assert len(known) == 3
    assert _heads(there) == known
    assert _differences(there, known) == []
    assert (there.files_dir / "ab" / "abcd").read_bytes() == b"material"


@pytest.mark.postgres
def test_from_sqlite_to_postgresql_and_on(
    sqlite_database: DatabaseUrls, postgres: PostgresServer, tmp_path: Path
) -> None:
    here = _settings(sqlite_database, tmp_path / "here")
    _fill(here)
    archive = tmp_path / "academy.tar.gz"
    backup.backup(here, archive, lambda _name, _count: None)
    there = _settings(postgres.new_database("restored_here"), tmp_path / "there")
    backup.restore(there, archive, lambda _name, _count: None)
    assert _heads(there) == _heads(here)
    assert _differences(there, _heads(here)) == []
    with _opened(there) as db, db.writing() as session:  # new rows get new numbers
        people.create_person(session, "newcomer", "新学员")


def test_a_filled_academy_is_not_overwritten(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, lambda _name, _count: None)
    with pytest.raises(backup.CannotRestore, match="not empty"):
        backup.restore(filled, archive, lambda _name, _count: None)


def test_a_cut_off_archive_leaves_nothing(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, lambda _name, _count: None)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    there = _empty_sqlite(tmp_path)
    with pytest.raises(backup.CannotRestore, match="not a whole Duxue backup"):
        backup.restore(there, archive, lambda _name, _count: None)
    assert _heads(there) == {}


def test_a_backup_whose_ledger_was_touched_is_refused(filled: Settings, tmp_path: Path) -> None:
    archive, touched = tmp_path / "academy.tar.gz", tmp_path / "touched.tar.gz"
    backup.backup(filled, archive, lambda _name, _count: None)
    known = _heads(filled)
    with tarfile.open(archive) as old, tarfile.open(touched, "w:gz") as new:
        for member in old.getmembers():
            data = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "tables/chain_head.jsonl":
                data = data.replace(str(min(known.values(), key=str)["hash"]).encode(), b"0" * 64)
                member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    there = _empty_sqlite(tmp_path)
    with pytest.raises(backup.CannotRestore, match="the ledger of 1 learners does not end"):
        backup.restore(there, touched, lambda _name, _count: None)
    assert _heads(there) == {}


@pytest.mark.parametrize("name", ["files/../../evil", "files//etc/evil"])
def test_an_archive_that_reaches_outside_is_refused(filled: Settings, tmp_path: Path, name: str) -> None:
    archive, hostile = tmp_path / "academy.tar.gz", tmp_path / "hostile.tar.gz"
    backup.backup(filled, archive, lambda _name, _count: None)
    with tarfile.open(archive) as old, tarfile.open(hostile, "w:gz") as new:
        for member in old.getmembers():
            new.addfile(member, old.extractfile(member))
        evil = tarfile.TarInfo(name)
        new.addfile(evil)
    there = _empty_sqlite(tmp_path)
    with pytest.raises(backup.CannotRestore, match="may not stand in a backup"):
        backup.restore(there, hostile, lambda _name, _count: None)
    assert _heads(there) == {}
    assert not (tmp_path / "evil").exists()
