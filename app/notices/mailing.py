"""Mails that say that a message is there. What it says is read in the academy: mailboxes are others' houses."""

from __future__ import annotations

from app.base import mail
from app.base import settings as reading
from app.base.db import Database
from app.base.tasks import task
from app.base.tongue import speaker
from app.people.models import Person

SENT = "notices.mail"


@task(SENT, long=True)
def mail_notice(db: Database, person_id: int) -> None:
    """Tell an open account that has an address."""
    settings = reading.load()
    with db.reading() as session:
        person = session.get(Person, person_id)
        if person is None or person.disabled_at is not None or not person.email or not settings.mail.offered:
            return
        name, email, locale = person.name, person.email, person.locale
    _ = speaker(locale)
    academy = settings.academy_name_en if locale == "en" else settings.academy_name
    given = {"name": name, "academy": academy, "url": f"{settings.public_url}/messages",
             "choices": f"{settings.public_url}/account/messages"}  # fmt: skip
    text = _(
        "%(name)s,\n\nthere is a new message for you at %(academy)s:\n\n%(url)s\n\nWhich messages are mailed to you is "
        "chosen here: %(choices)s\n"
    )
    mail.send(settings.mail, academy, email, _("%(academy)s: a new message") % given, text % given)
