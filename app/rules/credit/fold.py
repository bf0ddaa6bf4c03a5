"""The fold: one learner's evidence, in the order of happening, through the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from app.rules.credit import steps
from app.rules.credit.book import RuleBook
from app.rules.credit.close import Group, Sums, period_result
from app.rules.credit.evidence import Piece
from app.rules.credit.judges import withdrawn
from app.rules.credit.kinds import NUMBERS, SILENT
from app.rules.credit.settlement import Nothing, Posting, Settlement, Why
from app.rules.credit.standing import Line
from app.rules.credit.state import At, State

_HALF_DAYS, _DURATION = NUMBERS.index("half_days"), NUMBERS.index("duration_ms")
_NO_CLAUSE = Why("", "no clause", (0, 0, 0))


def settle(book: RuleBook, pieces: Sequence[Piece], *, explain: bool, until: date | None = None) -> Settlement:
    """Everything that follows from one learner's evidence; the order of `pieces` does not matter.

    Periods run from the earliest evidence to the latest, and to the one that holds `until`. Reasons (and
    `nothing`) are made only if `explain`. Raises EvidenceError when an id is used twice.
    """
    gone = withdrawn(pieces)
    ordered = sorted(pieces, key=Piece.order)
    fold = _Fold(book, explain)
    for piece in ordered:
        fold.judge(piece, gone.get(piece.id))
    if until is not None:
        fold.touch(until)
    line = Line([p for p in ordered if p.id not in gone], lambda p: book.local(p.happened, p.kind)[0])
    results = (period_result(book, index, fold.groups, line) for index in fold.indexes())
    return Settlement(
        book.id,
        tuple(v.version for v in book.versions),
        tuple(fold.postings),
        {result.start: result for result in results},
        tuple(fold.nothing),
    )


class _Fold:
    """One learner's evidence being folded: the state, and what has come of it."""

    def __init__(self, book: RuleBook, explain: bool) -> None:
        self.book, self.explain = book, explain
        self.state = State(book.period)
        self.postings: list[Posting] = []
        self.nothing: list[Nothing] = []
        self.groups: dict[int, dict[Group, Sums]] = {}
        self._span: tuple[int, int] | None = None

    def touch(self, day: date) -> int:
        """The period of a day, which from now on is one of those that close."""
        index = self.book.period.index(day)
        if index >= 0:
            first, last = self._span or (index, index)
            self._span = min(first, index), max(last, index)
        return index

    def indexes(self) -> range:
        """All periods that close, empty ones included."""
        return range(0) if self._span is None else range(self._span[0], self._span[1] + 1)

    def judge(self, piece: Piece, withdrawn_by: str | None) -> None:
        """The pipeline for one piece."""
        book = self.book
        day, minute = book.local(piece.happened, piece.kind)
        index, version = self.touch(day), book.version_on(day)
        if piece.kind in SILENT:
            return
        if withdrawn_by is not None:
            self._no(piece, day, index, Why(withdrawn_by, "withdrawn", (0, 0, 0)), 0)
            return
        plan = book.plan(version, piece.snapshot, minute) if version is not None and index >= 0 else None
        if plan is None:
            self._no(piece, day, index, _NO_CLAUSE, version.version if version else 0)
            return
        at = At(piece, day, minute, index, plan, [] if self.explain else None)
        earned = 0
        if plan.mark is None or steps.reached(at, plan.mark):
            earned = steps.amount(self.state, at)
        if earned and plan.duplicates:
            earned = steps.repeats(self.state, at, earned)
        if earned:
            self._post(at, earned, steps.capped(self.state, at, earned) if plan.caps else earned)
        elif at.why:
            self._no(piece, day, index, at.why[-1], plan.version.version)

    def _no(self, piece: Piece, day: date, index: int, why: Why, version: int) -> None:
        if self.explain:
            start = self.book.period.start(index) if index >= 0 else None
            self.nothing.append(Nothing(piece.id, start, day, *why, version))

    def _post(self, at: At, earned: int, countable: int) -> None:
        plan, piece = at.plan, at.piece
        start, why = self.book.period.start(at.index), tuple(at.why or ())
        self.postings.append(
            Posting(piece.id, start, at.day, plan.bucket, earned, countable, plan.version.version, why)
        )
        group = (piece.snapshot, at.minute, plan.bucket)
        sums = self.groups.setdefault(at.index, {}).setdefault(group, [0, 0, 0, 0, 0])
        sums[0] += earned
        sums[1] += countable
        sums[2] += piece.numbers[_HALF_DAYS]
        sums[3] += piece.numbers[_DURATION]
        sums[4] += 1
