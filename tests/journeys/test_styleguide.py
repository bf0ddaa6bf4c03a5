"""Every section of the style guide is drawn, in both themes and at every width. Its pictures go to screenshots/."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.journeys import soundness
from tests.journeys.devices import DESKTOP, PHONE, device
from tests.journeys.server import ROOT, Academy

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
PICTURES = ROOT / "screenshots"
SIZES: dict[str, dict[str, Any]] = {
    "360": PHONE, "768": {"viewport": {"width": 768, "height": 1024}}, "1280": DESKTOP,
}  # fmt: skip
FEWEST_COLOURS = 6


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_section_is_drawn(chromium: Browser, sample: Academy, size: str, theme: str) -> None:
    found = device(chromium, sample, {**SIZES[size], "color_scheme": theme, "reduced_motion": "reduce"})
    page = found.page
    page.goto("/styleguide")
    assert not soundness.too_wide(page)
    PICTURES.mkdir(exist_ok=True)
    whole = page.screenshot(full_page=True)
    (PICTURES / f"styleguide-{size}-{theme}.png").write_bytes(whole)
    sections = page.locator("main section[id]:has(> h2)")
    assert sections.count() >= 15
    for section in sections.all():
        name = section.get_attribute("id")
        picture = Image.open(BytesIO(section.screenshot())).convert("RGB")
        assert picture.height > 60, name
        assert len(picture.getcolors(maxcolors=1 << 24) or ()) >= FEWEST_COLOURS, f"{name} is blank"
    ground = Image.open(BytesIO(whole)).convert("L").getpixel((2, 400))
    assert isinstance(ground, int)
    assert (ground < 80) == (theme == "dark")
    assert found.complaints == []
    found.context.close()
