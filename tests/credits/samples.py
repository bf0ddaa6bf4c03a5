"""Learners, lessons and rules of a few lines, for the tests of credits."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.base import clock
from app.credits import service
from app.people.models import Person

RULES = (Path(__file__).parents[2] / "content/rules/yunting-2026.toml").read_text(encoding="utf-8")
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
HOUR_MS = 45 * 60_000


def new_learner(session: Session, number: int = 1) -> int:
    """A person; the key is opaque and fixed, so that hashes are."""
    person = Person(
        key=f"01LEARNER{number:017d}",
        login=f"learner{number}",
        name=f"学员{number}",
        name_pinyin="xueyuan",
        locale="zh_Hans_CN",
        created_at=clock.now(),
    )
    session.add(person)
    session.flush()
    return person.id


def lesson_facts(lesson: int = 1, hours: int = 1, **more: Any) -> dict[str, Any]:
    """A lesson watched from end to end; one hour is 45 minutes."""
    length_ms = hours * HOUR_MS
    return {
        "course": "meeting-minutes",
        "lesson": lesson,
        "media_version": lesson,
        "title": "会议纪要怎么写",
        "title_en": "Writing minutes",
        "length_ms": length_ms,
        "seen_ms": length_ms,
        "provider": "yunting",
        "category": "skills",
        "subject_bucket": "general",
        "requirement_class": "required",
        "unit": "u1",
        "class": "c1",
        "band": "staff",
        "item": f"lesson:{lesson}",
        "edition": "1",
        **more,
    }


def watch(
    session: Session,
    learner_id: int,
    lesson: int = 1,
    *,
    hours: int = 1,
    at: datetime = NOON,
    key: str | None = None,
    **more: Any,
) -> bool:
    """Record that a lesson was watched."""
    return service.record(
        session,
        learner_id,
        key=key or f"watched:{lesson}",
        kind="watched",
        happened_at=at,
        known_at=at,
        recorded_by="viewing",
        facts=lesson_facts(lesson, hours, **more),
    )


def withdraw(session: Session, learner_id: int, named: str, at: datetime = NOON) -> bool:
    """Record a correction that withdraws a piece."""
    return service.record(
        session,
        learner_id,
        key=f"correction:{named}",
        kind="correction",
        happened_at=at,
        known_at=at,
        recorded_by="admin",
        facts={},
        names=named,
    )


def next_rules(version: int = 2, effective: str = "2027-01-01", **changes: str) -> str:
    """The rules' next version: number, day, and any text replaced by another."""
    text = RULES.replace("version = 1", f"version = {version}").replace(
        "effective = 2026-01-01", f"effective = {effective}"
    )
    for old, new in changes.items():
        text = text.replace(old, new)
    return text
