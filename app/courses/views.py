"""Captions for who may open the lesson; uploads that resume: tus 1.0 (creation, checksum, termination, expiration)."""

from __future__ import annotations

import base64
import binascii
import errno
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import ClientDisconnected

from app.base import clock
from app.base.access import can, guard, signed_in
from app.base.errors import BadInput, NotFound, Refused
from app.base.storage import Store
from app.base.unit_of_work import database, session, settings
from app.courses import covers, queries, reach, uploads
from app.courses.models import Upload

bp = Blueprint("courses", __name__)
TUS = "1.0.0"
# The most that one request may carry. The client sends pieces of 8 MiB.
MOST_PIECE = 64 << 20
CHECKSUMS = {"sha1": 20, "sha256": 32}


class _Body:
    """The request's bytes; a broken line is an `OSError`, as it is for any other stream."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        try:
            return request.stream.read(size)
        except ClientDisconnected as error:
            raise ConnectionError from error


@bp.url_value_preprocessor
def _allow_size(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before any form is read. Only who may upload may send more than the usual.
    if endpoint == "courses.receive" and current_user.is_authenticated and can("course.edit"):
        request.max_content_length = MOST_PIECE


@bp.get("/captions/<int:caption_id>.vtt")
@signed_in
def caption(caption_id: int) -> Response:
    """Captions as WebVTT. They lie here, not on the content origin, so that players need no CORS."""
    found = queries.caption(session(), caption_id)
    if found is None or not _may_read(found):
        raise NotFound(_("There are no such captions."))
    response = Response(found.text, mimetype="text/vtt")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/covers/<int:media_version_id>")
@signed_in
def cover(media_version_id: int) -> Response:
    """The picture of a sound lesson: a JPEG of our own making, or drawn from its title."""
    found = covers.cover(session(), media_version_id)
    if found is None or not _may_read(found):
        raise NotFound(_("There is no such cover."))
    if found.sha256 is None:
        response = Response(covers.drawn(found), mimetype="image/svg+xml")
    else:
        with Store(settings().files_dir).open(found.sha256) as file:
            response = Response(file.read(), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _may_read(found: queries.CaptionText | covers.Cover) -> bool:
    """Who may open the lesson, as the player page asks it, and who may edit it. All others: as if there were none.

    Captions of a replaced file count: who is watching it goes on with it.
    """
    if can("course.edit"):
        return True
    if found.withdrawn or not can("study"):
        return False
    today = clock.local_day(clock.now(), settings().timezone)
    return reach.offered(session(), current_user.person_id, found.course_id, today)


def _answer(status: int, text: str = "", **headers: str) -> Response:
    response = Response(text, status, mimetype="text/plain")
    response.headers["Tus-Resumable"] = TUS
    response.headers["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


@bp.errorhandler(Refused)
def _refused(error: Refused) -> Response:
    # The client is a program: plain words, which it shows, instead of a page.
    return _answer(error.status, error.text)


def _version_differs() -> Response | None:
    if request.headers.get("Tus-Resumable") == TUS:
        return None
    return _answer(412, _("This upload speaks another version. Reload the page."), Tus_Version=TUS)


def _date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _whole(name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadInput(_("The header %(name)s needs a whole number.", name=name))
    return int(text)


def _file_name() -> str:
    """`filename` of the Upload-Metadata header: `key base64, key base64`."""
    for part in request.headers.get("Upload-Metadata", "").split(","):
        key, _space, value = part.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise BadInput(_("The file name in Upload-Metadata cannot be read.")) from error
    return "file"


def _checksum() -> tuple[str, bytes] | None:
    text = request.headers.get("Upload-Checksum")
    if text is None:
        return None
    name, _space, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != CHECKSUMS.get(name):
        raise BadInput(_("Checksums are sha1 or sha256, in base64."))
    return name, digest


@bp.route("/uploads", methods=["OPTIONS"], provide_automatic_options=False)
@guard("course.edit")
def abilities() -> Response:
    """What this server can do, in the words of tus."""
    return _answer(
        204,
        Tus_Version=TUS,
        Tus_Extension="creation,checksum,termination,expiration",
        Tus_Checksum_Algorithm=",".join(CHECKSUMS),
        Tus_Max_Size=str(settings().max_upload_bytes),
    )


@bp.post("/uploads")
@guard("course.edit")
def create() -> Response:
    """Announce a file: its length and name. The answer says where its bytes go."""
    if (wrong := _version_differs()) is not None:
        return wrong
    size, name = _whole("Upload-Length"), _file_name()
    upload = uploads.create_upload(session(), settings(), current_user.person_id, name, size)
    return _answer(
        201,
        Location=url_for("courses.where", key=upload.key),
        Upload_Expires=_date(uploads.expires(upload)),
        Upload_Offset="0",
    )


@bp.route("/uploads/<key>", methods=["HEAD"], provide_automatic_options=False)
@guard("course.edit")
def where(key: str) -> Response:
    """How many bytes are here: a client that lost its line goes on from there."""
    if (wrong := _version_differs()) is not None:
        return wrong
    upload = uploads.own_upload(session(), key, current_user.person_id)
    return _answer(
        200,
        Upload_Offset=str(upload.received),
        Upload_Length=str(upload.size),
        Upload_Expires=_date(uploads.expires(upload)),
    )


@bp.patch("/uploads/<key>")
@guard("course.edit")
def receive(key: str) -> Response:
    """Take a piece in. It is synced to disk, then counted, then acknowledged, while this request alone holds the
    upload; no lock of the database is held meanwhile.
    """
    if (wrong := _version_differs()) is not None:
        return wrong
    if request.mimetype != "application/offset+octet-stream":
        return _answer(415, _("Pieces of a file are application/offset+octet-stream."))
    offset, checksum = _whole("Upload-Offset"), _checksum()
    with uploads.held(database(), settings(), key, current_user.person_id) as upload:
        if offset != upload.received:
            return _answer(409, _("The upload goes on elsewhere."), Upload_Offset=str(upload.received))
        if request.content_length is not None and offset + request.content_length > upload.size:
            return _answer(413, _("There are more bytes than were announced."))
        return _store(upload, offset, checksum)


def _store(upload: Upload, offset: int, checksum: tuple[str, bytes] | None) -> Response:
    path = uploads.path_of(settings(), upload)
    try:
        written = uploads.receive(path, offset, upload.size - offset, _Body(), checksum)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _answer(507, _("The academy's disk is full. What arrived is kept; tell the administrator."))
    with database().writing() as writer:
        uploads.advance(writer, upload.key, offset, written)
    return _answer(204, Upload_Offset=str(offset + written), Upload_Expires=_date(uploads.expires(upload)))


@bp.delete("/uploads/<key>")
@guard("course.edit")
def cancel(key: str) -> Response:
    """Give an upload up."""
    if (wrong := _version_differs()) is not None:
        return wrong
    uploads.discard(session(), settings(), uploads.own_upload(session(), key, current_user.person_id))
    return _answer(204)
