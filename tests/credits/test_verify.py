"""`verify`: nothing to say about a sound ledger, and it names what waits."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.credits import heads, service
from app.credits.models import LedgerTransaction
from app.credits.rulebook import text_hash
from app.credits.verify import verify
from tests.credits.samples import RULES, watch


def test_a_sound_ledger_has_no_differences(kept: Session) -> None:
    steps: list[tuple[int, int]] = []
    found = verify(kept, progress=lambda done, total: steps.append((done, total)), heads=heads.export(kept))
    assert found.differences == []
    assert (found.learners, found.evidence, found.transactions) == (2, 12, 14)
    assert steps == [(2, 2)]


def test_one_learner_alone(kept: Session, learner: int) -> None:
    assert verify(kept, learners=[learner]).learners == 1


def test_a_person_who_vanished_shows_in_the_heads_file(kept: Session) -> None:
    exported = heads.export(kept)
    exported["learners"]["01GONE"] = {"seq": 3, "hash": "x", "evidence": 4, "digest": "y"}
    assert [(d.learner_key, d.what) for d in verify(kept, heads=exported).differences] == [("01GONE", "heads")]


def test_heads_name_nobody(kept: Session) -> None:
    exported = heads.export(kept)
    assert list(exported["learners"]) == ["01LEARNER00000000000000001", "01LEARNER00000000000000002"]
    last = kept.scalars(
        select(LedgerTransaction).order_by(LedgerTransaction.learner_id, LedgerTransaction.seq.desc())
    ).first()
    assert last is not None
    assert exported["learners"]["01LEARNER00000000000000001"]["hash"] == last.hash
    assert exported["rules"] == {"yunting 1": {"effective": "2026-01-01", "hash": text_hash(RULES)}}


def test_heads_are_read_as_they_were_written(kept: Session) -> None:
    exported = heads.export(kept)
    assert heads.read(json.dumps(exported).encode()) == exported


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b"\xff",
        b"[" * 10_000,
        b'{"learners": [], "rules": {}}',
        b'{"learners": {}}',
        b'{"learners": {"a": {"seq": "1", "hash": "", "evidence": 1, "digest": ""}}, "rules": {}}',
        b'{"learners": {"a": {"seq": -1, "hash": "", "evidence": 1, "digest": ""}}, "rules": {}}',
        b'{"learners": {"a": {"seq": 1, "evidence": 1, "digest": ""}}, "rules": {}}',
        b'{"learners": {}, "rules": {"a 1": {"effective": 1, "hash": ""}}}',
    ],
)
def test_heads_of_another_shape_are_refused(data: bytes) -> None:
    with pytest.raises(heads.HeadsError, match="not an export"):
        heads.read(data)


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
