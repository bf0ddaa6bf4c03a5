"""The commonest passwords: the list of the library zxcvbn, some thirty thousand, most common first."""

from __future__ import annotations

from functools import cache


@cache
def common() -> frozenset[str]:
    """All of them, in small letters. Loaded when first asked for: few requests need it."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(each.casefold() for each in FREQUENCY_LISTS["passwords"])
