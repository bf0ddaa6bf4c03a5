"""How much of the machine was busy during a stretch of time, from /proc/stat."""

from __future__ import annotations

import os
from pathlib import Path

STAT = Path("/proc/stat")


class Share:
    """Of all cores, what was not idle since the making of this object: everything that ran, the driver too."""

    def __init__(self) -> None:
        self._busy, self._all = _now()
        self._own = sum(os.times()[:2])

    def read(self) -> tuple[float, float]:
        """(machine, driver): shares of all cores' time from 0 to 1, since the making."""
        busy, everything = _now()
        passed = max(1, everything - self._all)
        ticks = os.sysconf("SC_CLK_TCK")
        return (busy - self._busy) / passed, (sum(os.times()[:2]) - self._own) * ticks / passed


def _now() -> tuple[int, int]:
    """(busy, all) in ticks. Waiting for a disk is idle; guests are already within user time."""
    fields = [int(field) for field in STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def describe() -> str:
    """The machine in a few words."""
    model = "?"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores, {model}, {pages / 2**30:.0f} GiB"
