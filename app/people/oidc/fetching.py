"""Asking a provider: soon over, never more than a little read, only where it may send us."""

from __future__ import annotations

import time
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from requests import Response

from app.people.oidc.providers import Provider

CONNECT, SILENCE, WHOLE = 3.0, 5.0, 10.0  # seconds: to connect, without a byte, for all of an answer
MOST = 256 * 1024  # bytes of an answer


class Untrusted(Exception):
    """The provider cannot be asked, or nothing is believed of what it answers. `reason` is for the audit log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CarefulSession(OAuth2Session):  # type: ignore[misc]
    """Authlib's session with bounds. It takes nothing of this process's environment and follows no redirect."""

    provider: Provider

    def request(self, method: str, url: str, *given: Any, **more: Any) -> Response:
        """Ask, and read the answer to its end; `Untrusted` where that leads too far."""
        if not self.provider.may_be_asked(url):
            raise Untrusted("address")
        self.trust_env = False
        until = time.monotonic() + WHOLE
        more |= {"timeout": (CONNECT, SILENCE), "allow_redirects": False, "stream": True}
        self.headers["Accept-Encoding"] = "identity"
        answer: Response = super().request(method, url, *given, **more)
        try:
            answer._content = _read(answer, until)
        finally:
            answer.close()
        return answer


def _read(answer: Response, until: float) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Untrusted("encoding")
    body = b""
    while part := answer.raw.read1(65_536):
        body += part
        if len(body) > MOST:
            raise Untrusted("size")
        if time.monotonic() > until:
            raise Untrusted("slow")
    return body
