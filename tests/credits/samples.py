"""Learners, lessons and rules of a few lines, for the tests of credits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.base import clock
from app.credits import service
from app.people.models import Person

RULES = """\
# 笃学的样例规则
[ruleset]
id = "yunting"
version = 1
effective = 2026-01-01
timezone = "Asia/Shanghai"
unit = "hours"
title = {zh = "学时认定办法", en = "Credit rules"}

[period]
start = "01-01"
months = 12
first = 2024

[[convert]]
id = "watched"
when = {kind = "watched"}
amount = "length / 45"
bucket_field = "subject_bucket"
text = {zh = "45分钟为1学时", en = "45 minutes are 1 hour"}

[[mark]]
id = "ninety"
when = {kind = "watched"}
measure = "seen / length"
at_least = "0.9"
text = {zh = "不少于90%算学完", en = "Nine tenths must be seen"}

[[round]]
id = "nearest"
to = "0.001"
mode = "nearest"
text = {zh = "取三位小数", en = "Rounded to three decimals"}

[[duplicate]]
id = "once"
when = {kind = "watched"}
key = ["item"]
within = "period"
text = {zh = "一年计一次", en = "Once a year"}

[[cap]]
id = "day"
limit = 8
per = "day"
text = {zh = "每天最多计8学时", en = "At most 8 hours a day"}

[[test]]
id = "total"
measure = "countable"
at_least = 50
text = {zh = "全年不少于50学时", en = "At least 50 hours a year"}

[[test]]
id = "general"
when = {bucket = "general"}
measure = "countable"
at_least = 15
text = {zh = "公需不少于15学时", en = "At least 15 hours of general subjects"}

[[requirement]]
id = "yearly"
meets = {all = ["total", "general"]}
text = {zh = "年度要求", en = "The year"}
"""
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
