"""The main pages, signed in, eight connections: the rate, the latency, and the queries of each."""

from __future__ import annotations

import gzip
import http.cookiejar
import itertools
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from app.base import settings as reading
from app.factory import create_app
from bench import report
from bench.beats import FLOOR
from bench.driver import Driver, Outcome, get
from bench.machine import Share
from bench.places import Place, serving
from tests.factories import PASSWORD

CONNECTIONS = 8
OURS = "≥ 300/s, p50 ≤ 25 ms, ≤ 8 queries"
CLASS = "p50 ≤ 60 ms, ≤ 10 queries, ≤ 120 KB"


def pages(where: Place) -> list[tuple[str, str, bool, str]]:
    """(name, path, whether a head teacher opens it, promise)."""
    lesson = where.made.first_lesson
    return [
        ("my year", "/", False, OURS),
        ("course page", f"/courses/{where.made.course}", False, OURS),
        ("player page", f"/lessons/{lesson}", False, OURS),
        ("statement", "/statement", False, OURS),
        ("my class, 600 learners", f"/classes/{where.made.group}", True, CLASS),
    ]


def sign_in(port: int, login: str) -> str:
    """Through the real form; the value of the Cookie header."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{port}/sign-in"
    with opener.open(address) as answer:
        form = answer.read().decode()
    tag = re.search(r"<input[^>]*name=\"csrf_token\"[^>]*>", form)
    token = re.search(r"value=\"([^\"]+)\"", tag.group(0)) if tag else None
    assert token is not None, "the sign-in form has no CSRF token"
    fields = {"csrf_token": token.group(1), "login": login, "password": PASSWORD}
    with opener.open(address, urllib.parse.urlencode(fields).encode()) as answer:
        assert not answer.url.endswith("/sign-in"), f"{login} could not sign in"
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def measure(where: Place, seconds: float, add: Callable[[dict[str, Any]], None]) -> None:
    """Every page on one database, beside a page of one read by key on minimal Flask."""
    with serving(where, FLOOR.granian[-1], *FLOOR.granian[:-1]) as port:
        floor, share = _run(port, ["none=1"], "/page", seconds)
        add(report.row("floor: Flask page, one read", where.kind, "8 closed", floor, share))
    with serving(where, "wsgi:app") as port:
        learners = [sign_in(port, login) for login in where.made.logins]
        teacher = sign_in(port, where.made.teacher)
        for name, path, staff, promise in pages(where):
            cookies = [teacher] if staff else learners
            cost = queries_of(where, path, cookies[-1])
            if cost is None:
                continue
            _run(port, cookies, path, 1.0)
            outcome, share = _run(port, cookies, path, seconds)
            add(report.row(name, where.kind, "8 closed", outcome, share, floor.rate, promise, **cost))


def _run(port: int, cookies: list[str], path: str, seconds: float) -> tuple[Outcome, float]:
    turns = itertools.cycle([get(path, port, cookie) for cookie in cookies])
    driver, share = Driver(port, CONNECTIONS, lambda: next(turns)), Share()
    outcome = driver.closed(seconds)
    return outcome, share.read()[0]


def queries_of(where: Place, path: str, cookie: str) -> dict[str, Any] | None:
    """Statements that one opening of the page sends (the sign-in's included), and its size as gzip makes it.

    None, and a line that says so, when the page does not open: a broken page has no speed.
    """
    names = [name for name in os.environ if name.startswith("DUXUE_")]
    assert not names, f"the bench sets these itself: {', '.join(names)}"
    app = create_app(reading.load(where.environment()))
    client, engine = app.test_client(use_cookies=False), app.extensions["duxue.db"].engine
    headers = {"Cookie": cookie, "Accept": "text/html"}
    client.get(path, headers=headers)  # what is read once a process is not a page's
    with counting(engine) as statements:
        answer = client.get(path, headers=headers)
    engine.dispose()
    if answer.status_code != 200:
        print(f"{path} answered {answer.status_code}: not measured", flush=True)
        return None
    return {"queries": len(statements), "kilobytes": round(len(gzip.compress(answer.data, 6)) / 1000, 1)}


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """The statements that go through an engine meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
