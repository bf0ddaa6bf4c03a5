"""Several requests at one upload: what was acknowledged stays, and what is a lesson's material is never written."""

from __future__ import annotations

import fcntl
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.base.db import Database
from app.base.settings import Settings
from app.base.storage import Store
from app.courses import measuring, queries, uploads
from app.courses.models import MediaVersion
from app.factory import Academy
from app.study.editor import taking
from tests import factories
from tests.courses.tus import ask, begin, patch
from tests.factories.media import make_video
from tests.factories.web import browser, token_in

LESSONS = "/edit/c1/lessons"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", 2).read_bytes()


class Desk:
    """A browser of the editor's, with its token."""

    def __init__(self, app: Academy) -> None:
        self.client: FlaskClient = browser(app, "editor", language="en")
        self.token = token_in(self.client.get("/edit/new"))

    def patch(self, where: str, offset: int, body: bytes) -> TestResponse:
        return patch(self.client, self.token, where, offset, body)

    def save(self, where: str, **more: Any) -> TestResponse:
        """Make a lesson of an upload."""
        fields = {"csrf_token": self.token, "lesson-title": "二", "lesson-upload": where.rsplit("/", 1)[1]}
        return self.client.post(LESSONS, data=fields | more)


@pytest.fixture
def desks(academy_app: Academy, web_db: Database) -> list[Desk]:
    with web_db.writing() as session:
        factories.academy(session)
        factories.course(session, "c1")
    return [Desk(academy_app) for _number in range(4)]


@pytest.fixture
def chosen(academy_app: Academy) -> Settings:
    found: Settings = academy_app.extensions["duxue.settings"]
    return found


def bytes_of(chosen: Settings, where: str) -> bytes:
    return (uploads.folder(chosen) / where.rsplit("/", 1)[1]).read_bytes()


def material(db: Database, chosen: Settings, place: int = 1) -> Path:
    """The stored file of a lesson of the course."""
    with db.reading() as session:
        row = queries.lessons_of(session, 1)[place]
        version = session.get(MediaVersion, row.media_version_id)
        assert version is not None
        return Store(chosen.files_dir).path(version.sha256)


def meanwhile(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, act: Callable[[], None]) -> None:
    """Right before the first call of `where.name` another request does something, from beginning to end."""
    real, left = getattr(where, name), [act]

    def called(*arguments: Any, **named: Any) -> Any:
        if left:
            with ThreadPoolExecutor(1) as other:
                other.submit(left.pop()).result()
        return real(*arguments, **named)

    monkeypatch.setattr(where, name, called)


def test_a_request_that_came_second_to_the_lock_writes_nothing(
    desks: list[Desk], chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was let in when nothing was there yet; until it has the lock everything is, and acknowledged."""
    first, second = desks[:2]
    where = begin(first.client, first.token, 1000)
    meanwhile(monkeypatch, fcntl, "flock", lambda: answers.append(first.patch(where, 0, b"A" * 1000)))
    answers: list[TestResponse] = []
    late = second.patch(where, 0, b"B" * 1000)
    assert (late.status_code, late.headers["Upload-Offset"]) == (409, "1000")
    assert answers[0].status_code == 204
    assert bytes_of(chosen, where) == b"A" * 1000


def test_the_lock_is_kept_until_the_bytes_are_counted(
    desks: list[Desk], chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desks[:2]
    where = begin(first.client, first.token, 1000)
    answers: list[TestResponse] = []
    meanwhile(monkeypatch, uploads, "advance", lambda: answers.append(second.patch(where, 0, b"B" * 1000)))
    assert first.patch(where, 0, b"A" * 1000).status_code == 204
    assert answers[0].status_code == 423
    assert "Another page is sending or saving this file" in answers[0].text
    assert bytes_of(chosen, where) == b"A" * 1000


class Trickle(io.BytesIO):
    """A body that comes in small pieces, so that requests overlap."""

    def read(self, size: int | None = -1, /) -> bytes:
        threading.Event().wait(0.001)
        return super().read(min(size or 1000, 1000))


def test_four_at_once(desks: list[Desk], chosen: Settings) -> None:
    for _round in range(8):
        where = begin(desks[0].client, desks[0].token, 8000)
        together = threading.Barrier(4)

        def send(number: int, where: str = where, together: threading.Barrier = together) -> int:
            desk, body = desks[number], bytes([65 + number]) * 8000
            head = {"Tus-Resumable": "1.0.0", "X-CSRFToken": desk.token, "Upload-Offset": "0"}
            together.wait()
            return desk.client.open(
                where, method="PATCH", headers=head, content_type="application/offset+octet-stream",
                input_stream=Trickle(body), content_length=8000,
            ).status_code  # fmt: skip

        with ThreadPoolExecutor(4) as pool:
            codes = list(pool.map(send, range(4)))
        assert sorted(codes)[0] == 204, codes
        assert codes.count(204) == 1
        assert set(codes) <= {204, 409, 423}
        assert bytes_of(chosen, where) == bytes([65 + codes.index(204)]) * 8000


def test_a_slow_request_does_not_write_into_a_lesson(
    desks: list[Desk], web_db: Database, chosen: Settings, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was let in when nothing was there yet; until it has the lock the upload is whole and a lesson's film."""
    first, slow = desks[:2]
    where = begin(first.client, first.token, len(clip))

    def all_of_it() -> None:
        assert first.patch(where, 0, clip).status_code == 204
        assert first.save(where).status_code == 302

    meanwhile(monkeypatch, fcntl, "flock", all_of_it)
    assert slow.patch(where, 0, b"Z" * len(clip)).status_code == 404
    path = material(web_db, chosen)
    assert path.read_bytes() == clip
    assert path.stat().st_mode & 0o222 == 0


def test_nobody_writes_while_it_is_measured(
    desks: list[Desk], web_db: Database, chosen: Settings, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desks[:2]
    where = begin(first.client, first.token, len(clip))
    first.patch(where, 0, clip)
    answers: list[TestResponse] = []

    def others() -> None:
        answers.append(second.patch(where, 0, b"Z"))
        answers.append(second.patch(where, len(clip), b""))
        answers.append(second.save(where))

    meanwhile(monkeypatch, taking, "measure", others)
    assert first.save(where).status_code == 302
    assert [answer.status_code for answer in answers] == [423, 423, 422]
    assert "Another page is sending or saving this file" in answers[2].text
    assert where.rsplit("/", 1)[1] in answers[2].text, "the form keeps the upload"
    assert material(web_db, chosen).read_bytes() == clip


def test_what_is_stored_is_not_written_though_saving_failed(
    desks: list[Desk], web_db: Database, chosen: Settings, clip: bytes
) -> None:
    """Wrong captions: the film is stored already, the upload is still there, and it can be saved again."""
    desk = desks[0]
    where = begin(desk.client, desk.token, len(clip))
    desk.patch(where, 0, clip)
    wrong = (io.BytesIO(b"1\n00:00:09,000 --> 00:00:01,000\nx\n"), "bad.srt")
    assert desk.save(where, **{"lesson-captions_zh": wrong}).status_code == 422
    assert desk.patch(where, 0, b"Z" * len(clip)).status_code == 409
    assert desk.patch(where, len(clip), b"Z").status_code == 413
    assert desk.patch(where, len(clip), b"").status_code == 204
    assert bytes_of(chosen, where) == clip
    assert desk.save(where).status_code == 302
    assert material(web_db, chosen).read_bytes() == clip
    assert desk.patch(where, len(clip), b"").status_code == 404


def test_given_up_while_it_is_measured(
    desks: list[Desk], web_db: Database, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desks[:2]
    where = begin(first.client, first.token, len(clip))
    first.patch(where, 0, clip)

    def measured(path: Path) -> measuring.Measured:
        found = measuring.measure(path)
        assert ask(second.client, "DELETE", where, second.token).status_code == 204
        return found

    monkeypatch.setattr(taking, "measure", measured)
    answer = first.save(where)
    assert answer.status_code == 422
    assert "no longer exists" in answer.text
    with web_db.reading() as session:
        assert len(queries.lessons_of(session, 1)) == 1


def test_given_up_while_bytes_arrive(desks: list[Desk], chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for a dead line; the bytes go nowhere."""
    first, second = desks[:2]
    where = begin(first.client, first.token, 1000)
    answers: list[TestResponse] = []
    meanwhile(
        monkeypatch, uploads, "advance",
        lambda: answers.append(ask(second.client, "DELETE", where, second.token)),
    )  # fmt: skip
    assert first.patch(where, 0, b"A" * 1000).status_code == 404
    assert answers[0].status_code == 204
    assert not list(uploads.folder(chosen).iterdir())
