"""What this browser waits for from a provider: one answer at a time, for ten minutes, in the signed cookie."""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from typing import Any

from flask import session as browser

from app.base import clock

HOLDS_MS = 10 * 60_000
LINK_MS = 5 * 60_000
_NAME, _LINK = "oidc", "oidc_link"


@dataclass(frozen=True, slots=True)
class Pending:
    """What was asked of which provider. `link_for`: the sign-in whose owner links, or None for who signs in."""

    key: str
    state: str
    nonce: str
    verifier: str
    goal: str
    at_ms: int
    link_for: int | None = None


def keep(pending: Pending) -> None:
    """Wait for it; what was waited for before is given up."""
    browser[_NAME] = asdict(pending)


def take(key: str, state: str) -> Pending | None:
    """What was asked, if this answers it. It is waited for no longer, whatever comes."""
    found: Any = browser.pop(_NAME, None)
    if not isinstance(found, dict):
        return None
    pending = Pending(**found)
    fits = pending.key == key and hmac.compare_digest(pending.state.encode(), state.encode())
    return pending if fits and 0 <= clock.now_ms() - pending.at_ms <= HOLDS_MS else None


def may_link(key: str, session_id: int) -> None:
    """The password was right: within five minutes this sign-in may link the provider."""
    browser[_LINK] = [key, session_id, clock.now_ms()]


def links(key: str, session_id: int) -> bool:
    """May it? Once."""
    found: Any = browser.pop(_LINK, None)
    return isinstance(found, list) and found[:2] == [key, session_id] and 0 <= clock.now_ms() - found[2] <= LINK_MS
