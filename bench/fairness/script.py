"""What evasions are made with: a script that holds a lease, and doing things at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bench.fairness.device import Device, Opened, beat_body
from bench.fairness.scene import Scene

HOUR_MS = 3_600_000


class Script:
    """A script with a lease: it sends what it likes. Numbers rise by themselves."""

    def __init__(self, scene: Scene, lesson: int, device: Device | None = None) -> None:
        self.scene, self.device = scene, device or scene.device()
        self.opened: Opened = scene.open(self.device, lesson)
        self.seq = 0

    def claim(self, *ranges: object, seq: int | None = None) -> int:
        """Send these ranges; the status."""
        self.seq = self.seq + 1 if seq is None else seq
        return self.device.beat(beat_body(self.opened.lease, self.seq, list(ranges))).status

    def again(self) -> Script:
        """Open the lesson anew."""
        self.opened, self.seq = self.scene.open(self.device, self.opened.lesson), 0
        return self


def side_by_side(*jobs: Callable[[], object]) -> None:
    """Do all of them at one moment."""
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
