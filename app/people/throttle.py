"""How often one may try a password: per login and address, so that nobody locks out somebody elsewhere."""

from __future__ import annotations

import hashlib

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from app.base.rates import Memory

TRIES, MINUTES = 5, 15
_rate = RateLimitItemPerMinute(TRIES, MINUTES)
_limiter = MovingWindowRateLimiter(Memory())


def _key(login: str, address: str) -> str:
    return hashlib.sha256(f"{login}\n{address}".encode()).hexdigest()


def take(login: str, address: str) -> bool:
    """Take one try before judging it: parallel tries cannot slip through. False: none is left."""
    return _limiter.hit(_rate, _key(login, address))


def left(login: str, address: str) -> int:
    """How many tries are left."""
    return max(0, int(_limiter.get_window_stats(_rate, _key(login, address)).remaining))


def forget(login: str, address: str) -> None:
    """A right password gives all tries back."""
    _limiter.clear(_rate, _key(login, address))
