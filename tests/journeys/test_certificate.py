"""A certificate of hours, from the statement to a stranger's check, in both languages, on a phone and a desktop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.devices import DESKTOP, PHONE, SECOND, Device, device, sign_in, speak
from tests.journeys.server import Academy
from tests.papers import shows_code, texts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
# Who makes one in which language, on what; what strangers check it on; the first words of the paper.
JOURNEYS = (
    ("l007", "zh-CN", PHONE, DESKTOP, "兹证明"),
    ("l008", "en", DESKTOP, PHONE, "Thisistocertifythat"),
)
CHOICE = {"zh-CN": "zh", "en": "en"}
VALID = {"zh-CN": "有效", "en": "Valid"}
REVOKED = {"zh-CN": "已于", "en": "Revoked on"}
MATCHES = {"zh-CN": ("姓名相符", "姓名不符"), "en": ("The name matches", "does not match")}


def test_from_the_statement_to_the_strangers_check(academy: Academy, chromium: Browser, tmp_path: Path) -> None:
    for login, language, learners, strangers, first in JOURNEYS:
        learner = sign_in(chromium, academy, academy.account("learner", login), learners)
        speak(learner, language)
        hours, name = _makes_one(learner, language)
        code, pdf = _takes_the_file(learner, tmp_path)
        pages = texts(pdf)
        assert first in pages[0]
        assert hours in pages[0]
        assert name in pages[0]
        assert len(pages) >= 2, "the annex was asked for"
        assert shows_code(pdf, f"{academy.url}/check/{code}")
        stranger = device(chromium, academy, strangers)
        stranger.page.goto("/check")
        speak(stranger, language)
        _checks(stranger, language, code, hours, name)
        _is_revoked(chromium, academy, code)
        stranger.page.goto(f"/check/{code}")
        expect(stranger.page.locator("main .notice").first).to_contain_text(REVOKED[language])
        _sound(stranger)
        learner.page.reload()
        expect(learner.page.locator("main table .tag-refused").first).to_be_visible()
        assert learner.page.locator("main table a[href$='.pdf']").count() == 0
        speak(learner, "zh-CN")
        assert learner.complaints + stranger.complaints == []
        learner.context.close()
        stranger.context.close()


def _sound(found: Device) -> None:
    """Axe finds nothing, and nothing sticks out."""
    violations = Axe().run(found.page, options={"resultTypes": ["violations"]}).response["violations"]
    assert not violations, (found.page.url, [(each["id"], each["nodes"][0]["target"]) for each in violations])
    wide = (found.page.viewport_size or {"width": 0})["width"]
    assert found.page.evaluate("document.documentElement.scrollWidth") <= wide, found.page.url


def _makes_one(learner: Device, language: str) -> tuple[str, str]:
    """From the statement's head, by a preset and by days of one's own; (hours on the preview, name)."""
    page = learner.page
    page.goto("/statement")
    page.locator(".page-head a[href='/certificates']").click()
    page.wait_for_url("**/certificates")
    page.locator("main a[href='/certificates/new']").click()
    page.wait_for_url("**/certificates/new")
    page.locator("#days .chip").nth(1).click()
    page.wait_for_url("**since=*")
    page.locator("#days .chip").nth(0).click()
    expect(page.locator("#days .chip").nth(0)).to_have_attribute("aria-current", "true")
    _sound(learner)
    until = page.locator("#days [name=until]").input_value()
    page.locator("#days [name=since]").fill(f"{until[:4]}-01-02")
    page.locator("#days button").click()
    page.wait_for_url(f"**since={until[:4]}-01-02*")
    hours = page.locator("#preview .certified-hours").inner_text()
    assert re.fullmatch(r"\d+\.\d{1,3}", hours)
    page.locator(f"#preview [name=language][value={CHOICE[language]}]").check()
    page.locator("#preview [name=annex]").check()
    name = page.locator(".page-head .overline").inner_text()
    page.locator("#preview .make-form button").click()
    page.wait_for_url("**/certificates")
    _sound(learner)
    return hours, name


def _takes_the_file(learner: Device, folder: Path) -> tuple[str, bytes]:
    """(code, PDF); taken twice, the bytes are the same."""
    page = learner.page
    taken = []
    for at in range(2):
        with page.expect_download() as waiting:
            page.locator("main table a[href$='.pdf']").first.click(timeout=60 * SECOND)
        path = folder / f"{at}.pdf"
        waiting.value.save_as(path)
        taken.append(path.read_bytes())
    assert taken[0] == taken[1]
    address = page.locator("main table a[href*='/check/']").first.get_attribute("href") or ""
    return address.rsplit("/", 1)[1], taken[0]


def _checks(stranger: Device, language: str, code: str, hours: str, name: str) -> None:
    """A slip of the finger, then the code in small letters; the name only by typing it whole."""
    page = stranger.page
    page.goto("/check")
    page.locator("#code").fill(code[:-1])
    page.locator("main form:has(#code) button").click()
    expect(page.locator("main .notice")).to_be_visible()
    stranger.forgive("422")
    page.locator("#code").fill(code.lower().replace("-", " "))
    page.locator("main form:has(#code) button").click()
    page.wait_for_url(f"**/check/{code}")
    expect(page.locator("main .notice").first).to_contain_text(VALID[language])
    expect(page.locator("main .certified-hours")).to_have_text(hours)
    words = page.locator("main").inner_text()
    assert name not in words
    assert f"{name[0]}**" in words
    _sound(stranger)
    for typed, said in zip((name, f"{name}王"), MATCHES[language], strict=True):
        page.locator("main [name=name]").fill(typed)
        page.locator(".check-name form button").click()
        expect(page.locator(".check-name .notice")).to_contain_text(said)
    _sound(stranger)


def _is_revoked(browser: Browser, academy: Academy, code: str) -> None:
    """By the academy's administrator, who comes from the code on the paper."""
    desktop: dict[str, Any] = DESKTOP
    admin = sign_in(browser, academy, academy.account("academy_admin", "academy"), desktop)
    page = admin.page
    page.goto(f"/check/{code}")
    page.locator(f"a[href$='/code/{code}']").click()
    page.wait_for_url("**/revoke")
    _sound(admin)
    page.locator("[name=reason]").fill("日期写错，重开一份")
    page.locator("form:has([name=reason]) .btn-danger").click()
    page.wait_for_url(lambda url: "/revoke" not in url)
    _sound(admin)
    assert admin.complaints == []
    admin.context.close()
