"""The operator's own commands, started fresh: their seconds, and the most memory of all their processes together."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Ran:
    """A command: seconds on the wall, seconds of all cores, most bytes of memory of all its processes together."""

    seconds: float
    cpu: float
    bytes: int
    said: str


def run(folder: Path, app_url: str, *arguments: str) -> Ran:
    """A `duxue` command over that academy; SystemExit when it fails."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DUXUE_")},
        "DUXUE_DATA_DIR": str(folder), "DUXUE_DATABASE_URL": app_url,
    }  # fmt: skip
    before, begun = _cpu(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    with _Memory(process.pid) as memory:
        said = process.communicate()[0]
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"bench: duxue {' '.join(arguments)} ended with status {process.returncode}: {said[:500]}")
    return Ran(seconds, _cpu() - before, memory.most, said)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory:
    """Looks again and again at the memory of a process and all that it started; pages they share count for each."""

    def __init__(self, root: int) -> None:
        self.most, self._root, self._over = 0, root, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.most = max(self.most, sum(map(_resident, _family(self._root))))


def _family(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            for path in Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, path.read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE
    except (OSError, IndexError):
        return 0
