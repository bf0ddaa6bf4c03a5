"""What `tomllib` says of a text that is not TOML: at which line, and in words that can be translated."""

from __future__ import annotations

import re

from app.rules.credit.errors import Said, say

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_WORDS = (
    say("Cannot overwrite a value"),
    say("Escaped character is not a Unicode scalar value"),
    say("Expected '=' after a key in a key/value pair"),
    say("Expected ']' at the end of a table declaration"),
    say("Expected ']]' at the end of an array declaration"),
    say("Expected newline or end of document after a statement"),
    say("Invalid date or datetime"),
    say("Invalid hex value"),
    say("Invalid initial character for a key part"),
    say("Invalid statement"),
    say("Invalid value"),
    say("Unclosed array"),
    say("Unclosed inline table"),
    say("Unescaped '\\' in a string"),
    say("Unterminated string"),
)
_KNOWN = {str(each): each for each in _WORDS}


def mistake(error: Exception, text: str) -> tuple[int, Said]:
    """The line and the message of what `tomllib` raised for this text."""
    whole = str(error)
    found = _PLACE.search(whole)
    line = int(found.group(1)) if found and found.group(1) else text.count("\n") + 1
    return line, say("not TOML: %(why)s", why=_why(error, _PLACE.sub("", whole)))


def _why(error: Exception, words: str) -> str:
    if isinstance(error, RecursionError):
        return say("nested too deeply")
    if words.startswith("Exceeds the limit"):  # of digits that Python converts
        return say("a number has too many digits")
    if words.startswith("Illegal character "):
        return say("Illegal character %(found)s", found=words.removeprefix("Illegal character "))
    twice = re.fullmatch(r"Cannot declare (.+) twice|Duplicate inline table key (.+)", words, re.S)
    if twice and twice[1]:
        return say("Cannot declare %(key)s twice", key=twice[1])
    if twice:
        return say("Duplicate inline table key %(key)s", key=twice[2])
    return _KNOWN.get(words, words)
