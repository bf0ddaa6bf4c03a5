"""What an archive looks like: its members, their order, its manifest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import IO, Any, TypedDict

from sqlalchemy import Column, Table

from app.base.db import UtcTime
from app.tables import METADATA

FORMAT = 1
HEADS, MANIFEST = "heads.json", "manifest.json"
# Stored files are named by what is in them; whatever else lies in the store's folder is half written.
FILE = re.compile(r"files/([0-9a-f]{2})/(\1[0-9a-f]{62})")
# Sign-ins and waiting work belong to the place, not to the record.
LEFT_OUT = frozenset({"login_session", "job_run", "task", "upload"})
CHUNK = 1000  # rows at once
Progress = Callable[[str, int], None]


class Manifest(TypedDict):
    """What an archive says of itself; `heads`: of how many learners."""

    format: int
    revision: str
    tables: dict[str, int]
    heads: int
    files: int


class Hashed:
    """A source that hashes what is read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._source.read(size)
        self._digest.update(piece)
        return piece

    def sha256(self) -> str:
        """Of everything that was read, hex."""
        return self._digest.hexdigest()


def tables() -> list[Table]:
    """In the order of insertion: parents first, ledger entries before the transactions that seal them."""
    found = [table for table in METADATA.sorted_tables if table.name not in LEFT_OUT]
    return sorted(found, key=lambda table: (table.name == "ledger_transaction",))


def kind_of(column: Column[Any]) -> type:
    """What a value of the column is in Python."""
    return datetime if isinstance(column.type, UtcTime) else column.type.python_type


def member(table: Table) -> str:
    """The name of a table's rows in the archive."""
    return f"tables/{table.name}.jsonl"


def in_one_line(error: Exception) -> str:
    """What an error says, or the database's error in it, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error) or type(error).__name__
    return said.splitlines()[0]
