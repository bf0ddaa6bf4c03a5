"""Real servers for tests: a PostgreSQL of their own in a temporary folder, and databases in it."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.base import migrate
from app.base.settings import load

OWNER, APP = "duxue_owner", "duxue_app"
MEMORY, ROOM, LEFT_SECONDS = "/dev/shm", 4 << 30, 600  # ROOM in bytes
TEMPLATE = "duxue_template"
LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """A migrated database: as the application sees it, as its owner does; `app_role` is "" on SQLite."""

    app_url: str
    owner_url: str
    app_role: str


def free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def migrated(urls: DatabaseUrls, data_dir: Path) -> None:
    """Bring an empty database to the newest form, as `duxue migrate` does."""
    settings = load(
        {
            "DUXUE_DATA_DIR": str(data_dir),
            "DUXUE_DATABASE_URL": urls.app_url,
            "DUXUE_OWNER_DATABASE_URL": urls.owner_url,
            "DUXUE_APP_ROLE": urls.app_role,
        }
    )
    migrate.upgrade(settings)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One of the test workers at a time."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_programs() -> Path | None:
    """The folder of PostgreSQL's programs, newest first; None when there is none."""
    found = sorted(
        glob.glob("/usr/lib/postgresql/*/bin/initdb"),
        key=lambda path: float(path.split("/")[4]),
        reverse=True,
    )
    single = shutil.which("initdb")
    return Path(found[0]).parent if found else Path(single).parent if single else None


class PostgresServer:
    """A running server. Its folder belongs to the user it runs as: PostgreSQL refuses to run as root."""

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self.programs, self.folder, self.port = programs, folder, port

    def _call(self, program: str, *arguments: str) -> None:
        user: dict[str, object] = {}
        if os.geteuid() == 0:
            entry = _unprivileged()
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [str(self.programs / program), *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=program == "initdb", check=False, **user,  # type: ignore[call-overload]
        )  # fmt: skip
        if done.returncode:
            log = self.folder / "log"
            said = (done.stderr or b"").decode(errors="replace") + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} failed ({done.returncode}):\n{said[-3000:]}")

    def start(self) -> None:
        """Make the cluster and start it; fsync stays on, as in production."""
        data = str(self.folder / "data")
        self._call("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "--encoding=UTF8")
        self.boot()
        with self.connect() as connection:
            connection.execute(f"CREATE ROLE {OWNER} LOGIN")
            connection.execute(f"CREATE ROLE {APP} LOGIN")

    def boot(self) -> None:
        """Start the server over its cluster; RuntimeError when it does not come up."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} "
            "-c max_connections=300 -c shared_buffers=64MB -c timezone=UTC"
        )
        data = str(self.folder / "data")
        self._call("pg_ctl", "-D", data, "-s", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def kill(self) -> None:
        """SIGKILL to the postmaster: no checkpoint, no last word; what it started ends by itself."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._call("pg_ctl", "-D", str(self.folder / "data"), "-s", "-m", "fast", "-w", "stop")
        shutil.rmtree(self.folder)

    def restart(self, mode: str = "immediate") -> None:
        """Stop as at a power cut (or "fast") and start again; for fault drills."""
        data = str(self.folder / "data")
        self._call("pg_ctl", "-D", data, "-s", "-m", mode, "-w", "-l", str(self.folder / "log"), "restart")

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the superuser, autocommitting."""
        url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        return psycopg.connect(url, autocommit=True)

    def urls(self, name: str) -> DatabaseUrls:
        """The addresses of a database of this server."""
        base = f"127.0.0.1:{self.port}/{name}"
        return DatabaseUrls(f"postgresql+psycopg://{APP}@{base}", f"postgresql+psycopg://{OWNER}@{base}", APP)

    def create(self, name: str, template: str = "template1") -> DatabaseUrls:
        """A database of `duxue_owner`, copied from another."""
        with self.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (template,))
            connection.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}"')
        return self.urls(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def new_database(self, name: str) -> DatabaseUrls:
        """A migrated database: migrated once a run, copied from there on."""
        with locked(self.folder.parent / f"{self.folder.name}.lock"):
            if not self._exists(TEMPLATE):
                self.create(f"{TEMPLATE}_raw")
                migrated(self.urls(f"{TEMPLATE}_raw"), self.folder.parent / f"{self.folder.name}-data")
                with self.connect() as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                        (f"{TEMPLATE}_raw",),
                    )
                    connection.execute(f'ALTER DATABASE "{TEMPLATE}_raw" RENAME TO "{TEMPLATE}"')
            return self.create(name, TEMPLATE)

    def _exists(self, name: str) -> bool:
        with self.connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            return found.fetchone() is not None


def _unprivileged() -> pwd.struct_passwd:
    """Whom PostgreSQL runs as when the tests run as root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


@contextmanager
def shared_server(programs: Path, meeting: Path, *, in_memory: bool = False) -> Iterator[PostgresServer]:
    """One server for all workers of a test run: the first starts it, the last stops it.

    `meeting` is a folder that all of them see. `in_memory`: its files lie there if there is room, as a database of
    hundreds of files is made and dropped for each test; nothing else differs.
    """
    state = meeting / "postgres.json"
    with locked(meeting / "postgres.lock"):
        if state.exists():
            known = json.loads(state.read_text())
            server = PostgresServer(programs, Path(known["folder"]), known["port"])
        else:
            server = PostgresServer(programs, _own_folder(in_memory), free_port())
            server.start()
            known = {"folder": str(server.folder), "port": server.port, "users": 0}
        state.write_text(json.dumps({**known, "users": known["users"] + 1}))
    try:
        yield server
    finally:
        with locked(meeting / "postgres.lock"):
            known = json.loads(state.read_text())
            if known["users"] > 1:
                state.write_text(json.dumps({**known, "users": known["users"] - 1}))
            else:
                state.unlink()
                server.stop()
                shutil.rmtree(server.folder.parent)


def _sweep(memory: Path) -> None:
    """Remove what runs that were killed have left: it takes memory until the machine is started again."""
    for above in memory.glob("duxue-pg-*"):
        pid = above / "server" / "data" / "postmaster.pid"
        with suppress(OSError, ValueError):
            idle = time.time() - above.stat().st_mtime > LEFT_SECONDS
            if idle and not (pid.exists() and Path("/proc", pid.read_text().split()[0]).exists()):
                shutil.rmtree(above, ignore_errors=True)


def _own_folder(in_memory: bool = False) -> Path:
    """A folder outside pytest's (which only root may enter), short enough for a socket's path."""
    if in_memory:
        _sweep(Path(MEMORY))
    roomy = in_memory and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    above = Path(tempfile.mkdtemp(prefix="duxue-pg-", dir=MEMORY if roomy else None))
    folder = above / "server"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        entry = _unprivileged()
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        above.chmod(0o711)
    return folder


def copy_sqlite(source: Path, target: Path) -> None:
    """A whole copy of an SQLite database, its write-ahead log included."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
