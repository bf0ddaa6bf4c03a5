"""What makes simulations quick: derived rows that are made anew whenever they are stale."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.base.db import Base
from app.base.db_types import Key


class EvidencePack(Base):
    """What rules read of one learner's evidence, up to the row `newest`, as `packs` writes it in the form `form`.

    Only simulation reads it: what is posted, proved or shown comes from `evidence` itself.
    """

    __tablename__ = "evidence_pack"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    newest: Mapped[int] = mapped_column(Key)
    form: Mapped[str] = mapped_column(String(12))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class PresentStand(Base):
    """Where a learner stands by the published rules, with the evidence up to the row `newest`: a simulation's "before".

    `scale` names everything else that it depends on (`stands.scale_of`); the rest is `weighing.Stand`, and `told` what
    `attribution` says of it.
    """

    __tablename__ = "present_stand"
    learner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    newest: Mapped[int] = mapped_column(Key)
    scale: Mapped[str] = mapped_column(String(16))
    countable_m: Mapped[int]
    short_m: Mapped[int]
    bound: Mapped[bool]
    met: Mapped[bool]
    told: Mapped[bytes] = mapped_column(LargeBinary)
