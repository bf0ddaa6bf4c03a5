"""Documents: a PDF becomes pages, each a picture and its text. What learners are given is these, never the PDF."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.base.errors import BadInput
from app.base.storage import Store, StoreError
from app.courses import material
from app.courses.document_probe import ANSWER, MOST_PAGES
from app.courses.measuring import BARE, ROOT
from app.courses.models import DocumentPage, MediaVersion

MOST_SECONDS = 300
MIME = "application/pdf"
# A page that is "read" in less has not been looked at: the author meant hours, or another file.
LEAST_PAGE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its picture in the store, the picture's size in pixels, the text on it."""

    sha256: str
    width: int
    height: int
    text: str


def read_document(path: Path, store: Store, reading_minutes: int) -> tuple[Page, ...]:
    """Draw the pages of a PDF and store the pictures. `BadInput` says in words what is wrong and what to do.

    A reading time that is wrong is said before anything is stored: nobody takes files out of the store again.
    A process of its own does it, within limits. It may take minutes: never call it inside a writing transaction.
    """
    _reading_ms(reading_minutes, 1)
    with tempfile.TemporaryDirectory(prefix="duxue-pages-") as name:
        folder = Path(name)
        answer = _ask(path, folder)
        if "error" in answer:
            raise BadInput(_words(answer), "file")
        _reading_ms(reading_minutes, len(answer["pages"]))
        try:
            return tuple(
                Page(store.put(_picture(folder, number)), int(page["width"]), int(page["height"]), str(page["text"]))
                for number, page in enumerate(answer["pages"], 1)
            )
        except (StoreError, KeyError, TypeError) as error:
            # Whoever took over the process that reads strange files may write there what they like.
            raise BadInput(_words({"error": "unreadable"}), "file") from error


def _ask(path: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "app.courses.document_probe", str(path.resolve()), str(folder)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=BARE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=MOST_SECONDS, check=False,
        )  # fmt: skip
        if -done.returncode == signal.SIGXCPU:
            return {"error": "slow"}
        answer = json.loads((folder / ANSWER).read_bytes())
    except subprocess.TimeoutExpired:
        return {"error": "slow"}
    except (OSError, ValueError, RecursionError):
        # Killed by one of its own limits, or by a fault in what it read: either way it left no answer.
        return {"error": "unreadable"}
    whole = isinstance(answer, dict) and ("error" in answer or 0 < len(answer.get("pages", ())) <= MOST_PAGES)
    return answer if whole else {"error": "unreadable"}


def _picture(folder: Path, number: int) -> Path:
    path = folder / f"{number}.webp"
    with path.open("rb") as file:
        head = file.read(12)
    if not (head.startswith(b"RIFF") and head[8:] == b"WEBP"):
        raise StoreError(f"{path.name} is no picture")
    return path


def _words(answer: dict[str, Any]) -> str:
    """The refusal in words: what is wrong and what to do."""
    what = str(answer.get("what") or _("an unknown kind of file"))[:80]
    page, pages, most = (int(answer.get(name, 0)) for name in ("page", "pages", "most"))
    words = {
        "empty": _("The file is empty."),
        "office": _("This is a file of %(what)s. Save it as PDF there, then upload the PDF.", what=what),
        "not_pdf": _("This is no PDF, whatever its name says, but %(what)s. Choose the PDF.", what=what),
        "incomplete": _("The file is incomplete: its end is missing. Copy it from its source again, then upload it."),
        "encrypted": _("This PDF opens with a password only. Save it without one, then upload it."),
        "damaged": _("Page %(page)s is damaged and cannot be shown. Save the document as PDF again.", page=page),
        "too_many": _("This document has %(pages)s pages, at most %(most)s can be taken. Divide it into several.",
                      pages=pages, most=most),
        "slow": _("Drawing these pages took too long. Divide the document, or save it again with smaller pictures."),
    }  # fmt: skip
    unreadable = _("The PDF cannot be read. Save the document as PDF again, then upload that.")
    return str(words.get(answer["error"], unreadable))


def _reading_ms(minutes: int, pages: int) -> int:
    """The reading time of so many pages; `BadInput` when it is none."""
    if not 1 <= minutes <= material.MOST_MINUTES:
        text = _("The reading time lies between 1 and %(most)s minutes.", most=material.MOST_MINUTES)
        raise BadInput(text, "reading_minutes")
    if minutes * 60 < pages * LEAST_PAGE_SECONDS:
        least = -(-pages * LEAST_PAGE_SECONDS // 60)
        raise BadInput(
            _("%(pages)s pages need a reading time of at least %(least)s minutes.", pages=pages, least=least),
            "reading_minutes",
        )
    return minutes * 60_000


def attach_document(
    session: Session,
    lesson_id: int,
    file: tuple[str, int, str],
    pages: Sequence[Page],
    reading_minutes: int,
    *,
    actor_id: int | None = None,
) -> MediaVersion:
    """Make a PDF the lesson's newest version. `file`: its SHA-256 in the store, its bytes, its own name.

    The same file with the same reading time is no new version. `BadInput` for a lesson that is no document.
    """
    lesson = material.open_lesson(session, lesson_id)
    if lesson.kind != "document":
        raise BadInput(_("This lesson is no document. Add a new lesson for it."), "file")
    length_ms = _reading_ms(reading_minutes, len(pages))
    sha256, size, name = file
    newest = material.newest_version(session, lesson_id)
    if newest is not None and (newest.sha256, newest.length_ms) == (sha256, length_ms):
        return newest
    version = MediaVersion(
        lesson_id=lesson_id, sha256=sha256, bytes=size, mime=MIME, length_ms=length_ms,
        original_name=material.clean_name(name),
    )  # fmt: skip
    material.freeze(session, version, actor_id)
    for number, page in enumerate(pages, 1):
        session.add(
            DocumentPage(
                media_version_id=version.id, number=number, sha256=page.sha256, width=page.width,
                height=page.height, text=page.text,
            )
        )  # fmt: skip
    session.flush()
    return version


def set_reading_time(
    session: Session, lesson_id: int, reading_minutes: int, *, actor_id: int | None = None
) -> MediaVersion:
    """Give a document another reading time: a new version of the same pages."""
    newest = material.newest_version(session, lesson_id)
    if newest is None or newest.mime != MIME:
        raise BadInput(_("This lesson is no document. Add a new lesson for it."), "reading_minutes")
    pages = pages_of(session, newest.id)
    file = (newest.sha256, newest.bytes, newest.original_name)
    return attach_document(session, lesson_id, file, pages, reading_minutes, actor_id=actor_id)


_PAGES = (
    select(DocumentPage.sha256, DocumentPage.width, DocumentPage.height, DocumentPage.text)
    .where(DocumentPage.media_version_id == bindparam("version"))
    .order_by(DocumentPage.number)
)


def pages_of(session: Session, media_version_id: int) -> list[Page]:
    """The pages of a document's version, in order; empty for any other."""
    return [Page(*row) for row in session.execute(_PAGES, {"version": media_version_id})]
