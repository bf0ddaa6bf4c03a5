"""Reads of certificates, with what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.credits.certificates.models import HoursCertificate, HoursCertificateRevocation
from app.credits.models import LedgerTransaction
from app.people.models import Person


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate. `revoked_at` is None while it holds; `reason` why it was revoked ("" while it holds)."""

    id: int
    code: str
    learner_id: int
    since: date
    until: date
    language: str
    issued_at: datetime
    issued_by: str
    known_at: datetime
    content: str
    content_hash: str
    revoked_at: datetime | None
    reason: str


_ROWS = (
    select(
        HoursCertificate.id, HoursCertificate.code, HoursCertificate.learner_id, HoursCertificate.since,
        HoursCertificate.until, HoursCertificate.language, HoursCertificate.issued_at, Person.name,
        HoursCertificate.known_at, HoursCertificate.content, HoursCertificate.content_hash,
        HoursCertificateRevocation.revoked_at, func.coalesce(HoursCertificateRevocation.reason, ""),
    )
    .join(Person, Person.id == HoursCertificate.issued_by)
    .outerjoin(HoursCertificateRevocation, HoursCertificateRevocation.certificate_id == HoursCertificate.id)
)  # fmt: skip
_BY_CODE = _ROWS.where(HoursCertificate.code == bindparam("code"))
_OF_LEARNER = _ROWS.where(HoursCertificate.learner_id == bindparam("learner")).order_by(
    HoursCertificate.issued_at.desc(), HoursCertificate.id.desc()
)
_LINK = select(LedgerTransaction.hash).where(
    LedgerTransaction.learner_id == bindparam("learner"), LedgerTransaction.seq == bindparam("seq")
)
_LAST = select(func.max(LedgerTransaction.seq)).where(LedgerTransaction.learner_id == bindparam("learner"))


def by_code(session: Session, code: str) -> CertificateRow | None:
    """The certificate with this code (24 signs, without hyphens)."""
    row = session.execute(_BY_CODE, {"code": code}).one_or_none()
    return CertificateRow(*row) if row is not None else None


def of_learner(session: Session, learner_id: int) -> list[CertificateRow]:
    """A learner's certificates, the newest first."""
    return [CertificateRow(*row) for row in session.execute(_OF_LEARNER, {"learner": learner_id})]


def learner_key(session: Session, code: str) -> str | None:
    """The opaque key of whose certificate it is; None for an unknown code."""
    query = select(Person.key).join(HoursCertificate, HoursCertificate.learner_id == Person.id)
    return session.scalar(query.where(HoursCertificate.code == code))


def issued_since(session: Session, learner_id: int, since: datetime) -> int:
    """How many certificates of a learner were issued since a moment."""
    query = select(func.count()).where(HoursCertificate.learner_id == learner_id, HoursCertificate.issued_at >= since)
    return session.execute(query).scalar_one()


def link_hash(session: Session, learner_id: int, seq: int) -> str | None:
    """The hash of one transaction of a learner's chain; None where there is none."""
    return session.scalar(_LINK, {"learner": learner_id, "seq": seq})


def last_seq(session: Session, learner_id: int) -> int:
    """The number of a learner's last transaction; 0 before the first."""
    return session.scalar(_LAST, {"learner": learner_id}) or 0
