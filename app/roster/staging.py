"""Files that were uploaded and what was found in them, while somebody decides. They hold people's data: after a week
they are gone, and backups do not have them."""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any

from app.base.settings import Settings
from app.base.storage import sync_folder

KEPT_SECONDS = 7 * 86_400
_NAME = re.compile(r"[0-9a-f]{32}")


class Gone(Exception):
    """The file is not there any more."""


def folder(settings: Settings) -> Path:
    """Where they lie; others than the academy never read it."""
    return settings.data_dir / "rosters"


def keep(settings: Settings, raw: bytes) -> str:
    """Put bytes away; gives their name. They are on disk when this returns."""
    root = folder(settings)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    part = root / f".part-{name}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    part.replace(root / name)
    sync_folder(root)
    return name


def load(settings: Settings, name: str) -> bytes:
    """The bytes of that name; `Gone` when they are not there."""
    if not _NAME.fullmatch(name):
        raise Gone(name)
    try:
        return (folder(settings) / name).read_bytes()
    except OSError as error:
        raise Gone(name) from error


def keep_json(settings: Settings, value: Any) -> str:
    """The same for what JSON can hold."""
    return keep(settings, json.dumps(value, ensure_ascii=False).encode())


def load_json(settings: Settings, name: str) -> Any:
    """The same, read."""
    return json.loads(load(settings, name))


def sweep(settings: Settings) -> None:
    """Delete what has lain for a week."""
    root, before = folder(settings), time.time() - KEPT_SECONDS
    if not root.is_dir():
        return
    for path in root.iterdir():
        try:
            if path.lstat().st_mtime < before:
                path.unlink()
        except OSError:  # another process was first
            continue
