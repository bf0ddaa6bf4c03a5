"""A device that speaks to the academy over HTTP: signs in through the form, opens lessons, sends beats."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

from tests.factories import PASSWORD

_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body ({} where there is none); status 0: no answer came."""

    status: int
    body: dict[str, Any]

    @property
    def acknowledged(self) -> bool:
        """Whether what was sent needs not be sent again."""
        return self.status == 200 or (self.status == 409 and bool(self.body.get("acknowledged")))

    def pieces(self, what: str) -> list[tuple[int, int]]:
        """The ranges of "credited", "pending" or "refused" that are ranges."""
        found = [each["range"] if isinstance(each, dict) else each for each in self.body.get(what, [])]
        return [(start, end) for start, end in found if 0 <= start < end]

    def ms(self, what: str) -> int:
        """How much of the lesson those ranges are."""
        return sum(end - start for start, end in self.pieces(what))


@dataclass(frozen=True, slots=True)
class Opened:
    """A viewing as its player knows it; moments are the driver's own clock, in seconds."""

    lesson: int
    lease: str
    viewing: int
    media: int
    length_ms: int
    coverage: list[list[int]]
    pending: list[list[int]]
    resume_ms: int
    sent_at: float
    told_at: float


class Line:
    """Keep-alive connections to all processes, the next request to the next one. One thread at a time."""

    def __init__(self, ports: list[int], first: int = 0) -> None:
        self.ports = ports
        self._turn = itertools.cycle(range(len(ports)))
        for _ in range(first % len(ports)):
            next(self._turn)
        self._open: dict[int, http.client.HTTPConnection] = {}

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage | None, bytes]:
        """(status, headers, bytes); (0, None, b"") when the connection broke: whether it was heard is not known."""
        port = self.ports[next(self._turn)]
        line = self._open.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT))
        used = line.sock is not None
        try:
            return self._asked(line, method, path, body, headers)
        except (OSError, http.client.HTTPException):
            line.close()
        if not used:
            return 0, None, b""
        try:  # a connection that was kept may have been hung up meanwhile: once more on a new one, as browsers do
            return self._asked(line, method, path, body, headers)
        except (OSError, http.client.HTTPException):
            line.close()
            return 0, None, b""

    @staticmethod
    def _asked(
        line: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str] | None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        line.request(method, path, body, headers or {})
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        """Hang up."""
        for line in self._open.values():
            line.close()
        self._open.clear()


def beat_body(lease: str, seq: int, ranges: object, **more: object) -> bytes:
    """The bytes of a beat."""
    return json.dumps({"lease": lease, "seq": seq, "ranges": ranges, **more}).encode()


class Device:
    """One browser of one learner: its cookies, its line. Not signed in before `sign_in`."""

    def __init__(self, login: str, ports: list[int], number: int = 0) -> None:
        self.login, self.ports, self._number = login, ports, number
        self.line = Line(ports, number)
        self.cookies: dict[str, str] = {}
        self.csrf = ""
        self._one = threading.Lock()
        self._twins: list[Device] = []

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """A request with this device's cookies."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        with self._one:
            status, told, raw = self.line.send(method, path, body, sent)
        for line in (told.get_all("Set-Cookie") or []) if told else []:
            name, _, value = line.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return status, raw

    def sign_in(self) -> Device:
        """Through the form, as a browser does."""
        form = self.ask("GET", "/sign-in")[1].decode()
        fields = {"csrf_token": _token(form), "login": self.login, "password": PASSWORD}
        kind = "application/x-www-form-urlencoded"
        status, _ = self.ask("POST", "/sign-in", urllib.parse.urlencode(fields).encode(), **{"Content-Type": kind})
        if status != 302:
            raise RuntimeError(f"{self.login} could not sign in: {status}")
        self.csrf = _token(self.ask("GET", "/account")[1].decode())
        return self

    def json(self, method: str, path: str, body: object = None) -> Answer:
        """A request of the player page's script: JSON both ways, with the CSRF token."""
        head = {"Accept": "application/json", "X-CSRFToken": self.csrf}
        raw = None
        if body is not None:
            raw, head["Content-Type"] = json.dumps(body).encode(), "application/json"
        status, told = self.ask(method, path, raw, **head)
        return Answer(status, _object(told))

    def beat(self, body: bytes, **headers: str) -> Answer:
        """A beat as a player sends it: no cookie, the lease in the body."""
        with self._one:
            status, _, told = self.line.send("POST", "/beats", body, headers)
        return Answer(status, _object(told))

    def open(self, lesson: int, **more: object) -> Opened:
        """Open a lesson on this device; RuntimeError when the academy does not."""
        sent_at = time.monotonic()
        told = self.json("POST", "/viewings", {"lesson": lesson, **more})
        if told.status != 200:
            raise RuntimeError(f"the lesson did not open: {told.status} {told.body}")
        has = told.body
        return Opened(
            lesson, has["lease"], int(has["viewing"]), has["media_version"], has["length_ms"], has["coverage"],
            has["pending"], has["resume_ms"], sent_at, time.monotonic(),
        )  # fmt: skip

    def twin(self, number: int) -> Device:
        """The same browser on another connection, for requests side by side."""
        made = Device(self.login, self.ports, number)
        made.cookies, made.csrf = dict(self.cookies), self.csrf
        self._twins.append(made)
        return made

    def close(self) -> None:
        """Hang up, the twins too."""
        for each in (*self._twins, self):
            each.line.close()


def _token(page: str) -> str:
    found = _TOKEN.search(page)
    if found is None:
        raise RuntimeError(f"a page without its token: {page[:300]}")
    return found.group(1)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
