"""The file store: content-addressed, written once. A name that it gives out is on disk, whole and synced."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
# A stored file is never written again, by nobody; others than owner and group never saw it.
FROZEN = 0o440
_DIGEST = re.compile(r"[0-9a-f]{64}")


class StoreError(Exception):
    """A file cannot be stored or read; the text says which and why."""


def sync_folder(folder: Path) -> None:
    """Make a folder's entries durable: a renamed file is lost with the power otherwise."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_once(path: Path, text: str) -> bool:
    """A small ASCII file, on disk and whole when this returns; False where there is one already. `OSError`.

    Others than owner and group never see it, and nobody writes it again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return False
    part = path.parent / f".{path.name}.{secrets.token_hex(6)}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), FROZEN)
            os.fsync(file.fileno())
        os.link(part, path)  # unlike a rename it never takes another file's place
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def open_plain(path: Path) -> BinaryIO:
    """Open an ordinary file for reading; `StoreError` for a symbolic link, a folder, a pipe or nothing."""
    try:
        # NONBLOCK: opening a pipe would wait for its writer for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; an ordinary file is needed") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StoreError(f"{path}: not an ordinary file")
    return os.fdopen(handle, "rb")


class Store:
    """Files by the SHA-256 of their bytes, under one folder: `ab/abcdef…`. Nothing is ever overwritten."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Where a file lies (it need not exist); `StoreError` when the name is not 64 small hex digits."""
        if not _DIGEST.fullmatch(sha256):
            raise StoreError(f"{sha256[:80]!r} is not a file name of the store")
        return self.root / sha256[:2] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Open a stored file for reading; `StoreError` when it is missing or was replaced by a link."""
        return open_plain(self.path(sha256))

    def put(self, path: Path) -> str:
        """Copy an ordinary file in; its SHA-256. It is on disk when this returns. `StoreError` for links."""
        self.root.mkdir(parents=True, exist_ok=True)
        part = self.root / f".part-{secrets.token_hex(8)}"
        digest = hashlib.sha256()
        try:
            with open_plain(path) as source, _new_file(part) as target:
                while block := source.read(BLOCK):
                    digest.update(block)
                    target.write(block)
                target.flush()
                os.fchmod(target.fileno(), FROZEN)
                os.fsync(target.fileno())
            return self._keep(part, digest.hexdigest())
        finally:
            part.unlink(missing_ok=True)

    def adopt(self, path: Path) -> str:
        """As `put`, without a second copy where both are on one disk: both names are one read-only file then.

        While it runs, and ever after, the caller lets nobody have the file open for writing.
        """
        with open_plain(path) as source:
            sha256 = _digest(source)
            os.fsync(source.fileno())
            os.fchmod(source.fileno(), FROZEN)
            target = self.path(sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target, follow_symlinks=False)
            except FileExistsError:
                if target.lstat().st_size != os.fstat(source.fileno()).st_size:
                    return self.put(path)  # a file that was cut is healed
                return sha256
            except OSError:  # another disk, or one that knows no links
                return self.put(path)
        sync_folder(target.parent)
        sync_folder(self.root)
        return sha256

    def _keep(self, part: Path, sha256: str) -> str:
        target = self.path(sha256)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            sync_folder(self.root)
        # Same name, same bytes: replacing a present file changes nothing, and heals one that was cut.
        os.replace(part, target)
        sync_folder(target.parent)
        return sha256


def _digest(source: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := source.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _new_file(path: Path) -> BinaryIO:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    return os.fdopen(handle, "wb")
