"""The content origin: uploaded material under its own host name, by signed short-lived paths.

A WSGI application of its own: it knows no session, reads no cookie and no database, and its answers can run
nothing. It has its own listener and threads, and gives out at most 2 MiB a range, so that slow readers never
hold up a beat.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from app.base import clock
from app.base.settings import LOOPBACK, Settings
from app.base.storage import Store, StoreError
from app.courses.models import MediaVersion
from app.courses.renditions import streams
from app.courses.renditions.queries import StreamRow

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

VALID_MS = 12 * 3_600_000
# Addresses made within the same quarter of an hour are the same, so that browsers may keep what they have.
STEP_MS = 15 * 60_000
MOST_RANGE, BLOCK = 2 << 20, 1 << 18
# A player of HLS asks for a whole segment and takes nothing less: four seconds never fill this.
MOST_SEGMENT = 8 << 20
PLAYLIST, KEEP = "application/vnd.apple.mpegurl", f"private, max-age={VALID_MS // 1000}, immutable"
ENDINGS = {
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "image/webp": "webp",
}
MIMES = {ending: mime for mime, ending in ENDINGS.items()}
_PATH = re.compile(r"/m/(\d{1,14})\.([A-Za-z0-9_-]{43})/([0-9a-f]{64})/(media\.([a-z0-9]{2,4}))")
# What streams lies under one signature, so that playlists name their files relatively.
_STREAM = re.compile(r"/m/(\d{1,14})\.([A-Za-z0-9_-]{43})/([0-9a-f]{64})/hls/([a-z0-9]{1,10})\.(m3u8|mp4)")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})(?:,.*)?")


def _signature(secret: str, expires_ms: int, sha256: str, name: str) -> str:
    # The purpose is part of what is signed: the same secret signs other things elsewhere.
    text = f"duxue material 1\n{expires_ms}\n{sha256}\n{name}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def signed_path(secret: str, media_version: MediaVersion, now_ms: int) -> str:
    """The path of a media version on the content origin; it opens for 12 to 12¼ hours from `now_ms`."""
    return _signed(secret, media_version.sha256, media_version.mime, now_ms)


def _signed(secret: str, sha256: str, mime: str, now_ms: int) -> str:
    expires_ms = (now_ms // STEP_MS + 1) * STEP_MS + VALID_MS
    name = f"media.{ENDINGS[mime]}"
    return f"/m/{expires_ms}.{_signature(secret, expires_ms, sha256, name)}/{sha256}/{name}"


def picture_url(settings: Settings, request_host: str, sha256: str) -> str:
    """The absolute address of a WebP picture in the store, as long valid as that of a media version."""
    path = _signed(settings.secret, sha256, "image/webp", clock.now_ms())
    return settings.content_origin(request_host) + path


def content_url(settings: Settings, request_host: str, media_version: MediaVersion) -> str:
    """The absolute address of a media version, for a reader who opened the academy as `request_host`."""
    path = signed_path(settings.secret, media_version, clock.now_ms())
    return settings.content_origin(request_host) + path


def stream_urls(settings: Settings, request_host: str, row: StreamRow) -> tuple[str | None, str | None]:
    """The absolute addresses of a media version's HLS playlists: everything, and sound alone; None for what is none."""
    if row.sha256 is None or not row.plays:
        return None, None
    expires_ms = (clock.now_ms() // STEP_MS + 1) * STEP_MS + VALID_MS
    signature = _signature(settings.secret, expires_ms, row.sha256, "hls")
    base = f"{settings.content_origin(request_host)}/m/{expires_ms}.{signature}/{row.sha256}/hls"
    return f"{base}/master.m3u8", f"{base}/sound.m3u8" if "audio" in row.kinds else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out: status line, headers, and the bytes (or a file from `start` with `length`)."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    file: BinaryIO | None = None
    start: int = 0
    length: int = 0


def _plain(status: str, text: str, *more: tuple[str, str]) -> Answer:
    body = f"{text}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *more]
    return Answer(status, [*headers, ("Cache-Control", "no-store")], body)


def _span(header: str, size: int, most: int = MOST_RANGE) -> tuple[int, int] | None:
    """First and last byte of the (first) range asked for, capped; None when there is no such range.

    `ValueError` when the header is not understood: then it is as if it had not been sent.
    """
    found = _RANGE.fullmatch(header.strip())
    if not found or not (found[1] or found[2]):
        raise ValueError(header)
    if found[1]:
        first, last = int(found[1]), int(found[2]) if found[2] else size - 1
        if found[2] and last < first:
            raise ValueError(header)
    else:
        first, last = max(0, size - int(found[2])), size - 1
    if first >= size or (not found[1] and int(found[2]) == 0):
        return None
    return first, min(last, size - 1, first + most - 1)


def _academy(settings: Settings, origin: str, own_host: str) -> bool:
    """Is this `Origin` the academy's, as seen beside the host name that we were asked under?"""
    try:  # both come from outside, and brackets without their like are no address
        parts, own = urlsplit(origin), urlsplit(f"//{own_host}").hostname or ""
        port = parts.port
    except ValueError:
        return False
    return parts.hostname in {LOOPBACK.get(own, own), own} and port == settings.port


class Origin:
    """The WSGI application of the content origin."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(settings.files_dir)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        headers = [
            *answer.headers,
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox; default-src 'none'"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("Referrer-Policy", "no-referrer"),
            ("Vary", "Origin"),
        ]
        origin = environ.get("HTTP_ORIGIN", "")
        if origin and _academy(self._settings, origin, environ.get("HTTP_HOST", "")):
            headers.append(("Access-Control-Allow-Origin", origin))
            headers.append(("Access-Control-Expose-Headers", "Content-Range, Accept-Ranges, ETag"))
            if environ["REQUEST_METHOD"] == "OPTIONS":  # older browsers ask before they ask for a range
                headers.append(("Access-Control-Allow-Headers", "Range"))
                headers.append(("Access-Control-Max-Age", "7200"))
        start_response(answer.status, headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            if answer.file:
                answer.file.close()
            return [b""]
        return [answer.body] if answer.file is None else _Blocks(answer.file, answer.start, answer.length)

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        path = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] == "OPTIONS" and _STREAM.fullmatch(path):
            return Answer("204 No Content", [("Allow", "GET, HEAD, OPTIONS")])
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _plain("405 Method Not Allowed", "Only GET and HEAD.", ("Allow", "GET, HEAD"))
        if path == "/healthz":
            return _plain("200 OK", "ok")
        try:
            if found := _STREAM.fullmatch(path):
                return self._unsigned(found, "hls") or self._stream(environ, found[3], found[4], found[5])
            if (found := _PATH.fullmatch(path)) and found[5] in MIMES:
                refusal = self._unsigned(found, found[4])
                return refusal or self._serve(environ, self._store.open(found[3]), found[3], MIMES[found[5]])
        except StoreError:
            return _plain("404 Not Found", "This file is missing. Tell the academy.")
        return _plain("404 Not Found", "There is nothing at this address.")

    def _unsigned(self, found: re.Match[str], name: str) -> Answer | None:
        """The refusal of an address that is not signed, or whose time is over."""
        expires_ms = int(found[1])
        right = _signature(self._settings.secret, expires_ms, found[3], name)
        if not hmac.compare_digest(found[2], right):
            return _plain("403 Forbidden", "This address is not signed by the academy.")
        if clock.now_ms() >= expires_ms:
            return _plain("410 Gone", "This address has expired. Reload the page that it came from.")
        return None

    def _stream(self, environ: WSGIEnvironment, sha256: str, name: str, ending: str) -> Answer:
        """A playlist of the stream file `sha256`, or the file of one of its parts."""
        parts = streams.read(self._store, sha256)
        if ending == "mp4" and name in parts:
            part = parts[name]
            mime = "video/mp4" if part.width else "audio/mp4"
            return self._serve(environ, self._store.open(part.sha256), part.sha256, mime, MOST_SEGMENT)
        text = streams.playlist(parts, name) if ending == "m3u8" else None
        if text is None:
            return _plain("404 Not Found", "There is nothing at this address.")
        headers = [("Content-Type", PLAYLIST), ("Content-Length", str(len(text.encode()))), ("Cache-Control", KEEP)]
        return Answer("200 OK", headers, text.encode())

    def _serve(
        self, environ: WSGIEnvironment, file: BinaryIO, sha256: str, mime: str, most: int = MOST_RANGE
    ) -> Answer:
        size = file.seek(0, 2)
        tag = f'"{sha256}"'
        headers = [
            ("Content-Type", mime),
            ("Accept-Ranges", "bytes"),
            ("ETag", tag),
            ("Cache-Control", KEEP),
        ]
        known = environ.get("HTTP_IF_NONE_MATCH", "")
        if known == "*" or tag in (part.strip().removeprefix("W/") for part in known.split(",")):
            file.close()
            return Answer("304 Not Modified", headers)
        wanted = environ.get("HTTP_RANGE", "")
        if wanted and environ.get("HTTP_IF_RANGE", tag) == tag:
            try:
                span = _span(wanted, size, most)
            except ValueError:
                pass  # not understood: the whole file, as if no range had been asked for
            else:
                return self._part(file, span, size, headers)
        return Answer("200 OK", [*headers, ("Content-Length", str(size))], file=file, length=size)

    @staticmethod
    def _part(file: BinaryIO, span: tuple[int, int] | None, size: int, headers: list[tuple[str, str]]) -> Answer:
        if span is None:
            file.close()
            text = "The file ends before this range."
            return _plain("416 Range Not Satisfiable", text, ("Content-Range", f"bytes */{size}"))
        first, last = span
        length = last - first + 1
        more = [("Content-Range", f"bytes {first}-{last}/{size}"), ("Content-Length", str(length))]
        return Answer("206 Partial Content", [*headers, *more], file=file, start=first, length=length)


class _Blocks(Iterator[bytes]):
    """A stretch of a file, piece by piece. The server calls `close` even when the reader has gone."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        file.seek(start)
        self._file, self._left = file, length

    def __next__(self) -> bytes:
        block = self._file.read(min(BLOCK, self._left))
        if not block:
            self.close()
            raise StopIteration
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def make_origin(settings: Settings) -> Origin:
    """The content origin for these settings, as a WSGI application."""
    return Origin(settings)
