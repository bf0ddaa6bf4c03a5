"""What rooms above and beside credits know of a period's open matters. They are wired in from there, as in `reach`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.base.settings import Settings


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody with an open matter: name, person key, how much waits (ms; 0 where it has no length), its own key."""

    name: str
    key: str
    waiting_ms: int = 0
    matter: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """Open matters of one kind: how many, of how many people, how long in all (ms), and the first few."""

    count: int = 0
    people: int = 0
    waiting_ms: int = 0
    first: Sequence[Concerned] = ()


NONE = Open()


@dataclass(frozen=True, slots=True)
class Matters:
    """What is asked of the rooms above. Moments are milliseconds since 1970, the end of the period (excluded).

    `pending`: seconds that wait for an answer; `lapse`: let them go, how many learners had any; `write_due`: evidence
    that is due and not written, until none is; `tickets`: those that nobody has answered.
    """

    pending: Callable[[Session, int], Open]
    lapse: Callable[[Session, int], int]
    write_due: Callable[[Session, Settings], int]
    tickets: Callable[[Session, int], Open]


_wired: list[Matters] = []


def wire(matters: Matters) -> None:
    """Say who knows; the last one said holds."""
    _wired[:] = [matters]


def pending(session: Session, end_ms: int) -> Open:
    """Seconds watched before a moment that wait for an answer. While nothing is wired there are none."""
    return _wired[0].pending(session, end_ms) if _wired else NONE


def lapse(session: Session, end_ms: int) -> int:
    """Let them go. Call it before the books are locked: coverage comes first in the house's order of locks."""
    return _wired[0].lapse(session, end_ms) if _wired else 0


def write_due(session: Session, settings: Settings) -> int:
    """Write evidence that is due; how many pieces."""
    return _wired[0].write_due(session, settings) if _wired else 0


def tickets(session: Session, end_ms: int) -> Open:
    """Tickets about what was watched, or said, before a moment, which nobody has answered."""
    return _wired[0].tickets(session, end_ms) if _wired else NONE
