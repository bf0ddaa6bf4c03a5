"""The two days of a statement: what had happened by one, as it was known on the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# These judge other pieces and the duty: known by then, they count although they happened later.
JUDGES = frozenset({"correction", "revocation", "leave", "exemption", "class_close"})


@dataclass(frozen=True, slots=True)
class AsOf:
    """What happened up to and including the day `happened`, as it was known before the moment `until`.

    `known` is the last academy-local day that lies before `until`, wholly or in part. `exact`: `until` is a moment of
    its own (that of a seal), not the end of a day.
    """

    happened: date
    known: date
    until: datetime
    exact: bool = False

    @property
    def apart(self) -> bool:
        """Did more become known after the last day of happening?"""
        return self.known > self.happened

    def address(self) -> dict[str, str]:
        """The arguments of an address that asks for the same."""
        known = self.until.isoformat() if self.exact else self.known.isoformat()
        return {"happened": self.happened.isoformat(), "known": known}


def of_days(happened: date | None, known: date | None, today: date, zone: ZoneInfo) -> AsOf | None:
    """As of the ends of two days, none after today. Without `known` that is today, without `happened` it is `known`;
    nothing is known before it happened. None: as of now."""
    if happened is None and known is None:
        return None
    last = min(known or today, today)
    return AsOf(min(happened or last, last), last, end_of(last, zone))


def of_moment(happened: date | None, moment: datetime, zone: ZoneInfo) -> AsOf:
    """As it was known before a moment."""
    last = (moment - timedelta(microseconds=1)).astimezone(zone).date()
    return AsOf(min(happened or last, last), last, moment, exact=True)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment after an academy-local day."""
    return datetime.combine(day + timedelta(days=1), time(), zone)
