"""How the hours of a period came together: every change of the countable balance, on its day."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, func, null, or_, select
from sqlalchemy.orm import Session

from app.credits.folding import read_why
from app.credits.models import Evidence, LedgerEntry, LedgerTransaction
from app.credits.statement.lines import plain_date
from app.rules.credit.book import RuleBook
from app.rules.credit.settlement import CARRIED


@dataclass(frozen=True, slots=True)
class Rise:
    """What one piece of evidence changed on a day: countable thousandths, negative where it was taken back.

    `day` is the academy's; `seq` the number of its last posting; `kind` that of the evidence, or "carried".
    """

    day: date
    seq: int
    amount: int
    kind: str
    facts: str = field(repr=False)

    def title(self, english: bool) -> str:
        """What the evidence says it is about; "" where it says nothing."""
        told: dict[str, Any] = json.loads(self.facts) if self.facts else {}
        names = ("title_en", "title") if english else ("title",)
        return next((str(told[name]) for name in names if told.get(name)), "")


_PERSON: BindParameter[int] = bindparam("person")
_SUMS = (
    select(LedgerEntry.seq, func.sum(LedgerEntry.amount).label("amount"))
    .where(LedgerEntry.learner_id == _PERSON, LedgerEntry.account.like("learner/%/countable"))
    .group_by(LedgerEntry.seq)
    .subquery()
)
_LATER = or_(LedgerTransaction.why.like('%"waited"%'), LedgerTransaction.why.like('%"late"%'))
# Reasons are read only where they move a posting to another day.
_RISES = (
    select(
        LedgerTransaction.seq, LedgerTransaction.evidence_key, LedgerTransaction.posted_at, LedgerTransaction.reverses,
        func.coalesce(_SUMS.c.amount, 0), Evidence.kind, Evidence.happened_at, Evidence.facts,
        case((_LATER, LedgerTransaction.why), else_=null()),
    )
    .outerjoin(_SUMS, _SUMS.c.seq == LedgerTransaction.seq)
    .outerjoin(
        Evidence,
        (Evidence.learner_id == LedgerTransaction.learner_id) & (Evidence.key == LedgerTransaction.evidence_key),
    )
    .where(LedgerTransaction.learner_id == _PERSON, LedgerTransaction.period == bindparam("start"))
    .order_by(LedgerTransaction.seq)
)  # fmt: skip


def rises(session: Session, learner_id: int, book: RuleBook, start: date, end: date) -> list[Rise]:
    """Every change of a learner's balance in the period from `start` to `end`, by piece, in the order of posting.
    One query.

    What counts stands on the day on which it was learned, with what it gives now. Of a piece that was withdrawn the
    fall stands on the day on which it was posted: before that day it had counted.
    """
    rows = session.execute(_RISES, {"person": learner_id, "start": start}).all()
    gone = {row.reverses for row in rows if row.reverses is not None}
    standing = {row.evidence_key for row in rows if row.reverses is None and row.seq not in gone}
    found: dict[tuple[str, date], Rise] = {}
    seen: set[str] = set()
    for seq, key, posted_at, reverses, amount, kind, happened_at, facts, why in rows:
        if key in standing or (reverses is None and key not in seen):
            day = start if kind is None else _later(why) or book.local(happened_at, kind)[0]
        else:
            day = posted_at.astimezone(book.zone).date()
        seen.add(key)
        day = min(end, max(start, day))
        before = found[key, day].amount if (key, day) in found else 0
        found[key, day] = Rise(day, seq, before + amount, kind or CARRIED, facts or "")
    return [rise for rise in found.values() if rise.amount]


def _later(why: str | None) -> date | None:
    """The day to which a posting's reasons move it: when it became known after a seal, when its companion came."""
    reasons = {did: numbers for _clause, did, numbers in json.loads(read_why(why)[0])} if why else {}
    numbers = reasons.get("late") or reasons.get("waited")
    return plain_date(numbers[1]) if numbers and numbers[1] else None
