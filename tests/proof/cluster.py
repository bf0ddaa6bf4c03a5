"""A throw-away PostgreSQL that may be killed, restarted, or put on a disk that is too small."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests import services
from tests.services import DatabaseUrls, PostgresServer

DATABASE = "drill"


class NoPlace(Exception):
    """A drill cannot be played here; the text says why."""


@contextmanager
def cluster(above: Path) -> Iterator[tuple[PostgresServer, DatabaseUrls]]:
    """A server of its own under a folder, with one empty, migrated database; gone at the end, however it was left."""
    programs = services.find_programs()
    if programs is None:
        raise NoPlace("no PostgreSQL here: apt-get install postgresql")
    folder = above / "pg"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        owner = services._unprivileged()
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        for each in (above, *above.parents[:-1]):
            if each.stat().st_uid == 0 and not each.stat().st_mode & 0o001:
                each.chmod(each.stat().st_mode | 0o011)
    server = PostgresServer(programs, folder, services.free_port())
    server.start()
    try:
        urls = server.create(DATABASE)
        services.migrated(urls, above / "data")
        yield server, urls
    finally:
        with suppress(RuntimeError, OSError):
            server.stop()
        with suppress(RuntimeError, OSError):
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def come_back(server: PostgresServer, seconds: float = 60) -> None:
    """Start a killed server again, once all that it had started has ended."""
    until = time.monotonic() + seconds
    data = server.folder / "data"
    postmaster = Path("/proc", (data / "postmaster.pid").read_text().split()[0])
    while postmaster.exists() or _alive(data):
        if time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL's processes were not gone after {seconds:.0f} s")
        time.sleep(0.05)
    server.boot()


def _alive(data: Path) -> bool:
    """Whether any process works in a cluster's folder."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == data:
                return True
    return False


@contextmanager
def small_disk(above: Path, megabytes: int) -> Iterator[Path]:
    """A file system of so many megabytes of its own; `NoPlace` where one may not be mounted."""
    folder = above / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "duxue-drill", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoPlace(f"a small disk cannot be mounted here (only root may): {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


class Ballast:
    """A file that takes all the room there is, until it is let go."""

    def __init__(self, disk: Path) -> None:
        self._path = disk / "ballast"

    def fill(self) -> None:
        """Leave not one block."""
        with suppress(OSError), self._path.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while True:
                        file.write(b"\0" * size)

    def drop(self) -> None:
        """There is room again."""
        self._path.unlink(missing_ok=True)
