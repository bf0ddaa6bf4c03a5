"""Forgetting a key while the storage's own thread looks at it."""

from __future__ import annotations

import threading

from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from app.base.rates import Memory


def test_a_key_is_not_forgotten_while_the_thread_that_expires_it_holds_it() -> None:
    storage, rate = Memory(), RateLimitItemPerMinute(5)
    limiter = MovingWindowRateLimiter(storage)
    assert limiter.hit(rate, "somebody")
    [key] = storage.events
    with storage.locks[key]:
        other = threading.Thread(target=limiter.clear, args=(rate, "somebody"))
        other.start()
        other.join(0.2)
        assert other.is_alive()
        assert key in storage.events
    other.join(5)
    assert key not in storage.events
    assert limiter.hit(rate, "somebody")
