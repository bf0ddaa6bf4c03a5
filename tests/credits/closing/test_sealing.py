"""A seal is a barrier: what was known before stays, what comes later is posted where the rules say, and says so."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from app.base import audit, clock
from app.base.db import Database
from app.base.errors import Refused
from app.credits import service
from app.credits.closing import readiness, record
from app.credits.closing import service as closing
from app.credits.closing.service import NotReady
from app.credits.models import ChainHead, ClosingRecord, Evidence, LedgerTransaction, PeriodSeal
from app.credits.recording import payload_hash
from app.credits.seals import seals_of
from app.credits.verify import verify
from tests.credits.closing import rechecking, years
from tests.credits.closing.years import Y2024, Y2025, Y2026, attend, join, postings, row_of, withdraw
from tests.credits.samples import new_learner


def begin(db: Database, text: str, learners: int = 1) -> list[int]:
    """Published rules, and learners who have joined in 2025."""
    with db.writing() as session:
        service.publish_rules(session, text, None)
        found = [new_learner(session, number + 1) for number in range(learners)]
        for learner in found:
            join(session, learner, "2025-01-02")
            service.settle(session, learner)
    return found


def proved(db: Database) -> None:
    """Nothing disagrees."""
    with db.reading() as session:
        assert verify(session).differences == []


def test_a_seal_settles_first_and_freezes_what_it_saw(db: Database, tmp_path: Path) -> None:
    [learner] = begin(db, years.rules())
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 55)  # recorded, and not settled
    sealed = years.seal(db, tmp_path, Y2025, reason="年终")
    with db.reading() as session:
        assert postings(session, learner, Y2025) == [("a", 55_000, 55_000, "")]
        assert list(seals_of(session)) == [Y2025]
        row = session.get(PeriodSeal, (Y2025, 1))
        assert row is not None
        assert (row.hash, row.reason, row.by_id) == (sealed["hash"], "年终", None)
        assert session.scalars(select(audit.AuditEntry.action).order_by(audit.AuditEntry.id)).all()[-1] == "period.seal"
        head = session.get(ChainHead, learner)
        kept = session.scalars(select(ClosingRecord.lines)).one()
        assert head is not None
        assert json.loads(kept) == [f"01LEARNER{1:017d}", head.seq, head.hash, 55_000, 0]
    proved(db)
    with db.writing() as session:
        assert service.settle(session, learner) == service.Settled([], [])


def test_late_evidence_goes_to_the_current_period_and_names_the_sealed_one(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    [learner] = begin(db, years.rules(more=years.CARRY))
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 40)
        service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    with db.reading() as session:
        before = postings(session, learner, Y2025), row_of(session, learner, Y2025)
    traveller.move_to("2026-04-01T04:00:00Z")
    with db.writing() as session:
        attend(session, learner, "late", "2025-06-01", 15, known="2026-04-01")
        settled = service.settle(session, learner)
        assert settled.posted == [service.Posted("general", 15_000, 15_000, "late")]
    with db.reading() as session:
        assert (postings(session, learner, Y2025), row_of(session, learner, Y2025)) == before
        assert before[1] == (40_000, 40_000, False)
        assert postings(session, learner, Y2026) == [("late", 15_000, 15_000, "2025-01-01")]
        entries = session.scalars(select(LedgerTransaction).where(LedgerTransaction.evidence_key == "late")).one()
        assert entries.period == Y2026
    proved(db)


def test_late_evidence_may_go_to_the_sealed_period_with_what_it_carries_on(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    [learner] = begin(db, years.rules(late="sealed", more=years.CARRY))
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 52)
        service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    with db.reading() as session:
        assert postings(session, learner, Y2026) == [("carried:on:2025-01-01", 0, 2_000, "")]
    traveller.move_to("2026-04-01T04:00:00Z")
    with db.writing() as session:
        attend(session, learner, "late", "2025-06-01", 3, known="2026-04-01")
        service.settle(session, learner)
        assert service.settle(session, learner) == service.Settled([], [])
    with db.reading() as session:
        assert postings(session, learner, Y2025) == [("a", 52_000, 52_000, ""), ("late", 3_000, 3_000, "2025-01-01")]
        assert postings(session, learner, Y2026) == [
            ("carried:on:2025-01-01", 0, 2_000, ""),
            ("carried:on:2025-01-01", 0, 3_000, "2025-01-01"),
        ]
        assert rechecking.recheck(session, Y2025).holds
    proved(db)


def test_withdrawing_a_sealed_piece_posts_its_negative(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    [learner] = begin(db, years.rules())
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 70)  # 60 of them count
        service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    traveller.move_to("2026-04-01T04:00:00Z")
    with db.writing() as session:
        withdraw(session, learner, "a", "2026-04-01")
        service.settle(session, learner)
    with db.reading() as session:
        assert postings(session, learner, Y2025) == [("a", 70_000, 60_000, "")]
        assert postings(session, learner, Y2026) == [("correction:a", -70_000, -60_000, "2025-01-01")]
        assert row_of(session, learner, Y2025) == (70_000, 60_000, True)
        assert row_of(session, learner, Y2026)[1] == -60_000
    proved(db)


def test_what_was_made_up_stays_with_the_period_that_is_sealed(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    [learner] = begin(db, years.rules(more=years.MAKE_UP))
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 45)
        attend(session, learner, "b", "2026-02-01", 8)
        service.settle(session, learner)
    with db.reading() as session:
        assert postings(session, learner, Y2025) == [("a", 45_000, 45_000, ""), ("b", 5_000, 5_000, "")]
    traveller.move_to("2026-02-27T04:00:00Z")
    with pytest.raises(NotReady, match="make_up"):
        years.seal(db, tmp_path, Y2025)
    traveller.move_to("2026-03-02T04:00:00Z")
    years.seal(db, tmp_path, Y2025)
    with db.writing() as session:
        assert service.settle(session, learner) == service.Settled([], [])
        # Within the window, but found out too late: it belongs to its own year.
        attend(session, learner, "c", "2026-02-02", 4, known="2026-03-02")
        service.settle(session, learner)
        assert postings(session, learner, Y2025) == [("a", 45_000, 45_000, ""), ("b", 5_000, 5_000, "")]
        assert postings(session, learner, Y2026) == [("b", 3_000, 3_000, ""), ("c", 4_000, 4_000, "")]
    proved(db)


def test_evidence_recorded_after_the_seal_was_not_known_before_it(db: Database, tmp_path: Path) -> None:
    """Whatever its writer says: else it would slip under the seal."""
    [learner] = begin(db, years.rules())
    years.seal(db, tmp_path, Y2025)
    with db.writing() as session:
        attend(session, learner, "backdated", "2025-12-30", 5, known="2025-12-30")
        service.settle(session, learner)
        known = session.scalars(select(Evidence.known_at).where(Evidence.key == "backdated")).one()
        assert known == seals_of(session)[Y2025]
        assert postings(session, learner, Y2025) == []
        assert postings(session, learner, Y2026) == [("backdated", 5_000, 5_000, "2025-01-01")]
    proved(db)


def test_nothing_is_posted_that_would_change_a_sealed_period(
    db: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A row that did not come through `record`: the settlement stops, and verify names it."""
    [learner] = begin(db, years.rules())
    years.seal(db, tmp_path, Y2025)
    moment, facts = years.day("2025-06-01"), '{"hours_m":9000,"subject_bucket":"general"}'
    with db.writing() as session:
        session.add(
            Evidence(
                learner_id=learner, key="smuggled", kind="session", happened_at=moment, known_at=moment,
                recorded_by="x", facts=facts, names=None,
                payload_hash=payload_hash("smuggled", "session", moment, moment, "x", facts, None),
            )
        )  # fmt: skip
        session.flush()
        assert service.settle(session, learner) == service.Settled([], [])
    assert "would change a sealed period" in caplog.text
    with db.reading() as session:
        assert postings(session, learner, Y2025) == []
        assert any("smuggled" in str(each) for each in verify(session).differences)


def test_sealed_reopened_sealed_again(db: Database, tmp_path: Path, traveller: time_machine.Traveller) -> None:
    [learner] = begin(db, years.rules())
    with db.writing() as session:
        one, other = new_learner(session, 8), new_learner(session, 9)
        attend(session, learner, "a", "2025-05-01", 40)
        service.settle(session, learner)
    first = years.seal(db, tmp_path, Y2025, by=one)
    traveller.shift(60)
    with db.writing() as session:
        attend(session, learner, "late", "2025-06-01", 12, known="2026-03-02")
        service.settle(session, learner)
        assert postings(session, learner, Y2026) == [("late", 12_000, 12_000, "2025-01-01")]
    traveller.shift(60)
    with db.writing() as session:
        closing.ask_reopening(session, Y2025, one, "漏了一个班")
    with db.writing() as session:
        with pytest.raises(Refused, match="yourself"):
            closing.decide_reopening(session, Y2025, one, "", confirmed=True)
        assert list(seals_of(session)) == [Y2025]
    with db.writing() as session:
        closing.decide_reopening(session, Y2025, other, "", confirmed=True)
        assert seals_of(session) == {}
    with db.writing() as session:
        service.resettle(session)
        assert postings(session, learner, Y2026) == [
            ("late", 12_000, 12_000, "2025-01-01"), ("late", -12_000, -12_000, "2025-01-01"),
        ]  # fmt: skip
        assert postings(session, learner, Y2025) == [("a", 40_000, 40_000, ""), ("late", 12_000, 12_000, "")]
        assert row_of(session, learner, Y2025) == (52_000, 52_000, True)
    proved(db)
    traveller.shift(60)
    second = years.seal(db, tmp_path, Y2025, by=other)
    with db.reading() as session:
        assert second["number"] == 4
        assert second["hash"] != first["hash"]
        assert [row.event for row in session.scalars(select(PeriodSeal).order_by(PeriodSeal.number))] == [
            "sealed", "asked", "reopened", "sealed",
        ]  # fmt: skip
        # The first seal, too, can still be reckoned: the ledger only ever grew.
        row = session.get(PeriodSeal, (Y2025, 1))
        assert row is not None
        assert rechecking.seal_hash(session, Y2025, row.at) == first["hash"]
        assert rechecking.recheck(session, Y2025).holds
    proved(db)


def test_the_seal_is_found_again_whatever_came_after(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    learners = begin(db, years.rules(), learners=3)
    with db.writing() as session:
        for learner in learners[:2]:
            attend(session, learner, "a", "2025-05-01", 40)
            service.settle(session, learner)
    sealed = years.seal(db, tmp_path, Y2025)
    assert sealed["learners"] == 2
    with db.writing() as session:  # at the very moment of the seal, and later
        attend(session, learners[0], "b", "2026-02-01", 4)
        service.settle(session, learners[0])
        attend(session, learners[2], "first", "2026-02-01", 4)
        service.settle(session, learners[2])
    with db.reading() as session:
        found = rechecking.recheck(session, Y2025)
        assert (found.holds, found.sealed, found.differences) == (True, sealed["hash"], [])


def test_a_clock_that_runs_behind_posts_nothing_before_the_seal(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    [learner] = begin(db, years.rules())
    years.seal(db, tmp_path, Y2025)
    traveller.shift(-90)
    with db.writing() as session:
        attend(session, learner, "b", "2026-02-01", 4)
        service.settle(session, learner)
        posted = session.scalars(select(LedgerTransaction.posted_at)).all()
        assert min(posted) >= seals_of(session)[Y2025] > clock.now()
    with db.reading() as session:
        assert rechecking.recheck(session, Y2025).holds


def test_periods_are_sealed_in_their_order_and_in_their_time(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    [learner] = begin(db, years.rules())
    with db.writing() as session:
        attend(session, learner, "old", "2024-05-01", 40)
        service.settle(session, learner)
    with pytest.raises(NotReady, match="earlier"):
        years.seal(db, tmp_path, Y2025)
    with pytest.raises(NotReady, match="running"):
        years.seal(db, tmp_path, Y2026)
    years.seal(db, tmp_path, Y2024)
    traveller.move_to("2026-01-20T04:00:00Z")
    with pytest.raises(NotReady, match="early"):
        years.seal(db, tmp_path, Y2025)
    traveller.move_to("2026-03-03T04:00:00Z")
    years.seal(db, tmp_path, Y2025)
    with pytest.raises(NotReady, match="sealed"):
        years.seal(db, tmp_path, Y2025)
    with db.writing() as session, pytest.raises(Refused, match="newest"):
        closing.ask_reopening(session, Y2024, learner, "x")


def test_periods_before_the_first_sealed_one_are_sealed_with_it(db: Database, tmp_path: Path) -> None:
    [learner] = begin(db, years.rules())
    years.seal(db, tmp_path, Y2025)
    with db.writing() as session:
        attend(session, learner, "old", "2024-05-01", 5, known="2026-03-02")
        service.settle(session, learner)
        assert postings(session, learner, Y2024) == []
        assert postings(session, learner, Y2026) == [("old", 5_000, 5_000, "2024-01-01")]
    proved(db)


def test_a_changed_row_is_named_by_the_recheck(db: Database, tmp_path: Path) -> None:
    first, second = begin(db, years.rules(), learners=2)
    with db.writing() as session:
        for learner in (first, second):
            attend(session, learner, "a", "2025-05-01", 40)
            service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    with db.reading() as session:
        row = session.get(PeriodSeal, (Y2025, 1))
        assert row is not None
        lines = rechecking.lines_at(session, Y2025, row.at)
        session.expunge_all()
        texts = [line.text() for line in lines]
        moved = [texts[0].replace("40000", "41000"), texts[1]]
        previous = record.previous_hash(session, row.at)
        assert record.hash_of(Y2025, row.at, previous, texts) == row.hash
        assert record.hash_of(Y2025, row.at, previous, moved) != row.hash
        assert record.hash_of(Y2025, row.at, previous, texts[:1]) != row.hash
        assert record.hash_of(Y2024, row.at, previous, texts) != row.hash


def test_a_golden_seal() -> None:
    """Frozen: a change here makes every seal that was ever set untrue."""
    lines = [
        '["01LEARNER00000000000000001",3,"' + "a" * 64 + '",1500,250]',
        '["01LEARNER00000000000000002",1,"' + "b" * 64 + '",0,0]',
    ]
    at = years.day("2026-02-01")
    assert (
        record.hash_of(date(2025, 1, 1), at, "0" * 64, lines)
        == "d9866ac13b803ddb978205bb3716225d2d2b458f761203755100ba9d048c356d"
    )
    assert record.Line(1, "01LEARNER00000000000000001", 3, "a" * 64, 1500, 250).text() == lines[0]


def test_what_stands_open_is_told(db: Database) -> None:
    [learner] = begin(db, years.rules())
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 40)
        rules = service.book(session)
        assert rules is not None
        checks = {check.code: check for check in readiness.readiness(session, rules, Y2025, seals_of(session))}
    assert checks["unsettled"].found.count == 1
    assert [each.name for each in checks["unsettled"].found.first] == ["学员1"]
    assert not checks["unsettled"].blocks
    assert [code for code, check in checks.items() if not check.fine] == ["unsettled"]


def test_what_was_made_up_stays_though_the_hours_are_withdrawn_later(
    db: Database, tmp_path: Path, traveller: time_machine.Traveller
) -> None:
    """The hours belong to the next year, and had paid for the sealed one: that year keeps them, this one gives them."""
    [learner] = begin(db, years.rules(more=years.MAKE_UP))
    with db.writing() as session:
        attend(session, learner, "a", "2025-05-01", 45)
        attend(session, learner, "b", "2026-02-01", 8)
        service.settle(session, learner)
    years.seal(db, tmp_path, Y2025)
    traveller.move_to("2026-04-01T04:00:00Z")
    with db.writing() as session:
        withdraw(session, learner, "b", "2026-04-01")
        service.settle(session, learner)
        assert service.settle(session, learner) == service.Settled([], [])
        assert postings(session, learner, Y2025) == [("a", 45_000, 45_000, ""), ("b", 5_000, 5_000, "")]
        assert row_of(session, learner, Y2025) == (50_000, 50_000, True)
        assert row_of(session, learner, Y2026)[1] == -5_000
        assert postings(session, learner, Y2026)[-1] == ("correction:b", -5_000, -5_000, "2025-01-01")
    proved(db)
