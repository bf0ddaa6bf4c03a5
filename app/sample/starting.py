"""A start with the sample academy: load it once, later let its learners go on."""

from __future__ import annotations

import tomllib
from typing import Any

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.settings import SettingError, Settings
from app.people.models import Person
from app.sample import accounts, going_on
from app.sample.accounts import CONTENT, Account
from app.sample.loading import load

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def ensure(settings: Settings, console: Console) -> list[Account]:
    """Load the sample into an empty academy; writes accounts.json; gives the accounts to print.

    Nothing is loaded, and nothing printed, where somebody else's people are. Only on loopback.
    """
    if settings.host not in LOOPBACK:
        raise SettingError("the sample academy prints its passwords: it is served on 127.0.0.1 only (DUXUE_HOST)")
    plan = tomllib.loads((CONTENT / "sample" / "academy.toml").read_text(encoding="utf-8"))
    rows = accounts.learner_rows(plan)
    db = Database(settings.database_url)
    try:
        there = _there(db, settings, plan, rows, console)
    finally:
        db.engine.dispose()
    if not there:
        return []
    known = accounts.accounts(settings, plan, rows, there)
    accounts.write(settings, known)
    return accounts.shown(plan, known)


def _there(
    db: Database, settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]], console: Console
) -> set[str]:
    """The logins of the sample that are there, now or already; none where somebody else's people are."""
    with db.reading() as session:
        logins = set(session.scalars(select(Person.login)))
    if logins:
        if plan["staff"][0]["login"] not in logins:
            return set()
        _go_on(db, settings, plan, rows, console)
        return logins
    console.print(f"· sample academy: {len(rows)} learners, {len(plan['courses'])} courses, their year so far")
    with db.writing() as session:
        load(session, settings, plan, rows)
        return _logins(session)


def _logins(session: Session) -> set[str]:
    return set(session.scalars(select(Person.login)))


def _go_on(
    db: Database, settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]], console: Console
) -> None:
    """What the learners did since the last start, if that is days ago."""
    with db.reading() as session:
        since = going_on.last_seen(session)
    days = going_on.days_since(since, settings)
    if since is None or days < going_on.STALE_DAYS:
        return
    console.print(f"· sample academy: {days} more days of its year")
    with db.writing() as session:
        going_on.catch_up(session, settings, plan, rows, since)
