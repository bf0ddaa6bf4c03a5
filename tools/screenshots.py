"""`make screenshots`: the main pages of the sample academy as pictures.

Every page in both languages, both themes, at 360 and 1280 pixels goes into screenshots/ (not kept);
the few that the README shows go into docs/screenshots/. Names on the command line: only those pages.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.conftest import CHROMIUM_FLAGS  # noqa: E402
from tests.journeys import server  # noqa: E402
from tests.journeys.devices import Device, device, sign_in, speak  # noqa: E402
from tests.journeys.places import PLACES, Place  # noqa: E402
from tests.services import DatabaseUrls  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

OUT, KEPT = ROOT / "screenshots", ROOT / "docs" / "screenshots"
LANGUAGES = {"zh": "zh-CN", "en": "en"}
SIZES: dict[str, dict[str, Any]] = {
    "360": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "1280": {"viewport": {"width": 1280, "height": 860}},
}
# For the README: page, language, size, theme, whether all of the page or what one sees first.
README = (
    ("my-year", "zh", "1280", "light", False),
    ("my-year", "en", "1280", "light", False),
    ("player", "zh", "360", "light", False),
    ("why", "zh", "1280", "light", False),
    ("my-class", "zh", "1280", "light", False),
)
MOST_BYTES = 200_000


def main(wanted: list[str]) -> int:
    """Take the pictures; the exit status."""
    unknown = set(wanted) - {place.name for place in PLACES}
    if unknown:
        print(f"no such page: {', '.join(sorted(unknown))}. There are: {', '.join(p.name for p in PLACES)}")
        return 2
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no Chromium here: apt-get install chromium")
        return 1
    places = [place for place in PLACES if not wanted or place.name in wanted]
    with (
        tempfile.TemporaryDirectory() as folder,
        server.academy(Path(folder), DatabaseUrls("", "", "")) as academy,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        for size, language, theme in product(SIZES, LANGUAGES, ("light", "dark")):
            _round(browser, academy, places, size, language, theme)
        browser.close()
    return 0


def _round(
    browser: Browser, academy: server.Academy, places: list[Place], size: str, language: str, theme: str
) -> None:
    """All pages in one size, language and theme; each person signs in once."""
    devices: dict[str, Device] = {}
    for place in places:
        if place.who not in devices:
            devices[place.who] = _device(browser, academy, place.who, size, language, theme)
        page = devices[place.who].page
        place.go(page)
        name = f"{place.name}-{size}-{language}-{theme}.png"
        page.evaluate("scrollTo(0, 0)")  # a sticky bar would stand in the middle of a whole page
        OUT.mkdir(exist_ok=True)
        page.screenshot(path=OUT / name, full_page=True)
        print(name)
        for kept in README:
            if kept[:4] == (place.name, language, size, theme):
                _keep(page.screenshot(full_page=kept[4]), f"{place.name}-{size}-{language}.png")
    for each in devices.values():
        each.context.close()


def _device(browser: Browser, academy: server.Academy, who: str, size: str, language: str, theme: str) -> Device:
    kind = {**SIZES[size], "color_scheme": theme, "reduced_motion": "reduce"}
    if not who:
        found = device(browser, academy, kind)
        found.page.goto("/sign-in")
    else:
        account = next(each for each in academy.accounts() if each.username == who)
        found = sign_in(browser, academy, account, kind)
    speak(found, LANGUAGES[language])
    return found


def _keep(picture: bytes, name: str) -> None:
    """Into docs/screenshots, in few colours so that a repository can bear it."""
    from io import BytesIO

    from PIL import Image

    KEPT.mkdir(parents=True, exist_ok=True)
    image = Image.open(BytesIO(picture)).convert("RGB").quantize(128)
    image.save(KEPT / name, optimize=True)
    size = (KEPT / name).stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{KEPT / name} has {size} bytes; at most {MOST_BYTES} are kept")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
