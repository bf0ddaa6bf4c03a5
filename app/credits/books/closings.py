"""The seals of periods, proved: each record against its hash, and what the ledger says of each learner at that moment.

Nothing is ever posted behind a seal, so what the ledger said then can be reckoned at any time later, also of a seal
that was taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.credits.checks import UNREADABLE, Difference
from app.credits.closing import record
from app.credits.models import ClosingRecord, PeriodSeal
from app.credits.rows import carefully
from app.credits.seals import SEALED
from app.rules import ledger


@dataclass(frozen=True, slots=True)
class Closing:
    """One seal: `lines` of its record by the learner's key."""

    name: str
    period: date
    at: datetime
    lines: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """What a closing asks of one transaction; `period` as ISO text."""

    seq: int
    posted_at: datetime
    period: str
    hash: str
    entries: Sequence[ledger.Entry]


def closings(session: Session) -> tuple[list[Closing], list[Difference]]:
    """All seals, whether they hold or not, and what does not agree in their records. `unreadable`: see there."""
    rows, bad = carefully(session, PeriodSeal)
    records, odd = carefully(session, ClosingRecord)
    wrong = [Difference("", UNREADABLE, *each) for each in (*bad, *odd)]
    if bad:
        return [], wrong
    texts = {(row.period, row.number): row.lines for row in records}
    found, last, previous = [], (date.min, 0), ledger.START
    for row in sorted(rows, key=lambda row: (row.period, row.number)):
        expected = last[1] + 1 if row.period == last[0] else 1
        if row.number != expected:
            wrong.append(Difference("", "sequence", _name(row), str(expected), str(row.number)))
        last = row.period, row.number
    for row in sorted((row for row in rows if row.event == SEALED), key=lambda row: row.at):
        lines = texts.get((row.period, row.number), "").split("\n")
        lines = lines if lines != [""] else []
        own_hash = record.hash_of(row.period, row.at, previous, lines)
        if own_hash != row.hash:
            wrong.append(Difference("", "seal", _name(row), str(row.hash), own_hash))
        previous = row.hash or ""
        found.append(Closing(_name(row), row.period, row.at, {record.key_of(line): line for line in lines}))
    return found, wrong


def unreadable(wrong: Sequence[Difference]) -> bool:
    """Can nobody say which seals hold? Then nothing can be replayed."""
    return any(each.what == UNREADABLE and each.row.startswith("period_seal") for each in wrong)


def _name(row: Any) -> str:
    return f"period_seal {row.period} {row.number}"


def line_of(closing: Closing, key: str, links: Sequence[Link]) -> str:
    """What the learner's line of this closing is, as the ledger stands; "" where it holds nothing of that time."""
    then = [link for link in links if link.posted_at < closing.at]
    if not then:
        return ""
    last = max(then, key=lambda link: link.seq)
    period, countable, uncounted = closing.period.isoformat(), 0, 0
    for link in links:
        if link.period != period or link.seq > last.seq:
            continue
        for account, amount in link.entries:
            if account.startswith(ledger.LEARNER):
                if account.endswith(f"/{ledger.COUNTABLE}"):
                    countable += amount
                else:
                    uncounted += amount
    return record.Line(0, key, last.seq, last.hash, countable, uncounted).text()
