"""A requirement's nested groups ↔ a sentence of tests: `total and (days or hours)`, 且 and 或 too."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r"\s*([()（）]|[^\s()（）]+)")
_PLAIN = re.compile(r"[^\s()（）]+")
_AND, _OR = ("and", "且", "&"), ("or", "或", "|")
_DEEPEST = 8


def sentence(value: Any, depth: int = 1) -> str | None:
    """The sentence of `{all = […]}` or `{any = […]}`; None where the names do not allow it."""
    if not isinstance(value, dict) or list(value) not in (["all"], ["any"]) or depth > _DEEPEST:
        return None
    [(word, parts)] = value.items()
    if not isinstance(parts, list) or not parts:
        return None
    said = []
    for part in parts:
        text = _name(part) if isinstance(part, str) else sentence(part, depth + 1)
        if text is None:
            return None
        said.append(text if isinstance(part, str) else f"({text})")
    return (" and " if word == "all" else " or ").join(said)


def _name(part: str) -> str | None:
    return part if _PLAIN.fullmatch(part) and part.lower() not in (*_AND, *_OR) else None


def read(text: str) -> Any:
    """The groups of a sentence; None where it is none. `and` binds more than `or`."""
    tokens = ["(" if each == "（" else ")" if each == "）" else each for each in _TOKEN.findall(text)]
    try:
        found, rest = _any(tokens, 0, 1)
    except _NoSentence:
        return None
    if rest != len(tokens):
        return None
    return {"all": [found]} if isinstance(found, str) else found


class _NoSentence(Exception):
    """Not to be read."""


def _any(tokens: list[str], at: int, depth: int) -> tuple[Any, int]:
    first, at = _all(tokens, at, depth)
    parts = [first]
    while at < len(tokens) and tokens[at].lower() in _OR:
        part, at = _all(tokens, at + 1, depth)
        parts.append(part)
    return ({"any": parts} if len(parts) > 1 else first), at


def _all(tokens: list[str], at: int, depth: int) -> tuple[Any, int]:
    first, at = _part(tokens, at, depth)
    parts = [first]
    while at < len(tokens) and tokens[at].lower() in _AND:
        part, at = _part(tokens, at + 1, depth)
        parts.append(part)
    return ({"all": parts} if len(parts) > 1 else first), at


def _part(tokens: list[str], at: int, depth: int) -> tuple[Any, int]:
    if at >= len(tokens) or depth > _DEEPEST:
        raise _NoSentence
    if tokens[at] == "(":
        found, at = _any(tokens, at + 1, depth + 1)
        if at >= len(tokens) or tokens[at] != ")":
            raise _NoSentence
        return found, at + 1
    if tokens[at] == ")" or tokens[at].lower() in (*_AND, *_OR):
        raise _NoSentence
    return tokens[at], at + 1
