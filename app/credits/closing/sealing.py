"""The sealing of a period: settle whoever is unsettled, reckon everybody's line, then one short transaction.

A seal must see all that was known before it, and nothing that was not: so its last transaction keeps all books still
while it looks once more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from app.base import audit, clock, runs
from app.base.db import Database
from app.base.settings import Settings
from app.credits import service as credits
from app.credits.closing import events, readiness, record, wired
from app.credits.closing.record import Line
from app.credits.models import ChainHead, ClosingRecord, Evidence, LedgerTransaction, PeriodSeal
from app.credits.rulebook import book
from app.credits.seals import SEALED, seals_of
from app.rules.credit.book import RuleBook

SEAL = "periods.seal"
MOST_LEFT = 100  # learners whom the last transaction settles itself; with more it goes back and does it as before
MOST_ROUNDS = 5
CHUNK = 50  # learners settled in one transaction: on SQLite nobody else writes meanwhile
# Clocks of several machines differ a little; what was known "later" than now is looked for this far, and this far back.
DRIFT, LATELY = timedelta(minutes=1), 10_000


class NotReady(Exception):
    """The period cannot be sealed. `codes`: of `readiness`, or sealed, reason, rules."""

    def __init__(self, *codes: str) -> None:
        super().__init__(", ".join(codes))
        self.codes = codes


@runs.work(SEAL)
def seal_run(
    db: Database, settings: Settings, progress: runs.Progress, *, period: str, by: int, reason: str
) -> dict[str, Any]:
    """Seal a period: {"hash", "number", "learners"}, or {"refused": [codes]} when it turned out not to be ready."""
    try:
        return seal(db, settings, progress, date.fromisoformat(period), by, reason)
    except NotReady as error:
        return {"refused": list(error.codes)}


def seal(
    db: Database, settings: Settings, progress: runs.Progress, start: date, actor_id: int | None, reason: str
) -> dict[str, Any]:
    """Settle, reckon and seal; what `seal_run` gives. NotReady when it cannot be; nothing is sealed then."""
    with db.writing() as session:
        while wired.write_due(session, settings):
            session.flush()
    for _round in range(MOST_ROUNDS):
        _settle_everybody(db, progress)
        known = _reckoned(db, progress, start)
        with db.writing() as session:
            done = _Sealing(session, start, actor_id, reason, known).finish()
            if done is not None:
                return done
            session.rollback()
    raise NotReady(readiness.UNSETTLED)


def _settle_everybody(db: Database, progress: runs.Progress) -> None:
    """Settle whoever is unsettled, each once: who cannot be settled is found by the last look."""
    with db.reading() as session:
        rules = book(session)
        if rules is None:
            raise NotReady("rules")
        due = session.scalars(credits.unsettled(rules).order_by(ChainHead.learner_id)).all()
    begun = time.monotonic()
    for at in range(0, len(due), CHUNK):
        with db.writing() as session:
            for learner_id in due[at : at + CHUNK]:
                credits.settle(session, learner_id)
        begun = db.breathe(begun)
        progress(min(at + CHUNK, len(due)), len(due))


def _reckoned(db: Database, progress: runs.Progress, start: date) -> dict[int, Line]:
    """Everybody's line as it is now; who moves on meanwhile is reckoned again under the lock."""
    with db.reading() as session:
        everybody = sorted(record.heads(session))
    found: dict[int, Line] = {}
    for at in range(0, len(everybody), record.CHUNK):
        with db.reading() as session:
            lines = record.lines_of(session, start, everybody[at : at + record.CHUNK])
        found.update((line.learner_id, line) for line in lines)
        progress(min(at + record.CHUNK, len(everybody)), len(everybody))
    return found


@dataclass(slots=True)
class _Sealing:
    """The last transaction: the books are kept still, everything is looked at once more, and the seal is written."""

    session: Session
    start: date
    actor_id: int | None
    reason: str
    known: dict[int, Line]
    overruled: dict[str, int] = field(default_factory=dict)

    def finish(self) -> dict[str, Any] | None:
        """The seal; None when so much came in meanwhile that it is better settled before."""
        rules = book(self.session)
        if rules is None:
            raise NotReady("rules")
        if self.start in seals_of(self.session):
            raise NotReady("sealed")
        # Coverage before ledger, as everywhere: what waits is let go before the books are locked.
        self._check(rules)
        lapsed = wired.lapse(self.session, readiness.end_of(rules, self.start)) if self.overruled else 0
        _hold_books(self.session)
        if self.start in seals_of(self.session):
            raise NotReady("sealed")
        if not self._settled(rules):
            return None
        return self._write(lapsed)

    def _check(self, rules: RuleBook) -> None:
        checks = readiness.readiness(self.session, rules, self.start, seals_of(self.session))
        codes = [check.code for check in readiness.blocking(checks)]
        self.overruled = {check.code: check.found.count for check in checks if check.asks_reason}
        if codes:
            raise NotReady(*codes)
        if self.overruled and not self.reason:
            raise NotReady("reason", *self.overruled)

    def _settled(self, rules: RuleBook) -> bool:
        left = self.session.scalars(credits.unsettled(rules).limit(MOST_LEFT + 1)).all()
        if len(left) > MOST_LEFT:
            return False
        for learner_id in left:
            credits.settle(self.session, learner_id)
        if left and self.session.scalar(credits.unsettled(rules).limit(1)) is not None:
            raise NotReady(readiness.UNSETTLED)
        return True

    def _lines(self) -> list[str]:
        now = record.heads(self.session)
        moved = [who for who, seq in now.items() if who not in self.known or self.known[who].seq != seq]
        for at in range(0, len(moved), record.CHUNK):
            lines = record.lines_of(self.session, self.start, moved[at : at + record.CHUNK])
            self.known.update((line.learner_id, line) for line in lines)
        return [line.text() for line in sorted(self.known.values(), key=lambda line: line.key)]

    def _write(self, lapsed: int) -> dict[str, Any]:
        lines, at = self._lines(), _moment(self.session)
        digest = record.hash_of(self.start, at, record.previous_hash(self.session, at), lines)
        row = events.add(
            self.session, self.start, SEALED, self.actor_id, self.reason, at=at, digest=digest, overruled=self.overruled
        )
        self.session.add(ClosingRecord(period=self.start, number=row.number, lines="\n".join(lines)))
        audit.record(
            self.session, self.actor_id, "period.seal", f"period:{self.start.isoformat()}", number=row.number,
            hash=digest, learners=len(lines), reason=self.reason, overruled=self.overruled, lapsed=lapsed,
        )  # fmt: skip
        self.session.flush()
        return {"hash": digest, "number": row.number, "learners": len(lines)}


def _hold_books(session: Session) -> None:
    """From here to the end of the transaction nobody records or settles; who was at it has finished. (On SQLite there
    is one writer anyway.) Readers are not held up."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE chain_head IN EXCLUSIVE MODE"))


def _moment(session: Session) -> datetime:
    """The seal's moment, whole ms: after everything that is posted or was known, whatever the clock says of it."""
    tx, now = LedgerTransaction, clock.now()
    posted = session.scalar(
        select(func.max(tx.posted_at)).join(
            ChainHead, and_(ChainHead.learner_id == tx.learner_id, ChainHead.seq == tx.seq)
        )
    )
    lately = (session.scalar(select(func.max(Evidence.id))) or 0) - LATELY
    known = session.scalar(
        select(func.max(Evidence.known_at)).where(Evidence.id > lately, Evidence.known_at <= now + DRIFT)
    )
    events = session.scalar(select(func.max(PeriodSeal.at)))
    newest = max((clock.to_ms(each) + 1 for each in (posted, known, events) if each is not None), default=0)
    return clock.from_ms(max(clock.to_ms(now), newest))
