"""PDFs become pages: what is taken, what is refused with which words, what is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.errors import BadInput
from app.base.storage import Store
from app.courses import document_probe, documents, queries, service
from app.courses.models import DocumentPage, MediaVersion
from tests import factories
from tests.factories.documents import locked_pdf, make_pdf, scripted_pdf

ROOT = Path(__file__).resolve().parents[2]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files")


def read(raw: bytes, store: Store, tmp_path: Path) -> tuple[documents.Page, ...]:
    path = tmp_path / "given"
    path.write_bytes(raw)
    return documents.read_document(path, store, 480)


def package(path: Path, *names: str, mimetype: str = "") -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "<x/>")
    return path.read_bytes()


def test_pages_with_their_pictures_and_texts(store: Store, tmp_path: Path) -> None:
    pages = read(make_pdf(["First page", "Second page"]), store, tmp_path)
    assert [page.text for page in pages] == ["First page", "Second page"]
    assert pages[0].sha256 != pages[1].sha256
    with av.open(str(store.path(pages[0].sha256))) as picture:
        frame = next(picture.decode(video=0))
    assert (frame.width, frame.height) == (pages[0].width, pages[0].height) == (1400, 1982)
    grey = bytes(frame.reformat(format="gray").planes[0])
    assert 0 < sum(grey[at] < 128 for at in range(0, len(grey), 7)) < len(grey) // 20, "dark letters on white paper"


@pytest.mark.parametrize("size", [(14_400, 10), (10, 14_400), (1, 1), (14_400, 14_400), (842, 595)])
def test_pages_of_any_size_are_drawn_within_bounds(store: Store, tmp_path: Path, size: tuple[int, int]) -> None:
    (page,) = read(make_pdf(size=size), store, tmp_path)
    assert 1 <= page.width <= 1401
    assert 1 <= page.height <= 2001


def test_a_script_in_a_document_is_only_a_picture(store: Store, tmp_path: Path) -> None:
    (page,) = read(scripted_pdf(), store, tmp_path)
    raw = store.path(page.sha256).read_bytes()
    assert raw.startswith(b"RIFF")
    assert b"JavaScript" not in raw
    assert b"alert" not in raw


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "The file is empty."),
        (b"<!doctype html><script>document.title='x'</script>", "no PDF, whatever its name says, but text/html"),
        (b"plain words\n" * 9, "no PDF, whatever its name says, but text/plain"),
        (b"{\\rtf1 words}", "a file of RTF. Save it as PDF there"),
        (OLE + "WordDocument".encode("utf-16-le"), "a file of Word. Save it as PDF there"),
        (OLE + "PowerPoint Document".encode("utf-16-le"), "a file of PowerPoint. Save it as PDF there"),
        (OLE + "Workbook".encode("utf-16-le"), "a file of Excel. Save it as PDF there"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a file of Office. Save it as PDF there"),
        (make_pdf()[:-40], "its end is missing"),
        (locked_pdf(), "opens with a password only"),
        (b"%PDF-1.7\n" + b"\xff" * 3000 + b"\n%%EOF\n", "cannot be read"),
        (make_pdf([]), "cannot be read"),
        (make_pdf(["a", "b"]).replace(b"4 0 R 6 0 R]", b"4 0 R 9 0 R]"), "Page 2 is damaged"),
        (make_pdf(["x"] * 501), "has 501 pages, at most 500"),
    ],
)
def test_what_is_refused_says_what_to_do(store: Store, tmp_path: Path, raw: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        read(raw, store, tmp_path)
    assert caught.value.field == "file"
    assert not store.root.exists(), "nothing is kept of it"


@pytest.mark.parametrize(
    ("names", "mimetype", "said"),
    [
        (["[Content_Types].xml", "word/document.xml"], "", "a file of Word"),
        (["[Content_Types].xml", "ppt/presentation.xml"], "", "a file of PowerPoint"),
        (["[Content_Types].xml", "xl/workbook.xml"], "", "a file of Excel"),
        (["OFD.xml", "Doc_0/Document.xml"], "", "a file of OFD"),
        (["content.xml"], "application/vnd.oasis.opendocument.text", "a file of Writer"),
        (["imsmanifest.xml"], "", "but application/zip"),
    ],
)
def test_office_files_are_named(store: Store, tmp_path: Path, names: list[str], mimetype: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(package(tmp_path / "zip", *names, mimetype=mimetype), store, tmp_path)


def test_a_probe_that_dies_or_lies_gives_a_refusal(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = tmp_path / "liar"
    monkeypatch.setattr(documents, "_ask", lambda _path, folder: _lie(folder))
    with pytest.raises(BadInput, match="cannot be read"):
        documents.read_document(liar, store, 6)
    monkeypatch.undo()
    monkeypatch.setattr(documents, "MOST_SECONDS", 0.01)
    with pytest.raises(BadInput, match="took too long"):
        read(make_pdf(), store, tmp_path)


def _lie(folder: Path) -> dict[str, object]:
    (folder / "1.webp").symlink_to("/etc/hostname")
    return {"pages": [{"width": 1, "height": 1, "text": ""}]}


def test_the_probe_is_on_a_short_leash(tmp_path: Path) -> None:
    script = (
        "import resource\nfrom app.courses import document_probe as p\np.restrain()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0],"
        " resource.getrlimit(resource.RLIMIT_FSIZE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    limits = [document_probe.MEMORY, document_probe.CPU_SECONDS, document_probe.LARGEST_FILE]
    assert [int(part) for part in done.stdout.split()] == limits


def test_texts_are_cleaned() -> None:
    assert document_probe.clean("a\r\nb\x00\x07c\u202ed\ue000\u3000e  \r\n\n") == "a\nbcd e"


def test_texts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_probe, "MOST_TEXT", 7)
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf(["abcdef", "ghijkl", "mno"]))
    answer = document_probe.read(path, tmp_path)
    assert [page["text"] for page in answer["pages"]] == ["abcdef", "g", ""]
    assert json.dumps(answer)


PAGES = [documents.Page("a" * 64, 1400, 1981, "一"), documents.Page("b" * 64, 1400, 1981, "二")]
FILE = ("c" * 64, 1234, "手册.pdf")


def test_a_document_is_frozen_with_its_pages(session: Session) -> None:
    lesson = service.add_lesson(session, factories.course(session, "c1", lessons=()).id, "document", "手册")
    first = documents.attach_document(session, lesson.id, FILE, PAGES, 6)
    assert (first.version, first.length_ms, first.mime, first.article) == (1, 360_000, "application/pdf", None)
    assert documents.pages_of(session, first.id) == PAGES
    assert documents.attach_document(session, lesson.id, FILE, PAGES, 6) is first
    second = documents.set_reading_time(session, lesson.id, 7)
    assert (second.version, second.length_ms, second.sha256) == (2, 420_000, first.sha256)
    assert documents.pages_of(session, second.id) == PAGES
    material = queries.open_material(session, lesson.id)
    assert material is not None
    assert material.media_version is second
    assert len(session.scalars(select(DocumentPage)).all()) == 4


@pytest.mark.parametrize("minutes", [0, 481, -1])
def test_the_reading_time_of_a_document(session: Session, minutes: int) -> None:
    lesson = service.add_lesson(session, factories.course(session, "c1", lessons=()).id, "document", "手册")
    with pytest.raises(BadInput, match="between 1 and 480") as caught:
        documents.attach_document(session, lesson.id, FILE, PAGES, minutes)
    assert caught.value.field == "reading_minutes"
    with pytest.raises(BadInput, match="61 pages need a reading time of at least 3 minutes"):
        documents.attach_document(session, lesson.id, FILE, PAGES[:1] * 61, 2)
    assert session.scalars(select(MediaVersion)).all() == []


@pytest.mark.parametrize("minutes", [0, 481, 1])
def test_a_wrong_reading_time_leaves_nothing_in_the_store(store: Store, tmp_path: Path, minutes: int) -> None:
    path = tmp_path / "given"
    path.write_bytes(make_pdf([f"Page {number}" for number in range(31)]))
    with pytest.raises(BadInput, match=r"between 1 and 480|at least 2 minutes") as caught:
        documents.read_document(path, store, minutes)
    assert caught.value.field == "reading_minutes"
    assert not store.root.exists()


def test_a_document_belongs_in_a_document_lesson(session: Session) -> None:
    course = factories.course(session, "c1")
    lesson = queries.lessons_of(session, course.id)[0]
    acts: tuple[Callable[[], object], ...] = (
        lambda: documents.attach_document(session, lesson.id, FILE, PAGES, 6),
        lambda: documents.set_reading_time(session, lesson.id, 6),
    )
    for act in acts:
        with pytest.raises(BadInput, match="no document"):
            act()


@pytest.mark.samples
def test_the_sample_documents(samples: Path, store: Store) -> None:
    pages = documents.read_document(samples / "documents/meeting-handbook-12p.pdf", store, 6)
    assert len(pages) == 12
    assert "会议组织与纪要写作手册" in pages[0].text
    for name, what in (
        ("documents/first-week-guide-3p.docx", "Word"),
        ("documents/time-management-10-slides.pptx", "PowerPoint"),
        ("documents/meeting-room-log.xlsx", "Excel"),
        ("hostile/page-named.pdf", "text/html"),
    ):
        with pytest.raises(BadInput, match=what):
            documents.read_document(samples / name, store, 480)
