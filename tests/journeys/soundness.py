"""What a browser can tell of a page: whether axe-core objects, something sticks out, is cut off, moves, or shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

# What axe cannot know: best practices are findings here too.
RULES = {"resultTypes": ["violations"]}
HEIGHT = 800


def faults(page: Page) -> list[str]:
    """What axe-core finds, one line each, with the elements."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{each['id']}: {node['target']} {node.get('failureSummary')}" for each in found for node in each["nodes"]]


TOO_WIDE = """(wide) => {
  if (document.documentElement.scrollWidth <= wide) return "";
  const out = Array.from(document.body.querySelectorAll("*"))
    .filter((each) => each.getBoundingClientRect().right > wide + 1);
  return out.map((each) => each.tagName + "." + each.className).slice(-3).join(", ") || "something";
}"""


def too_wide(page: Page) -> str:
    """Which element sticks out at the right, if the page scrolls sideways."""
    wide = (page.viewport_size or {"width": 0})["width"]  # a phone's own page grows with what sticks out
    found: str = page.evaluate(TOO_WIDE, wide)
    return found


def _sized(page: Page, wide: int) -> str:
    page.set_viewport_size({"width": wide, "height": HEIGHT})
    return too_wide(page)


def loses_nothing(page: Page) -> list[str]:
    """At 320 pixels (1280 at 400 %) and at 640 (1280 at 200 %). The width stays 1280."""
    found = {f"at {wide} pixels": _sized(page, wide) for wide in (320, 640, 1280)}
    return [f"sideways {where}: {what}" for where, what in found.items() if what]


# Of each kind of element one is asked; a page of 600 rows has few kinds.
MOVING = """() => {
  const kinds = new Map();
  document.querySelectorAll("body, body *").forEach((each) => kinds.set(each.tagName + each.className, each));
  const long = (text) => text.split(",").some((part) => parseFloat(part) > 0.01);
  const moves = (style) => long(style.transitionDuration)
    || (style.animationName !== "none" && long(style.animationDuration));
  return Array.from(kinds.values())
    .filter((each) => [null, "::before", "::after"].some((part) => moves(getComputedStyle(each, part))))
    .map((each) => each.tagName + "." + (each.className.baseVal || each.className));
}"""


def moving(page: Page) -> list[str]:
    """Which elements would move."""
    found: list[str] = page.evaluate(MOVING)
    return found


# Words that were made longer and are cut off, or stand outside of their box. `‹` marks what the interface itself says.
CLIPPED = """() => {
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
  const says = (each) => Array.from(each.childNodes)
    .some((node) => node.nodeType === 3 && node.textContent.includes("\\u2039"));
  const hidden = (style) => style.clip !== "auto" || style.clipPath !== "none" || style.visibility === "hidden";
  const wrong = [];
  for (const each of document.body.querySelectorAll("*")) {
    if (!each.checkVisibility() || each.closest("svg, select")) continue;
    const style = getComputedStyle(each);
    if (style.display === "inline" || hidden(style) || !says(each)) continue;
    const rolls = style.overflowX === "auto" || style.overflowX === "scroll";
    const wide = !rolls && each.scrollWidth > each.clientWidth + 1;
    const cut = style.overflowY === "hidden" && each.scrollHeight > each.clientHeight + 2;
    if (wide || cut) wrong.push(each.tagName + "." + each.className + ": " + each.textContent.trim().slice(0, 60));
  }
  return wrong;
}"""


def clipped(page: Page) -> list[str]:
    """Which words of the interface do not fit their boxes."""
    found: list[str] = page.evaluate(CLIPPED)
    return found


SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    list.getEntries().forEach((entry) => { if (!entry.hadRecentInput) sum += entry.value; });
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 50);
})"""
PAINT = """() => new Promise((done) => {
  let last = 0;
  new PerformanceObserver((list) => {
    list.getEntries().forEach((entry) => { last = entry.renderTime || entry.loadTime || entry.startTime; });
  }).observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => done(last), 50);
})"""


def shift(page: Page) -> float:
    """How far what was there has moved since the page was opened (cumulative layout shift)."""
    found: float = page.evaluate(SHIFT)
    return found


def largest_paint_ms(page: Page) -> float:
    """When the largest thing of the first screen was painted, in ms after the page was asked for."""
    found: float = page.evaluate(PAINT)
    return found
