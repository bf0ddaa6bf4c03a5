"""One process's share of everybody: weighed chunk by chunk, added up."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits.simulation import packs, stands
from app.credits.simulation.packs import Fresh, Own, Packs
from app.credits.simulation.weighing import Before, Scale, Stand, Weighed
from app.rules.credit.evidence import Piece

log = logging.getLogger("duxue.simulation")
CHUNK = 250  # learners in memory at once
# What reading evidence that nobody recorded may raise (a message of msgspec is a ValueError too).
STUMBLES = (ValueError, TypeError, KeyError, OverflowError)
NOTHING = Own(0, ())
SHOWN = 500  # changed learners that are told by name


@dataclass(slots=True)
class Found:
    """What came of some learners. `pairs`: what counted before and after, of each; `clauses`: clause → learners who
    gain by it, who lose, thousandths in all; `changed`: (size, person id, before, after, clauses), the largest only.
    """

    learners: int = 0
    gain: int = 0
    lose: int = 0
    bound: list[int] = field(default_factory=lambda: [0, 0])
    short: list[int] = field(default_factory=lambda: [0, 0])
    short_m: list[int] = field(default_factory=lambda: [0, 0])
    unreadable: int = 0
    pairs: list[tuple[int, int]] = field(default_factory=list)
    clauses: dict[str, list[int]] = field(default_factory=dict)
    changed: list[Any] = field(default_factory=list)

    def add(self, learner_id: int, weighed: Weighed) -> None:
        """One learner more."""
        self.learners += 1
        before, after = weighed.before, weighed.after
        self.pairs.append((before.countable_m, after.countable_m))
        for place, stand in enumerate((before, after)):
            self.bound[place] += stand.bound
            self.short[place] += not stand.met
            self.short_m[place] += stand.short_m
        if not weighed.changed:
            return
        if weighed.gains:
            self.gain += 1
        else:
            self.lose += 1
        for clause, amount in weighed.clauses.items():
            counts = self.clauses.setdefault(clause, [0, 0, 0])
            counts[0 if amount > 0 else 1] += 1
            counts[2] += amount
        self._keep((_size(before, after), -learner_id, before, after, _ranked(weighed.clauses)))

    @property
    def many_change(self) -> bool:
        """So many that it costs less to make reasons for everybody at once: they are a fifth of a fold."""
        return (self.gain + self.lose) * 5 > self.learners > 20

    def merge(self, other: Found) -> None:
        """What another share found."""
        for name in ("learners", "gain", "lose", "unreadable"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("bound", "short", "short_m"):
            setattr(self, name, [a + b for a, b in zip(getattr(self, name), getattr(other, name), strict=True)])
        self.pairs += other.pairs
        for clause, counts in other.clauses.items():
            own = self.clauses.setdefault(clause, [0, 0, 0])
            self.clauses[clause] = [a + b for a, b in zip(own, counts, strict=True)]
        for each in other.changed:
            self._keep(each)

    def _keep(self, entry: Any) -> None:
        entry = tuple(entry)
        if len(self.changed) < SHOWN:
            heapq.heappush(self.changed, entry)
        else:
            heapq.heappushpop(self.changed, entry)


def _size(before: Stand, after: Stand) -> tuple[int, int]:
    """How large a change is: in hours, then in what is missing."""
    return abs(after.countable_m - before.countable_m), abs(after.short_m - before.short_m)


def _ranked(clauses: Any) -> list[str]:
    return sorted(clauses, key=lambda name: (-abs(clauses[name]), name))


def chunks(learners: Sequence[int]) -> list[Sequence[int]]:
    """Everybody in pieces of the size that is read at once."""
    return [learners[n : n + CHUNK] for n in range(0, len(learners), CHUNK)]


def weigh(db: Database, scale: Scale, learners: Sequence[int], tell: Callable[[int], None]) -> Found:
    """Weigh these, a chunk after the other; `tell(done)` after each. What was not kept yet is kept."""
    found, read = Found(), Packs()
    for chunk in chunks(learners):
        ready = prepare(db, scale, read, chunk)
        for learner_id in chunk:
            if learner_id in ready:
                pieces, before = ready.pop(learner_id)
                found.add(learner_id, scale.weigh(pieces, before, found.many_change))
            else:
                found.unreadable += 1
        tell(len(chunk))
    return found


def prepare(db: Database, scale: Scale, read: Packs, chunk: Sequence[int]) -> dict[int, tuple[Sequence[Piece], Before]]:
    """Everybody's pieces and where they stand before; who cannot be read is left out. What was not kept yet is kept."""
    with db.reading() as session:
        own, fresh = _readable(read, session, chunk)
        known = stands.kept(session, chunk, scale.name)
    ready: dict[int, tuple[Sequence[Piece], Before]] = {}
    news: list[stands.Found] = []
    for learner_id in chunk:
        mine = own.pop(learner_id, NOTHING)
        if mine is None:
            continue
        before = known.get((learner_id, mine.newest))
        if before is None:
            before = scale.stand(mine.pieces)
            news.append(stands.Found(learner_id, mine.newest, before))
        ready[learner_id] = mine.pieces, before
    _keep(db, scale.name, fresh, news)
    return ready


def _readable(read: Packs, session: Session, chunk: Sequence[int]) -> tuple[dict[int, Own | None], list[Fresh]]:
    """As `Packs.pieces`; None for whom evidence cannot be read: it was never recorded here, and `verify` names it."""
    try:
        return read.pieces(session, chunk)  # type: ignore[return-value]
    except STUMBLES:
        pass
    found: dict[int, Own | None] = {}
    fresh: list[Fresh] = []
    for learner_id in chunk:
        try:
            pieces, more = read.pieces(session, [learner_id])
        except STUMBLES:
            found[learner_id] = None
        else:
            found.update(pieces)
            fresh += more
    return found, fresh


def _keep(db: Database, scale: str, fresh: Sequence[Fresh], news: Sequence[stands.Found]) -> None:
    """Write packs and stands; where the database is busy for long they stay stale, which costs time and no more."""
    if not fresh and not news:
        return
    try:
        with db.writing() as session:
            packs.write(session, fresh)
            stands.write(session, scale, news)
    except OperationalError:
        log.warning("Packs of %s and stands of %s learners could not be written; next time", len(fresh), len(news))
