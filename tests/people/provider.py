"""An identity provider of the test's own, on this machine, that answers as it is told to: honestly or not."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jws, jwt

CLIENT = "duxue"


def b64(data: bytes) -> str:
    """Base64 as tokens have it."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@cache
def _key() -> jwk.RSAKey:
    return jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider:
    """What it answers; a test changes what it wants wrong. `claims` go into the token, over the honest ones."""

    def __init__(self) -> None:
        self.key = _key()
        self.issuer = ""
        self.subject = "s-1"
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.forged = ""  # a whole token instead of an honest one: none, secret or other
        self.discovery_status, self.padding = 200, 0
        self.asked: dict[str, str] = {}  # the last question, as the browser carried it
        self.tokens_given = 0

    def description(self) -> dict[str, Any]:
        """Its discovery document."""
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], **self.metadata,
        }  # fmt: skip

    def ask(self, address: str) -> str:
        """The browser arrives with a question: gives the code it goes back with."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return "code-1"

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The answer to a code; the verifier is compared as it has to be."""
        self.tokens_given += 1
        challenge = b64(sha256(form.get("code_verifier", "").encode()).digest())
        if form.get("code") != "code-1" or challenge != self.asked.get("code_challenge"):
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "iat": now, "exp": now + 300,
            "nonce": self.asked.get("nonce"), **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.forged == "none":
            return ".".join([b64(b'{"alg":"none"}'), b64(json.dumps(claims).encode()), ""])
        if self.forged == "secret":  # with what everybody may read as the secret
            known = jwk.OctKey.import_key(self.key.as_pem(private=False))
            return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims).encode(), known, algorithms=["HS256"])
        key = jwk.RSAKey.generate_key(2048, {"kid": "one"}) if self.forged == "other" else self.key
        return jwt.encode(self.header, claims, key, algorithms=[self.header["alg"]])


def _handler(told: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/openid-configuration"):
                self._say(told.description(), told.discovery_status)
            elif self.path == "/jwks":
                self._say({"keys": [told.key.as_dict(private=False)]})
            elif self.path == "/me" and told.userinfo is not None:
                self._say(told.userinfo)
            else:
                self._say({}, 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = told.token({name: values[0] for name, values in parse_qs(body).items()})
            self._say(answer, 400 if "error" in answer else 200)

        def _say(self, what: dict[str, Any], status: int = 200) -> None:
            body = json.dumps(what).encode() + b" " * told.padding
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", f"{told.issuer}/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: object) -> None:
            """Nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[Provider]:
    """The provider, listening."""
    told = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    told.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
