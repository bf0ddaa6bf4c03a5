"""`make screenshots`: the pages of the sample academy as pictures, its papers as PDF.

Every page in both languages, both themes, at 360, 768 and 1280 pixels goes into screenshots/ (not kept), and so do
the statement as it prints and a certificate. The signature views go into docs/screenshots/ as well, from where the
README and the guides show them. Names on the command line: only those pages.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from app.base.settings import load  # noqa: E402
from tests.conftest import CHROMIUM_FLAGS  # noqa: E402
from tests.journeys import server  # noqa: E402
from tests.journeys.devices import Device, device, sign_in, speak  # noqa: E402
from tests.journeys.furnish import certificate, furnish  # noqa: E402
from tests.journeys.places import LEARNER, PLACES, Place  # noqa: E402
from tests.services import DatabaseUrls  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OUT, KEPT = ROOT / "screenshots", ROOT / "docs" / "screenshots"
LANGUAGES = {"zh": "zh-CN", "en": "en"}
SIZES: dict[str, dict[str, Any]] = {
    "360": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "768": {"viewport": {"width": 768, "height": 1024}, "has_touch": True},
    "1280": {"viewport": {"width": 1280, "height": 860}},
}
# The signature views, kept in Chinese at every size in both themes; the guides' and the README's in English too.
SIGNATURE = ("home", "my-year", "player", "statement", "why", "my-class", "course", "catalogue", "rules-version",
             "messages", "editor-course", "sign-in")  # fmt: skip
ENGLISH = ("my-year", "player", "statement", "why", "my-class", "editor-course", "rules-version")
# How much of a kept picture is kept, in pixels from the top; and how heavy it may be.
TALLEST = {"360": 1480, "768": 1400, "1280": 1200}
MOST_BYTES, COLOURS = 120_000, 64


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
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        server.academy(Path(folder), DatabaseUrls("", "", "")) as academy,
        sync_playwright() as playwright,
    ):
        furnish(load(academy.environment), LEARNER, 2)
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        for size, language, theme in product(SIZES, LANGUAGES, ("light", "dark")):
            _round(browser, academy, places, size, language, theme)
        if not wanted:
            for language in LANGUAGES:
                _papers(browser, academy, language)
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
        picture = _whole(page, SIZES[size]["viewport"])
        name = f"{place.name}-{size}-{language}{'-dark' if theme == 'dark' else ''}.png"
        (OUT / name).write_bytes(picture)
        print(name)
        if place.name in (SIGNATURE if language == "zh" else ENGLISH) and (language == "zh" or theme == "light"):
            _keep(_whole(page, SIZES[size]["viewport"], TALLEST[size]), name)
    for each in devices.values():
        each.context.close()


def _whole(page: Page, seen: dict[str, int], most: int = 20_000) -> bytes:
    """The page at its full height, or the top of it, in a window of that height: what sticks to the window's edges
    stands at the picture's."""
    page.evaluate("scrollTo(0, 0)")
    high = min(most, max(seen["height"], page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": seen["width"], "height": high})
    picture = page.screenshot()
    page.set_viewport_size({"width": seen["width"], "height": seen["height"]})
    return picture


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


def _palette(image: Image.Image) -> list[int]:
    """Half are the commonest colours as they are, so that no ground is tinted; half cover what is left, so that a few
    ochre marks do not turn red."""
    counted: list[tuple[int, Any]] = sorted(image.getcolors(image.width * image.height) or [], reverse=True)
    common = [part for _count, colour in counted[: COLOURS // 2] for part in colour]
    rest = image.quantize(COLOURS // 2, Image.Quantize.MAXCOVERAGE).getpalette() or []
    return common + rest[: COLOURS // 2 * 3]


def _keep(picture: bytes, name: str) -> None:
    """Into docs/screenshots, in few colours so that a repository can bear it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    image = Image.open(BytesIO(picture)).convert("RGB")
    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette(image))
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(KEPT / name, optimize=True)
    size = (KEPT / name).stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{KEPT / name} has {size} bytes; at most {MOST_BYTES} are kept")


def _papers(browser: Browser, academy: server.Academy, language: str) -> None:
    """The statement as the browser prints it, and a certificate with its annex."""
    found = _device(browser, academy, LEARNER, "1280", language, "light")
    found.page.goto("/statement?all=1")
    (OUT / f"statement-{language}.pdf").write_bytes(found.page.pdf(prefer_css_page_size=True, print_background=True))
    code = certificate(load(academy.environment), LEARNER, language)
    (OUT / f"certificate-{language}.pdf").write_bytes(found.page.request.get(f"/certificates/{code}.pdf").body())
    print(f"statement-{language}.pdf\ncertificate-{language}.pdf")
    found.context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
