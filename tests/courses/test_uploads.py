"""Uploads: what is counted is on disk; a broken line costs nothing that arrived; nobody sees another's."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.errors import BadInput, NotFound, Refused
from app.base.settings import Settings, load
from app.courses import uploads
from app.courses.models import Upload
from tests import factories


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_MAX_UPLOAD_MB": "1"})


@pytest.fixture
def owner(session: Session) -> int:
    return factories.person(session, "editor", "林栖", "course_editor", "academy").id


class Breaking(io.BytesIO):
    """A body whose line breaks after so many bytes."""

    def __init__(self, raw: bytes, after: int) -> None:
        super().__init__(raw[:after])

    def read(self, size: int | None = -1, /) -> bytes:
        if found := super().read(size):
            return found
        raise ConnectionError


def begin(session: Session, settings: Settings, owner: int, size: int) -> Upload:
    return uploads.create_upload(session, settings, owner, "../讲座.mp4", size)


def send(session: Session, settings: Settings, upload: Upload, body: io.BytesIO) -> int:
    offset = upload.received
    path = uploads.path_of(settings, upload)
    written = uploads.receive(path, offset, upload.size - offset, body)
    uploads.advance(session, upload.key, offset, written)
    session.refresh(upload)
    return written


def test_in_pieces(session: Session, settings: Settings, owner: int) -> None:
    raw = os.urandom(700_000)
    upload = begin(session, settings, owner, len(raw))
    assert upload.name == "讲座.mp4"
    assert send(session, settings, upload, io.BytesIO(raw[:300_000])) == 300_000
    assert not uploads.finished(upload)
    send(session, settings, upload, Breaking(raw[300_000:], 200_000))
    assert upload.received == 500_000
    send(session, settings, upload, io.BytesIO(raw[500_000:] + b"and more"))
    assert uploads.finished(upload)
    assert uploads.path_of(settings, upload).read_bytes() == raw


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(cuts=st.lists(st.integers(0, 900), max_size=12), seed=st.binary(min_size=1, max_size=900))
def test_any_cuts_give_the_same_file(
    session: Session, settings: Settings, owner: int, cuts: list[int], seed: bytes
) -> None:
    upload = begin(session, settings, owner, len(seed))
    for cut in cuts:
        if not uploads.finished(upload):
            send(session, settings, upload, Breaking(seed[upload.received :], cut))
    while not uploads.finished(upload):
        send(session, settings, upload, io.BytesIO(seed[upload.received :]))
    assert uploads.path_of(settings, upload).read_bytes() == seed
    uploads.discard(session, settings, upload)


def test_synced_before_counted(
    session: Session, settings: Settings, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(session, settings, owner, 3)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        send(session, settings, upload, io.BytesIO(b"abc"))
    session.refresh(upload)
    assert upload.received == 0


def test_checksums(session: Session, settings: Settings, owner: int) -> None:
    path = uploads.path_of(settings, begin(session, settings, owner, 3))
    right = ("sha256", hashlib.sha256(b"abc").digest())
    with pytest.raises(uploads.WrongChecksum):
        uploads.receive(path, 0, 3, io.BytesIO(b"abd"), right)
    assert uploads.receive(path, 0, 3, io.BytesIO(b"abc"), right) == 3


def test_only_one_holds_it(db: Database, settings: Settings) -> None:
    with db.writing() as session:
        owner = factories.person(session, "editor", "林栖", "course_editor", "academy").id
        key = begin(session, settings, owner, 6).key
    with uploads.held(db, settings, key, owner) as upload:
        assert upload.received == 0
        with pytest.raises(uploads.Busy, match="Another page"), uploads.held(db, settings, key, owner):
            pass
        with db.writing() as session:
            uploads.advance(session, key, 0, 3)
    with uploads.held(db, settings, key, owner) as upload:
        assert upload.received == 3
    with pytest.raises(NotFound), uploads.held(db, settings, key, owner + 1):
        pass
    with pytest.raises(NotFound), uploads.held(db, settings, "0" * 26, owner):
        pass
    assert sorted(path.name for path in uploads.folder(settings).iterdir()) == [key, f"{key}.lock"]


def test_bytes_count_once(session: Session, settings: Settings, owner: int) -> None:
    upload = begin(session, settings, owner, 6)
    uploads.advance(session, upload.key, 0, 3)
    with pytest.raises(Refused, match="Another page"):
        uploads.advance(session, upload.key, 0, 3)
    uploads.use(session, upload)
    with pytest.raises(NotFound):
        uploads.advance(session, upload.key, 3, 3)


def test_a_whole_upload_is_not_opened_for_writing(
    session: Session, settings: Settings, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(session, settings, owner, 3)
    send(session, settings, upload, io.BytesIO(b"abc"))

    def opened(*_arguments: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", opened)
    assert send(session, settings, upload, io.BytesIO(b"xyz")) == 0


def test_limits(session: Session, settings: Settings, owner: int) -> None:
    with pytest.raises(BadInput, match="empty"):
        begin(session, settings, owner, 0)
    with pytest.raises(BadInput, match="at most 1 MB"):
        begin(session, settings, owner, 1_000_001)
    for _number in range(uploads.MOST_OPEN):
        begin(session, settings, owner, 1)
    with pytest.raises(Refused, match="20 uploads"):
        begin(session, settings, owner, 1)


def test_only_ones_own(session: Session, settings: Settings, owner: int) -> None:
    upload = begin(session, settings, owner, 1)
    assert uploads.own_upload(session, upload.key, owner) is upload
    for key, person in ((upload.key, owner + 1), ("0" * 26, owner), ("../../etc/passwd", owner)):
        with pytest.raises(NotFound):
            uploads.own_upload(session, key, person)


def test_used_once(session: Session, settings: Settings, owner: int) -> None:
    upload = begin(session, settings, owner, 1)
    uploads.use(session, upload)
    with pytest.raises(NotFound):
        uploads.use(session, upload)
    session.refresh(upload)
    with pytest.raises(NotFound):
        uploads.own_upload(session, upload.key, owner)


def test_sweeping(session: Session, settings: Settings, owner: int, traveller: time_machine.Traveller) -> None:
    old, used, kept = (begin(session, settings, owner, 1) for _number in range(3))
    paths = [uploads.path_of(settings, upload) for upload in (old, used, kept)]
    stray = uploads.folder(settings) / "01ARZ3NDEKTSV4RRFFQ69G5FAV.form"
    stray.touch()
    locks = [path.with_name(f"{path.name}.lock") for path in paths]
    for path in locks:
        path.touch()
    old.created_at -= uploads.KEPT
    uploads.use(session, used)
    long_ago = factories.NOON.timestamp() - 7200
    for path in (*paths, *locks, stray):
        os.utime(path, (long_ago, long_ago))
    traveller.shift(timedelta(seconds=1))
    assert 3 <= uploads.sweep_uploads(session, settings) <= 5  # a lock goes after its bytes, maybe in the same round
    assert [path.exists() for path in (*paths, stray)] == [False, False, True, False]
    assert locks[2].exists(), "while there are bytes there is their lock"
    uploads.sweep_uploads(session, settings)
    assert [path.exists() for path in locks] == [False, False, True]
    assert uploads.sweep_uploads(session, settings) == 0


def test_a_file_just_made_is_not_swept(session: Session, settings: Settings, owner: int) -> None:
    uploads.folder(settings).mkdir(parents=True)
    fresh = uploads.folder(settings) / "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    fresh.touch()
    os.utime(fresh, (factories.NOON.timestamp() - 60,) * 2)
    assert uploads.sweep_uploads(session, settings) == 0
    assert fresh.exists()
