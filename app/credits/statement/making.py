"""Making a statement: ledger and evidence as they are, or as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.credits import rulebook
from app.credits.folding import fold, targets_of
from app.credits.posting import standing
from app.credits.rows import Books, EvidenceRow, TransactionRow, books_of
from app.credits.seals import seals_of
from app.credits.statement import lines as telling
from app.credits.statement.asof import JUDGES, AsOf
from app.credits.statement.lines import Known, Line, Missing, Other
from app.credits.statement.sealing import Seal, seal_of
from app.rules import ledger
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.settlement import PeriodResult, Settlement, Why


@dataclass(frozen=True, slots=True)
class Statement:
    """One period. `lines` newest first; `waiting`: pieces that are recorded and not yet posted as they should.

    `head`: number and hash of the last transaction of the learner's whole chain; 0 and "" before the first.
    `later`: what was posted in other periods because this one was sealed, oldest first.
    """

    rules: RuleBook
    period: PeriodResult
    periods: Sequence[date]
    buckets: Sequence[str]
    lines: Sequence[Line]
    nothing: Sequence[Missing]
    waiting: int
    as_of: AsOf | None
    seal: Seal | None
    head: tuple[int, str]
    later: Sequence[Other]

    @property
    def credited(self) -> int:
        """Everything that was ever posted as countable."""
        return sum(line.countable for line in self.lines if line.kind not in ("reversal", "taken back"))

    @property
    def taken_back(self) -> int:
        """What reversals, and takings back after a seal, took (0 or less)."""
        return sum(line.countable for line in self.lines if line.kind in ("reversal", "taken back"))

    @property
    def uncounted(self) -> int:
        """What was earned and does not count; hours carried in were earned in another period."""
        return sum(line.earned - line.countable for line in self.lines if line.piece.kind != "carried")

    @property
    def balance(self) -> int:
        """What counts now."""
        return sum(line.countable for line in self.lines)

    @property
    def quota(self) -> int | None:
        """The hours needed in all: of the test that sums every countable hour; None where there is none."""
        rules = self.version(self.period.version)
        for test in rules.tests if rules else ():
            plain = not test.when.sets and test.measure == "countable" and not test.at_most and not test.window
            if plain and not test.cycle and test.share_of is None:
                return self.period.tests[test.id].quota
        return None

    def version(self, number: int) -> RuleSet | None:
        """The version with this number."""
        return next((each for each in self.rules.versions if each.version == number), None)

    def holding(self, clause: str, number: int) -> RuleSet | None:
        """The version that has this clause: the one with this number, else the period's, else the newest. What closes
        a period may be another version than the one that judged a piece."""
        first = [self.version(number), self.version(self.period.version)]
        every = [*first, *reversed(self.rules.versions)]
        return next((each for each in every if each is not None and clause in each.texts), None)


def statement_of(
    session: Session,
    learner_id: int,
    today: date,
    period: date | None = None,
    open_seq: int | None = None,
    as_of: AsOf | None = None,
) -> Statement | None:
    """The statement of the period that begins on `period`; by default the one of the opened line, else today's (or
    that of the day as of which it is made).

    None before any rules are published (by then), or where the learner has no such period. Five queries.
    """
    rules = rulebook.book(session, as_of.until if as_of else None)
    last = as_of.happened if as_of else today
    if rules is None or rules.period.index(last) < 0:
        return None
    held = seals_of(session, as_of.until if as_of else None)
    own = _known(books_of(session, [learner_id])[learner_id], as_of)
    settlement = fold(rules, own.evidence, as_of.known if as_of else today, held)
    if period is None:
        opened = [row.period for row in own.transactions if row.seq == open_seq]
        period = opened[0] if opened else rules.period.start(rules.period.index(last))
    if period not in settlement.periods:
        return None
    seal = seal_of(session, period, held.get(period))
    return _Maker(rules, own, settlement, period, as_of, held, seal).statement()


def _known(own: Books, as_of: AsOf | None) -> Books:
    """What was recorded and posted by then; entries of later transactions do no harm."""
    if as_of is None:
        return own
    return Books(
        [row for row in own.evidence if row.known_at < as_of.until],
        [row for row in own.transactions if row.posted_at < as_of.until],
        own.entries,
    )


class _Maker:
    """One statement being made."""

    def __init__(
        self,
        rules: RuleBook,
        own: Books,
        settlement: Settlement,
        period: date,
        as_of: AsOf | None,
        seals: Mapping[date, datetime],
        seal: Seal | None,
    ) -> None:
        self.rules, self.own, self.settlement = rules, own, settlement
        self.period, self.as_of, self.seals, self.seal = period, as_of, seals, seal
        self.known = Known(rules, own.evidence)
        self.stands = standing(own.transactions, own.entries)

    def statement(self) -> Statement:
        """The whole of it."""
        result, lines = self._result(), self._lines()
        surplus, missing = ledger.difference(
            targets_of(self.settlement), [each.standing for each in self.stands.values()]
        )
        waiting = {one.target.evidence for one in surplus} | {target.evidence for target in missing}
        last = self.own.transactions[-1] if self.own.transactions else None
        return Statement(
            self.rules, result, self._periods(),
            sorted({line.bucket for line in lines} | set(result.buckets), key=telling.bucket_order),
            lines[::-1], self._nothing()[::-1], sum(self._in_time(key) for key in waiting), self.as_of,
            self.seal, (last.seq, last.hash) if last else (0, ""), self._later(),
        )  # fmt: skip

    def _in_time(self, key: str, start: date | None = None) -> bool:
        """Had the piece of this key happened by then? Carried hours happen on the first day of their period; what
        judges others is knowledge, and counts from when it was known."""
        if self.as_of is None:
            return True
        day, kind = self.known.day(key) or (start, "")
        if kind in JUDGES:
            return True
        return day is None or day <= self.as_of.happened

    def _periods(self) -> list[date]:
        """The periods that had begun by then, the newest first."""
        found = sorted(self.settlement.periods, reverse=True)
        return [start for start in found if self.as_of is None or start <= self.as_of.happened or start == self.period]

    def _result(self) -> PeriodResult:
        """The period as it stood: where more was known than had happened, without what happened later."""
        if self.as_of is None or not self.as_of.apart:
            return self.settlement.periods[self.period]
        evidence: list[EvidenceRow] = [row for row in self.own.evidence if self._in_time(row.key)]
        found = fold(self.rules, evidence, self.as_of.happened, self.seals).periods
        return found.get(self.period) or self.settlement.periods[self.period]

    def _lines(self) -> list[Line]:
        rows = [
            row
            for row in self.own.transactions
            if row.period == self.period and self._in_time(row.evidence_key, row.period)
        ]
        others: dict[str, list[Other]] = {}
        for seq, written in self.stands.items():
            target = written.standing.target
            others.setdefault(target.evidence, []).append(Other(seq, target.period, target.countable))
        taken_back = {row.reverses: row.seq for row in self.own.transactions if row.reverses is not None}
        entries = telling.by_seq(self.own.entries)
        return telling.Teller(self.known, entries, taken_back, others).lines(rows)

    def _nothing(self) -> list[Missing]:
        return [
            Missing(
                piece, each.version, Why(each.clause, each.did, each.numbers), self.known.judged(each.evidence),
                self.known.serves(each.evidence),
            )
            for each in self.settlement.nothing
            if each.period == self.period and self._in_time(each.evidence)
            for piece in [self.known.piece(each.evidence)]
            if piece is not None
        ]  # fmt: skip

    def _later(self) -> list[Other]:
        """Standing postings of other periods that are about this one, since it was sealed before they were known."""
        rows = {row.seq: row for row in self.own.transactions}
        return [
            Other(seq, written.standing.target.period, written.standing.target.countable)
            for seq, written in sorted(self.stands.items())
            if self._is_later(rows[seq], written.standing.target)
        ]

    def _is_later(self, row: TransactionRow, target: ledger.Target) -> bool:
        here = target.origin == self.period and target.period != self.period
        return here and self._in_time(row.evidence_key, row.period)
