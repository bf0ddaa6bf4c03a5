"""What comes out of a printer: the statement and the certificate on clean A4 pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2
import pytest

from app.base.settings import load
from tests.journeys.devices import DESKTOP, sign_in, speak
from tests.journeys.furnish import certificate
from tests.journeys.places import LEARNER, STEADY
from tests.journeys.server import Academy
from tests.papers import texts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
A4 = (595, 842)
EDGE = 20  # points at every side that stay white; the foot may hold the page's number
DARK = 200
# What only a screen can use.
FURNITURE = {"zh-CN": ("打印", "导出", "跳到", "退出"), "en": ("Print", "Skip to", "Export", "Sign out")}
HEAD = {"zh-CN": "账单", "en": "Creditstatement"}


def printed(page: Page) -> bytes:
    """The page as the browser's own dialog would print it."""
    pdf: bytes = page.pdf(prefer_css_page_size=True, print_background=True)
    return pdf


def clean(pdf: bytes) -> None:
    """A4, nothing at the edges, no page without words."""
    document = pypdfium2.PdfDocument(pdf)
    for number, words in enumerate(texts(pdf)):
        page = document[number]
        assert (round(page.get_width()), round(page.get_height())) == A4, f"page {number + 1}"
        assert len(words) > 20, f"page {number + 1} is all but empty"
        picture = page.render(scale=1).to_pil().convert("L")
        wide, high = picture.size
        for box in ((0, 0, EDGE, high), (wide - EDGE, 0, wide, high), (0, 0, wide, EDGE)):
            assert picture.crop(box).getextrema()[0] > DARK, f"page {number + 1} prints into its edge {box}"
    document.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_statement_fills_clean_pages(chromium: Browser, sample: Academy, language: str) -> None:
    found = sign_in(chromium, sample, sample.account("learner", STEADY), DESKTOP)
    page = found.page
    page.goto("/statement?all=1")
    speak(found, language)
    page.goto("/statement?all=1")
    name = page.locator("body").get_attribute("data-who")
    rows = page.locator("table.ledger tbody tr").count()
    pdf = printed(page)
    clean(pdf)
    pages = texts(pdf)
    assert HEAD[language] in pages[0]
    said = "".join(pages)
    assert not [word for word in FURNITURE[language] if word.replace(" ", "") in said]
    assert name
    assert rows > 1  # how many depends on the day of the year
    assert len(pages) <= 2 + rows // 12
    speak(found, "zh-CN")
    assert found.complaints == []
    found.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_certificate_is_clean_a4(chromium: Browser, sample: Academy, language: str) -> None:
    code = certificate(load(sample.environment), LEARNER, language)
    found = sign_in(chromium, sample, sample.account("learner", LEARNER), DESKTOP)
    answer = found.page.request.get(f"/certificates/{code}.pdf")
    assert answer.status == 200
    clean(answer.body())
    found.context.close()
