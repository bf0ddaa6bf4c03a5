"""Reads of evidence, ledger, sums and rules. Amounts in thousandths of an hour."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.base.db import holds
from app.credits import reach
from app.credits.models import Evidence, LearnerPeriod, LedgerEntry, LedgerTransaction, RuleVersion
from app.credits.statement.asof import JUDGES, end_of
from app.people import queries as people
from app.people.models import Person, RoleGrant
from app.people.queries import PersonRow
from app.rules.access import Scope
from app.rules.ledger import COUNTABLE


@dataclass(frozen=True, slots=True)
class Result:
    """One test of a period: what there is, what is needed, what is missing (thousandths)."""

    got: int
    quota: int
    short: int
    met: bool


@dataclass(frozen=True, slots=True)
class PeriodSums:
    """A learner's sums in one period; buckets are (earned, countable)."""

    learner_id: int
    period: date
    earned: int
    countable: int
    buckets: dict[str, tuple[int, int]]
    tests: dict[str, Result]
    met: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """What was earned, and how much of it counts."""

    earned: int
    countable: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A published version; `by` is the publisher's name, "" where the system published it."""

    version: int
    effective: date
    text: str
    published_at: datetime
    by: str


def countable_since(*columns: Any) -> Select[Any]:
    """A statement over countable entries of the period `:start` whose evidence happened since `:since`.

    Without what was taken over from an older platform: nobody learned it then.
    """
    return (
        select(*columns)
        .join(
            LedgerTransaction,
            (LedgerTransaction.learner_id == LedgerEntry.learner_id) & (LedgerTransaction.seq == LedgerEntry.seq),
        )
        .join(
            Evidence,
            (Evidence.learner_id == LedgerTransaction.learner_id) & (Evidence.key == LedgerTransaction.evidence_key),
        )
        .where(
            LedgerEntry.account.like("learner/%/countable"),
            LedgerTransaction.period == bindparam("start"),
            Evidence.happened_at >= bindparam("since"),
            Evidence.kind != "opening",
        )
    )


def sums_of(session: Session, learner_ids: Sequence[int], period: date) -> dict[int, PeriodSums]:
    """By learner: the sums of the period that begins on this day; who has none is missing."""
    rows = session.scalars(
        select(LearnerPeriod).where(LearnerPeriod.learner_id.in_(learner_ids), LearnerPeriod.period == period)
    )
    return {row.learner_id: _sums(row) for row in rows}


def periods_of(session: Session, learner_id: int) -> list[PeriodSums]:
    """All periods of one learner, the newest first."""
    rows = session.scalars(
        select(LearnerPeriod).where(LearnerPeriod.learner_id == learner_id).order_by(LearnerPeriod.period.desc())
    )
    return [_sums(row) for row in rows]


def _sums(row: LearnerPeriod) -> PeriodSums:
    buckets = {name: (pair[0], pair[1]) for name, pair in json.loads(row.buckets).items()}
    tests = {
        name: Result(test["got"], test["quota"], test["short"], test["met"])
        for name, test in json.loads(row.tests).items()
    }
    return PeriodSums(row.learner_id, row.period, row.earned, row.countable, buckets, tests, row.met)


def balances(
    session: Session,
    learner_id: int,
    zone: ZoneInfo,
    *,
    happened: date | None = None,
    known: date | None = None,
) -> dict[tuple[date, str], Amount]:
    """(period, bucket) → the balance of what had happened by the end of one academy-local day, as the ledger
    knew it at the end of another; None: without that limit.

    Carried hours happen on the first day of the period they are carried into; evidence that judges other pieces (a
    correction) is knowledge, and counts whenever it happened."""
    query = select(LedgerTransaction.period, LedgerEntry.account, LedgerEntry.amount).join(
        LedgerEntry,
        and_(LedgerEntry.learner_id == LedgerTransaction.learner_id, LedgerEntry.seq == LedgerTransaction.seq),
    )
    query = query.where(LedgerTransaction.learner_id == learner_id, LedgerEntry.account.like("learner/%", escape="\\"))
    if happened is not None:
        query = query.outerjoin(
            Evidence,
            and_(
                Evidence.learner_id == LedgerTransaction.learner_id,
                Evidence.key == LedgerTransaction.evidence_key,
            ),
        ).where(
            or_(
                Evidence.happened_at < end_of(happened, zone),
                Evidence.kind.in_(JUDGES),
                and_(Evidence.key.is_(None), LedgerTransaction.period <= happened),
            )
        )
    if known is not None:
        query = query.where(LedgerTransaction.posted_at < end_of(known, zone))
    found: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for period, account, amount in session.execute(query):
        bucket, part = account.split("/", 2)[2].rsplit("/", 1)
        sums = found[period, bucket]
        sums[0] += amount
        sums[1] += amount if part == COUNTABLE else 0
    return {key: Amount(*sums) for key, sums in found.items()}


def learner_in_scope(scope: Scope, session: Session, person_key: str, today: date) -> PersonRow | None:
    """The person with this key if the scope reaches them today; None otherwise, as for an unknown key."""
    person = people.person_by_key(session, person_key)
    return person if person is not None and reach.sees(scope, session, person.id, today) else None


def versions(session: Session) -> list[VersionRow]:
    """All published versions, the newest first."""
    rows = session.execute(
        select(
            RuleVersion.version,
            RuleVersion.effective,
            RuleVersion.text,
            RuleVersion.published_at,
            Person.name,
        )
        .outerjoin(Person, Person.id == RuleVersion.published_by)
        .order_by(RuleVersion.effective.desc())
    )
    return [VersionRow(row[0], row[1], row[2], row[3], row[4] or "") for row in rows]


def learners_on(session: Session, day: date) -> int:
    """How many people are learners on a day, as far as is known now."""
    return session.execute(
        select(func.count(RoleGrant.person_id.distinct()))
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == "learner",
            holds(RoleGrant, day),
            Person.disabled_at.is_(None),
        )
    ).scalar_one()
