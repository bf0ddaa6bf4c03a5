"""The published rules: the book that judges evidence, and how a new version comes into force."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base import audit, clock, tasks
from app.base.errors import Refused
from app.credits.models import RuleVersion
from app.rules.credit.book import RuleBook
from app.rules.credit.clauses import RuleSet
from app.rules.credit.document import load
from app.rules.credit.errors import RuleError, RuleErrors, Said, say
from app.rules.credit.lines import scan

# By the hashes of the texts: loading takes milliseconds, and it is asked for at every settlement.
_books: dict[tuple[str, ...], RuleBook] = {}
_MOST_BOOKS = 8
_HASHES = select(RuleVersion.text_hash).order_by(RuleVersion.effective)
_HASHES_BEFORE = _HASHES.where(RuleVersion.published_at < bindparam("before"))
FURTHEST = timedelta(days=731)


def text_hash(text: str) -> str:
    """SHA-256 of a rule set's text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def book(session: Session, before: datetime | None = None) -> RuleBook | None:
    """All versions published (before that moment, if one is given), in order; None before the first is published."""
    found_hashes = session.scalars(_HASHES if before is None else _HASHES_BEFORE, {"before": before} if before else {})
    hashes = tuple(found_hashes)
    if not hashes:
        return None
    found = _books.get(hashes)
    if found is None:
        wanted = select(RuleVersion.text).where(RuleVersion.text_hash.in_(hashes)).order_by(RuleVersion.effective)
        texts = session.scalars(wanted).all()
        found = RuleBook([load(text) for text in texts])
        if len(_books) >= _MOST_BOOKS:
            _books.clear()
        _books[hashes] = found
    return found


def check(session: Session, fresh: RuleSet, text: str) -> None:
    """Raise RuleErrors with every mistake that keeps a loaded text from being published as the next version: the
    day lies ahead, the number follows the last, same id, time zone and period, every clause in both languages."""
    known = book(session)
    versions = known.versions if known else ()
    errors = _publishable(fresh, text, versions[-1] if versions else None)
    if errors:
        raise RuleErrors(errors)
    RuleBook([*versions, fresh])  # refuses another time zone or period


def publish_rules(session: Session, text: str, actor_id: int | None, fresh: RuleSet | None = None) -> RuleVersion:
    """Publish a version; it holds from its day on, and what was earned before that day stays.

    `fresh`: the text as loaded, where that was done before anything was locked. Raises RuleErrors with every
    mistake and its line: of the language, and those of `check`.
    """
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    fresh = fresh or load(text)
    check(session, fresh, text)
    row = RuleVersion(
        ruleset=fresh.id,
        version=fresh.version,
        effective=fresh.effective,
        text=text,
        text_hash=text_hash(text),
        published_at=clock.now(),
        published_by=actor_id,
    )
    try:
        with session.begin_nested():  # who is refused still reads the page that says so
            session.add(row)
    except IntegrityError as error:
        raise Refused(_("Somebody has just published a version. Look at it, then publish yours.")) from error
    audit.record(
        session,
        actor_id,
        "rules.publish",
        f"rules:{fresh.id}:{fresh.version}",
        effective=fresh.effective.isoformat(),
        text_hash=row.text_hash,
    )
    tasks.enqueue(session, "credits.resettle")
    return row


def _publishable(fresh: RuleSet, text: str, last: RuleSet | None) -> list[RuleError]:
    lines = scan(text)

    def header(key: str, message: Said) -> RuleError:
        return RuleError(lines.of("ruleset", 0, key), "ruleset", fresh.id, message)

    errors = [
        RuleError(fresh.lines.get(clause, 1), "", "", say("%(clause)s: write its text in zh and en.", clause=clause))
        for clause in fresh.without_text()
    ]
    if last is None:
        return errors
    today = clock.local_day(clock.now(), fresh.timezone)
    earliest, latest = max(today, last.effective), today + FURTHEST
    if fresh.id != last.id:
        errors.append(header("id", say("The academy's rule set is %(id)s; keep this id.", id=last.id)))
    if fresh.version != last.version + 1:
        errors.append(header("version", say("The next version is %(number)s.", number=last.version + 1)))
    if fresh.effective <= earliest:
        errors.append(
            header(
                "effective",
                say(
                    "Versions hold for days to come: write a day after %(day)s. What was earned stays.",
                    day=earliest.isoformat(),
                ),
            )
        )
    elif fresh.effective > latest:
        # A wrong year would close the door to every version that is needed before it.
        errors.append(header("effective", say("That is far ahead: write a day up to %(day)s.", day=latest.isoformat())))
    return errors


def next_text(text: str, version: int, effective: date) -> str:
    """A draft of the next version: the text with only its number and its day changed."""
    lines, at = text.split("\n"), scan(text)
    lines[at.of("ruleset", 0, "version") - 1] = f"version = {version}"
    lines[at.of("ruleset", 0, "effective") - 1] = f"effective = {effective.isoformat()}"
    return "\n".join(lines)
