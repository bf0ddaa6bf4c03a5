"""Issuing and revoking certificates. Callers commit."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.base import audit, clock, labels
from app.base.db import insert_into
from app.base.errors import BadInput, NotFound, Refused, TooMany
from app.base.settings import Settings
from app.credits.certificates import content, messages, naming, queries
from app.credits.certificates.counting import Counted, Item, count
from app.credits.certificates.models import HoursCertificate, HoursCertificateRevocation
from app.credits.certificates.queries import CertificateRow
from app.credits.recording import locked_head
from app.credits.rows import books_of
from app.credits.rulebook import book
from app.people.queries import PersonRow, unit_of
from app.rules import check_code
from app.rules.credit.book import RuleBook

LANGUAGES = ("zh", "en")
MOST_A_DAY = 30  # of one learner
LEAST_REASON, MOST_REASON = 5, 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is to say: first and last day, `zh` or `en`, whether the items are listed in an annex."""

    since: date
    until: date
    language: str
    annex: bool = False


def _rules(session: Session) -> RuleBook:
    found = book(session)
    if found is None:
        raise Refused(_("No rules are in force yet, so no hours can be certified."))
    return found


def first_day(session: Session) -> date:
    """The first day that the academy keeps account of; `Refused` before any rules."""
    return _rules(session).period.start(0)


def reckon(session: Session, learner_id: int, since: date, until: date) -> Counted:
    """The hours of a span as the ledger knows them now. `BadInput` names the bound that cannot be."""
    rules = _rules(session)
    today, first = clock.local_day(clock.now(), rules.zone), rules.period.start(0)
    if since < first:
        raise BadInput(_("The academy keeps account from %(day)s on.", day=labels.full_day(first)), "since")
    if until > today:
        raise BadInput(_("This day is still to come. Today is the last that can be certified."), "until")
    if since > until:
        raise BadInput(_("The last day lies before the first."), "until")
    return count(rules, books_of(session, [learner_id])[learner_id], since, until)


def issue(session: Session, settings: Settings, learner: PersonRow, wanted: Wanted, issuer_id: int) -> str:
    """Freeze a certificate and write it down; gives its code. The ledger stands still meanwhile (the learner's lock).

    `BadInput` for a span that cannot be, `Refused` where it holds no hours, `TooMany` after 30 in a day.
    """
    if wanted.language not in LANGUAGES:
        raise BadInput(_("Certificates are set in Chinese or in English."), "language")
    locked_head(session, learner.id)
    now = clock.from_ms(clock.now_ms())
    if queries.issued_since(session, learner.id, now - timedelta(days=1)) >= MOST_A_DAY:
        raise TooMany(
            _("%(n)s certificates were made in the last 24 hours. Those hold; make more tomorrow.", n=MOST_A_DAY)
        )
    counted = reckon(session, learner.id, wanted.since, wanted.until)
    if counted.hours <= 0:
        raise Refused(_("Nothing was counted between these days, so there is nothing to certify."), "since")
    code = check_code.make(secrets.randbits(check_code.BITS))
    said = _content(session, settings, learner, wanted, counted, code, now)
    text = content.text_of(said)
    session.add(
        HoursCertificate(
            code=code, learner_id=learner.id, since=wanted.since, until=wanted.until, language=wanted.language,
            issued_at=now, issued_by=issuer_id, known_at=now, content=text, content_hash=content.hash_of(text),
        )
    )  # fmt: skip
    audit.record(
        session, issuer_id, "certificate.issue", f"person:{learner.key}",
        code=code, since=said.since, until=said.until, hours_thousandths=counted.hours,
    )  # fmt: skip
    session.flush()
    return code


def _content(
    session: Session,
    settings: Settings,
    learner: PersonRow,
    wanted: Wanted,
    counted: Counted,
    code: str,
    now: datetime,
) -> content.Content:
    english = wanted.language == "en"
    unit = unit_of(session, learner.id, wanted.until)
    items = counted.items if wanted.annex else ()
    courses = naming.titles(session, {item.course for item in items if item.course})
    return content.Content(
        form=content.FORM,
        code=code,
        learner=learner.key,
        name=learner.name,
        unit=((unit.name_en if english else "") or unit.name) if unit else "",
        academy=settings.academy_name_en if english else settings.academy_name,
        sealed_by=settings.academy_name,
        language=wanted.language,
        since=wanted.since.isoformat(),
        until=wanted.until.isoformat(),
        issued=now.isoformat(),
        known=now.isoformat(),
        hours=counted.hours,
        count=len(counted.items),
        buckets=tuple((name, hours, counted.items_in(name)) for name, hours in counted.buckets.items()),
        items=tuple((i.day.isoformat(), _title(i, courses, english), i.kind, i.bucket, i.countable) for i in items),
        ruleset=_rules(session).id,
        versions=counted.versions,
        head=(counted.seq, counted.hash),
        check_at=settings.public_url,
    )


def _title(item: Item, courses: Mapping[str, tuple[str, str]], english: bool) -> str:
    """Course and lesson, as far as they are known; "" where the evidence has no title of its own."""
    zh, en = courses.get(item.course, (item.course, item.course))
    course, own = ((en or zh) if english else zh), (item.title_en if english else item.title)
    return " · ".join(part for part in (course, own) if part)


def own(session: Session, learner_id: int, code: str) -> CertificateRow:
    """A learner's certificate by its code as it stands in an address; `NotFound` for anybody else's."""
    plain = check_code.read(code)
    found = queries.by_code(session, plain) if plain else None
    if found is None or found.learner_id != learner_id:
        raise NotFound(_("There is no such certificate."))
    return found


def revoke(session: Session, learner: PersonRow, code: str, actor_id: int, reason: str) -> None:
    """Revoke a certificate for good; whoever checks its code sees it at once."""
    found, reason = own(session, learner.id, code), " ".join(reason.split())
    if not LEAST_REASON <= len(reason) <= MOST_REASON:
        raise BadInput(_("Give a reason of 5 to 500 characters."), "reason")
    row = {"certificate_id": found.id, "revoked_at": clock.now(), "revoked_by": actor_id, "reason": reason}
    # Of two at once the second finds the row: on SQLite before, elsewhere by its key.
    fresh = (
        found.revoked_at is None
        and session.execute(
            insert_into(session, HoursCertificateRevocation)
            .values(row)
            .on_conflict_do_nothing()
            .returning(HoursCertificateRevocation.certificate_id)
        ).scalar()
    )
    if not fresh:
        raise Refused(_("This certificate was revoked before. Nothing has changed."))
    audit.record(session, actor_id, "certificate.revoke", f"person:{learner.key}", code=found.code, reason=reason)
    messages.revoked(session, found, reason)
