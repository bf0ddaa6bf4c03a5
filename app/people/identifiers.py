"""What somebody signs in with: a staff number, a telephone number or an e-mail address, each in its stored form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MOST = 120  # what is longer is nobody's
_BETWEEN = re.compile(r"[\s\-‐‑‒–—―−·.()_]+")
_HOME = re.compile(r"^(?:(?:\+|00)?86(?=1\d{10}$)|(?:\+|00)86(?=\d{7,12}$))")
_PHONE = re.compile(r"\+?\d{5,20}")


@dataclass(frozen=True, slots=True)
class Forms:
    """One typed text as each of the three would be stored; what it cannot be is empty."""

    login: str
    phone: str
    email: str


def plain_login(text: str) -> str:
    """The stored form of a staff number: one width, small letters, no spaces around."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def plain_phone(text: str) -> str:
    """The stored form of a telephone number: digits, without +86; "" for what is none."""
    bare = _HOME.sub("", _BETWEEN.sub("", unicodedata.normalize("NFKC", text)), count=1)
    return bare if _PHONE.fullmatch(bare) else ""


def plain_email(text: str) -> str:
    """The stored form of an e-mail address; "" for what is none."""
    bare = unicodedata.normalize("NFKC", text).strip().casefold()
    before, _at, after = bare.partition("@")
    if len(bare) > MOST:  # some signs become several in their one form
        return ""
    return bare if before and "." in after and not re.search(r"[\s<>,;\"\x00-\x1f\x7f]", bare) else ""


def forms(typed: str) -> Forms:
    """All three forms of what was typed."""
    if len(typed) > MOST:
        return Forms("", "", "")
    return Forms(plain_login(typed), plain_phone(typed), plain_email(typed))
