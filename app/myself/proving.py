"""Who is at this browser proves it once more: before a copy of everything leaves, and before what one signs in with
is asked to be another."""

from __future__ import annotations

from datetime import timedelta

from flask_login import current_user

from app.base import clock
from app.base.unit_of_work import database
from app.people import confirming, entering, queries

FRESH = timedelta(minutes=10)  # a sign-in as young as that is a proof


def is_fresh() -> bool:
    """Has the person signed in just now?"""
    return bool(clock.now() - current_user.signed_in_at <= FRESH)


def has_password() -> bool:
    """Is there a password that could be asked? Who signs in by another system may have none."""
    with database().reading() as reader:
        return queries.known_by_id(reader, current_user.person_id).password_hash is not None


def by_password(password: str, field: str = "present") -> None:
    """The present password, in a transaction of its own: call it before the request's own writing begins. Errors as
    `confirming.confirm`."""
    with database().reading() as reader:
        known = queries.known_by_id(reader, current_user.person_id)
    tried = entering.guess_of(known, known.login)
    confirming.confirm(database(), current_user.person_id, password, tried, field)
