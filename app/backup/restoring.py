"""Restoring an archive: everything in it is doubted until its counts, hashes and heads agree."""

from __future__ import annotations

import base64
import gzip
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import Column, Connection, Date, LargeBinary, Table, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.backup.form import (
    CHUNK,
    FILE,
    FORMAT,
    HEADS,
    MANIFEST,
    Hashed,
    Manifest,
    Progress,
    in_one_line,
    kind_of,
    member,
    tables,
)
from app.base import migrate
from app.base.db import Database, UtcTime
from app.base.settings import Settings
from app.base.storage import BLOCK, sync_folder
from app.credits import heads
from app.tables import METADATA


class CannotRestore(Exception):
    """The archive or the target cannot be used; the text says why and what to do."""


class _Damaged(Exception):
    """Something in the archive is not as it was written; the text says what."""


Members = Mapping[str, tarfile.TarInfo]


def restore(settings: Settings, source: Path, progress: Progress) -> Manifest:
    """Fill an empty academy from an archive, all or nothing; gives the manifest. CannotRestore for any damage."""
    migrate.upgrade(settings)
    db = Database(settings.owner_database_url)
    made: list[Path] = []
    try:
        with tarfile.open(source, "r:gz") as archive:
            members = _members(archive)
            manifest = _manifest(_opened(archive, members[MANIFEST]).read())
            with db.engine.execution_options(immediate=True).begin() as connection:
                _read_rows(archive, members, manifest, connection, progress)
                _read_files(archive, members, settings.files_dir, made)
                progress("files", manifest["files"])
            made.clear()  # from here on they are kept
    except CannotRestore:
        raise
    except SQLAlchemyError as error:
        raise CannotRestore(f"the database does not take {source}: {in_one_line(error)}") from error
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise CannotRestore(f"{source} is not a whole Duxue backup: {error}") from error
        raise CannotRestore(f"{source} cannot be restored: {error}") from error
    except Exception as error:  # whatever damage leads to: nothing of it is kept
        raise CannotRestore(f"{source} is not a whole Duxue backup: {in_one_line(error)}") from error
    finally:
        _remove(made)
        db.engine.dispose()
    return manifest


def _members(archive: tarfile.TarFile) -> Members:
    """The members by name: each known, ordinary and there once. Reads to the end, where the checksum stands."""
    needed = {MANIFEST, HEADS, *map(member, tables())}
    found: dict[str, tarfile.TarInfo] = {}
    for each in archive:
        ordinary = each.isreg() and not each.issparse() and each.name not in found
        if not ordinary or not (each.name in needed or FILE.fullmatch(each.name)):
            raise CannotRestore(f"{each.name!r} may not stand in a backup")
        found[each.name] = each
    assert archive.fileobj is not None
    while archive.fileobj.read(BLOCK):
        pass
    if missing := sorted(needed - found.keys()):
        raise _Damaged(f"{_some(missing)} missing")
    return found


def _opened(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(info)
    assert found is not None  # ordinary files only: see _members
    return found


def _manifest(data: bytes) -> Manifest:
    said = json.loads(data)
    if not isinstance(said, dict):
        raise _Damaged(f"{MANIFEST} is no object")
    if said.get("format") != FORMAT or said.get("revision") != migrate.latest():
        raise CannotRestore(
            f"the backup has format {said.get('format')} and schema {said.get('revision')}; this release "
            f"reads format {FORMAT} and schema {migrate.latest()}: restore with the release that made it, then upgrade"
        )
    return msgspec.convert(said, Manifest)


def _read_rows(
    archive: tarfile.TarFile, members: Members, manifest: Manifest, connection: Connection, progress: Progress
) -> None:
    if connection.scalar(select(func.count()).select_from(METADATA.tables["person"])):
        raise CannotRestore("this academy is not empty: restore into an empty database (another DUXUE_DATA_DIR)")
    if manifest["tables"].keys() != {table.name for table in tables()}:
        raise _Damaged(f"the tables of {MANIFEST} are not those of this release")
    for table in tables():
        count = _read_table(connection, _opened(archive, members[member(table)]), table)
        if count != manifest["tables"][table.name]:
            raise _Damaged(f"{member(table)}: {count} rows, the manifest says {manifest['tables'][table.name]}")
        progress(table.name, count)
    if connection.dialect.name == "postgresql":
        _set_sequences(connection)
    _compare_heads(connection, _opened(archive, members[HEADS]).read(), manifest["heads"])
    progress("heads", manifest["heads"])
    files = sum(1 for name in members if FILE.fullmatch(name))
    if files != manifest["files"]:
        raise _Damaged(f"{files} files, the manifest says {manifest['files']}")


def _compare_heads(connection: Connection, data: bytes, count: int) -> None:
    """What was read must end every chain where it ended when the backup was made, under the same rules."""
    then, now = heads.read(data), heads.export(Session(connection))
    learners, rules = heads.differing(then, now)
    if learners:
        raise CannotRestore(
            f"the ledger of {len(learners)} learners does not end as in the backup's heads: {_some(learners)}"
        )
    if rules:
        raise CannotRestore(f"these rule versions are not those of the backup's heads: {_some(rules)}")
    if len(now["learners"]) != count:
        raise _Damaged(f"heads of {len(now['learners'])} learners, the manifest says {count}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _read_table(connection: Connection, lines: IO[bytes], table: Table) -> int:
    count, batch = 0, []
    for row in _rows(lines, table):
        batch.append(row)
        if len(batch) == CHUNK:
            count += _insert(connection, table, batch, count)
            batch = []
    return count + _insert(connection, table, batch, count)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]], before: int) -> int:
    if rows:
        try:
            connection.execute(insert(table), rows)
        except (SQLAlchemyError, ValueError, OverflowError) as error:
            place = f"{member(table)}, lines {before + 1}–{before + len(rows)}"
            raise CannotRestore(f"the database does not take {place}: {in_one_line(error)}") from error
    return len(rows)


def _rows(lines: IO[bytes], table: Table) -> Iterator[dict[str, Any]]:
    columns = list(table.columns)
    readers = [_reader(column) for column in columns]
    for number, line in enumerate(lines, 1):
        try:
            values = json.loads(line.decode("utf-8"))
            if not isinstance(values, list) or len(values) != len(columns):
                raise ValueError(f"not a row of {len(columns)} values")
            yield {
                column.key: None if value is None else read(value)
                for column, read, value in zip(columns, readers, values, strict=True)
            }
        except (ValueError, TypeError, RecursionError) as error:
            raise _Damaged(f"{member(table)}, line {number}: {error}") from error


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    """SQLite would keep any value in any column: each must be what the column is for."""
    if isinstance(column.type, UtcTime):
        return _moment
    if isinstance(column.type, LargeBinary):
        return lambda value: base64.b64decode(value, validate=True)
    if isinstance(column.type, Date):
        return date.fromisoformat
    kind = kind_of(column)

    def plain(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{column.name} must be {kind.__name__}, not {type(value).__name__}")
        return value

    return plain


def _moment(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(f"{value} has no zone")
    return found


def _read_files(archive: tarfile.TarFile, members: Members, root: Path, made: list[Path]) -> None:
    """Each file under its name once its bytes prove to be those of the name; new paths are noted in `made`."""
    _make_folder(root, made)
    for name, info in members.items():
        match = FILE.fullmatch(name)
        if match is None:
            continue
        target, part = root / match[1] / match[2], root / f".part-{secrets.token_hex(8)}"
        hashed = Hashed(_opened(archive, info))
        try:
            with part.open("xb") as out:
                shutil.copyfileobj(hashed, out, BLOCK)
                out.flush()
                os.fsync(out.fileno())
            if hashed.sha256() != match[2]:
                raise _Damaged(f"{name} holds other bytes than its name says")
            _make_folder(target.parent, made)
            if not target.exists():
                made.append(target)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    for folder in (*root.glob("??"), root):
        sync_folder(folder)


def _make_folder(path: Path, made: list[Path]) -> None:
    if not path.exists():
        _make_folder(path.parent, made)
        made.append(path)
        path.mkdir()


def _remove(made: list[Path]) -> None:
    """Take away what a refused restore has made, the newest first."""
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()


def _set_sequences(connection: Connection) -> None:
    for table in tables():
        key = list(table.primary_key.columns)
        if len(key) == 1 and key[0].name == "id":
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                    f"coalesce((SELECT max(id) FROM {table.name}), 0) + 1, false)"
                )
            )
