"""Reads one PDF: `python -m app.courses.document_probe FILE FOLDER`, alone and on a short leash.

Strange files come here, so this process limits its own memory and time before it opens anything. It draws every
page as a WebP picture into FOLDER and writes what it found to `answer.json` there. Nobody else ever opens the PDF:
learners are given the pictures, so that nothing in it can run (and PDFium is built without a script engine).
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from app.base import leash
from app.courses.probe import Unusable, describe

MEMORY, CPU_SECONDS, LARGEST_FILE = 2 << 30, 240, 32 << 20
MOST_PAGES = 500
# Pixels: two to a point on a page of A4, sharp at twice the width of a telephone.
WIDEST, HIGHEST, MOST_SCALE = 1400, 2000, 4.0
MOST_PAGE_TEXT, MOST_TEXT = 20_000, 1_000_000
ANSWER = "answer.json"

# What office programs write, by what lies in it: folders of a package, streams of an older file.
PACKAGES = (
    ("word/", "Word"), ("ppt/", "PowerPoint"), ("xl/", "Excel"), ("OFD.xml", "OFD"), ("Index/Document.iwa", "iWork"),
)  # fmt: skip
STREAMS = (
    ("EncryptedPackage", "Office"), ("WordDocument", "Word"), ("PowerPoint Document", "PowerPoint"),
    ("Workbook", "Excel"), ("Book", "Excel"),
)  # fmt: skip
TYPES = (
    ("opendocument.text", "Writer"), ("opendocument.presentation", "Impress"), ("opendocument.spreadsheet", "Calc"),
    ("epub", "EPUB"),
)  # fmt: skip


def sniff(path: Path) -> None:
    """`Unusable` unless the file is a PDF from head to end: it says what the file is instead."""
    with path.open("rb") as file:
        head = file.read(8192)
        size = file.seek(0, 2)
        file.seek(max(0, size - 4096))
        tail = file.read()
    if not head:
        raise Unusable("empty")
    if head.startswith(b"PK\x03\x04"):
        raise Unusable("office" if (what := _package(path)) else "not_pdf", what=what or "application/zip")
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise Unusable("office", what=_older(path))
    if head.startswith(b"{\\rtf"):
        raise Unusable("office", what="RTF")
    if b"%PDF-" not in head[:1024]:
        raise Unusable("not_pdf", what=describe(head))
    if b"%%EOF" not in tail:
        raise Unusable("incomplete")


def _package(path: Path) -> str:
    """The program whose zip file this is; empty for any other zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            kind = archive.open("mimetype").read(200).decode("ascii", "ignore") if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return ""
    for part, what in TYPES:
        if part in kind:
            return what
    return next((what for part, what in PACKAGES if any(name.startswith(part) for name in names)), "")


def _older(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(64 << 20)
    return next((what for name, what in STREAMS if name.encode("utf-16-le") in raw), "Office")


def clean(text: str) -> str:
    """A page's text as it may be kept and shown: its lines, without what cannot be seen."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = ("".join(" " if c.isspace() else c for c in line if c.isspace() or c.isprintable()) for line in lines)
    return "\n".join(line.rstrip() for line in kept).strip("\n")


def picture(bitmap: Any, target: Path) -> None:
    """Write four bytes a pixel (blue, green, red, nothing) as WebP."""
    from fractions import Fraction

    import av

    frame = av.VideoFrame(bitmap.width, bitmap.height, "bgr0")
    plane = frame.planes[0]
    pixels, row = memoryview(bitmap.buffer).cast("B"), bitmap.width * 4
    lines = (pixels[y * bitmap.stride : y * bitmap.stride + row] for y in range(bitmap.height))
    plane.update(b"".join(bytes(line).ljust(plane.line_size, b"\0") for line in lines))
    coder: Any = av.CodecContext.create("libwebp", "w")
    coder.width, coder.height, coder.pix_fmt = bitmap.width, bitmap.height, "yuv420p"
    coder.time_base, coder.options = Fraction(1, 1), {"quality": "80", "compression_level": "2"}
    drawn = frame.reformat(format="yuv420p")
    drawn.pts = 0
    target.write_bytes(b"".join(bytes(packet) for packet in (*coder.encode(drawn), *coder.encode(None))))


def draw(page: Any, target: Path) -> tuple[int, int]:
    """Draw a page; the picture's width and height in pixels."""
    import pypdfium2.raw as pdfium_c

    wide, high = (max(1.0, side) for side in page.get_size())
    scale = min(WIDEST / wide, HIGHEST / high, MOST_SCALE)
    bitmap = page.render(scale=scale, force_bitmap_format=pdfium_c.FPDFBitmap_BGRx)
    picture(bitmap, target)
    return bitmap.width, bitmap.height


def words(page: Any, most: int) -> str:
    """The first `most` characters that a page holds as text."""
    found = page.get_textpage()
    return clean(found.get_text_range(0, min(found.count_chars(), most)))[:most]


def read(path: Path, folder: Path) -> dict[str, Any]:
    """`{"pages": [{"width", "height", "text"}]}`, pictures as `1.webp` … in the folder. `Unusable` says why not."""
    sniff(path)
    import pypdfium2 as pdfium  # late: limits hold before it is loaded, and what is no PDF never reaches it

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise Unusable("encrypted" if error.err_code == 4 else "unreadable", detail=str(error)[:200]) from error
    if len(document) > MOST_PAGES:
        raise Unusable("too_many", pages=len(document), most=MOST_PAGES)
    document.init_forms()
    pages: list[dict[str, Any]] = []
    left = MOST_TEXT
    for number in range(1, len(document) + 1):
        try:
            page = document[number - 1]
            wide, high = draw(page, folder / f"{number}.webp")
            text = words(page, min(left, MOST_PAGE_TEXT))
        except pdfium.PdfiumError as error:
            raise Unusable("damaged", page=number, detail=str(error)[:200]) from error
        left -= len(text)
        pages.append({"width": wide, "height": high, "text": text})
        page.close()
    return {"pages": pages}


def restrain() -> None:
    """Limit this process, before it opens anything."""
    leash.restrain(MEMORY, CPU_SECONDS, LARGEST_FILE)


def main(arguments: list[str]) -> int:
    """Write what was found, or `{"error": code, …}`; always 0 when the answer is on paper."""
    restrain()
    folder = Path(arguments[1])
    try:
        answer = read(Path(arguments[0]), folder)
    except Unusable as error:
        answer = {"error": error.code, **error.facts}
    except (MemoryError, OSError, ValueError) as error:
        answer = {"error": "unreadable", "detail": f"{type(error).__name__}: {error}"[:200]}
    (folder / ANSWER).write_text(json.dumps(answer), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
