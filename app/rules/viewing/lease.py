"""The lease: the signed token that is the only authority of a beat.

`learner.media_version.viewing.length_ms.rate_m.expires_ms.signature`, ASCII; the signature is the
first 16 bytes of an HMAC-SHA256 in URL-safe base64. It travels in the body, as a beacon cannot set
headers.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

# Tells our messages from any other that the same secret may sign.
_PURPOSE = b"duxue lease 1:"
_LONGEST = 256


@dataclass(slots=True, frozen=True)
class LeaseClaims:
    """Who watches what, in which viewing, on which terms; ids are ≥ 0, `expires_ms` since 1970."""

    learner: int
    media_version: int
    viewing: int
    length_ms: int
    rate_m: int
    expires_ms: int


class BadLease(Exception):
    """Not a lease of ours; `reason` is "malformed" or "not_ours"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _signature(secret: bytes, claims: bytes) -> bytes:
    digest = hmac.digest(secret, _PURPOSE + claims, "sha256")[:16]
    return urlsafe_b64encode(digest)[:22]  # without the padding


def sign(secret: bytes, claims: LeaseClaims) -> str:
    """The token for these claims. ValueError for an empty secret: anyone could sign with it."""
    if not secret:
        raise ValueError("a lease needs a secret")
    text = (
        f"{claims.learner}.{claims.media_version}.{claims.viewing}"
        f".{claims.length_ms}.{claims.rate_m}.{claims.expires_ms}"
    )
    return f"{text}.{_signature(secret, text.encode()).decode()}"


def verify(secrets: tuple[bytes, ...], token: str) -> LeaseClaims:
    """The claims of a token signed with any of the secrets (newest first); BadLease otherwise.

    An expired lease is not refused: an ended viewing still takes its backlog. The caller looks at
    `expires_ms`.
    """
    if len(token) > _LONGEST or not token.isascii():
        raise BadLease("malformed")
    text, dot, signature = token.rpartition(".")
    if not dot or len(signature) != 22:
        raise BadLease("malformed")
    claims, given = text.encode(), signature.encode()
    ours = (_signature(secret, claims) for secret in secrets if secret)
    if not any(hmac.compare_digest(each, given) for each in ours):
        raise BadLease("not_ours")
    # Only what `sign` wrote comes this far, so the parts need no checking.
    return LeaseClaims(*map(int, text.split(".")))
