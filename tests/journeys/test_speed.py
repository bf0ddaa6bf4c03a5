"""How heavy the main pages are, compressed as behind nginx; how they shift; when their largest thing is painted on a
simulated 4G line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys import fronts, soundness
from tests.journeys.devices import DESKTOP, PHONE, Device, device, sign_in
from tests.journeys.places import PLACES, Place
from tests.journeys.server import Academy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, CDPSession

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys-two")]
SIZES: dict[str, dict[str, Any]] = {"360": PHONE, "1280": DESKTOP}
KB = 1000
# (name of the place, most of all that it loads, most of its scripts), in bytes as they cross the line.
BUDGETS = {
    "sign-in": (150 * KB, 60 * KB),
    "my-year": (150 * KB, 60 * KB),
    "catalogue": (150 * KB, 60 * KB),
    "course": (150 * KB, 60 * KB),
    "player": (300 * KB, 240 * KB),
    "statement": (150 * KB, 60 * KB),
    "my-class": (150 * KB, 60 * KB),
    "learner": (150 * KB, 60 * KB),
    "editor-course": (150 * KB, 60 * KB),
    "rules-version": (150 * KB, 60 * KB),
}
MOST_SHIFT = 0.02
# A phone on 4G as measuring tools simulate it: 1.6 Mbit/s down, 150 ms there and back, a slow processor.
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = 4


@dataclass
class Meter:
    """What a page loads from the academy, by the browser's own count of bytes on the line."""

    kinds: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def attach(self, session: CDPSession, origin: str) -> None:
        """Listen; material comes from another origin and is not the page's weight."""
        session.on("Network.requestWillBeSent", lambda event: self._sent(event, origin))
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any], origin: str) -> None:
        if event["request"]["url"].startswith(origin):
            self.kinds[event["requestId"]] = event.get("type", "Other")

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.kinds:
            self.bytes[event["requestId"]] = int(event["encodedDataLength"])

    def total(self, kind: str = "") -> int:
        """Bytes of all, or of one type."""
        return sum(size for key, size in self.bytes.items() if kind in ("", self.kinds[key]))


@pytest.fixture(scope="module")
def squeezed(sample: Academy) -> Iterator[str]:
    """The sample, compressed on the way as nginx would."""
    with fronts.front(sample, squeezed=True) as url:
        yield url


def _device(browser: Browser, sample: Academy, url: str, place: Place, size: str) -> Device:
    kind = {**SIZES[size], "base_url": url}
    if not place.who:
        return device(browser, sample, kind)
    account = next(each for each in sample.accounts() if each.username == place.who)
    return sign_in(browser, sample, account, kind)


@pytest.mark.parametrize("size", list(SIZES))
def test_pages_keep_to_their_budgets(
    chromium: Browser, sample: Academy, squeezed: str, size: str, record_property: Callable[[str, object], None]
) -> None:
    """With nothing in the browser's cache, and everything counted that is loaded until the page rests."""
    wrong, told = [], []
    for place in (each for each in PLACES if each.name in BUDGETS):
        found = _device(chromium, sample, squeezed, place, size)
        place.go(found.page)
        address, meter = found.page.url, Meter()
        session = found.context.new_cdp_session(found.page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        meter.attach(session, squeezed)
        found.page.goto(address, wait_until="networkidle")
        moved = soundness.shift(found.page)
        session.send("Network.emulateNetworkConditions", LINE)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        weight, scripts = meter.total(), meter.total("Script")
        found.page.goto(address, wait_until="load")
        painted = soundness.largest_paint_ms(found.page)
        most, most_scripts = BUDGETS[place.name]
        line = f"{place.name} {size}: {weight / KB:.0f} KB, scripts {scripts / KB:.0f} KB, shift {moved:.3f}"
        told.append(f"{line}, largest paint on 4G {painted / 1000:.1f} s")
        if not 2 * KB < weight <= most or scripts > most_scripts or moved > MOST_SHIFT or not painted:
            wrong.append(told[-1])
        found.context.close()
    record_property("total", "\n".join(told))
    assert len(told) == len(BUDGETS)
    assert not wrong, "\n".join(wrong)
