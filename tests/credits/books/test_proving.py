"""Proving at speed: no doubt about sound books, the same answer as the careful way, one snapshot for all processes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.base.db import Database
from app.credits import heads, service
from app.credits.books.balance import balances
from app.credits.books.chunk import Chunk, Prover, Verified
from app.credits.books.crew import Crew, HelperDied
from app.credits.books.lean import piece
from app.credits.folding import canonical, piece_of
from app.credits.verify import everything, verify
from app.rules.credit.errors import EvidenceError
from app.rules.credit.kinds import FLAG_FIELDS, IDENTITY_FIELDS, KINDS, NUMBERS, TEXT_FIELDS
from tests.credits.samples import NOON, watch

TODAY = date(2026, 3, 2)


@pytest.fixture
def no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has to be looked at with care fails the test."""

    def slowly(_self: Prover, people: Sequence[Any], _known: Mapping[str, Any], _found: Verified) -> None:
        assert not people, people

    monkeypatch.setattr(Prover, "_slowly", slowly)


@pytest.mark.usefixtures("no_doubt")
def test_sound_books_leave_no_doubt(kept: Session) -> None:
    found = verify(kept, heads=heads.export(kept))
    assert (found.learners, found.evidence, found.transactions, found.differences) == (2, 12, 14, [])


def test_the_trial_balance_comes_out(kept: Session) -> None:
    (period,) = balances(verify(kept).balance)
    assert (period.period, period.left) == (date(2026, 1, 1), 0)
    told = {(line.kind, line.of, line.bucket): (line.countable, line.uncounted, line.taken) for line in period.lines}
    assert told == {("source", "watched", ""): (0, 0, -20_000 + 6_000), ("learner", "", "general"): (14_000, 0, 0)}


def test_processes_find_what_one_process_finds(kept: Session, db: Database) -> None:
    steps = list[tuple[int, int]]()
    with db.reading() as session:
        exported = heads.export(session)
        alone = verify(session, heads=exported)
    assert everything(db, lambda done, total: steps.append((done, total)), exported, aside=True) == alone
    assert steps[-1] == (2, 2)
    watch(kept, 1, 30)
    kept.commit()
    with db.reading() as session:
        alone = verify(session)
    assert {each.what for each in alone.differences} == {"settlement", "replay", "sums"}
    assert everything(db, aside=True).differences == alone.differences


def test_all_processes_read_one_moment(kept: Session, db: Database) -> None:
    """What is recorded and settled after the snapshot is seen by none of them."""
    people = [(each, f"01LEARNER{each:017d}") for each in (1, 2)]
    with Crew(db, 2) as crew, crew.snapshot(TODAY) as session:
        for learner, _key in people:
            watch(kept, learner, 30, at=NOON + timedelta(hours=2))
            service.settle(kept, learner)
        kept.commit()
        chunks = [Chunk([people[0]], None, 2, {}), Chunk([people[1]], 2, None, {})]
        found = [each for _size, each in crew.prove(chunks)]
        assert sum(each.evidence for each in found) == 12
        assert [each.differences for each in found] == [[], []]
        assert session.scalar(text("SELECT count(*) FROM evidence")) == 12
    assert verify(kept).evidence == 14


def test_a_process_that_dies_is_an_error_and_no_proof(kept: Session, db: Database) -> None:
    with Crew(db, 1) as crew, crew.snapshot(TODAY):
        crew._helpers[0].kill()
        with pytest.raises(HelperDied):
            list(crew.prove([Chunk([(1, "x")], None, None, {})]))


def test_rows_of_nobody_are_named(kept: Session, db: Database) -> None:
    moved = text("UPDATE ledger_entry SET learner_id = 77 WHERE learner_id = 2 AND seq = 1")
    if not db.sqlite:
        with pytest.raises(DBAPIError):  # the application's role may not even try
            kept.execute(moved)
        return
    kept.execute(text("PRAGMA defer_foreign_keys=ON"))
    for name in kept.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        kept.execute(text(f"DROP TRIGGER {name}"))
    kept.execute(moved)
    assert ("rows", "ledger_entry of learner 77") in {(each.what, each.row) for each in verify(kept).differences}
    kept.rollback()


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**16), st.text(max_size=3), st.text(min_size=199, max_size=202),
    st.floats(allow_nan=False, allow_infinity=False), st.lists(st.text(max_size=2), max_size=2), st.just("2026-01-01"),
)  # fmt: skip
_NAMES = (
    *TEXT_FIELDS,
    *FLAG_FIELDS,
    *IDENTITY_FIELDS,
    *NUMBERS,
    "names",
    "begun",
    "from",
    "approved",
    "change",
    "title",
)


@given(st.sampled_from((*KINDS, "other")), st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6), st.booleans())
def test_lean_reading_gives_the_same_pieces(kind: str, facts: dict[str, Any], named: bool) -> None:
    def result(read: Any, given: Any) -> object:
        try:
            return read("key", kind, NOON, NOON, given, "other" if named else None)
        except EvidenceError as error:
            return str(error)

    written = canonical(facts)
    assert result(piece, written) == result(piece_of, json.loads(written))
