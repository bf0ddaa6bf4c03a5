"""What rules would judge of one learner now: the evidence and the seals, in one statement for pages that fold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, String, bindparam, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from app.credits.folding import piece_of
from app.credits.models import Evidence, PeriodSeal
from app.credits.seals import REOPENED, SEALED, holding
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece
from app.rules.credit.fold import whole_seals

_PERSON: BindParameter[int] = bindparam("person")
_SEAL = "seal of a period"  # no kind of evidence
_KNOWN: CompoundSelect[Any] = union_all(
    select(
        Evidence.id, Evidence.key, Evidence.kind, Evidence.happened_at, Evidence.known_at, Evidence.facts,
        Evidence.names,
    ).where(Evidence.learner_id == _PERSON),
    select(
        PeriodSeal.number, cast(PeriodSeal.period, String), literal(_SEAL), PeriodSeal.at, PeriodSeal.at,
        PeriodSeal.event, null(),
    ).where(PeriodSeal.event.in_((SEALED, REOPENED))),
)  # fmt: skip


def known(session: Session, learner_id: int, book: RuleBook) -> tuple[list[Piece], Mapping[date, datetime]]:
    """A learner's pieces in the order of recording, and the seals that hold, both as `fold.settle` wants them."""
    pieces: list[tuple[int, Piece]] = []
    events: list[tuple[date, int, str, datetime]] = []
    for number, key, kind, happened_at, known_at, text, names in session.execute(_KNOWN, {"person": learner_id}):
        if kind == _SEAL:
            events.append((date.fromisoformat(key), number, text, happened_at))
        else:
            pieces.append((number, piece_of(key, kind, happened_at, known_at, json.loads(text), names)))
    seals = holding((period, event, at) for period, _number, event, at in sorted(events))
    pieces.sort(key=lambda pair: pair[0])
    return [piece for _, piece in pieces], whole_seals(book, seals)
