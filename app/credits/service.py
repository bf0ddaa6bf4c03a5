"""What others ask of credits: record evidence, settle a learner, publish rules. Callers commit."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.base import clock, tasks
from app.credits import sums
from app.credits.folding import RULED, fold, targets_of
from app.credits.models import ChainHead, Evidence, LearnerPeriod
from app.credits.posting import Poster, Rows, standing, write
from app.credits.recording import Conflict, Told, locked_heads, record, record_all, record_each
from app.credits.rows import books_of
from app.credits.rulebook import book, publish_rules
from app.credits.seals import barrier, seals_of
from app.people.models import Person
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.settlement import Settlement

__all__ = [
    "Conflict",
    "Posted",
    "Settled",
    "Told",
    "book",
    "locked_heads",
    "publish_rules",
    "record",
    "record_all",
    "record_each",
    "resettle",
    "ruled",
    "settle",
    "settle_all",
    "sweep",
    "unsettled",
]
log = logging.getLogger("duxue.credits")
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

    Without published rules nothing is posted, and the evidence waits for the first version. What a sealed period
    holds is never changed: if that is what the evidence asks for, nothing is posted and the learner stays unsettled.
    """
    return settle_all(session, [learner_id])[learner_id]


def settle_all(session: Session, learner_ids: Sequence[int]) -> dict[int, Settled]:
    """As `settle`, of many at once: a few statements however many there are. Everything they ever did is read into
    memory, so give a chunk at a time."""
    learner_ids = sorted(set(learner_ids))
    locked_heads(session, learner_ids)
    found = {learner_id: Settled([], []) for learner_id in learner_ids}
    rules = book(session)
    if rules is None or not learner_ids:
        return found
    heads = session.scalars(
        select(ChainHead).where(ChainHead.learner_id.in_(learner_ids)).execution_options(populate_existing=True)
    )
    by_learner = {head.learner_id: head for head in heads}
    keys: dict[int, str] = dict(
        session.execute(select(Person.id, Person.key).where(Person.id.in_(learner_ids))).tuples().all()
    )
    books, seals, newest = books_of(session, learner_ids), seals_of(session), barrier(session)
    today = clock.local_day(clock.now(), rules.zone)
    kept: dict[int, Settlement] = {}
    lines: Rows = []
    transactions: Rows = []
    for learner_id in learner_ids:
        own, head = books[learner_id], by_learner[learner_id]
        settlement = fold(rules, own.evidence, today, seals)
        stands = standing(own.transactions, own.entries)
        surplus, post = ledger.difference(targets_of(settlement), [each.standing for each in stands.values()])
        if _breaks(seals, surplus, post, {row.seq: row.posted_at for row in own.transactions}):
            # It can only come from rows that were not recorded through `record`; `verify` names them.
            log.error("the evidence of person %s would change a sealed period: nothing is posted", learner_id)
            continue
        if surplus or post:
            poster = Poster(session, learner_id, head, own.evidence, newest, keys[learner_id])
            more = poster.rows([stands[one.seq] for one in surplus], post)
            lines += more[0]
            transactions += more[1]
        kept[learner_id] = settlement
        head.settled_evidence = own.evidence[-1].id if own.evidence else 0
        found[learner_id] = Settled(_told(post), _told([one.target for one in surplus]))
    write(session, lines, transactions)
    sums.keep(session, kept)
    session.flush()
    return found


def _breaks(
    seals: Mapping[date, datetime],
    surplus: Sequence[ledger.Standing],
    post: Sequence[ledger.Target],
    posted: Mapping[int, datetime],
) -> bool:
    """Would this change what a period held at its seal? It may get adjustments, which name their origin, and lose
    them again."""
    taken = any(one.target.period in seals and posted[one.seq] < seals[one.target.period] for one in surplus)
    return taken or any(target.period in seals and target.origin is None for target in post)


def _told(targets: Sequence[ledger.Target]) -> list[Posted]:
    return [Posted(t.bucket, t.countable, t.earned, t.evidence) for t in targets]


@tasks.task("credits.resettle")
def resettle(session: Session, after: int = 0) -> None:
    """Settle everybody once more, a chunk at a time: after a version of the rules was published."""
    chunk = session.scalars(
        select(ChainHead.learner_id).where(ChainHead.learner_id > after).order_by(ChainHead.learner_id).limit(CHUNK)
    ).all()
    settle_all(session, chunk)
    if len(chunk) == CHUNK:
        tasks.enqueue(session, "credits.resettle", after=chunk[-1])


def unsettled(rules: RuleBook) -> Select[tuple[int]]:
    """Who has evidence that was recorded and not settled, or no row for the present period."""
    here = rules.period.start(rules.period.index(clock.local_day(clock.now(), rules.zone)))
    waiting = exists().where(Evidence.learner_id == ChainHead.learner_id, Evidence.id > ChainHead.settled_evidence)
    newest = (
        select(func.max(LearnerPeriod.period)).where(LearnerPeriod.learner_id == ChainHead.learner_id).scalar_subquery()
    )
    return select(ChainHead.learner_id).where(or_(waiting, newest < here))


@tasks.task("credits.sweep")
def sweep(session: Session) -> None:
    """Settle whoever is unsettled."""
    rules = book(session)
    if rules is None:
        return
    due = session.scalars(unsettled(rules).order_by(ChainHead.learner_id).limit(CHUNK)).all()
    settle_all(session, due)
    if len(due) == CHUNK:
        tasks.enqueue(session, "credits.sweep")
