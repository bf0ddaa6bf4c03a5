"""The present password asked again before something that matters (security row 18)."""

from __future__ import annotations

from app.base.db import Database
from app.base.errors import Refused
from app.people import queries, service
from app.people.throttle import Guess


def confirm(db: Database, person_id: int, password: str, tried: Guess, field: str = "password") -> None:
    """Is this the password of the one who is signed in? `TooMany`, `WrongPassword` with the field.

    In a transaction of its own: a try stays taken, and a refusal in the audit log, whatever becomes of the caller.
    """
    refusal: Refused | None = None
    with db.writing() as session:
        known = queries.known_by_id(session, person_id)
        try:
            service.confirm_present(session, known, password, tried, "person.confirm_password")
        except Refused as refused:
            refusal = refused
    if refusal is not None:
        refusal.field = field
        raise refusal
