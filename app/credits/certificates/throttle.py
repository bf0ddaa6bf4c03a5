"""How often one may ask for a code, and try a name on one. Counted per process, as the door's tries are."""

from __future__ import annotations

import hashlib

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from app.base.rates import Memory

MINUTES = 15
CODES = 60  # of one address: a personnel office checks a folder of them
NAMES = 10  # on one code, from wherever: a family name in sight must not be a riddle with many tries
_codes, _names = RateLimitItemPerMinute(CODES, MINUTES), RateLimitItemPerMinute(NAMES, MINUTES)
_limiter = MovingWindowRateLimiter(Memory())


def _key(what: str, of: str) -> str:
    return hashlib.sha256(f"certificate\n{what}\n{of}".encode()).hexdigest()


def take_code(address: str) -> bool:
    """Take one look before making it, whether it finds something or not. False: none is left."""
    return _limiter.hit(_codes, _key("code", address))


def take_name(code: str) -> bool:
    """Take one try at the name of a certificate. False: none is left."""
    return _limiter.hit(_names, _key("name", code))


def forget(address: str) -> None:
    """Give an address its looks back."""
    _limiter.clear(_codes, _key("code", address))
