"""Files on their way in, resumable. What is acknowledged is on disk and synced before it is counted.

Whoever writes to an upload, or takes it in, holds it (`held`): the offset is read, the bytes are written and
counted under one lock of its own, and no file is open for writing outside it. A whole upload is never opened for
writing again: its file may be a lesson's material by then.
"""

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
from app.base.db import Database
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
    """Another request is writing to this upload, or taking it in."""

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


def _lock_path(settings: Settings, key: str) -> Path:
    return folder(settings) / f"{ULID.from_str(key)}.lock"


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
        raise gone()
    return upload


def gone() -> NotFound:
    """What is said of an upload that was used, given up or swept."""
    return NotFound(_("This upload no longer exists. Choose the file again."))


@contextmanager
def held(db: Database, settings: Settings, key: str, person_id: int) -> Iterator[Upload]:
    """A person's own unused upload, while no other request (of any process) writes to it or takes it in.

    `NotFound`, or `Busy` when another holds it. What was read of it before is old by now; what is given out was
    read under the lock. The lock is a file's, not the database's: bytes may take their time. Giving an upload up
    does not wait for it, so that a dead line cannot keep one: who holds it finds row and file gone.
    """
    with db.reading() as reader:
        own_upload(reader, key, person_id)  # or whoever guesses keys would leave lock files behind
    try:
        handle = os.open(_lock_path(settings, key), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    except FileNotFoundError as error:  # the whole folder is gone
        raise gone() from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(_("Another page is sending or saving this file. Wait a moment, then try again.")) from error
        with db.reading() as reader:
            upload = own_upload(reader, key, person_id)
        yield upload
    finally:
        os.close(handle)


def receive(path: Path, offset: int, most: int, body: Incoming, checksum: tuple[str, bytes] | None = None) -> int:
    """Write a body behind `offset` and sync it; how many bytes arrived (fewer when the line broke).

    The upload is `held`, and `offset` was read under that lock: bytes that are counted are never written again.
    At most `most` bytes are taken. `checksum`: (hashlib's name, digest) that all of them must have.
    """
    if most < 1:
        return 0  # it is whole
    digest = hashlib.new(checksum[0]) if checksum else None
    written = 0
    with _writable(path) as handle:
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


@contextmanager
def _writable(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise gone() from error
    try:
        yield handle
    finally:
        os.close(handle)


def _write_all(handle: int, block: bytes, offset: int) -> None:
    view = memoryview(block)
    while view:
        done = os.pwrite(handle, view, offset)
        view, offset = view[done:], offset + done


def advance(session: Session, key: str, offset: int, written: int) -> None:
    """Count bytes that are on disk, while the upload is still `held`; `NotFound` when it was given up meanwhile.

    Guarded though nobody else can have counted some since: a wrong count would be a torn film.
    """
    there = (Upload.key == key, Upload.used_at.is_(None))
    moved = session.execute(update(Upload).where(*there, Upload.received == offset).values(received=offset + written))
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        if session.scalar(select(Upload.key).where(*there)) is None:
            raise gone()
        raise Busy(_("Another page is sending or saving this file. Wait a moment, then try again."))


def finished(upload: Upload) -> bool:
    """Is the whole file here?"""
    return upload.received == upload.size


def use(session: Session, upload: Upload) -> None:
    """Mark an upload as used; its file is swept. Guarded: one upload makes one lesson."""
    done = session.execute(
        update(Upload).where(Upload.key == upload.key, Upload.used_at.is_(None)).values(used_at=clock.now())
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise gone()


def discard(session: Session, settings: Settings, upload: Upload) -> None:
    """Give an upload up: its row and its bytes go."""
    session.delete(upload)
    session.flush()
    path_of(settings, upload).unlink(missing_ok=True)
    _lock_path(settings, upload.key).unlink(missing_ok=True)


def sweep_uploads(session: Session, settings: Settings) -> int:
    """Delete used uploads, those nobody used within a week, and files without a row; how many files went."""
    old = (Upload.used_at.is_not(None)) | (Upload.created_at < clock.now() - KEPT)
    session.execute(delete(Upload).where(old))
    kept = set(session.scalars(select(Upload.key)))
    home, swept = folder(settings), 0
    if not home.is_dir():
        return 0
    for path in home.iterdir():
        if path.suffix == ".lock" and path.with_suffix("").exists():
            continue  # whoever holds it may be writing: first the bytes go, at the next sweep their lock
        if path.name.removesuffix(".lock") not in kept and _old(path):
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def _old(path: Path) -> bool:
    """A file just made may belong to a row that is not committed yet."""
    try:
        return path.lstat().st_mtime < time.time() - 3600
    except FileNotFoundError:  # given up this moment
        return False


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
