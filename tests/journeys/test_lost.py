"""Nothing typed is lost when a sign-in has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.journeys import server
from tests.journeys.devices import DESKTOP, Device, sign_in
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """A sample academy on the embedded database."""
    with server.academy(tmp_path_factory.mktemp("lost"), DatabaseUrls("", "", "")) as found:
        yield found


def _type(page: Page) -> None:
    page.goto("/edit/new")
    page.locator("[name=title]").fill("写了一半的课")
    page.locator("[name=summary]").fill("第一行\n第二行")
    page.locator("[name=subject_bucket]").select_option("professional")


def _enter(sample: Academy, page: Page, role: str) -> None:
    account = sample.account(role)
    page.locator("[name=login]").fill(account.username)
    page.locator("[name=password]").fill(account.password)
    page.locator("form:has([name=password]) [type=submit]").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def _revoke(browser: Browser, sample: Academy) -> None:
    """The editor ends all other sign-ins from another device."""
    other = sign_in(browser, sample, sample.account("course_editor"), DESKTOP)
    other.page.goto("/account")
    ends = other.page.locator("form[action*='/sign-ins/'] button")
    while ends.count():
        ends.first.click()
    other.context.close()


@pytest.mark.parametrize("how", ["revoked", "cookies gone"])
def test_a_form_sent_too_late_stands_there_again(chromium: Browser, sample: Academy, how: str) -> None:
    found: Device = sign_in(chromium, sample, sample.account("course_editor"), DESKTOP)
    page = found.page
    _type(page)
    if how == "revoked":
        _revoke(chromium, sample)
    else:
        found.context.clear_cookies()
    page.locator("form:has([name=title]) [type=submit]").first.click()
    if how == "cookies gone":
        page.locator("main a.btn").click()
    _enter(sample, page, "course_editor")
    page.wait_for_url("**/edit/new")
    expect(page.locator("[name=title]")).to_have_value("写了一半的课")
    expect(page.locator("[name=summary]")).to_have_value("第一行\n第二行")
    expect(page.locator("[name=subject_bucket]")).to_have_value("professional")
    expect(page.locator(".notice", has_text="还没有保存")).to_be_visible()
    page.locator("form:has([name=title]) [type=submit]").first.click()
    page.wait_for_url(lambda url: url.rstrip("/").rsplit("/", 1)[1] != "new")
    expect(page.locator("h1")).to_contain_text("写了一半的课")
    found.context.close()


def test_somebody_elses_words_are_not_shown(chromium: Browser, sample: Academy) -> None:
    found = sign_in(chromium, sample, sample.account("course_editor"), DESKTOP)
    page = found.page
    _type(page)
    found.context.clear_cookies()
    page.locator("form:has([name=title]) [type=submit]").first.click()
    page.goto("/sign-in")
    _enter(sample, page, "academy_admin")
    page.goto("/edit/new")
    assert page.locator("[name=title]").count() == 0 or not page.locator("[name=title]").input_value()
    found.context.close()
