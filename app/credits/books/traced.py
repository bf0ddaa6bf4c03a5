"""Watched evidence against the traces of its viewings, as long as these last. Viewings stand on a floor above, so how
a trace is replayed is wired in from there."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.clock import to_ms
from app.credits.checks import Difference
from app.credits.models import Evidence
from app.people.models import Person

WHOLE, EXPIRED, MISSING = "whole", "expired", "missing"
CHUNK = 500
WHAT = "viewing"
CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Traced:
    """What the traces of one learner in one media version tell.

    `state`: all of every trace is there (WHOLE), some has expired, or there never was a viewing. Only of whole ones
    the rest is said. `problem`: what is wrong with the trace itself, or between trace and coverage (expected, found).
    `reached_ms(seen_ms)`: when so much had been played (ms since 1970), None where it never was.
    """

    state: str
    problem: tuple[str, str] | None = None
    reached_ms: Callable[[int], int | None] = lambda _seen: None


Replay = Callable[[Session, int, int], Traced]
_wired: list[Replay] = []


def wire(replay: Replay) -> None:
    """Say how the traces of (learner, media version) are replayed; the last one said holds."""
    _wired[:] = [replay]


@dataclass(slots=True)
class Sampled:
    """How many pieces of watched evidence were drawn, how many had their traces; what does not agree."""

    drawn: int = 0
    replayed: int = 0
    expired: int = 0
    missing: int = 0
    differences: list[Difference] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Without the differences, for JSON."""
        return {
            "drawn": self.drawn, "replayed": self.replayed, "expired": self.expired, "missing": self.missing,
            "differences": len(self.differences),
        }  # fmt: skip


def sample(
    session: Session, share: float, progress: Callable[[int, int], None] | None = None, chance: random.Random = CHANCE
) -> Sampled:
    """Draw this share (0 to 1) of the watched evidence and replay its viewings. Reads only."""
    ids = session.scalars(select(Evidence.id).where(Evidence.kind == "watched").order_by(Evidence.id)).all()
    drawn = [each for each in ids if chance.random() < share]
    found = Sampled()
    for start in range(0, len(drawn), CHUNK):
        for row, person_key, facts in _rows(session, drawn[start : start + CHUNK]):
            found.drawn += 1
            traced, version = Traced(MISSING), facts.get("media_version")
            if isinstance(version, int) and _wired:
                traced = _wired[0](session, row.learner_id, version)
            _judge(found, row, person_key, facts.get("seen_ms", 0), traced)
        if progress is not None:
            progress(min(start + CHUNK, len(drawn)), len(drawn))
    return found


def _rows(session: Session, ids: Sequence[int]) -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """(evidence, learner's key, facts)."""
    query = (
        select(Evidence.id, Evidence.key, Evidence.learner_id, Evidence.happened_at, Evidence.facts, Person.key)
        .join(Person, Person.id == Evidence.learner_id)
        .where(Evidence.id.in_(ids))
        .order_by(Evidence.id)
    )
    for row in session.execute(query).all():
        yield row, row[5], json.loads(row.facts)


def _judge(found: Sampled, row: Any, person_key: str, seen_ms: int, traced: Traced) -> None:
    if traced.state != WHOLE:
        found.expired += traced.state == EXPIRED
        found.missing += traced.state == MISSING
        return
    found.replayed += 1
    name = f"evidence {row.id} ({row.key})"
    if traced.problem is not None:
        found.differences.append(Difference(person_key, WHAT, name, *traced.problem))
        return
    reached, happened = traced.reached_ms(seen_ms), to_ms(row.happened_at)
    if reached is None:
        found.differences.append(
            Difference(person_key, WHAT, name, f"{seen_ms} ms seen", "less than that in the traces of its viewings")
        )
    elif reached > happened:
        found.differences.append(
            Difference(person_key, WHAT, name, f"{seen_ms} ms seen by {happened}", f"only at {reached} in the traces")
        )
