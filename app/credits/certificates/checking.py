"""What the public check of a code tells: whether it holds, and no more of the person than is needed."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.credits.certificates import content, queries
from app.credits.certificates.counting import count
from app.credits.certificates.queries import CertificateRow
from app.credits.rows import books_of
from app.credits.rulebook import book

_BETWEEN = frozenset("·•・‧∙.-'’")


@dataclass(frozen=True, slots=True)
class Checked:
    """`state`: valid, revoked, or doubtful (the kept row or the ledger under it is not what was certified).

    `name` is masked. `changed`: did later postings change the hours of this span? None where that was not looked at.
    """

    state: str
    name: str
    academy: str
    since: date
    until: date
    hours: int
    buckets: tuple[tuple[str, int], ...]
    issued_at: datetime
    revoked_at: datetime | None
    changed: bool | None
    content_hash: str


def masked(name: str) -> str:
    """`王**`, `J**`: the first sign, and always two stars, so that the length tells nothing."""
    return f"{name.strip()[:1]}**"


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if not sign.isspace() and sign not in _BETWEEN)


def same_name(certified: str, typed: str) -> bool:
    """Is the typed name the whole of the certified one? Spaces, dots and capitals make no difference."""
    one, other = _plain(certified).encode(), _plain(typed).encode()
    return bool(one) and hmac.compare_digest(one, other)


def check(session: Session, row: CertificateRow) -> Checked:
    """Hold a certificate against its own hash, the chain it was read from, and the ledger of today."""
    said = _said(session, row)
    since, until = row.since, row.until
    if said is None:
        return Checked("doubtful", "", "", since, until, 0, (), row.issued_at, row.revoked_at, None, row.content_hash)
    revoked = row.revoked_at is not None
    return Checked(
        state="revoked" if revoked else "valid",
        name=masked(said.name),
        academy=said.academy,
        since=since,
        until=until,
        hours=said.hours,
        buckets=tuple(said.sums.items()),
        issued_at=row.issued_at,
        revoked_at=row.revoked_at,
        changed=None if revoked else _changed(session, row, said),
        content_hash=row.content_hash,
    )


def name_of(session: Session, row: CertificateRow) -> str:
    """The certified name; "" where the row is not what was certified."""
    said = _said(session, row)
    return said.name if said is not None else ""


def _said(session: Session, row: CertificateRow) -> content.Content | None:
    """The content, if the row and the ledger's chain still bear it out."""
    if content.hash_of(row.content) != row.content_hash:
        return None
    try:
        said = content.read(row.content)
    except ValueError:
        return None
    seq, link = said.head
    columns = (said.code, *said.span, said.language, said.issued_at)
    if columns != (row.code, row.since, row.until, row.language, row.issued_at):
        return None
    return said if queries.link_hash(session, row.learner_id, seq) == link else None


def _changed(session: Session, row: CertificateRow, said: content.Content) -> bool:
    rules = book(session)
    if rules is None or queries.last_seq(session, row.learner_id) == said.head[0]:
        return False
    return count(rules, books_of(session, [row.learner_id])[row.learner_id], row.since, row.until).buckets != said.sums
