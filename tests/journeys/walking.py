"""Every address of the URL map, found as people find them: by the links of the pages, for each role.

No browser here: pages are read as a script-less reader would, which is quick enough to do for every role.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException

from app.base import access
from app.rules.access import ROLES, TABLE
from tests.journeys.reading import Reading, read
from tests.journeys.server import Academy, Account

if TYPE_CHECKING:
    from app.factory import Academy as Application

# Not pages of anybody: the style sheet, files, and the question whether the academy is well.
# No pages; and a cover, which only a lesson without pictures has (tests/courses/test_covers.py opens it).
APART = {"static", "assets.css", "base.healthz", "courses.cover"}
# Doors of other programs (tests/doors), and of identity providers, of which the sample has none (tests/people).
APART_ROOMS = {"scim", "oidc"}
# Where one comes only by a key, from a mail or a slip; without one nothing is there (tests/people/test_keys.py).
BY_KEY = {"keys.choose"}
# A second factor is for those who work here: for a learner there is no such page (tests/people/test_second.py).
OF_STAFF = {"second.setting"}
LIKE, VARIANTS, TRIES = 2, 6, 80
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


def _apart(endpoint: str) -> bool:
    return endpoint in APART or endpoint.partition(".")[0] in APART_ROOMS


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: where it leads is read like any link."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the academy answered; `html` is empty when it is another kind of file."""

    status: int
    headers: Message
    html: str


class Reader:
    """Somebody's browser without scripts: cookies, GET and POST, redirects not followed."""

    def __init__(self, academy: Academy, account: Account | None) -> None:
        self.academy, self.account, self.jar = academy, account, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), _Stay)
        if account:
            self.post("/sign-in", login=account.username, password=account.password)

    @property
    def role(self) -> str:
        """Whose it is; "" for a visitor."""
        return self.account.role if self.account else ""

    def get(self, path: str, fields: dict[str, str] | None = None) -> Answer:
        """Open an address; with fields, send them."""
        data = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(self.academy.url + path, data, {"Accept-Language": "zh"})
        try:
            with self._opener.open(request, timeout=60) as answer:
                return self._answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return self._answer(error.code, error.headers, error.read())

    @staticmethod
    def _answer(status: int, headers: Message, body: bytes) -> Answer:
        page = headers.get_content_type() == "text/html"
        return Answer(status, headers, body.decode() if page else "")

    def post(self, path: str, **fields: str) -> None:
        """Send a form with the token of the page on which everybody finds one."""
        token = TOKEN.search(self.get("/check").html)
        assert token, "the page has no form"
        answer = self.get(path, {"csrf_token": token.group(1), **fields})
        assert answer.status == 302, f"{self.role or 'a visitor'}: {path} answers {answer.status}"

    def speak(self, locale: str) -> None:
        """Let the pages come in `zh_Hans_CN` or `en`."""
        self.post(f"/language?locale={locale}", back="/")


@dataclass(frozen=True, slots=True)
class Found:
    """A page that somebody opened."""

    role: str
    endpoint: str
    path: str
    answer: Answer
    reading: Reading

    def __str__(self) -> str:
        return f"{self.role or 'visitor'} {self.path}"


@dataclass
class Walk:
    """All that was found. `reached` is (role, endpoint); `values` are sets of what stands in addresses."""

    app: Application
    pages: list[Found] = field(default_factory=list)
    reached: set[tuple[str, str]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    values: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def opens(self, role: str, endpoint: str) -> bool:
        """May this role open the address?"""
        need = access.access_of(self.app, endpoint)
        return need == access.PUBLIC or (bool(role) and (need == access.SIGNED_IN or role in TABLE[need]))

    def endpoints(self) -> Iterator[tuple[str, frozenset[str]]]:
        """(endpoint, what stands in its address) of everything that can be opened."""
        for rule in self.app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and not _apart(rule.endpoint):
                yield rule.endpoint, frozenset(rule.arguments)

    def match(self, path: str) -> tuple[str, dict[str, Any]] | None:
        """The endpoint of a path and what stands in it; None where there is none."""
        try:
            endpoint, values = self.app.url_map.bind("127.0.0.1").match(path.partition("?")[0], "GET")
        except HTTPException:
            return None
        return None if _apart(endpoint) else (endpoint, dict(values))

    def url(self, endpoint: str, values: dict[str, Any]) -> str:
        """The address of an endpoint."""
        path: str = self.app.url_map.bind("127.0.0.1").build(endpoint, values)
        return path

    def open(self, reader: Reader, path: str) -> list[str]:
        """Read a page; where it leads."""
        found = self.match(path)
        if found is None:
            return []
        endpoint, values = found
        answer = reader.get(path)
        if answer.status in (301, 302, 303):
            self.reached.add((reader.role, endpoint))
            return [answer.headers["Location"].removeprefix(reader.academy.url)]
        if (answer.status == 410 and endpoint in BY_KEY) or (answer.status == 404 and endpoint in OF_STAFF):
            self.reached.add((reader.role, endpoint))
            return []
        if answer.status != 200:
            self.wrong.append(f"{reader.role or 'visitor'} {path} answers {answer.status}")
            return []
        self._keep(reader, endpoint, path, values)
        if "<html" not in answer.html:  # a file, or a part that a page fetches into itself
            return []
        self.pages.append(Found(reader.role, endpoint, path, answer, read(answer.html)))
        return self.pages[-1].reading.links

    def _keep(self, reader: Reader, endpoint: str, path: str, values: dict[str, Any]) -> None:
        self.reached.add((reader.role, endpoint))
        if values and values not in self.values.setdefault(endpoint, []):
            self.values[endpoint].append(values)


def _kind(path: str) -> frozenset[str]:
    """Addresses with the same names in their query show the same kind of page."""
    return frozenset(urllib.parse.parse_qs(path.partition("?")[2]))


def crawl(walk: Walk, reader: Reader) -> None:
    """Follow every kind of link from every address that needs nothing in it."""
    waiting = [walk.url(name, {}) for name, needs in walk.endpoints() if not needs and walk.opens(reader.role, name)]
    seen: set[str] = set()
    counts: dict[tuple[str, frozenset[str]], int] = {}
    while waiting:
        path = waiting.pop(0).partition("#")[0]
        found = walk.match(path) if path.startswith("/") and path not in seen else None
        if found is None or not walk.opens(reader.role, found[0]):
            continue
        kind = (found[0], _kind(path))
        variants = sum(name == found[0] for name, _query in counts)
        if counts.get(kind, 0) >= (1 if kind[1] else LIKE) or (kind not in counts and variants >= VARIANTS):
            continue
        seen.add(path)
        counts[kind] = counts.get(kind, 0) + 1
        waiting += walk.open(reader, path)


def reach(walk: Walk, reader: Reader, given: Iterable[dict[str, Any]]) -> None:
    """Open what no link of this role led to, with what stood in addresses that somebody found (or is given)."""
    for endpoint, needs in walk.endpoints():
        if not needs or not walk.opens(reader.role, endpoint) or (reader.role, endpoint) in walk.reached:
            continue
        room = endpoint.partition(".")[0]
        near = sorted(walk.values.items(), key=lambda item: item[0].partition(".")[0] != room)
        pool = [*given, *(values for _name, each in near for values in each)]
        choices = [{name: values[name] for name in needs} for values in pool if needs <= set(values)]
        for values in _once(choices)[:TRIES]:
            path = walk.url(endpoint, values)
            if reader.get(path).status in (200, 301, 302, 303):
                walk.open(reader, path)
                break


def _once(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [values for at, values in enumerate(choices) if values not in choices[:at]]


def unreached(walk: Walk) -> list[str]:
    """What the table promises a role, and nobody came to. What is one's own (a certificate, a page that leads back)
    only somebody must reach."""
    missing = []
    for endpoint, needs in walk.endpoints():
        need = access.access_of(walk.app, endpoint)
        roles = TABLE[need] if need in TABLE else frozenset(ROLES if need == access.SIGNED_IN else ("", *ROLES))
        lacking = {role for role in roles if (role, endpoint) not in walk.reached}
        if (lacking and not (needs and need not in TABLE)) or lacking == roles:
            missing.append(f"{endpoint}: not reached by {', '.join(sorted(lacking)) or 'anybody'}")
    return missing
