"""What learners are told of their certificates."""

from __future__ import annotations

from datetime import date
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import labels
from app.credits.certificates.queries import CertificateRow
from app.notices import service as notices
from app.notices.kinds import Facts, Said, brief, kind

REVOKED: Final = "certificate.revoked"


def revoked(session: Session, row: CertificateRow, reason: str) -> None:
    """Tell the learner that a certificate does not hold any more, and why."""
    days = {"since": row.since.isoformat(), "until": row.until.isoformat()}
    notices.tell(session, row.learner_id, REVOKED, "/certificates", reason=reason, **days)


@kind(REVOKED)
def _revoked(facts: Facts) -> Said:
    since, until = (labels.full_day(date.fromisoformat(facts[name])) for name in ("since", "until"))
    text = _(
        "Your certificate of hours from %(since)s to %(until)s was revoked: %(reason)s",
        since=since, until=until, reason=brief(facts["reason"]),
    )  # fmt: skip
    return Said(str(text), str(_("Certificates of hours")), "file")
