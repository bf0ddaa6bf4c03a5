"""The real product as a process of its own, and an operator beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services import DatabaseUrls, copy_sqlite, free_port

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 600
SQLITE, POSTGRES = "sqlite", "postgresql"
# Data folders of samples that were loaded before, by kind of database: what starts next begins with a copy.
STOCK: dict[str, Path] = {}


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in."""

    role: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Academy:
    """A running academy: its address, its folder, and the settings that its programs are started with."""

    url: str
    data_dir: Path
    environment: dict[str, str]
    log: Path

    def accounts(self) -> list[Account]:
        """All accounts of the sample academy, as the product wrote them."""
        rows = json.loads((self.data_dir / "accounts.json").read_text(encoding="utf-8"))
        return [Account(row["role"], row["username"], row["password"]) for row in rows]

    def account(self, role: str, username: str = "") -> Account:
        """The first account of a role, or the one with this name."""
        return next(each for each in self.accounts() if each.role == role and username in ("", each.username))

    def duxue(self, *arguments: str) -> str:
        """What an operator's command prints; it must end well."""
        return run(self.environment, *arguments)


def settings_for(data_dir: Path, urls: DatabaseUrls, **more: str) -> dict[str, str]:
    """The environment of a product process: nothing of ours, all of theirs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DUXUE_", "PORT", "CONTENT_"))}
    return {
        **kept,
        "DUXUE_DATA_DIR": str(data_dir),
        "DUXUE_DATABASE_URL": urls.app_url,
        "DUXUE_OWNER_DATABASE_URL": urls.owner_url,
        "DUXUE_APP_ROLE": urls.app_role,
        "DUXUE_SECOND_FACTOR": "offered",  # as in the sample, also where its data is served without it
        **more,
    }


def run(environment: dict[str, str], *arguments: str) -> str:
    """`duxue …` as a process of its own; its standard output. AssertionError with its words when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"duxue {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}{done.stdout}"
    )
    return done.stdout


def _fill(data_dir: Path, urls: DatabaseUrls) -> None:
    """Begin with a copy of what is in stock. On PostgreSQL the database is one already."""
    stock = STOCK.get(POSTGRES if urls.app_role else SQLITE)
    if stock is None or data_dir.exists():
        return
    shutil.copytree(stock, data_dir, ignore=shutil.ignore_patterns("duxue.sqlite*"))
    if not urls.app_role:
        copy_sqlite(stock / "duxue.sqlite", Path(urls.app_url.removeprefix("sqlite:///") or data_dir / "duxue.sqlite"))


@contextmanager
def academy(folder: Path, urls: DatabaseUrls, **more: str) -> Iterator[Academy]:
    """The sample academy, served; it begins with what is in stock. Otherwise as `first_start`."""
    _fill(folder / "data", urls)
    with first_start(folder, urls, **more) as found:
        yield found


@contextmanager
def first_start(folder: Path, urls: DatabaseUrls, **more: str) -> Iterator[Academy]:
    """`duxue serve --sample` on free ports; stopped at the end. Its log is printed when the caller fails."""
    port, content_port = free_port(), free_port()
    data_dir = folder / "data"
    environment = settings_for(data_dir, urls, PORT=str(port), CONTENT_PORT=str(content_port), **more)
    found = Academy(f"http://127.0.0.1:{port}", data_dir, environment, folder / "serve.log")
    with found.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--sample", "--workers", "2"],
            cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(found, process)
            yield found
            assert process.poll() is None, "the academy ended by itself"
        except BaseException:
            print(f"--- {found.log}\n{found.log.read_text(errors='replace')[-6000:]}")
            raise
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C in its terminal would; by force if that is not heard."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(found: Academy, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the academy ended with {process.returncode} before it was ready"
        try:
            with urllib.request.urlopen(f"{found.url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the academy was not ready in {READY_SECONDS} s")


def post(url: str, body: str) -> tuple[int, dict[str, object]]:
    """Send bytes as a stranger would: no cookie, no header. Status and JSON answer."""
    request = urllib.request.Request(url, data=body.encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
