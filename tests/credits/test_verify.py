"""`verify`: nothing to say about a sound ledger, and it names what waits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits import heads, service
from app.credits.models import LedgerTransaction
from app.credits.verify import verify
from tests.credits.samples import watch


def test_a_sound_ledger_has_no_differences(kept: Session) -> None:
    steps: list[tuple[int, int]] = []
    found = verify(kept, progress=lambda done, total: steps.append((done, total)), heads=heads.export(kept))
    assert found.differences == []
    assert (found.learners, found.evidence, found.transactions) == (2, 12, 14)
    assert steps == [(2, 2)]


def test_one_learner_alone(kept: Session, learner: int) -> None:
    assert verify(kept, learners=[learner]).learners == 1


def test_a_person_who_vanished_shows_in_the_heads_file(kept: Session) -> None:
    exported: dict[str, heads.Head] = {**heads.export(kept), "01GONE": {"seq": 3, "hash": "x"}}
    assert [(d.learner_key, d.what) for d in verify(kept, heads=exported).differences] == [("01GONE", "heads")]


def test_heads_name_nobody(kept: Session) -> None:
    exported = heads.export(kept)
    assert list(exported) == ["01LEARNER00000000000000001", "01LEARNER00000000000000002"]
    last = kept.scalars(
        select(LedgerTransaction).order_by(LedgerTransaction.learner_id, LedgerTransaction.seq.desc())
    ).first()
    assert last is not None
    assert exported["01LEARNER00000000000000001"]["hash"] == last.hash


def test_what_comes_after_the_export_is_no_difference(kept: Session, learner: int) -> None:
    exported = heads.export(kept)
    watch(kept, learner, 20)
    service.settle(kept, learner)
    assert verify(kept, heads=exported).differences == []


def test_evidence_that_waits_is_named(kept: Session, learner: int) -> None:
    watch(kept, learner, 20)
    found = verify(kept).differences
    assert {d.what for d in found} == {"settlement", "replay", "sums"}
    service.sweep(kept)
    assert verify(kept).differences == []
