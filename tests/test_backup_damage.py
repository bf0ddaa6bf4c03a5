"""Damage to an archive, by chance or by hand: refused with words, and nothing of it is left."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import backup
from app.base.settings import Settings
from app.base.storage import Store
from app.credits import heads
from app.people.models import Person
from tests.backups import (
    MATERIAL,
    NOTHING,
    STORED,
    empty_sqlite,
    files_of,
    fill,
    heads_of,
    material_in,
    opened,
    quiet,
    settings_of,
)
from tests.services import DatabaseUrls, copy_sqlite


def _said(settings: Settings, archive: Path) -> str:
    """Why the archive is refused; nothing of it is left."""
    with pytest.raises(backup.CannotRestore) as caught:
        backup.restore(settings, archive, quiet)
    assert heads_of(settings) == NOTHING
    assert not settings.files_dir.exists()
    with opened(settings) as db, db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0
    return str(caught.value)


@pytest.fixture
def archive(sqlite_database: DatabaseUrls, tmp_path: Path) -> Path:
    """A small academy's backup."""
    settings, found = settings_of(sqlite_database, tmp_path / "here"), tmp_path / "academy.tar.gz"
    fill(settings)
    backup.backup(settings, found, quiet)
    return found


def _again(archive: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with other members: whole, and wrong."""
    found = archive.with_name("changed.tar.gz")
    with tarfile.open(archive) as old, tarfile.open(found, "w:gz") as new:
        members = {member.name: old.extractfile(member).read() for member in old}  # type: ignore[union-attr]
        change(members)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return found


def _changed(name: str, *change: tuple[str, str]) -> Callable[[dict[str, bytes]], None]:
    """Replace texts in a member, the first occurrence of each."""

    def replace(members: dict[str, bytes]) -> None:
        for old, new in change:
            assert re.search(old.encode(), members[name]), (name, old)
            members[name] = re.sub(old.encode(), new.encode("utf-8", "surrogateescape"), members[name], count=1)

    return replace


def _taken(name: str) -> Callable[[dict[str, bytes]], None]:
    def take(members: dict[str, bytes]) -> None:
        del members[name]

    return take


def _put(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda members: members.update({name: data})


PERSON, EVIDENCE, CHAIN = "tables/person.jsonl", "tables/evidence.jsonl", "tables/chain_head.jsonl"
FILE = f"files/{STORED}"
OTHER = hashlib.sha256(b"other").hexdigest()
DAMAGE = {
    "short row": (_changed(PERSON, (r', null\]\n', "]\n")), "person.jsonl, line 1: not a row of 11 values"),
    "no row": (_changed(PERSON, (r"\[1, .*\n", "{}\n")), "person.jsonl, line 1: not a row"),
    "no JSON": (_changed(PERSON, (r"\[1, ", "[1; ")), "person.jsonl, line 1"),
    "nested": (_changed(PERSON, (r"\[1, ", "[" * 100_000 + "1, ")), "person.jsonl, line 1"),
    "bad UTF-8": (_changed(PERSON, ("学", "\udcff")), "person.jsonl, line 1: 'utf-8' codec"),
    "half a character": (_changed(PERSON, ("学", r"\\ud800")), "person.jsonl"),
    "bad date": (_changed(EVIDENCE, ("2026-01-05T", "2026-13-05T")), "evidence.jsonl, line 1"),
    "no zone": (_changed(EVIDENCE, (r"\+00:00", "")), "evidence.jsonl, line 1"),
    "before all times": (_changed(EVIDENCE, (r"2026-01-05T00:00:00\+00:00", "0001-01-01T00:00:00+23:00")), "evidence"),
    "a word for a number": (_changed(CHAIN, (r"\[1, 1, ", '[1, "1", ')), "chain_head.jsonl, line 1: seq must be int"),
    "a number for a word": (_changed(PERSON, ('"p0"', "0")), "person.jsonl, line 1: login must be str"),
    "an endless number": (_changed(CHAIN, (r"\[1, 1, ", "[1, 1" + "0" * 30 + ", ")), "does not take"),
    "nothing": (_changed(PERSON, ('"p0"', "null")), "does not take tables/person.jsonl"),
    "duplicate row": (_changed(PERSON, (r"(\[1, .*\n)", r"\1\1")), "does not take tables/person.jsonl"),
    "duplicate evidence": (_changed(EVIDENCE, (r"(\[1, .*\n)", r"\1\1")), "does not take tables/evidence.jsonl"),
    "foreign key": (_changed(EVIDENCE, (r"\[1, 1, ", "[1, 77, ")), "does not take tables/evidence.jsonl"),
    "row gone": (_changed(EVIDENCE, (r"\[1, .*\n", "")), "evidence.jsonl: 2 rows, the manifest says 3"),
    "other rules": (
        _changed("tables/rule_version.jsonl", ("# ", "#  ")),
        "rule versions are not those of the backup's heads: yunting 1",
    ),
    "heads a list": (_put("heads.json", b"[]"), "not an export"),
    "heads of another shape": (_changed("heads.json", (r'"seq": 1', '"seq": "1"')), "not an export"),
    "manifest a list": (_put("manifest.json", b"[]"), "manifest.json is no object"),
    "manifest no JSON": (_put("manifest.json", b"\xff"), "not a whole Duxue backup"),
    "manifest without tables": (_changed("manifest.json", ('"tables"', '"tafels"')), "tables"),
    "manifest without files": (_changed("manifest.json", ('"files": 1', '"files": "1"')), "files"),
    "manifest of another schema": (_changed("manifest.json", ('"revision": "', '"revision": "9')), "restore with"),
    "manifest of fewer tables": (_changed("manifest.json", (r'"unit": 0', '"units": 0')), "are not those of this"),
    "no manifest": (_taken("manifest.json"), "manifest.json missing"),
    "no heads": (_taken("heads.json"), "heads.json missing"),
    "no table": (_taken("tables/unit.jsonl"), "tables/unit.jsonl missing"),
    "a stranger": (_put("tables/../x", b""), "may not stand in a backup"),
    "file gone": (_taken(FILE), "0 files, the manifest says 1"),
    "one file more": (_put(f"files/{OTHER[:2]}/{OTHER}", b"other"), "2 files, the manifest says 1"),
    "other bytes": (_put(FILE, b"materiel"), "holds other bytes than its name says"),
    "cut bytes": (_put(FILE, b"mater"), "holds other bytes than its name says"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_with_words(archive: Path, any_database: DatabaseUrls, tmp_path: Path, name: str) -> None:
    change, words = DAMAGE[name]
    here = f"{tmp_path / 'db'}" in any_database.app_url  # the filled one
    there = empty_sqlite(tmp_path) if here else settings_of(any_database, tmp_path / "there")
    said = _said(there, _again(archive, change))
    assert words in said
    assert "\n" not in said


def test_files_that_were_written_before_damage_was_seen_are_gone(archive: Path, tmp_path: Path) -> None:
    """The second file is wrong, the first was right; what lay there before stays."""
    wrong = "f" * 64
    two = _again(archive, lambda members: members.update({
        f"files/ff/{wrong}": b"other", "manifest.json": members["manifest.json"].replace(b'"files": 1', b'"files": 2'),
    }))  # fmt: skip
    assert wrong in _said(empty_sqlite(tmp_path), two)
    there = empty_sqlite(tmp_path, "used")
    Store(there.files_dir).put(material_in(tmp_path))
    with pytest.raises(backup.CannotRestore):
        backup.restore(there, two, quiet)
    assert files_of(there) == {STORED: MATERIAL}
    backup.restore(there, archive, quiet)
    assert files_of(there) == {STORED: MATERIAL}


def _links(kind: bytes, to: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(FILE)
    info.type, info.linkname = kind, to
    return info


@pytest.mark.parametrize(
    "extra",
    [
        _links(tarfile.SYMTYPE, "/etc/passwd"),
        _links(tarfile.SYMTYPE, FILE),
        _links(tarfile.LNKTYPE, "manifest.json"),
        _links(tarfile.FIFOTYPE, ""),
        _links(tarfile.DIRTYPE, ""),
        _links(tarfile.REGTYPE, ""),
    ],
)
def test_links_folders_and_second_members_are_refused(archive: Path, tmp_path: Path, extra: tarfile.TarInfo) -> None:
    found = tmp_path / "extra.tar"
    with gzip.open(archive) as old:
        found.write_bytes(old.read())
    with tarfile.open(found, "a") as more:
        more.addfile(extra)
    packed = tmp_path / "extra.tar.gz"
    packed.write_bytes(gzip.compress(found.read_bytes()))
    assert "may not stand in a backup" in _said(empty_sqlite(tmp_path), packed)


@pytest.mark.parametrize("missing", [1, 4, 8, 10, 500])
def test_a_cut_off_end_is_refused(archive: Path, tmp_path: Path, missing: int) -> None:
    archive.write_bytes(archive.read_bytes()[:-missing])
    assert "not a whole Duxue backup" in _said(empty_sqlite(tmp_path), archive)


def _refused_or_equal(there: Settings, archive: Path, known: heads.Heads) -> bool:
    """True when it was restored, with equal heads and files; else it left nothing."""
    try:
        backup.restore(there, archive, quiet)
    except backup.CannotRestore:
        assert heads_of(there) == NOTHING
        assert not there.files_dir.exists()
        return False
    assert heads_of(there) == known
    assert files_of(there) == {STORED: MATERIAL}
    return True


@pytest.mark.parametrize("packed", [True, False], ids=["in the archive", "before packing"])
def test_a_flipped_byte_is_refused_or_harmless(
    archive: Path, sqlite_database: DatabaseUrls, sqlite_template: Path, tmp_path: Path, packed: bool
) -> None:
    """Forty places. Before packing no checksum of the whole tells, and what the heads do not cover may differ."""
    known = heads_of(settings_of(sqlite_database, tmp_path / "here"))
    whole = archive.read_bytes() if packed else gzip.decompress(archive.read_bytes())
    restored = 0
    for number in range(40):
        data = bytearray(whole)
        place = number if packed and number < 10 else number * (len(data) - 1) // 39
        data[place] ^= 1 << number % 8
        damaged = tmp_path / "damaged.tar.gz"
        damaged.write_bytes(data if packed else gzip.compress(data, compresslevel=1))
        folder = tmp_path / f"there{number}"
        copy_sqlite(sqlite_template, folder / "duxue.sqlite")
        restored += _refused_or_equal(empty_sqlite(tmp_path, folder.name), damaged, known)
    assert restored < 40
    assert restored <= 10 or not packed  # the first bytes hold a time and the like: none of the content
