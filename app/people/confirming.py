"""The present password asked again before something that matters (security row 18)."""

from __future__ import annotations

from flask_babel import gettext as _

from app.base import audit
from app.base.db import Database
from app.base.errors import TooMany
from app.people import passwords, queries, throttle
from app.people.signing import WrongPassword, too_many


def confirm(db: Database, login: str, password: str, address: str, field: str = "password") -> None:
    """Is this the password of the one who is signed in? `TooMany`, `WrongPassword` with the field.

    Slow on purpose, so it holds no transaction meanwhile. A refusal is in the audit log whatever becomes of the caller.
    """
    with db.reading() as reader:
        known = queries.known(reader, login)
    if not throttle.take(login, address):
        raise TooMany(too_many(), field)
    if passwords.matches(known.password_hash, password) and known.person_id is not None and not known.disabled:
        throttle.forget(login, address)
        return
    with db.writing() as writer:
        audit.record(writer, known.person_id, "person.confirm_password", f"login:{login}", "refused")
    raise WrongPassword(_("The present password is not right."), field)
