"""How often one may guess: one count for all doors and all processes, in the database.

A guess counts three times: here (account and address), anywhere (the account, from all addresses), and from here (the
address, at all accounts). A device that has signed in to the account before counts for itself: what strangers guess
keeps nobody out of their own device, and what is mistyped on it uses up nobody else's tries.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import ngettext
from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import insert_into
from app.base.errors import TooMany
from app.people.models import GuessCount

TRIES = 5  # of one account from one address, or on a known device
ANYWHERE = 10  # of one account from all addresses
MINUTES = 15


@dataclass(frozen=True, slots=True)
class Guess:
    """Who is tried from where. `account` is the same whichever identifier was typed; `device` is the mark of a device
    that has signed in to the account before; `most_here` is how many tries an address has at all accounts."""

    account: str
    address: str
    device: str
    most_here: int

    def counts(self) -> list[tuple[str, int]]:
        """(key, limit) of each count, the nearest first."""
        if self.device:
            return [(_key("device", self.account, self.device), TRIES)]
        from_here = (_key("address", self.address), self.most_here)
        if not self.account:
            return [from_here]
        return [
            (_key("here", self.account, self.address), TRIES),
            (_key("anywhere", self.account), ANYWHERE),
            from_here,
        ]


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def take(session: Session, guess: Guess, field: str = "password") -> int:
    """Take one try before judging it: parallel ones cannot slip through, on any process. How many are left here.

    `TooMany` when there is none, of whichever count. Whoever is refused uses nothing up, so waiting always helps.
    """
    limits = dict(guess.counts())
    now = clock.now()
    rows = session.execute(select(GuessCount.key, GuessCount.tries, GuessCount.until).where(GuessCount.key.in_(limits)))
    spent = [row.until for row in rows if row.tries >= limits[row.key] and row.until > now]
    if not spent:
        # In the order of the keys: two that need the same rows never wait for each other crosswise.
        found = {key: _add(session, key) for key in sorted(limits)}
        spent = [until for key, (count, until) in found.items() if count > limits[key]]
        if not spent:
            nearest, most = guess.counts()[0]
            return most - found[nearest][0]
    raise too_many(math.ceil((max(spent) - now) / timedelta(minutes=1)), field)


def _add(session: Session, key: str) -> tuple[int, datetime]:
    now = clock.now()
    fresh = now + timedelta(minutes=MINUTES)
    over = GuessCount.until <= now
    adding = (
        insert_into(session, GuessCount)
        .values(key=key, tries=1, until=fresh)
        .on_conflict_do_update(
            index_elements=["key"],
            set_={
                "tries": case((over, 1), else_=GuessCount.tries + 1),
                "until": case((over, fresh), else_=GuessCount.until),
            },
        )
        .returning(GuessCount.tries, GuessCount.until)
    )
    row = session.execute(adding).one()
    return row.tries, row.until


def too_many(minutes: int, field: str | None = "password") -> TooMany:
    """The refusal: how long to wait, and that nothing is locked."""
    text = ngettext(
        "Too many tries. Wait %(num)d minute; a device on which you signed in before is not affected.",
        "Too many tries. Wait %(num)d minutes; a device on which you signed in before is not affected.",
        max(1, minutes),
    )
    return TooMany(str(text), field)


def give_back(session: Session, guess: Guess) -> None:
    """What was right was no guess: the tries here begin anew, and as many are taken off the wider counts. Not more: an
    owner who signs in now and then would give strangers elsewhere new tries at the account."""
    keys = [key for key, _limit in guess.counts()]
    nearest = keys.pop(0) if guess.account else ""
    mine = GuessCount.key.in_([nearest, *keys])
    # Taken hold of in the order of the keys, as `take` does.
    held = select(GuessCount.key, GuessCount.tries).where(mine).order_by(GuessCount.key).with_for_update()
    spent = {row.key: row.tries for row in session.execute(held)}.get(nearest, 1)
    lower = update(GuessCount).where(mine).values(tries=GuessCount.tries - spent)
    session.execute(lower.execution_options(synchronize_session=False))
    empty = delete(GuessCount).where(mine, GuessCount.tries <= 0)
    session.execute(empty.execution_options(synchronize_session=False))


def sweep(session: Session) -> None:
    """Windows that have been over for long: nobody takes a try of them just now."""
    over = clock.now() - timedelta(hours=1)
    session.execute(delete(GuessCount).where(GuessCount.until <= over).execution_options(synchronize_session=False))
