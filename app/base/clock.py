"""The one place that knows what time it is. Aware UTC datetimes, or milliseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


def now_ms() -> int:
    """The present in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def from_ms(ms: int) -> datetime:
    """Milliseconds since 1970 → aware UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Aware datetime → milliseconds since 1970 (exact)."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The academy-local day of a moment: it decides days and years."""
    return moment.astimezone(zone).date()


class AnchoredClock:
    """Milliseconds that never step back in one process, whatever is done to the machine's clock.

    Driven by the clock that runs on while the machine sleeps, anchored to wall time; it follows that only
    forwards (a machine that woke with the wrong day and was put right). The embedded form's clock for beats
    (on PostgreSQL the database tells the time, since nodes drift).
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - _running_ns()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        running = _running_ns()
        # Two threads may both write here: either value is right to a few microseconds, and the larger comes back.
        self._offset_ns = max(self._offset_ns, time.time_ns() - running)
        return (running + self._offset_ns) // 1_000_000


def _running_ns() -> int:
    """Nanoseconds since some moment, sleep included where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()
