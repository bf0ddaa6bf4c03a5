"""What others ask of credits: record evidence, settle a learner, publish rules. Callers commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.base import clock, tasks
from app.credits import sums
from app.credits.folding import RULED, fold, targets_of
from app.credits.models import ChainHead, Evidence, LearnerPeriod
from app.credits.posting import Poster, standing
from app.credits.recording import Conflict, locked_head, record
from app.credits.rows import books_of
from app.credits.rulebook import book, publish_rules
from app.rules import ledger

__all__ = [
    "Conflict",
    "Posted",
    "Settled",
    "book",
    "publish_rules",
    "record",
    "resettle",
    "ruled",
    "settle",
    "sweep",
]
CHUNK = 50  # learners a task settles at once: on SQLite nobody else writes meanwhile


@dataclass(frozen=True, slots=True)
class Posted:
    """One posting; thousandths of an hour."""

    bucket: str
    countable: int
    earned: int
    evidence_key: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement posted, and what it reversed (amounts as they had been posted)."""

    posted: list[Posted]
    reversed: list[Posted]


def ruled(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Of a piece's facts those that rules read; titles and the like are left out."""
    return {name: value for name, value in facts.items() if name in RULED}


def settle(session: Session, learner_id: int) -> Settled:
    """Bring a learner's ledger and sums to what the evidence gives; idempotent, serialised per learner.

    Without published rules nothing is posted, and the evidence waits for the first version.
    """
    head = locked_head(session, learner_id)
    rules = book(session)
    if rules is None:
        return Settled([], [])
    own = books_of(session, [learner_id])[learner_id]
    evidence = own.evidence
    settlement = fold(rules, evidence, clock.local_day(clock.now(), rules.zone))
    stands = standing(own.transactions, own.entries)
    surplus, post = ledger.difference(targets_of(settlement), [each.standing for each in stands.values()])
    if surplus or post:
        Poster(session, learner_id, head, evidence).write([stands[one.seq] for one in surplus], post)
    sums.keep(session, learner_id, settlement)
    head.settled_evidence = evidence[-1].id if evidence else 0
    session.flush()
    return Settled(_told(post), _told([one.target for one in surplus]))


def _told(targets: Sequence[ledger.Target]) -> list[Posted]:
    return [Posted(t.bucket, t.countable, t.earned, t.evidence) for t in targets]


@tasks.task("credits.resettle")
def resettle(session: Session, after: int = 0) -> None:
    """Settle everybody once more, a chunk at a time: after a version of the rules was published."""
    chunk = session.scalars(
        select(ChainHead.learner_id).where(ChainHead.learner_id > after).order_by(ChainHead.learner_id).limit(CHUNK)
    ).all()
    for learner_id in chunk:
        settle(session, learner_id)
    if len(chunk) == CHUNK:
        tasks.enqueue(session, "credits.resettle", after=chunk[-1])


@tasks.task("credits.sweep")
def sweep(session: Session) -> None:
    """Settle whoever has evidence that was recorded and not settled, or no row for the present period."""
    rules = book(session)
    if rules is None:
        return
    period = rules.period
    today = clock.local_day(clock.now(), rules.zone)
    here = period.start(period.index(today))
    waiting = exists().where(Evidence.learner_id == ChainHead.learner_id, Evidence.id > ChainHead.settled_evidence)
    newest = (
        select(func.max(LearnerPeriod.period)).where(LearnerPeriod.learner_id == ChainHead.learner_id).scalar_subquery()
    )
    due = session.scalars(
        select(ChainHead.learner_id).where(or_(waiting, newest < here)).order_by(ChainHead.learner_id).limit(CHUNK)
    ).all()
    for learner_id in due:
        settle(session, learner_id)
    if len(due) == CHUNK:
        tasks.enqueue(session, "credits.sweep")
