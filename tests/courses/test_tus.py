"""The upload door (tus 1.0) as its client sees it."""

from __future__ import annotations

import base64
import hashlib
import io
import os

import pytest
from flask.testing import FlaskClient

from app.base.db import Database
from app.courses import uploads
from app.courses.models import Upload
from app.factory import Academy
from tests import factories
from tests.courses.tus import ask, begin, patch
from tests.factories.web import browser, token_in


@pytest.fixture
def editor(academy_app: Academy, web_db: Database) -> FlaskClient:
    with web_db.writing() as session:
        factories.academy(session)
    return browser(academy_app, "editor", language="en")


@pytest.fixture
def token(editor: FlaskClient) -> str:
    return token_in(editor.get("/edit/new"))


def test_a_file_in_two_pieces(editor: FlaskClient, token: str, academy_app: Academy, web_db: Database) -> None:
    raw = os.urandom(100_000)
    where = begin(editor, token, len(raw))
    answer = patch(editor, token, where, 0, raw[:60_000])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "60000")
    state = ask(editor, "HEAD", where, "")
    assert (state.headers["Upload-Offset"], state.headers["Upload-Length"]) == ("60000", "100000")
    assert state.headers["Cache-Control"] == "no-store"
    assert patch(editor, token, where, 60_000, raw[60_000:]).headers["Upload-Offset"] == "100000"
    with web_db.reading() as session:
        upload = session.get(Upload, where.rsplit("/", 1)[1])
        assert upload is not None
        assert uploads.finished(upload)
        assert upload.name == "讲座.mp4"
        assert uploads.path_of(academy_app.extensions["duxue.settings"], upload).read_bytes() == raw


def test_what_the_server_can_do(editor: FlaskClient) -> None:
    answer = editor.options("/uploads")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,checksum,termination,expiration"
    assert answer.headers["Tus-Max-Size"] == "20480000000"


def test_a_broken_line_keeps_what_arrived(editor: FlaskClient, token: str) -> None:
    where = begin(editor, token, 10)
    answer = editor.open(
        where,
        method="PATCH",
        headers={"Tus-Resumable": "1.0.0", "X-CSRFToken": token, "Upload-Offset": "0"},
        content_type="application/offset+octet-stream",
        input_stream=io.BytesIO(b"abcd"),
        content_length=10,
    )
    assert answer.headers["Upload-Offset"] == "4"
    assert ask(editor, "HEAD", where, "").headers["Upload-Offset"] == "4"
    assert patch(editor, token, where, 4, b"efghij").headers["Upload-Offset"] == "10"


def test_offsets_must_agree(editor: FlaskClient, token: str) -> None:
    where = begin(editor, token, 10)
    patch(editor, token, where, 0, b"abc")
    answer = patch(editor, token, where, 0, b"abc")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "3")
    assert patch(editor, token, where, 3, b"x" * 8).status_code == 413
    assert ask(editor, "HEAD", where, "").headers["Upload-Offset"] == "3"


def test_checksums(editor: FlaskClient, token: str) -> None:
    where = begin(editor, token, 3)
    wrong = base64.b64encode(hashlib.sha1(b"abd").digest()).decode()
    assert patch(editor, token, where, 0, b"abc", Upload_Checksum=f"sha1 {wrong}").status_code == 460
    assert patch(editor, token, where, 0, b"abc", Upload_Checksum="md5 abc=").status_code == 422
    right = base64.b64encode(hashlib.sha256(b"abc").digest()).decode()
    assert patch(editor, token, where, 0, b"abc", Upload_Checksum=f"sha256 {right}").status_code == 204


def test_giving_up(editor: FlaskClient, token: str, academy_app: Academy) -> None:
    where = begin(editor, token, 3)
    assert ask(editor, "DELETE", where, token).status_code == 204
    assert ask(editor, "HEAD", where, "").status_code == 404
    assert not list(uploads.folder(academy_app.extensions["duxue.settings"]).iterdir())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload_Length": "x"}, 422),
        ({"Upload_Length": "-1"}, 422),
        ({"Upload_Length": ""}, 422),
        ({"Upload_Length": "0"}, 422),
        ({"Upload_Length": "99999999999999"}, 422),
        ({"Upload_Length": "5", "Upload_Metadata": "filename !!"}, 422),
        ({"Upload_Length": "5", "Tus_Resumable": "0.2.2"}, 412),
        ({"Upload_Length": "5", "X_CSRFToken": "forged"}, 400),
        ({"Upload_Length": "5", "X_CSRFToken": ""}, 400),
    ],
)
def test_what_is_refused(editor: FlaskClient, token: str, headers: dict[str, str], status: int) -> None:
    assert ask(editor, "POST", "/uploads", token, b"", **headers).status_code == status


def test_the_kind_of_a_piece(editor: FlaskClient, token: str) -> None:
    where = begin(editor, token, 3)
    assert patch(editor, token, where, 0, b"abc", Content_Type="text/plain").status_code == 415


def test_another_editor_finds_nothing(editor: FlaskClient, token: str, academy_app: Academy, web_db: Database) -> None:
    where = begin(editor, token, 3)
    other = browser(academy_app, "academy", language="en")
    theirs = token_in(other.get("/edit/new"))
    assert ask(other, "HEAD", where, "").status_code == 404
    assert patch(other, theirs, where, 0, b"abc").status_code == 404
    assert ask(other, "DELETE", where, theirs).status_code == 404
    assert ask(editor, "HEAD", where, "").headers["Upload-Offset"] == "0"


def test_learners_and_strangers_do_not_upload(editor: FlaskClient, academy_app: Academy, web_db: Database) -> None:
    learner = browser(academy_app, "l001", language="en")
    theirs = token_in(learner.get("/account"))
    assert ask(learner, "POST", "/uploads", theirs, Upload_Length="5").status_code == 403
    stranger = browser(academy_app, language="en")
    theirs = token_in(stranger.get("/sign-in"))
    assert ask(stranger, "POST", "/uploads", theirs, Upload_Length="5").status_code == 302
    with web_db.reading() as session:
        assert factories.count(session, Upload) == 0


def test_no_lock_is_held_while_bytes_arrive(editor: FlaskClient, token: str, web_db: Database) -> None:
    where = begin(editor, token, 4)

    class Slow(io.BytesIO):
        """While its bytes trickle in somebody else writes: on SQLite a held lock would make them fail."""

        def read(self, size: int | None = -1, /) -> bytes:
            with web_db.writing() as session:
                factories.person(session, f"p{self.tell()}", "某人", "learner", "own")
            return super().read(size)

    answer = editor.open(
        where,
        method="PATCH",
        headers={"Tus-Resumable": "1.0.0", "X-CSRFToken": token, "Upload-Offset": "0"},
        content_type="application/offset+octet-stream",
        input_stream=Slow(b"abcd"),
        content_length=4,
    )
    assert answer.headers["Upload-Offset"] == "4"
