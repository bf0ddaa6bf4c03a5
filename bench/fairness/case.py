"""What a case is, and what came of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

# What plays it takes a `Scene` (scene.py, which knows cases).
Play = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One evasion or one honest trouble. `alone`: it starts processes of its own. `where`: "" for both databases."""

    name: str
    kind: str
    play: Play
    stoppable: bool = True
    browser: bool = False
    where: str = ""
    why_not: str = ""


CASES: list[Case] = []


def honest(*, browser: bool = False, where: str = "", why_not: str = "") -> Callable[[Play], Play]:
    """Declare an honest trouble: not one of its seconds may be refused."""

    def declare(play: Play) -> Play:
        CASES.append(Case(_words(play), "honest", play, browser=browser, where=where, why_not=why_not))
        return play

    return declare


def evasion(*, stoppable: bool = True, browser: bool = False) -> Callable[[Play], Play]:
    """Declare an evasion. `stoppable`: the server can see it, so it must earn nothing."""

    def declare(play: Play) -> Play:
        CASES.append(Case(_words(play), "evasion", play, stoppable=stoppable, browser=browser))
        return play

    return declare


def _words(play: Play) -> str:
    return play.__name__.replace("_", " ").strip()


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a case, in ms of the lesson (`open_ms`: of wall time, by the driver's clock).

    `broken`: why it could not be judged. `skipped`: why it was not played here.
    """

    case: str
    database: str
    kind: str
    stoppable: bool
    open_ms: int = 0
    rate: float = 0.0
    watched_ms: int = 0
    credited_ms: int = 0
    pending_ms: int = 0
    refused_ms: int = 0
    taken_over_ms: int = 0
    cheated_ms: int = 0
    broken: str = ""
    skipped: str = ""

    @property
    def missed(self) -> bool:
        """Whether this case misses its target."""
        if self.skipped:
            return False
        wrong = self.refused_ms if self.kind == "honest" else 0
        return bool(self.broken or wrong or (self.stoppable and self.cheated_ms))

    def entry(self) -> dict[str, Any]:
        """The row of results.json."""
        return {"name": "fairness", **asdict(self)}
