"""Backup and restore: every row and every file in one archive that either database can take.

A tar: `tables/<name>.jsonl` in the order in which they can be inserted, `files/…`, `heads.json` (the heads
of the ledger's chains) and `manifest.json` (format, schema revision, counts). The rows are read in one
snapshot of the database. Restoring ends by comparing the heads; only then is anything kept.
"""

from __future__ import annotations

import base64
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, insert, select, text
from sqlalchemy.orm import Session

from app.base import migrate
from app.base.db import Database, UtcTime
from app.base.settings import Settings
from app.credits import heads
from app.tables import METADATA

FORMAT = 1
# Sign-ins and waiting work belong to the place, not to the record.
LEFT_OUT = frozenset({"login_session", "job_run", "task", "upload"})
CHUNK = 1000
Progress = Callable[[str, int], None]


class CannotRestore(Exception):
    """The archive or the target cannot be used; the text says why and what to do."""


def tables() -> list[Table]:
    """In the order of insertion: parents first, ledger entries before the transactions that seal them."""
    found = [table for table in METADATA.sorted_tables if table.name not in LEFT_OUT]
    return sorted(found, key=lambda table: (table.name == "ledger_transaction",))


def backup(settings: Settings, target: Path, progress: Progress) -> dict[str, Any]:
    """Write the archive; gives its manifest. Appears under its name only when it is whole."""
    db = Database(settings.database_url)
    partial = target.with_name(target.name + ".part")
    with db.engine.connect() as connection, tarfile.open(partial, "w:gz", compresslevel=5) as archive:
        if not db.sqlite:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        counts = {table.name: _write_table(connection, archive, table, progress) for table in tables()}
        manifest = {"format": FORMAT, "revision": migrate.current(connection), "tables": counts}
        kept = heads.export(Session(connection))
        manifest["heads"] = len(kept)
        _add(archive, "heads.json", json.dumps(kept, indent=1, sort_keys=True).encode())
        manifest["files"] = _write_files(archive, settings.files_dir, progress)
        data = json.dumps(manifest, indent=1, sort_keys=True).encode()
        _add(archive, "manifest.json", data)
    db.engine.dispose()
    partial.replace(target)
    return manifest


def _write_table(connection: Connection, archive: tarfile.TarFile, table: Table, progress: Progress) -> int:
    count = 0
    with tempfile.TemporaryFile() as out:
        rows = connection.execution_options(yield_per=CHUNK).execute(select(table).order_by(*table.primary_key.columns))
        for row in rows:
            out.write(json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() + b"\n")
            count += 1
        info = tarfile.TarInfo(f"tables/{table.name}.jsonl")
        info.size = out.tell()
        out.seek(0)
        archive.addfile(info, out)
    progress(table.name, count)
    return count


def _write_files(archive: tarfile.TarFile, folder: Path, progress: Progress) -> int:
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []
    for path in files:
        archive.add(path, f"files/{path.relative_to(folder)}", recursive=False)
    progress("files", len(files))
    return len(files)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def restore(settings: Settings, source: Path, progress: Progress) -> dict[str, Any]:
    """Fill an empty academy from an archive, all or nothing; gives the manifest."""
    migrate.upgrade(settings)
    db = Database(settings.owner_database_url)
    try:
        with tarfile.open(source, "r:gz") as archive:
            manifest = _manifest(archive)
            with db.engine.execution_options(immediate=True).begin() as connection:
                _refuse_if_filled(connection)
                for table in tables():
                    count = _read_table(connection, archive, table)
                    if count != manifest["tables"].get(table.name):
                        raise CannotRestore(f"{table.name}: {count} rows, the manifest says otherwise: cut off?")
                    progress(table.name, count)
                if not db.sqlite:
                    _set_sequences(connection)
                _compare_heads(connection, archive)
                progress("heads", manifest["heads"])
                progress("files", _read_files(archive, settings.files_dir))
    except (tarfile.TarError, EOFError, KeyError, json.JSONDecodeError) as error:
        raise CannotRestore(f"{source} is not a whole Duxue backup: {error}") from error
    finally:
        db.engine.dispose()
    return manifest


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    found = archive.extractfile("manifest.json")
    assert found is not None
    manifest: dict[str, Any] = json.load(found)
    if manifest.get("format") != FORMAT or manifest.get("revision") != migrate.latest():
        raise CannotRestore(
            f"the backup has format {manifest.get('format')} and schema {manifest.get('revision')}; this release "
            f"reads format {FORMAT} and schema {migrate.latest()}: restore with the release that made it, then upgrade"
        )
    return manifest


def _compare_heads(connection: Connection, archive: tarfile.TarFile) -> None:
    """What was read must end every chain where it ended when the backup was made."""
    found = archive.extractfile("heads.json")
    assert found is not None
    then, now = json.load(found), heads.export(Session(connection))
    differ = sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))
    if differ:
        shown = ", ".join(differ[:5]) + (" …" if len(differ) > 5 else "")
        raise CannotRestore(f"the ledger of {len(differ)} learners does not end as in the backup's heads: {shown}")


def _refuse_if_filled(connection: Connection) -> None:
    people = METADATA.tables["person"]
    if connection.scalar(select(func.count()).select_from(people)):
        raise CannotRestore("this academy is not empty: restore into an empty database (another DUXUE_DATA_DIR)")


def _read_table(connection: Connection, archive: tarfile.TarFile, table: Table) -> int:
    found = archive.extractfile(f"tables/{table.name}.jsonl")
    assert found is not None
    count, batch = 0, []
    for row in _rows(found, table):
        batch.append(row)
        if len(batch) >= CHUNK:
            connection.execute(insert(table), batch)
            count, batch = count + len(batch), []
    if batch:
        connection.execute(insert(table), batch)
    return count + len(batch)


def _rows(lines: Any, table: Table) -> Iterator[dict[str, Any]]:
    columns = list(table.columns)
    readers = [_reader(column.type) for column in columns]
    for line in lines:
        values = json.loads(line)
        yield {
            column.key: None if value is None else read(value)
            for column, read, value in zip(columns, readers, values, strict=True)
        }


def _reader(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, UtcTime):
        return datetime.fromisoformat
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    if kind.python_type is date:
        return date.fromisoformat
    return lambda value: value


def _read_files(archive: tarfile.TarFile, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for member in archive.getmembers():
        if not member.name.startswith("files/"):
            continue
        relative = Path(member.name.removeprefix("files/"))
        if not member.isfile() or relative.is_absolute() or ".." in relative.parts:
            raise CannotRestore(f"{member.name!r} may not stand in a backup")
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        found = archive.extractfile(member)
        assert found is not None
        with target.open("wb") as out:
            while piece := found.read(1 << 20):
                out.write(piece)
        count += 1
    return count


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
