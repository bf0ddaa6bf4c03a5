"""Where copies lie until they are fetched: for three days, and backups do not have them."""

from __future__ import annotations

import os
import re
import secrets
import time
from datetime import timedelta
from pathlib import Path

from app.base.settings import Settings

KEPT = timedelta(days=3)
_NAME = re.compile(r"[0-9a-f]{32}")


def folder(settings: Settings) -> Path:
    """Others than the academy never read it."""
    return settings.data_dir / "copies"


def keep(settings: Settings, raw: bytes) -> str:
    """Put bytes away; gives their name."""
    root, name = folder(settings), secrets.token_hex(16)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = root / f".part-{name}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
    part.replace(root / name)
    return name


def load(settings: Settings, name: str) -> bytes | None:
    """The bytes of that name, as long as they are kept."""
    if not _NAME.fullmatch(name):
        return None
    path = folder(settings) / name
    try:
        return path.read_bytes() if time.time() - path.lstat().st_mtime < KEPT.total_seconds() else None
    except OSError:
        return None


def sweep(settings: Settings) -> None:
    """Delete what has lain too long."""
    root, before = folder(settings), time.time() - KEPT.total_seconds()
    for path in root.iterdir() if root.is_dir() else ():
        try:
            if path.lstat().st_mtime < before:
                path.unlink()
        except OSError:  # another process was first
            continue
