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

    Anchored at its making to wall time and driven by the monotonic clock; the embedded form's clock for
    beats (on PostgreSQL the database tells the time, since nodes drift).
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return (time.monotonic_ns() + self._offset_ns) // 1_000_000
