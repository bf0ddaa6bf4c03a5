"""Rules of several years, a place with people in it, and short ways to learn, to seal and to look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.settings import Settings, load
from app.credits import service
from app.credits.closing import service as closing
from app.credits.models import LearnerPeriod, LedgerEntry, LedgerTransaction
from app.rules import ledger

Y2024, Y2025, Y2026 = date(2024, 1, 1), date(2025, 1, 1), date(2026, 1, 1)
RULES = """\
[ruleset]
id = "years"
version = 1
effective = 2024-01-01
timezone = "Asia/Shanghai"
unit = "hours"
title = {zh = "办法", en = "Rules"}

[period]
start = "01-01"
months = 12
first = 2024
seal_after_months = 1
LATE

[[convert]]
id = "class"
when = {kind = "session"}
amount = "hours"
bucket_field = "subject_bucket"
text = {zh = "面授按学时计", en = "Classes by the hour"}

[[cap]]
id = "year"
limit = 60
per = "period"
text = {zh = "每年最多计60学时", en = "At most 60 hours a year"}

[[test]]
id = "total"
measure = "countable"
at_least = 50
text = {zh = "全年不少于50学时", en = "At least 50 hours a year"}

[[requirement]]
id = "yearly"
meets = {all = ["total"]}
text = {zh = "年度要求", en = "The year"}
MORE
"""
CARRY = """
[[carry]]
id = "on"
surplus_of = "total"
measure = "countable"
as = {bucket = "elective"}
text = {zh = "超出部分转入下一年选修", en = "What is above goes into the next year's electives"}
"""
MAKE_UP = """
[[make_up]]
id = "cure"
tests = ["total"]
months = 2
text = {zh = "次年二月底前可补", en = "May be made up until the end of February"}
"""


def rules(*, late: str = "current", more: str = "") -> str:
    """The rule set with what these tests change."""
    return RULES.replace("LATE", f'late = "{late}"').replace("MORE", more)


def day(text: str) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime.fromisoformat(f"{text}T12:00:00+08:00").astimezone(UTC)


def attend(session: Session, learner_id: int, key: str, on: str, hours: int, *, known: str = "", **facts: Any) -> None:
    """A class attended on a day; it became known then, or on another day."""
    service.record(
        session, learner_id, key=key, kind="session", happened_at=day(on), known_at=day(known or on),
        recorded_by="test", facts={"hours_m": hours * 1000, "subject_bucket": "general", "title": key, **facts},
    )  # fmt: skip


def join(session: Session, learner_id: int, on: str) -> None:
    """From this day on there is a duty."""
    service.record(
        session, learner_id, key=f"standing:{on}", kind="standing", happened_at=day(on), known_at=day(on),
        recorded_by="test", facts={"change": "joined"},
    )  # fmt: skip


def withdraw(session: Session, learner_id: int, named: str, on: str) -> None:
    """A correction that withdraws a piece."""
    service.record(
        session, learner_id, key=f"correction:{named}", kind="correction", happened_at=day(on), known_at=day(on),
        recorded_by="test", facts={}, names=named,
    )  # fmt: skip


def settings(folder: Path) -> Settings:
    """Settings of nothing in particular."""
    return load({"DUXUE_DATA_DIR": str(folder)})


def seal(db: Database, folder: Path, start: date, *, by: int | None = None, reason: str = "") -> Mapping[str, Any]:
    """Seal a period as its run does."""
    return closing.seal(db, settings(folder), lambda _done, _total: None, start, by, reason)


def postings(session: Session, learner_id: int, period: date) -> list[tuple[str, int, int, str]]:
    """(evidence, earned, countable, origin or "") of every transaction of a period, reversals included."""
    rows = session.scalars(
        select(LedgerTransaction)
        .where(LedgerTransaction.learner_id == learner_id, LedgerTransaction.period == period)
        .order_by(LedgerTransaction.seq)
    ).all()
    found = []
    for row in rows:
        lines = session.execute(
            select(LedgerEntry.account, LedgerEntry.amount).where(
                LedgerEntry.learner_id == learner_id, LedgerEntry.seq == row.seq
            )
        )
        amounts = ledger.amounts_of([(account, amount) for account, amount in lines])
        origin = amounts.origin.isoformat() if amounts.origin else ""
        found.append((row.evidence_key, amounts.earned, amounts.countable, origin))
    return found


def row_of(session: Session, learner_id: int, period: date) -> tuple[int, int, bool]:
    """(earned, countable, met) of a learner's row."""
    row = session.get(LearnerPeriod, (learner_id, period), populate_existing=True)
    assert row is not None
    return row.earned, row.countable, row.met
