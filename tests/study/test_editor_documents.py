"""Documents at the editor's desk."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.base.db import Database
from app.courses import documents
from app.courses.models import Lesson, Upload
from tests import factories
from tests.factories.documents import locked_pdf, make_pdf
from tests.factories.web import strict
from tests.study.editing import file, lessons, post, upload

PDF = make_pdf(["Alpha", "Beta"])


def test_a_document_by_plain_form(editor: FlaskClient, web_db: Database) -> None:
    sent = {"title": "手册", "reading_minutes": "6", "file": file(PDF, "手册.pdf")}
    assert post(editor, "/edit/c1/documents", "document-", **sent).status_code == 302
    assert "手册.pdf is taken in: 2 pages." in strict(editor.get("/edit/c1"))
    made = lessons(web_db)[1]
    assert (made.title, made.kind, made.length_ms) == ("手册", "document", 360_000)
    page = strict(editor.get(f"/edit/c1/lessons/{made.id}"))
    assert "手册.pdf" in page
    assert "Number of pages" in page
    assert "/media.webp" in page
    assert 'alt="The first page"' in page
    assert 'value="6"' in page


def test_a_document_by_upload(editor: FlaskClient, web_db: Database) -> None:
    key = upload(editor, PDF, "YS5wZGY=")
    sent = {"title": "手册", "upload": key}
    wrong = post(editor, "/edit/c1/documents", "document-", reading_minutes="0", **sent)
    assert wrong.status_code == 422
    assert f'value="{key}"' in wrong.text, "the upload is kept while another field is wrong"
    assert "This file is here already" in wrong.text
    assert post(editor, "/edit/c1/documents", "document-", reading_minutes="6", **sent).status_code == 302
    assert "no longer exists" in post(editor, "/edit/c1/documents", "document-", reading_minutes="6", **sent).text
    assert len(lessons(web_db)) == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"<html><script>document.title=1</script>", "This is no PDF, whatever its name says, but text/html."),
        (locked_pdf(), "opens with a password only"),
        (PDF[:300], "its end is missing"),
    ],
)
def test_what_cannot_be_used_is_refused_and_swept(editor: FlaskClient, web_db: Database, raw: bytes, said: str) -> None:
    key = upload(editor, raw)
    answer = post(editor, "/edit/c1/documents", "document-", title="手册", reading_minutes="6", upload=key)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="手册"' in answer.text
    assert key not in answer.text
    with web_db.reading() as session:
        found = session.get(Upload, key)
        assert found is not None
        assert found.used_at is not None
        assert factories.count(session, Lesson) == 1


def test_a_reading_time_too_short_for_the_pages(editor: FlaskClient, web_db: Database) -> None:
    sent = {"title": "手册", "reading_minutes": "1", "file": file(make_pdf(["x"] * 31), "a.pdf")}
    answer = post(editor, "/edit/c1/documents", "document-", **sent)
    assert answer.status_code == 422
    assert "31 pages need a reading time of at least 2 minutes." in answer.text
    assert len(lessons(web_db)) == 1
    key = upload(editor, make_pdf(["x"] * 31))
    sent = {"title": "手册", "upload": key}
    again = post(editor, "/edit/c1/documents", "document-", reading_minutes="1", **sent)
    assert (again.status_code, f'value="{key}"' in again.text) == (422, True), "the file is not what was wrong"
    assert post(editor, "/edit/c1/documents", "document-", reading_minutes="2", **sent).status_code == 302


def test_another_reading_time_and_another_file(editor: FlaskClient, web_db: Database) -> None:
    post(editor, "/edit/c1/documents", "document-", title="手册", reading_minutes="6", file=file(PDF, "a.pdf"))
    where = f"/edit/c1/lessons/{lessons(web_db)[1].id}/document"
    assert post(editor, where, "document-", reading_minutes="9").status_code == 302
    assert lessons(web_db)[1].length_ms == 540_000
    new = file(make_pdf(["Gamma"] * 3), "b.pdf")
    assert post(editor, where, "document-", reading_minutes="9", file=new).status_code == 302
    with web_db.reading() as session:
        pages = documents.pages_of(session, lessons(web_db)[1].media_version_id)
    assert [page.text for page in pages] == ["Gamma"] * 3
    wrong = post(editor, where, "document-", reading_minutes="9", file=file(b"words", "c.pdf"))
    assert wrong.status_code == 422
    assert "This is no PDF" in wrong.text
    film = post(editor, "/edit/c1/lessons/1/document", "document-", reading_minutes="9")
    assert film.status_code == 404
    assert "This lesson is no document." in film.text


def test_a_pdf_as_a_film_is_shown_the_way(editor: FlaskClient) -> None:
    answer = post(editor, "/edit/c1/lessons", "lesson-", title="手册", file=file(PDF, "a.mp4"))
    assert answer.status_code == 422
    assert "This is a PDF, not video or audio. Add it as a document." in answer.text


def test_no_lock_is_held_while_pages_are_drawn(
    editor: FlaskClient, web_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = documents.read_document

    def slowly(path: Path, store: object, minutes: int) -> object:
        with web_db.writing() as session:
            factories.person(session, "meanwhile", "某人", "learner", "own")
        return real(path, store, minutes)  # type: ignore[arg-type]

    monkeypatch.setattr(documents, "read_document", slowly)
    key = upload(editor, PDF)
    sent = {"title": "手册", "reading_minutes": "6", "upload": key}
    assert post(editor, "/edit/c1/documents", "document-", **sent).status_code == 302
