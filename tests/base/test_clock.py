"""The embedded clock against what machines do to theirs."""

from __future__ import annotations

import pytest

from app.base import clock

SECOND = 1_000_000_000


class Machine:
    """Wall time and running time in nanoseconds, as a test sets them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.running = 1_700_000_000 * SECOND, 50 * SECOND
        monkeypatch.setattr("app.base.clock.time.time_ns", lambda: self.wall)
        monkeypatch.setattr(clock, "_running_ns", lambda: self.running)

    def on(self, wall: int, running: int) -> None:
        self.wall += wall * SECOND
        self.running += running * SECOND


@pytest.mark.parametrize(
    ("wall", "running", "seconds"),
    [(10, 10, 10), (-3600, 10, 10), (36_000, 10, 36_000), (0, 10, 10), (3600, 3600, 3600)],
    ids=["runs", "set back", "set forward", "stands", "slept"],
)
def test_it_follows_only_forwards(monkeypatch: pytest.MonkeyPatch, wall: int, running: int, seconds: int) -> None:
    machine = Machine(monkeypatch)
    anchored = clock.AnchoredClock()
    begun = anchored.now_ms()
    assert begun == machine.wall // 1_000_000
    machine.on(wall, running)
    assert anchored.now_ms() - begun == seconds * 1000
    machine.on(-7200, 5)
    assert anchored.now_ms() - begun == (seconds + 5) * 1000
