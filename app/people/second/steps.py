"""Between the two steps of signing in: who has written the right password, for five minutes, in the signed cookie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import session as browser
from flask_login import current_user

from app.base import clock
from app.base.unit_of_work import settings
from app.people.addresses import safe_next
from app.people.queries import Known

HOLDS_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose second step is expected, and where to go afterwards."""

    person_id: int
    goal: str
    password_ms: int

    def fits(self, known: Known) -> bool:
        """Is it still the password that was judged?"""
        return known.second_factor and _password_ms(known) == self.password_ms


def _password_ms(known: Known) -> int:
    return clock.to_ms(known.changed_at) if known.changed_at else 0


def expect(known: Known, goal: str) -> None:
    """The password was right: the code comes next."""
    browser["second"] = [known.person_id, _password_ms(known), clock.now_ms(), goal]


def expected() -> Expected | None:
    """Whose code is expected; None when nobody's is, or it took too long."""
    found: Any = browser.get("second")
    if not isinstance(found, list) or len(found) != 4:
        return None
    person_id, password_ms, at_ms, goal = found
    if not 0 <= clock.now_ms() - at_ms <= HOLDS_MS:
        return None
    return Expected(int(person_id), safe_next(str(goal)), int(password_ms))


def offered() -> bool:
    """May the present person set up a second factor?"""
    return settings().second_factor != "off" and (current_user.works_here or current_user.second_factor)
