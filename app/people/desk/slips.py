"""The sheet: eight slips a page, each with a code to type or to scan."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup

PER_SHEET = 8
# Any of the eight patterns can be read; trying all of them to find the best takes most of the time.
_PATTERN = 4


def picture(public_url: str, code: str) -> Markup:
    """The QR code of a slip. The code stands behind the #: browsers keep that to themselves, so no log holds it."""
    out = io.BytesIO()
    made = segno.make(f"{public_url}/activate#{code}", error="m", micro=False, mask=_PATTERN)
    made.save(out, kind="svg", border=2, dark="#000000", light="#ffffff", xmldecl=False, svgns=False, omitsize=True)
    return Markup(out.getvalue().decode("ascii"))


def lines(code: str) -> tuple[str, str]:
    """The code in two lines of three groups."""
    return code[:14], code[15:]
