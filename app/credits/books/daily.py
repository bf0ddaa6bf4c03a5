"""Heads kept outside the database, a file a day: written whole or not at all, never overwritten, never removed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.base.storage import write_once
from app.credits.heads import Heads, HeadsError, read

_NAME = re.compile(r"heads-(\d{4}-\d{2}-\d{2})\.json")


@dataclass(frozen=True, slots=True)
class HeadsFile:
    """One day's file."""

    day: date
    path: Path
    bytes: int


def text_of(heads: Heads) -> str:
    """The file's text: JSON with sorted keys."""
    return json.dumps(heads, ensure_ascii=True, sort_keys=True, indent=0) + "\n"


def keep(folder: Path, heads: Heads, day: date) -> Path | None:
    """Write the day's file; None where there is one already. It is on disk, whole, when this returns. OSError."""
    path = _path(folder, day)
    return path if write_once(path, text_of(heads)) else None


def files(folder: Path) -> list[HeadsFile]:
    """All of them, the newest day first; what has another name, or is no ordinary file, is none."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        name = _NAME.fullmatch(path.name)
        if name is None or path.is_symlink() or not path.is_file():
            continue
        try:
            found.append(HeadsFile(date.fromisoformat(name[1]), path, path.stat().st_size))
        except ValueError:
            continue
    return sorted(found, key=lambda file: file.day, reverse=True)


def latest(folder: Path) -> tuple[HeadsFile, Heads] | None:
    """The newest file and what it says; None where there is none. HeadsError names the file that cannot be read."""
    newest = next(iter(files(folder)), None)
    if newest is None:
        return None
    try:
        return newest, read(newest.path.read_bytes())
    except (HeadsError, OSError) as error:
        raise HeadsError(f"{newest.path}: {error}") from error


def one(folder: Path, day: date) -> HeadsFile | None:
    """The file of a day."""
    return next((file for file in files(folder) if file.day == day), None)


def _path(folder: Path, day: date) -> Path:
    return folder / f"heads-{day.isoformat()}.json"
