"""Mails with a link. The token is made by the task that sends it, so neither a queue nor a log ever holds it."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.base import mail
from app.base import settings as reading
from app.base.db import Database
from app.base.settings import Settings
from app.base.tasks import enqueue, task
from app.base.tongue import speaker
from app.people import queries, roles_queries
from app.people.identifiers import MOST
from app.people.keys import service as keys
from app.people.models import AccountKey, Person
from app.people.service import person_of

SENT, CONFIRMED = "people.mail_link", "people.mail_confirmation"


def ask(session: Session, typed: str) -> None:
    """Somebody asks for a link. What is done here is the same whoever it is: looking them up is the task's."""
    enqueue(session, SENT, typed=typed[:MOST], person_id=0, actor_id=0)


def send_to(session: Session, person_id: int, actor_id: int) -> None:
    """A member of staff sends somebody a link."""
    enqueue(session, SENT, typed="", person_id=person_id, actor_id=actor_id)


def confirm(session: Session, person_id: int, email: str) -> None:
    """Send a link to a new address, which is taken when it is opened."""
    enqueue(session, CONFIRMED, person_id=person_id, email=email)


@task(SENT, long=True)
def mail_link(db: Database, typed: str, person_id: int, actor_id: int) -> None:
    """Make a link and mail it: to an open account that has an address, and not too often where nobody of staff asks."""
    settings = reading.load()
    if not settings.mail.offered:
        return
    with db.writing() as session:
        person = _recipient(session, typed, person_id)
        if person is None or not person.email or (not actor_id and keys.is_under_way(session, person.id)):
            return
        known = queries.known_by_id(session, person.id)
        token = keys.link(session, person.id, actor_id or None)
    subject, text = _link_words(
        settings, person, f"{settings.public_url}/password/{token}", known.password_hash is None
    )
    _send(db, settings, token, person.locale, person.email, subject, text)


def _recipient(session: Session, typed: str, person_id: int) -> Person | None:
    known = queries.known(session, typed) if typed else queries.known_by_id(session, person_id)
    if known.person_id is None or known.disabled:
        return None
    # As at the desk: a key to one of the three separated administrators is made by nobody but the operator.
    if typed and roles_queries.is_separated(session, known.person_id):
        return None
    return person_of(session, known.person_id)


def _link_words(settings: Settings, person: Person, url: str, fresh: bool) -> tuple[str, str]:
    _ = speaker(person.locale)
    given = {"name": person.name, "login": person.login, "url": url, "academy": _academy(settings, person.locale)}
    subject = _("%(academy)s: your account") if fresh else _("%(academy)s: a new password")
    text = (
        _(
            "%(name)s,\n\nan account at %(academy)s was set up for you. Your staff number is %(login)s. Choose your "
            "password here:\n\n%(url)s\n\nThe link holds for 30 minutes and once. If it is too old, choose "
            "“Forgotten your password?” on the sign-in page.\n"
        )
        if fresh
        else _(
            "%(name)s,\n\nsomebody asked for a new password for your account %(login)s at %(academy)s. If it was you, "
            "choose it here:\n\n%(url)s\n\nThe link holds for 30 minutes and once. If it was not you, do nothing: "
            "your password goes on holding.\n"
        )
    )
    return subject % given, text % given


@task(CONFIRMED, long=True)
def mail_confirmation(db: Database, person_id: int, email: str) -> None:
    """Mail a link to an address that somebody wants to use, and tell the address before."""
    settings = reading.load()
    with db.writing() as session:
        person = _recipient(session, "", person_id)
        if person is None or not settings.mail.offered:
            return
        token = keys.link(session, person.id, person.id, email=email)
    _ = speaker(person.locale)
    url = f"{settings.public_url}/email/{token}"
    given = {"name": person.name, "academy": _academy(settings, person.locale), "url": url, "email": email}
    text = _(
        "%(name)s,\n\nuse this address for your account at %(academy)s:\n\n%(url)s\n\nThe link holds for 30 minutes. "
        "If you did not ask for it, do nothing.\n"
    )
    subject = _("%(academy)s: is this your address?") % given
    _send(db, settings, token, person.locale, email, subject, text % given)


def _academy(settings: Settings, locale: str) -> str:
    return settings.academy_name_en if locale == "en" else settings.academy_name


def _send(db: Database, settings: Settings, token: str, locale: str, to: str, subject: str, text: str) -> None:
    """Hand it over. Where that fails the key goes, and the task is tried again with another."""
    try:
        mail.send(settings.mail, _academy(settings, locale), to, subject, text)
    except Exception:
        with db.writing() as session:
            session.execute(delete(AccountKey).where(AccountKey.secret_hash == keys.hash_of(token)))
        raise
