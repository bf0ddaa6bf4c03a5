"""Backup and restore: every row and every file in one archive that either database can take.

A tar: `tables/<name>.jsonl` in the order in which they can be inserted, `heads.json` (the heads of the
ledger's chains, and the rule versions), `files/…` and `manifest.json` (format, schema revision, counts). The
rows are read in one snapshot of the database. Restoring ends by comparing counts, heads and the hash of each
file; only then is anything kept.
"""

from __future__ import annotations

from app.backup.form import Manifest
from app.backup.restoring import CannotRestore, restore
from app.backup.writing import CannotBackUp, backup

__all__ = ["CannotBackUp", "CannotRestore", "Manifest", "backup", "restore"]
