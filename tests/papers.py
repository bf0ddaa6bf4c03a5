"""Reading a certificate's PDF as a person does, and as a telephone does its QR code."""

from __future__ import annotations

import re

import pypdfium2
import segno

LEFT_MM, SIDE_MM = 29, 28  # where the code stands on the page, and how wide it is
SCALE = 6.0
DARK = 128


def texts(pdf: bytes) -> list[str]:
    """The text of each page, without spaces and breaks."""
    document = pypdfium2.PdfDocument(pdf)
    found = [document[at].get_textpage().get_text_range() for at in range(len(document))]
    return [re.sub(r"[\s\u200b\ufffe]+", "", text) for text in found]


def drawn_code(pdf: bytes, size: int) -> list[list[bool]]:
    """The modules of the QR code as they are drawn on the first page; `size` of them a side."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=SCALE).to_pil().convert("L")
    point = SCALE * 72 / 25.4  # pixels in a millimetre
    left, step = LEFT_MM * point, SIDE_MM * point / size

    def dark(x: float, y: float) -> bool:
        return int(picture.getpixel((int(x), int(y)))) < DARK

    # The first row of a finder is dark over seven modules, and light beside them.
    across, beside = range(int(left + 3), int(left + 6.5 * step)), left + 7.5 * step
    rows = range(int(200 * point), int(275 * point))
    top = next(y for y in rows if all(dark(x, y) for x in across) and not dark(beside, y))
    return [[dark(left + (x + 0.5) * step, top + (y + 0.5) * step) for x in range(size)] for y in range(size)]


def shows_code(pdf: bytes, address: str) -> bool:
    """Is the QR code on the page that of this address, in every module?"""
    matrix = segno.make(address, error="m", micro=False).matrix
    return drawn_code(pdf, len(matrix)) == [[bool(module) for module in row] for row in matrix]
