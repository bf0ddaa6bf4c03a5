"""What a learner did in three years, made up: the evidence of the bench's academies."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.base import clock
from app.credits.folding import canonical
from app.credits.recording import payload_hash

CLASS_SIZE = 400
FIRST_EVIDENCE = 1
LESSON_MS = 45 * 60_000
CATEGORIES = ("skills", "law", "theory", "history")


@dataclass(slots=True)
class Kept:
    """A row of `evidence`."""

    id: int
    key: str
    kind: str
    happened_at: datetime
    known_at: datetime
    recorded_by: str
    facts: str
    payload_hash: str
    names: str | None


def pieces(number: int, many: int, now: datetime) -> list[Kept]:
    """A learner's evidence over three years up to `now`, in the order of recording."""
    chance = random.Random(number)
    first = datetime(now.year - 2, 1, 1, 4, tzinfo=UTC)
    days = (now - first).days
    moments = sorted(
        first + timedelta(days=chance.randrange(days), seconds=chance.randrange(36_000)) for _ in range(many)
    )
    found: list[Kept] = []
    for place, moment in enumerate(moments):
        kind, key, facts, names = _fact(chance, number, place, moment, found)
        known = min(now, moment + timedelta(milliseconds=chance.randrange(20_000)))
        found.append(_row(FIRST_EVIDENCE + number * many + place, key, kind, moment, known, facts, names))
    return found


def _fact(
    chance: random.Random, number: int, place: int, moment: datetime, before: list[Kept]
) -> tuple[str, str, Mapping[str, Any], str | None]:
    """(kind, key, facts, names) of a learner's next piece."""
    bucket = chance.choice(("general", "professional", "professional"))
    own = {
        "unit": "city", "class": f"class-{number // CLASS_SIZE + 1}", "band": "staff", "subject_bucket": bucket,
        "category": chance.choice(CATEGORIES), "provider": "own",
    }  # fmt: skip
    what = chance.random()
    if place == 0:
        standing = {name: own[name] for name in ("unit", "class", "band")}
        return "standing", "standing:1", {**standing, "change": "joined"}, None
    if what < 0.02 and before[-1].kind == "watched":
        return "correction", f"correction:{place}", {"reason": "学员本人提出"}, before[-1].key
    if what < 0.08:
        facts = {**own, "half_days": chance.randrange(1, 5), "run": f"run:{chance.randrange(60)}", "off_job": True}
        return "session", f"session:{place}", facts, None
    if what < 0.14:
        facts = {**own, "hours_m": chance.randrange(1, 17) * 500, "item": f"certificate:{number}:{place}"}
        return "recognised", f"recognised:{place}", facts, None
    lesson, seen = chance.randrange(1, 801), LESSON_MS * chance.randrange(88, 101) // 100
    facts = {
        **own, "course": f"c{lesson // 4:03d}", "lesson": lesson, "media_version": lesson,
        "title": f"第{lesson % 4 + 1}节", "title_en": f"Lesson {lesson % 4 + 1}", "length_ms": LESSON_MS,
        "seen_ms": seen,
        "requirement_class": "elective" if lesson % 3 == 0 else "required", "item": f"lesson:{lesson}", "edition": "1",
    }  # fmt: skip
    return "watched", f"watched:{lesson}:{seen}:{place}", facts, None


def _row(
    row_id: int, key: str, kind: str, happened: datetime, known: datetime, facts: Mapping[str, Any], names: str | None
) -> Kept:
    """As `recording.record` writes it; the fold reads it and would refuse what that refuses."""
    happened, known = (clock.from_ms(clock.to_ms(each)) for each in (happened, known))
    kept = canonical(dict(facts))
    own_hash = payload_hash(key, kind, happened, known, "bench", kept, names)
    return Kept(row_id, key, kind, happened, known, "bench", kept, own_hash, names)
