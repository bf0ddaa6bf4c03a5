"""Going about by keyboard alone; whatever has the focus must be seen to have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_STEPS = 90
# The ring may stand around what holds the field: a choice with its words, a search box.
SEEN = """() => {
  const one = document.activeElement;
  const around = [one, one.parentElement, ...(one.labels || [])].filter(Boolean);
  return around.map((each) => getComputedStyle(each))
    .some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none");
}"""
FOCUSED = "(found) => found.some((each) => each.contains(document.activeElement))"


def press_until(page: Page, selector: str) -> None:
    """Tab until the element, or one around the focus, is there; it must be seen to have the focus."""
    for _step in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate_all(FOCUSED):
            assert page.evaluate(SEEN), f"nobody sees that {selector} has it"
            return
    raise AssertionError(f"{selector} is not reached in {MOST_STEPS} steps with Tab on {page.url}")


def press(page: Page, selector: str) -> None:
    """Go there and press Enter."""
    press_until(page, selector)
    page.keyboard.press("Enter")
