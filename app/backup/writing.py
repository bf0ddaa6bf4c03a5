"""Writing an archive: one snapshot of the database, and every stored file whose bytes are still its own."""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select
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
from app.base.db import Database
from app.base.settings import Settings
from app.base.storage import Store, StoreError, sync_folder
from app.credits import heads


class CannotBackUp(Exception):
    """Something cannot be read or written; the text says what, and what to do."""


def backup(settings: Settings, target: Path, progress: Progress) -> Manifest:
    """Write the archive; gives its manifest. Appears under its name only when it is whole and on disk."""
    if not target.parent.is_dir():
        raise CannotBackUp(f"{target.parent} is no folder: make it, or name a file elsewhere")
    db = Database(settings.database_url)
    partial = target.with_name(target.name + ".part")
    try:
        # Everybody's names and password hashes are in it: for its owner's eyes only.
        with open(partial, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=5) as archive, db.engine.connect() as connection:
                if not db.sqlite:
                    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                manifest = _write(archive, connection, Store(settings.files_dir), progress)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
        sync_folder(target.parent)
    except (OSError, StoreError) as error:
        raise CannotBackUp(f"{target} cannot be written: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
        db.engine.dispose()
    return manifest


def _write(archive: tarfile.TarFile, connection: Connection, store: Store, progress: Progress) -> Manifest:
    try:
        counts = {table.name: _write_table(connection, archive, table, progress) for table in tables()}
        kept, revision = heads.export(Session(connection)), migrate.current(connection)
    except (SQLAlchemyError, ValueError, TypeError, OverflowError) as error:
        raise CannotBackUp(f"the database cannot be read ({in_one_line(error)}): see `duxue credits verify`") from error
    _add(archive, HEADS, json.dumps(kept, indent=1, sort_keys=True).encode())
    files = _write_files(archive, store, progress)
    manifest = Manifest(
        format=FORMAT, revision=str(revision), tables=counts, heads=len(kept["learners"]), files=files
    )  # fmt: skip
    _add(archive, MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    return manifest


def _write_table(connection: Connection, archive: tarfile.TarFile, table: Table, progress: Progress) -> int:
    count = 0
    kinds = [kind_of(column) for column in table.columns]
    query = select(table).order_by(*table.primary_key.columns)
    with (
        tempfile.TemporaryFile() as out,
        connection.execution_options(yield_per=CHUNK).execute(query) as rows,
    ):
        for row in rows:
            values = [_plain(value, kind) for value, kind in zip(row, kinds, strict=True)]
            out.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
            count += 1
        info = tarfile.TarInfo(member(table))
        info.size = out.tell()
        out.seek(0)
        archive.addfile(info, out)
    progress(table.name, count)
    return count


def _write_files(archive: tarfile.TarFile, store: Store, progress: Progress) -> int:
    names = [f"files/{path.parent.name}/{path.name}" for path in sorted(store.root.glob("??/*"))]
    found = [match for name in names if (match := FILE.fullmatch(name))]
    for match in found:
        with store.open(match[2]) as source:
            info = tarfile.TarInfo(match[0])
            info.size = os.fstat(source.fileno()).st_size
            hashed = Hashed(source)
            archive.addfile(info, hashed)
        if hashed.sha256() != match[2]:  # restoring would refuse the archive, on the day it is needed
            raise CannotBackUp(f"{store.path(match[2])} is damaged: put it back from an earlier backup")
    progress("files", len(found))
    return len(found)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _plain(value: Any, kind: type) -> Any:
    if value is not None and not isinstance(value, kind):  # SQLite keeps anything; restoring would refuse it
        raise TypeError(f"{value!r:.60} where a {kind.__name__} should be")
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
