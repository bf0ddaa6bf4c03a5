"""An editor's upload over a bad line: it goes on where it was, after a break and after the page was left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.factories.media import make_video
from tests.journeys import server
from tests.journeys.devices import DESKTOP, SECOND, Device, sign_in
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-one")]
MEGABYTES = 20


@pytest.fixture
def academy(sqlite_database: DatabaseUrls, tmp_path: Path) -> Iterator[Academy]:
    """The database makes no difference to bytes on their way: one kind is enough."""
    with server.academy(tmp_path, sqlite_database) as found:
        yield found


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Thirty seconds of film in three pieces: players skip the box of noise at its end."""
    path = make_video(tmp_path / "film.mp4", 30)
    noise = os.urandom(MEGABYTES * 1_000_000)
    with path.open("ab") as file:
        file.write((len(noise) + 8).to_bytes(4, "big") + b"free" + noise)
    return path


class Line:
    """The line of a page, which breaks at chosen pieces. `offsets`: where the pieces that got through began."""

    def __init__(self, page: Page, *breaks: int) -> None:
        self.offsets: list[int] = []
        self._breaks, self._pieces = breaks, 0
        page.route("**/uploads/*", self._carry)

    def _carry(self, route: Route) -> None:
        if route.request.method == "PATCH":
            self._pieces += 1
            if self._pieces in self._breaks:
                route.abort()
                return
            self.offsets.append(int(route.request.headers["upload-offset"]))
        route.continue_()


def open_course(editor: Device) -> Page:
    editor.page.goto("/edit")
    editor.page.locator("main table a[href^='/edit/']").first.click()
    editor.page.locator("#lesson-title").fill("断线也不怕")
    return editor.page


def save(page: Page) -> None:
    page.locator("form:has(#lesson-file) button[type=submit]").click()
    expect(page.locator(".flashes")).to_contain_text("0分30秒", timeout=60 * SECOND)


def test_a_broken_line_costs_one_piece(chromium: Browser, academy: Academy, film: Path) -> None:
    editor = sign_in(chromium, academy, academy.account("course_editor"), DESKTOP)
    page = open_course(editor)
    line = Line(page, 2, 3)
    page.locator("#lesson-file").set_input_files(film)
    save(page)
    assert line.offsets == [0, 8 << 20, 16 << 20]
    expect(page.locator("#lessons")).to_contain_text("断线也不怕")
    editor.forgive("ERR_FAILED")
    assert editor.complaints == []
    editor.context.close()


def test_it_goes_on_after_the_page_was_left(chromium: Browser, academy: Academy, film: Path) -> None:
    editor = sign_in(chromium, academy, academy.account("course_editor"), DESKTOP)
    page = open_course(editor)
    first = Line(page, *range(2, 99))
    page.locator("#lesson-file").set_input_files(film)
    expect(page.locator("[data-jobs] .meta").first).to_contain_text("网络断了", timeout=30 * SECOND)
    assert first.offsets == [0]
    page.unroute("**/uploads/*")
    page = open_course(editor)
    second = Line(page)
    page.locator("#lesson-file").set_input_files(film)
    save(page)
    assert second.offsets == [8 << 20, 16 << 20]
    editor.context.close()
