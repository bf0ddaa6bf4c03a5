"""The style guide shows every component."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "app" / "templates"
# Components of the frame that stands around the guide as around every page.
FRAME = {"brand", "nav_links", "language", "menu_groups", "flashes", "bell", "unread_count"}
# A button that is a whole form; words around a number that stay together.
NOT_ALONE = {"post_button", "whole"}


def _macros(path: Path) -> list[str]:
    return re.findall(r"\{%-?\s*macro (\w+)", path.read_text("utf-8"))


def test_no_component_is_missing() -> None:
    guide = (TEMPLATES / "styleguide.html").read_text("utf-8")
    components = sorted((TEMPLATES / "components").glob("*.html"))
    inside = "\n".join(path.read_text("utf-8") for path in components)
    every = {name for path in components for name in _macros(path)}
    assert len(every) > 30
    parts = {name for name in every if len(re.findall(rf"\b{name}\(", inside)) > 1}  # used by another component
    missing = [name for name in every - FRAME - NOT_ALONE - parts if f"{name}(" not in guide]
    assert missing == []
