"""The rule workshop in a real browser, from a draft to a published version, in both languages and sizes; axe finds
nothing on its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.journeys import server, soundness
from tests.journeys.devices import DESKTOP, PHONE, SECOND, Device, sign_in, speak
from tests.journeys.server import Academy
from tests.services import DatabaseUrls

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-one")]
# By language: the draft's title, the new cap of a day, the new quota of the year.
PLANS = {"zh-CN": ("每日最多计四学时", "4", "60"), "en": ("Three hours a day", "3", "70")}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """A sample academy on the embedded database, for both stories: the second version follows the first."""
    with server.academy(tmp_path_factory.mktemp("workshop"), DatabaseUrls("", "", "")) as found:
        yield found


def sound(page: Page, *, opened: bool = False) -> None:
    """axe finds nothing, and nothing sticks out; `opened`: with every part of the page unfolded."""
    if opened:
        page.evaluate("() => document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    assert soundness.faults(page) == []
    assert soundness.too_wide(page) == ""


@pytest.mark.parametrize(("kind", "language"), [(DESKTOP, "zh-CN"), (PHONE, "en")], ids=["1280-zh", "360-en"])
def test_a_draft_is_written_tried_out_and_published_by_another(
    chromium: Browser, sample: Academy, kind: dict[str, Any], language: str
) -> None:
    reviewer = _enter(chromium, sample, "credit_reviewer", kind, language)
    title, limit, quota = PLANS[language]
    draft = _begun(reviewer.page, title)
    _a_field_is_wrong_and_mended(reviewer.page, limit)
    _text_and_form_are_one(reviewer.page, limit, quota)
    _simulated(reviewer.page)
    _proposed(reviewer.page)
    assert reviewer.complaints == []
    reviewer.context.close()
    admin = _enter(chromium, sample, "academy_admin", kind, language)
    _published(admin.page, draft, limit)
    assert admin.complaints == []
    admin.context.close()


def _enter(browser: Browser, sample: Academy, role: str, kind: dict[str, Any], language: str) -> Device:
    found = sign_in(browser, sample, sample.account(role), kind)
    speak(found, language)
    return found


def _begun(page: Page, title: str) -> str:
    page.goto("/rules")
    sound(page)
    page.locator("a[href='/rules/drafts/new']").click()
    sound(page)
    page.locator("main [name=title]").fill(title)
    page.locator("#new button[type=submit]").click()
    page.wait_for_url(re.compile(r"/rules/drafts/\d+$"))
    sound(page, opened=True)
    page.reload()
    return page.url


def _open(page: Page, row: str) -> None:
    if page.locator(f"#{row}").get_attribute("open") is None:
        page.locator(f"#{row} > summary").click()


def _a_field_is_wrong_and_mended(page: Page, limit: str) -> None:
    """What was typed stays, the mistake is named with its line and at its field; Ctrl+S saves as the button does."""
    _open(page, "row-cap-0")
    field = page.locator("[name='f|cap|0|limit']")
    field.fill("four")
    expect(page.locator("[data-state]")).to_have_text(page.locator("#work").get_attribute("data-unsaved") or "")
    page.locator("#row-cap-0 button[value='save:row-cap-0']").click()
    page.wait_for_url(re.compile("open=row-cap-0"))
    assert field.input_value() == "four"
    expect(page.locator("#mistakes li")).to_have_count(1)
    expect(page.locator(r"#row-cap-0 .field-error .error")).to_contain_text("four")
    expect(page.locator("#publishing form")).to_have_count(0)
    sound(page)
    link = page.locator("#mistakes a[data-line]")
    link.click()
    text = page.locator("textarea.toml-text")
    chosen = text.evaluate("each => each.value.slice(each.selectionStart, each.selectionEnd)")
    assert re.fullmatch(r'limit = "four"( #.*)?', chosen)  # the comment of the version before is kept too
    page.locator("#mistakes li a").last.click()  # to the row in the form
    expect(field).to_be_in_viewport()
    field.fill(limit)
    page.locator("[name='f|cap|0|text:zh']").fill(f"网络课程每日最多计{limit}学时")
    page.locator("[name='f|cap|0|text:en']").fill(f"At most {limit} online hours count on one day")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    expect(page.locator("#mistakes")).to_have_count(0)
    assert re.search(rf"\nlimit = {limit}( #.*)?\n", text.input_value())


def _text_and_form_are_one(page: Page, limit: str, quota: str) -> None:
    """A row is added in the form and stands in the text; a comment written in the text survives the form; what is
    typed in both at once is kept from both."""
    agreed = f"limit = {limit} # agreed with the bureau\n"
    text = page.locator("textarea.toml-text")
    text.fill(text.input_value().replace(f"limit = {limit}\n", agreed))
    _open(page, "row-test-0")
    page.locator("[name='f|test|0|at_least']").fill(quota)
    page.locator("button[value='add:cap']").click()
    page.wait_for_url(re.compile("open=row-cap-1"))
    assert agreed in text.input_value()
    assert f"at_least = {quota}\n" in text.input_value()
    with page.expect_navigation():
        page.locator("#row-cap-1 button[value^='remove:']").click()
    assert agreed in text.input_value()
    expect(page.locator("#row-cap-1")).to_have_count(0)
    assert page.locator("[data-numbers] > *").count() == text.input_value().count("\n") + 1


def _simulated(page: Page) -> None:
    page.locator("#simulation form[action$='/simulate'] button").click()
    expect(page.locator("#simulation svg.pairs-svg").first).to_be_attached(timeout=60 * SECOND)
    expect(page.locator("#simulation .stats dd").first).to_have_text("600")
    sound(page, opened=True)
    with page.expect_download() as found:
        page.locator("#simulation a[href$='.csv']").click()
    assert found.value.suggested_filename.startswith("simulation-")


def _proposed(page: Page) -> None:
    page.locator("#publishing form[action$='/propose'] button").click()
    expect(page.locator("#decision")).to_be_visible()
    expect(page.locator("#decision form[action$='/publish']")).to_have_count(0)
    sound(page, opened=True)


def _published(page: Page, draft: str, limit: str) -> None:
    """A second person reads what changes, and publishes it."""
    page.goto(draft)
    expect(page.locator("#decision")).to_contain_text(f"limit = {limit}")
    sound(page, opened=True)
    page.locator("#decision form[action$='/publish'] button").click()
    page.wait_for_url(re.compile(r"/rules/\d+$"))
    expect(page.locator("main .notice").first).to_be_visible()
    sound(page)
    page.goto("/rules/compare")
    sound(page)
