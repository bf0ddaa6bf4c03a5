"""Passwords: argon2id, a few at a time, the same work whether the login exists or not."""

from __future__ import annotations

import os
import re
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from app.base.errors import BadInput

SHORTEST = 8
LONGEST = 256  # far above what anybody types; without an end, hashing a book would be an attack
# 19 MiB, two passes, one lane: strong enough, and a rush of sign-ins does not fill a small machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Each hash takes 19 MiB and a core: more at once than there are cores only makes all of them slower.
_places = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
_NOBODY = _hasher.hash(os.urandom(16).hex())
_RUNS = ("0123456789" * 3, "9876543210" * 3, "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_PLAIN = re.compile(
    r"(password|passw0rd|p@ssw0rd|p@ssword|passwd|admin|administrator|welcome|letmein|iloveyou|woaini|qwerty|"
    r"qwer|asdf|zxcv|abc|aa|abcd|test|guest|root|login|master|monkey|dragon|sunshine|princess|football|"
    r"baseball|superman|batman|duxue|mima)[0-9!@#$%.]{0,8}"
)


def normal(password: str) -> str:
    """One form for one password, whatever keyboard made it. Nothing is cut off."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, login: str) -> None:
    """Refuse what is too short, too long, or among the first things anybody would try (`BadInput`)."""
    password = normal(password)
    low, text = password.casefold(), ""
    common = len(set(low)) < 4 or any(low in run for run in _RUNS) or _PLAIN.fullmatch(low) is not None
    if len(password) < SHORTEST:
        text = _("The password is too short: write at least %(n)s characters.", n=SHORTEST)
    elif len(password) > LONGEST:
        text = _("The password is too long: at most %(n)s characters.", n=LONGEST)
    elif common or low == login.casefold():
        text = _("This password is among the first that anybody would try. Choose another.")
    if text:
        raise BadInput(text, "password")


def make(password: str) -> str:
    """The argon2id hash to store."""
    with _places:
        return _hasher.hash(normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Does it fit? `None` (no such account) takes as long as a wrong password does."""
    given = normal(password)[: LONGEST + 1]
    try:
        with _places:
            _hasher.verify(stored or _NOBODY, given)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
