"""What every widget needs: texts of inputs, numbers that stay exact, lists with commas."""

from __future__ import annotations

import re
from typing import Any, Final

from app.credits.workshop.fields import Field

ABSENT: Final = object()
Inputs = dict[str, str]
FLAGS: Final = {"true": True, "false": False}
_WHOLE = re.compile(r"\d{1,9}")
# What an input of one line would not give back.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_BETWEEN = re.compile(r"[,，、]")


def exact(text: str) -> Any:
    """8 → 8; "0.5" and "2/3" stay texts, as the language wants them."""
    return int(text) if _WHOLE.fullmatch(text) and str(int(text)) == text else text or ABSENT


def plain(value: Any) -> str | None:
    """A number or text in one line."""
    if value is ABSENT:
        return ""
    if isinstance(value, str) and value == value.strip() and value and not _CONTROLS.search(value):
        return value
    return str(value) if type(value) is int and value >= 0 else None


def choice(field: Field, value: Any) -> Inputs | None:
    """One of the options of a field."""
    if value is ABSENT:
        return {"": ""}
    return {"": value} if isinstance(value, str) and value in field.options else None


def listed(value: Any) -> str | None:
    """A text, or a list of texts, with commas between them."""
    texts = value if isinstance(value, list) else [value]
    fine = texts and all(isinstance(t, str) and t == t.strip() and t and not _BETWEEN.search(t) for t in texts)
    return ", ".join(texts) if fine and not _CONTROLS.search("".join(texts)) else None


def split(text: str) -> list[str]:
    """What stands between commas, Chinese ones too."""
    return [each.strip() for each in _BETWEEN.split(text) if each.strip()]
