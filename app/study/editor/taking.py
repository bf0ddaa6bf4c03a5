"""Taking a file in: from an upload or a plain form, measured and stored before the database is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_login import current_user

from app.base.errors import BadInput
from app.base.storage import Store, StoreError
from app.base.unit_of_work import database, session, settings
from app.courses import uploads
from app.courses.captions import LANGUAGES, MOST_BYTES
from app.courses.measuring import Measured, measure
from app.courses.models import Upload
from app.courses.renditions import service as renditions
from app.courses.service import attach_caption, attach_media


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that is measured and stored, not yet part of a lesson."""

    path: Path
    name: str
    measured: Measured
    sha256: str
    upload: Upload | None


def waiting(key: str) -> Upload | None:
    """The finished upload that a form names, if it is there and this person's."""
    if not key:
        return None
    with database().reading() as reader:
        return _whole(uploads.own_upload(reader, key, current_user.person_id))


def _whole(upload: Upload) -> Upload:
    if not uploads.finished(upload):
        raise BadInput(_("The upload is not finished yet."), "file")
    return upload


@contextmanager
def taken(form: Any) -> Iterator[Taken]:
    """Measure and store the file of a form. It takes as long as reading the file; no lock of the database is held
    meanwhile, but the upload is: nobody writes to what is measured and stored.

    `BadInput` when there is none or it cannot be used; an upload that cannot be used is swept away.
    """
    with received(form) as (path, name, upload):
        with swept_when_bad(upload):
            measured = measure(path)
        yield Taken(path, name, measured, stored(path), upload)


@contextmanager
def received(form: Any) -> Iterator[tuple[Path, str, Upload | None]]:
    """The file of a form, its own name, and its upload where it came by one; nobody else touches it meanwhile."""
    if form.upload.data:
        with uploads.held(database(), settings(), form.upload.data, current_user.person_id) as upload:
            yield uploads.path_of(settings(), _whole(upload)), upload.name, upload
        return
    if not form.file.data:
        raise BadInput(_("Choose a file."), "file")
    path = uploads.copy_in(form.file.data.stream, settings(), form.file.data.filename)
    try:
        yield path, form.file.data.filename, None
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def swept_when_bad(upload: Upload | None) -> Iterator[None]:
    """An upload that is found to be unusable in here is swept away; not for what is wrong with another field."""
    try:
        yield
    except BadInput as error:
        if upload is not None and error.field == "file":
            with database().writing() as writer:
                uploads.use(writer, upload)
        raise


def stored(path: Path) -> str:
    """Take a received file into the store; its SHA-256."""
    try:
        return Store(settings().files_dir).adopt(path)
    except StoreError as error:
        raise uploads.gone() from error  # it was given up meanwhile


def attach(lesson_id: int, found: Taken, form: Any) -> None:
    """Make a taken file the lesson's newest version, with the captions of the form."""
    version = attach_media(
        session(),
        Store(settings().files_dir),
        lesson_id,
        found.path,
        found.name,
        actor_id=current_user.person_id,
        measured=found.measured,
        sha256=found.sha256,
    )
    renditions.request(session(), version, found.measured, actor_id=current_user.person_id)
    add_captions(version.id, form)
    if found.upload is not None:
        uploads.use(session(), found.upload)


def add_captions(media_version_id: int, form: Any) -> int:
    """Attach the caption files of a form; how many there were."""
    count = 0
    for language in LANGUAGES:
        file = form[f"captions_{language}"].data
        if file:
            raw = file.stream.read(MOST_BYTES + 1)
            attach_caption(session(), media_version_id, language, raw, file.filename, actor_id=current_user.person_id)
            count += 1
    return count
