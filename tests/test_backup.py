"""Backup and restore across both databases: the ledger's heads come out equal, and damage is refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import backup, cli
from app.base.settings import Settings
from app.people import service as people
from tests.backups import (
    MATERIAL,
    NOTHING,
    STORED,
    differences_of,
    empty_sqlite,
    files_of,
    fill,
    heads_of,
    opened,
    quiet,
    settings_of,
)
from tests.services import DatabaseUrls, PostgresServer


@pytest.fixture
def filled(any_database: DatabaseUrls, tmp_path: Path) -> Settings:
    settings = settings_of(any_database, tmp_path / "here")
    fill(settings)
    return settings


def test_restored_elsewhere_the_heads_are_equal(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, quiet)
    there = empty_sqlite(tmp_path)
    backup.restore(there, archive, quiet)
    known = heads_of(filled)
    assert (len(known["learners"]), list(known["rules"])) == (3, ["yunting 1"])
    assert heads_of(there) == known
    assert differences_of(there, known) == []
    assert files_of(there) == {STORED: MATERIAL}


def test_only_the_owner_can_read_an_archive(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, lambda _name, _count: None)
    assert archive.stat().st_mode & 0o777 == 0o600


@pytest.mark.postgres
def test_from_sqlite_to_postgresql_and_on(
    sqlite_database: DatabaseUrls, postgres: PostgresServer, tmp_path: Path
) -> None:
    here = settings_of(sqlite_database, tmp_path / "here")
    fill(here)
    archive = tmp_path / "academy.tar.gz"
    backup.backup(here, archive, quiet)
    there = settings_of(postgres.new_database("restored_here"), tmp_path / "there")
    backup.restore(there, archive, quiet)
    assert heads_of(there) == heads_of(here)
    assert differences_of(there, heads_of(here)) == []
    with opened(there) as db, db.writing() as session:  # new rows get new numbers
        people.create_person(session, "newcomer", "新学员")


def test_a_filled_academy_is_not_overwritten(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, quiet)
    with pytest.raises(backup.CannotRestore, match="not empty"):
        backup.restore(filled, archive, quiet)


def test_a_cut_off_archive_leaves_nothing(filled: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    backup.backup(filled, archive, quiet)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    there = empty_sqlite(tmp_path)
    with pytest.raises(backup.CannotRestore, match="not a whole Duxue backup"):
        backup.restore(there, archive, quiet)
    assert heads_of(there) == NOTHING


def test_a_backup_whose_ledger_was_touched_is_refused(filled: Settings, tmp_path: Path) -> None:
    archive, touched = tmp_path / "academy.tar.gz", tmp_path / "touched.tar.gz"
    backup.backup(filled, archive, quiet)
    known = heads_of(filled)
    with tarfile.open(archive) as old, tarfile.open(touched, "w:gz") as new:
        for member in old.getmembers():
            data = old.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "tables/chain_head.jsonl":
                data = data.replace(str(min(known["learners"].values(), key=str)["hash"]).encode(), b"0" * 64)
                member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    there = empty_sqlite(tmp_path)
    with pytest.raises(backup.CannotRestore, match="the ledger of 1 learners does not end"):
        backup.restore(there, touched, quiet)
    assert heads_of(there) == NOTHING


@pytest.mark.parametrize("name", ["files/../../evil", "files//etc/evil"])
def test_an_archive_that_reaches_outside_is_refused(filled: Settings, tmp_path: Path, name: str) -> None:
    archive, hostile = tmp_path / "academy.tar.gz", tmp_path / "hostile.tar.gz"
    backup.backup(filled, archive, quiet)
    with tarfile.open(archive) as old, tarfile.open(hostile, "w:gz") as new:
        for member in old.getmembers():
            new.addfile(member, old.extractfile(member))
        evil = tarfile.TarInfo(name)
        new.addfile(evil)
    there = empty_sqlite(tmp_path)
    with pytest.raises(backup.CannotRestore, match="may not stand in a backup"):
        backup.restore(there, hostile, quiet)
    assert heads_of(there) == NOTHING
    assert not (tmp_path / "evil").exists()


def _command(settings: Settings, *arguments: str) -> tuple[int, list[str]]:
    """(exit code, lines) of `duxue …`."""
    env = {"DUXUE_DATA_DIR": str(settings.data_dir), "DUXUE_DATABASE_URL": settings.database_url}
    done = CliRunner().invoke(cli.main, arguments, env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output.strip().splitlines()


@pytest.fixture
def here(sqlite_database: DatabaseUrls, tmp_path: Path) -> Settings:
    settings = settings_of(sqlite_database, tmp_path / "here")
    fill(settings)
    return settings


def test_a_backup_that_cannot_be_written_says_so_in_one_line(here: Settings, tmp_path: Path) -> None:
    code, lines = _command(here, "backup", "/nonexist/x")
    assert (code, lines) == (1, ["Error: /nonexist is no folder: make it, or name a file elsewhere"])
    (tmp_path / "x.part").mkdir()  # where the half-written archive would lie
    code, lines = _command(here, "backup", str(tmp_path / "x"))
    assert (code, len(lines)) == (1, 1)
    assert "x cannot be written" in lines[0]


def test_a_damaged_archive_is_refused_in_one_line(here: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "academy.tar.gz"
    assert _command(here, "backup", str(archive))[0] == 0
    archive.write_bytes(archive.read_bytes()[:-10])
    code, lines = _command(empty_sqlite(tmp_path), "restore", str(archive))
    assert (code, len(lines)) == (1, 1)
    assert "not a whole Duxue backup" in lines[0]


def test_a_stored_file_that_rotted_is_named_at_the_backup(here: Settings, tmp_path: Path) -> None:
    (here.files_dir / STORED).chmod(0o600)  # the academy itself never writes to it again
    (here.files_dir / STORED).write_bytes(b"materiel")
    with pytest.raises(backup.CannotBackUp, match=f"{STORED} is damaged"):
        backup.backup(here, tmp_path / "academy.tar.gz", quiet)
    (here.files_dir / STORED).unlink()
    (here.files_dir / STORED).symlink_to("/etc/passwd")
    with pytest.raises(backup.CannotBackUp, match="ordinary file"):
        backup.backup(here, tmp_path / "academy.tar.gz", quiet)
    assert [path for path in tmp_path.iterdir() if "academy" in path.name] == []


@pytest.mark.parametrize(
    "change",
    [
        "evidence SET happened_at = 'garbage'",
        "ledger_entry SET amount = 'abc'",
        "evidence SET payload_hash = 'é'",
        "person SET name = x'ff'",
    ],
)
def test_rows_that_cannot_be_read_are_not_backed_up(here: Settings, tmp_path: Path, change: str) -> None:
    """Restoring would refuse them: better to hear of it now."""
    with opened(here) as db, db.writing() as session:
        for table in ("evidence", "ledger_entry"):
            session.execute(text(f"DROP TRIGGER {table}_no_update"))
        session.execute(text(f"UPDATE {change}"))
    with pytest.raises(backup.CannotBackUp, match="cannot be read"):
        backup.backup(here, tmp_path / "academy.tar.gz", quiet)
    assert [path for path in tmp_path.iterdir() if "academy" in path.name] == []
