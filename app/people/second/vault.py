"""Secrets that must be read again, enciphered: AES-256-GCM under a key that follows from the academy's secret.

Whoever has only the database has none of them. With another academy secret none can be read any more.
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORM = "1."  # of what is stored; another cipher would get another number
_NONCE = 12


class Unreadable(Exception):
    """It was enciphered under another secret, or was changed."""


@lru_cache(maxsize=4)
def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"duxue second factor").derive(secret.encode()))


def seal(secret: str, text: str, owner: int) -> str:
    """The text enciphered for its owner: in another's row it cannot be read."""
    nonce = os.urandom(_NONCE)
    return FORM + base64.b64encode(nonce + _cipher(secret).encrypt(nonce, text.encode(), _bound(owner))).decode()


def read(secret: str, sealed: str, owner: int) -> str:
    """What was sealed; `Unreadable` under another secret or for another owner."""
    if not sealed.startswith(FORM):
        raise Unreadable
    raw = base64.b64decode(sealed.removeprefix(FORM))
    try:
        return _cipher(secret).decrypt(raw[:_NONCE], raw[_NONCE:], _bound(owner)).decode()
    except InvalidTag as error:
        raise Unreadable from error


def _bound(owner: int) -> bytes:
    return f"person {owner}".encode()
