"""Evidence in compact columns: derived, rebuilt whenever it is stale."""

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
