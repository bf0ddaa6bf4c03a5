"""Where the measurements run: a PostgreSQL of their own or a SQLite file, and server processes over them."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from app.base.db import Database
from bench.bulk import Bulk, PostgresBulk, SqliteBulk
from bench.floor import TABLE
from bench.people import LEARNERS, Generated, generate
from tests import services

ROOT = Path(__file__).resolve().parents[1]
THREADS = 32


@dataclass
class Place:
    """A generated academy on one of the databases, and the environment of its servers."""

    kind: str
    urls: services.DatabaseUrls
    folder: Path
    secret: str
    made: Generated
    workers: int

    def environment(self, **more: str) -> dict[str, str]:
        """What a server process is started with."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("DUXUE_")},
            "DUXUE_DATA_DIR": str(self.folder), "DUXUE_DATABASE_URL": self.urls.app_url,
            "DUXUE_SECRET": self.secret, "DUXUE_EMBEDDED": "0", "DUXUE_SECOND_FACTOR": "offered", **more,
        }  # fmt: skip


@contextmanager
def place(kind: str, learners: int = LEARNERS) -> Iterator[Place]:
    """A fresh academy on "postgresql" or "sqlite", removed at the end."""
    with tempfile.TemporaryDirectory(prefix="duxue-bench-") as name:
        folder = Path(name)
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'duxue.sqlite'}"
            yield _filled(
                kind, services.DatabaseUrls(url, url, ""), folder, SqliteBulk, str(folder / "duxue.sqlite"), learners
            )
            return
        programs = services.find_programs()
        if programs is None:
            raise SystemExit("bench: no PostgreSQL here (apt-get install postgresql), or: ONLY=sqlite make bench")
        with services.shared_server(programs, folder) as server:
            urls = server.create("bench")
            admin = f"postgresql://postgres@127.0.0.1:{server.port}/bench"
            yield _filled(kind, urls, folder, PostgresBulk, admin, learners)


def _filled(
    kind: str, urls: services.DatabaseUrls, folder: Path, bulk: Callable[[str], Bulk], address: str, learners: int
) -> Place:
    services.migrated(urls, folder)
    begun, secret = time.perf_counter(), secrets.token_hex(32)
    owner = Database(urls.owner_url)
    with owner.writing() as session:
        session.execute(text(TABLE))
        if urls.app_role:
            session.execute(text(f"GRANT ALL ON bench_floor TO {urls.app_role}"))
    owner.engine.dispose()
    db = Database(urls.app_url)
    made = generate(db, bulk, address, secret.encode(), learners)
    db.engine.dispose()
    print(f"· {kind}: {learners} learners generated in {time.perf_counter() - begun:.0f} s", flush=True)
    return Place(kind, urls, folder, secret, made, 1 if kind == "sqlite" else 2)


@contextmanager
def serving(where: Place, target: str, *options: str, interface: str = "wsgi", **environment: str) -> Iterator[int]:
    """A granian over `target` as `duxue serve` starts it (or an event loop: "rsgi"); gives its port."""
    port = services.free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(where.workers), "--no-ws", "--log-level", "error", "--backlog", "1024",
        *(("--blocking-threads", str(THREADS)) if interface == "wsgi" else ()), *options, target,
    ]  # fmt: skip
    variables = where.environment(PORT=str(port), **environment)
    process = subprocess.Popen(command, cwd=ROOT, env=variables, start_new_session=True)
    try:
        _wait(process, port)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"bench: the server ended with status {process.returncode}; the lines above say why")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            time.sleep(0.5)  # the second worker may still be importing
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("bench: the server did not come up within a minute")
