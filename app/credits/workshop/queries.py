"""Reads of drafts, with the names of who wrote, proposed and decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session, aliased

from app.credits.workshop.models import RuleDraft
from app.people.models import Person

_CREATOR, _CHANGER, _PROPOSER, _DECIDER = (aliased(Person) for _each in range(4))


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft in the list. Names are "" where nobody did it yet."""

    id: int
    title: str
    state: str
    based_on: int | None
    changed_at: datetime
    changed_by: str
    number: int | None


@dataclass(frozen=True, slots=True)
class DraftPage(DraftRow):
    """All that a draft's page shows. Ids beside the names say whether the reader is one of them."""

    note: str
    text: str
    text_hash: str
    can_undo: bool
    revision: int
    created_at: datetime
    created_by: str
    changer_id: int
    proposed_at: datetime | None
    proposed_by: str
    proposer_id: int | None
    decided_at: datetime | None
    decided_by: str
    reason: str
    run_id: int | None
    run_hash: str | None


def drafts(session: Session) -> list[DraftRow]:
    """All drafts, the one changed last first."""
    rows = session.execute(
        select(
            RuleDraft.id, RuleDraft.title, RuleDraft.state, RuleDraft.based_on, RuleDraft.changed_at, Person.name,
            RuleDraft.number,
        )
        .join(Person, Person.id == RuleDraft.changed_by)
        .order_by(RuleDraft.changed_at.desc(), RuleDraft.id.desc())
    )  # fmt: skip
    return [DraftRow(*row) for row in rows]


def draft(session: Session, draft_id: int) -> DraftPage | None:
    """One draft with its people; None when there is none."""
    row = session.execute(_ONE.where(RuleDraft.id == draft_id)).first()
    return None if row is None else _page(row)


_ONE: Select[Any] = (
    select(RuleDraft, _CREATOR.name, _CHANGER.name, _PROPOSER.name, _DECIDER.name)
    .join(_CREATOR, _CREATOR.id == RuleDraft.created_by)
    .join(_CHANGER, _CHANGER.id == RuleDraft.changed_by)
    .outerjoin(_PROPOSER, _PROPOSER.id == RuleDraft.proposed_by)
    .outerjoin(_DECIDER, _DECIDER.id == RuleDraft.decided_by)
    .execution_options(populate_existing=True)
)


def _page(row: Row[Any]) -> DraftPage:
    found, creator, changer, proposer, decider = row
    return DraftPage(
        id=found.id, title=found.title, state=found.state, based_on=found.based_on, changed_at=found.changed_at,
        changed_by=changer, number=found.number, note=found.note, text=found.text, text_hash=found.text_hash,
        can_undo=found.previous is not None, revision=found.revision, created_at=found.created_at, created_by=creator,
        changer_id=found.changed_by, proposed_at=found.proposed_at, proposed_by=proposer or "",
        proposer_id=found.proposed_by, decided_at=found.decided_at, decided_by=decider or "", reason=found.reason,
        run_id=found.run_id, run_hash=found.run_hash,
    )  # fmt: skip
