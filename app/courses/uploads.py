"""Files on their way in, resumable. What is acknowledged is on disk and synced before it is counted."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Protocol

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import clock
from app.base.errors import BadInput, NotFound, Refused
from app.base.settings import Settings
from app.base.storage import sync_folder
from app.courses.material import clean_name
from app.courses.models import Upload

BLOCK = 1 << 18
# Unfinished or unused uploads of one person at a time; a used one is gone at once.
MOST_OPEN = 20
KEPT = timedelta(days=7)


class Incoming(Protocol):
    """A request's body."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Busy(Refused):
    """Another request is writing to this upload."""

    status = 423


class WrongChecksum(Refused):
    """The bytes are not those that the client meant to send; none of them is counted."""

    status = 460


def folder(settings: Settings) -> Path:
    """Where unfinished uploads lie."""
    return settings.data_dir / "uploads"


def path_of(settings: Settings, upload: Upload) -> Path:
    """Where an upload's bytes lie. Its key is ours, never the client's."""
    return folder(settings) / str(ULID.from_str(upload.key))


def expires(upload: Upload) -> datetime:
    """When an upload that is not used is swept away."""
    return upload.created_at + KEPT


def create_upload(session: Session, settings: Settings, person_id: int, name: str, size: int) -> Upload:
    """Announce a file of `size` bytes. `BadInput` when it is empty or too large, `Refused` after too many."""
    if size < 1:
        raise BadInput(_("The file is empty."), "file")
    if size > settings.max_upload_bytes:
        most = settings.max_upload_bytes // 1_000_000
        raise BadInput(_("A file has at most %(most)s MB. Split it or compress it more.", most=most), "file")
    unused = (Upload.person_id == person_id, Upload.used_at.is_(None))
    count = session.scalar(select(func.count()).select_from(Upload).where(*unused)) or 0
    if count >= MOST_OPEN:
        text = _("You have %(count)s uploads that are not used yet. Use or cancel them first.", count=count)
        raise Refused(text)
    upload = Upload(
        key=str(ULID()),
        person_id=person_id,
        name=clean_name(name),
        size=size,
        received=0,
        created_at=clock.now(),
    )
    home = folder(settings)
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(path_of(settings, upload), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    os.close(handle)
    sync_folder(home)
    session.add(upload)
    session.flush()
    return upload


def own_upload(session: Session, key: str, person_id: int) -> Upload:
    """A person's own unused upload; `NotFound` for another's, a used one and one that was swept."""
    upload = session.get(Upload, key)
    if upload is None or upload.person_id != person_id or upload.used_at is not None:
        raise NotFound(_("This upload no longer exists. Choose the file again."))
    return upload


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """The upload's file, locked against a second request (of any process) that writes to it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFound(_("This upload no longer exists. Choose the file again.")) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(_("Another page is sending this file.")) from error
        yield handle
    finally:
        os.close(handle)


def receive(path: Path, offset: int, most: int, body: Incoming, checksum: tuple[str, bytes] | None = None) -> int:
    """Write a body behind `offset` and sync it; how many bytes arrived (fewer when the line broke).

    At most `most` bytes are taken. `checksum`: (hashlib's name, digest) that all of them must have.
    """
    digest = hashlib.new(checksum[0]) if checksum else None
    written = 0
    with _alone(path) as handle:
        while written < most:
            try:
                block = body.read(min(BLOCK, most - written))
            except (OSError, ValueError):
                break  # the line broke: what is here is good, the client sends the rest again
            if not block:
                break
            if digest:
                digest.update(block)
            _write_all(handle, block, offset + written)
            written += len(block)
        if checksum and digest and digest.digest() != checksum[1]:
            raise WrongChecksum(_("The bytes that arrived are damaged. They are sent again."))
        os.fsync(handle)
    return written


def _write_all(handle: int, block: bytes, offset: int) -> None:
    view = memoryview(block)
    while view:
        done = os.pwrite(handle, view, offset)
        view, offset = view[done:], offset + done


def advance(session: Session, key: str, offset: int, written: int) -> None:
    """Count bytes that are on disk; `Refused` when another request has counted some since."""
    moved = session.execute(
        update(Upload).where(Upload.key == key, Upload.received == offset).values(received=offset + written)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(_("Another page is sending this file."))


def finished(upload: Upload) -> bool:
    """Is the whole file here?"""
    return upload.received == upload.size


def use(session: Session, upload: Upload) -> None:
    """Mark an upload as used; its file is swept. Guarded: one upload makes one lesson."""
    done = session.execute(
        update(Upload).where(Upload.key == upload.key, Upload.used_at.is_(None)).values(used_at=clock.now())
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(_("This upload no longer exists. Choose the file again."))


def discard(session: Session, settings: Settings, upload: Upload) -> None:
    """Give an upload up: its row and its bytes go."""
    session.delete(upload)
    session.flush()
    path_of(settings, upload).unlink(missing_ok=True)


def sweep_uploads(session: Session, settings: Settings) -> int:
    """Delete used uploads, those nobody used within a week, and files without a row; how many files went."""
    old = (Upload.used_at.is_not(None)) | (Upload.created_at < clock.now() - KEPT)
    session.execute(delete(Upload).where(old))
    kept = set(session.scalars(select(Upload.key)))
    home, gone = folder(settings), 0
    if not home.is_dir():
        return 0
    for path in home.iterdir():
        # A file just made may belong to a row that is not committed yet.
        if path.name not in kept and path.lstat().st_mtime < time.time() - 3600:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def copy_in(source: IO[bytes], settings: Settings, name: str) -> Path:
    """A file of a plain form, beside the uploads; the caller deletes it (the sweep does after a crash)."""
    home = folder(settings)
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{ULID()}.form"
    with path.open("xb") as target:
        while block := source.read(BLOCK):
            target.write(block)
    if path.stat().st_size == 0:
        path.unlink()
        raise BadInput(_("%(name)s is empty.", name=clean_name(name)), "file")
    return path
