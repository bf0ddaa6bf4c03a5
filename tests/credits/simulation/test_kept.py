"""What simulations keep for the next one: packs of evidence, and where everybody stands. It never misleads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text

from app.base import clock
from app.base.db import Database
from app.credits import service
from app.credits.models import Evidence, PeriodSeal
from app.credits.simulation.models import EvidencePack, PresentStand
from app.credits.simulation.service import pack_everybody
from tests.credits import samples
from tests.credits.simulation.small import DRAFT, START, simulated


def test_packs_are_made_once_and_follow_the_evidence(one: Database) -> None:
    first = simulated(one, DRAFT, as_if=START)
    with one.reading() as session:
        packed = session.execute(select(EvidencePack.newest, EvidencePack.data)).one()
    with one.writing() as session:
        learner = session.scalars(select(Evidence.learner_id).limit(1)).one()
        samples.withdraw(session, learner, "watched:2")
    second = simulated(one, DRAFT, as_if=START)
    (was,), (now,) = first["changed_learners"], second["changed_learners"]
    assert (was["before_m"], now["before_m"], now["after_m"]) == (8000, 3000, 2700)
    with one.reading() as session:
        again = session.execute(select(EvidencePack.newest, EvidencePack.data)).one()
        assert again.newest == session.scalar(select(func.max(Evidence.id))) == packed.newest + 1
    assert len(again.data) > len(packed.data)


def test_the_task_packs_what_is_stale_and_only_that(one: Database) -> None:
    pack_everybody(one)
    with one.writing() as session:
        assert session.scalar(select(func.count()).select_from(EvidencePack)) == 1
        kept = session.execute(select(EvidencePack.data)).scalar_one()
        session.execute(text("UPDATE evidence_pack SET form = 'older'"))
    pack_everybody(one)
    with one.writing() as session:
        assert session.execute(select(EvidencePack.data)).scalar_one() == kept
        learner = session.scalars(select(Evidence.learner_id).limit(1)).one()
        samples.watch(session, learner, 3)
    pack_everybody(one)
    with one.reading() as session:
        assert session.scalar(select(EvidencePack.newest)) == session.scalar(select(func.max(Evidence.id)))


def lie(db: Database) -> None:
    """From now on a stand that is still believed can be told from one that was reckoned."""
    with db.writing() as session:
        session.execute(text("UPDATE present_stand SET countable_m = 77"))


def first_before(db: Database) -> int:
    found: int = simulated(db, DRAFT, as_if=START)["changed_learners"][0]["before_m"]
    return found


@pytest.mark.parametrize("way", ["simulation", "task"])
def test_where_everybody_stands_is_found_once(one: Database, way: str) -> None:
    if way == "task":
        pack_everybody(one)
        with one.reading() as session:
            assert sorted(session.scalars(select(PresentStand.countable_m))) == [0, 8000]
    else:
        first = simulated(one, DRAFT, as_if=START)
        assert simulated(one, DRAFT, as_if=START) == first, "what is kept says the same"
    lie(one)
    assert first_before(one) == 77, "the kept stand is read"
    pack_everybody(one)
    assert first_before(one) == 77, "and nothing that is kept is made anew"


def _evidence(db: Database) -> None:
    with db.writing() as session:
        learner = session.scalars(select(Evidence.learner_id).limit(1)).one()
        samples.watch(session, learner, 3)


def _rules(db: Database) -> None:
    with db.writing() as session:
        service.publish_rules(session, samples.next_rules(2, "2026-12-01"), None)


def _seal(db: Database) -> None:
    with db.writing() as session:
        session.add(
            PeriodSeal(
                period=date(2025, 1, 1),
                number=1,
                event="sealed",
                at=clock.now(),
                hash="0" * 64,
                overruled="{}",
                reason="",
            )
        )


@pytest.mark.parametrize("change", [_evidence, _rules, _seal, None], ids=["evidence", "rules", "seal", "day"])
def test_a_stand_is_not_believed_once_anything_is_another(
    one: Database, change: Callable[[Database], None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated(one, DRAFT, as_if=START)
    lie(one)
    if change is None:
        tomorrow = clock.now() + timedelta(days=1)
        monkeypatch.setattr(clock, "now", lambda: tomorrow)
    else:
        change(one)
    assert first_before(one) != 77
    lie(one)
    assert first_before(one) == 77, "it was kept again"
