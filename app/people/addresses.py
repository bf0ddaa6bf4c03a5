"""Addresses that may be gone to: within the academy, never another site."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Browsers read a backslash as a slash and drop control characters.
_UNSAFE = re.compile(r"[\x00-\x20\\\x7f-\x9f]")


def safe_next(target: str | None, otherwise: str = "/") -> str:
    """`target` when it is a path of this site, else `otherwise`."""
    if not target or not target.startswith("/") or target.startswith("//") or _UNSAFE.search(target):
        return otherwise
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc or len(target) > 2000 else target
