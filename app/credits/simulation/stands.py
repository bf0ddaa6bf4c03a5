"""Where everybody stands before any draft, found once: half of every simulation that begins from the same.

A stand is kept with the last row of evidence that it holds and with the name of everything else that it depends on. As
soon as anything of that is another, it is not found, and is reckoned anew by the same fold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app import rules
from app.base.db import insert_into
from app.credits.simulation.models import PresentStand
from app.credits.simulation.weighing import Before, Stand

_SOME: Any = bindparam("learners", expanding=True)
_KEPT = select(
    PresentStand.learner_id, PresentStand.newest,
    PresentStand.countable_m, PresentStand.short_m, PresentStand.bound, PresentStand.met,
    PresentStand.told,
).where(PresentStand.learner_id.in_(_SOME), PresentStand.scale == bindparam("scale"))  # fmt: skip


class Found(NamedTuple):
    """Where a learner stands with the evidence up to a row: to be kept."""

    learner_id: int
    newest: int
    before: Before


def scale_of(published: Sequence[str], start: date, today: date, seals: Mapping[date, datetime]) -> str:
    """The name of everything but evidence that a stand depends on: rules, period, day, seals, and the program."""
    told = (published, start, today, sorted(seals.items()), _program())
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


@cache
def _program() -> str:
    """A new release may fold otherwise, or tell it otherwise, in the middle of a day."""
    folders = [*map(Path, rules.__path__), Path(__file__).parent]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()


def kept(session: Session, learners: Sequence[int], scale: str) -> dict[tuple[int, int], Before]:
    """By learner and newest row of evidence, as far as they were found on this scale. One query."""
    rows = session.execute(_KEPT, {"learners": learners, "scale": scale})
    return {(learner_id, newest): Before(Stand(*stand), told) for learner_id, newest, *stand, told in rows}


def write(session: Session, scale: str, found: Sequence[Found]) -> None:
    """Keep stands in the place of older ones."""
    if not found:
        return
    insert = insert_into(session, PresentStand)
    given = {name: insert.excluded[name] for name in ("newest", "scale", *Stand._fields, "told")}
    statement = insert.on_conflict_do_update(index_elements=[PresentStand.learner_id], set_=given)
    session.execute(
        statement,
        [
            {"learner_id": learner_id, "newest": newest, "scale": scale, **stand._asdict(), "told": told}
            for learner_id, newest, (stand, told) in found
        ],
    )
