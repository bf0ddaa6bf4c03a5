"""Names and descriptions hold no characters that nobody sees: they break files, or turn what stands beside them.

They are refused, not dropped: whoever pasted them must know that the text is not the one that was copied.
"""

from __future__ import annotations

import re

from flask_babel import gettext as _

from app.base.errors import BadInput

# Control characters, the separators of lines and paragraphs, and the marks that turn the direction of writing
# (CVE-2021-42574 shows what they are good for); fillers that look like nothing at all.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u115f\u1160\u180e\u2028\u2029\u202a-\u202e"
    r"\u2061-\u2064\u2066-\u2069\u3164\uffa0]"
)
_BREAK = re.compile(r"[\t\n\r]")
_EDGES = " \t\r\n"


def decoded(raw: bytes) -> str | None:
    """A text file in UTF-8 or GB18030 (or UTF-16 that says so); None where it is no text in any of them."""
    encodings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    return None


def complaint(text: str, *, lines: bool = False) -> str | None:
    """What is wrong with a text and what to do; None when it may be kept.

    `lines`: it may have several, and tabs. In a title, tabs and line breaks around it are no matter: they are cut
    off anyway.
    """
    if found := _UNSEEN.search(text):
        return str(
            _(
                "Character %(place)s is an invisible control character (%(code)s). Delete it, or type the words "
                "around it anew instead of pasting them.",
                place=found.start() + 1,
                code=f"U+{ord(found[0]):04X}",
            )
        )
    inner = text.strip(_EDGES)
    if not lines and (found := _BREAK.search(inner)):
        place = len(text) - len(text.lstrip(_EDGES)) + found.start() + 1
        return str(_("Character %(place)s is a tab or a line break. Write this on one line, with spaces.", place=place))
    return None


def check(text: str, field: str, *, lines: bool = False) -> None:
    """`BadInput` at the field when the text may not be kept."""
    if wrong := complaint(text, lines=lines):
        raise BadInput(wrong, field)


def one_line(text: str) -> str:
    """The text with every break and every unseen character written out (`\\u000a`): inert in any log or file."""
    return _BREAK.sub(_written_out, _UNSEEN.sub(_written_out, text))


def _written_out(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
