"""The beat: `handle(body)` from bytes to an answer that is durable, and its door before Flask's.

The one exception to "view → service → unit of work": see docs/adr/0002-beats-before-flask.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from app.rules.viewing.lease import BadLease, verify
from app.viewing import protocol
from app.viewing.rows import Waiting
from app.viewing.writer import Writer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("duxue.beats")
PATH = "/beats"
MOST_BYTES = 65_536
After = Callable[[int, int], None]
Signal = Callable[[int, int, str], None]


class Beats:
    """Decode, verify the lease, commit with others, settle what crossed a mark, answer."""

    def __init__(self, secrets: tuple[bytes, ...], writer: Writer, after: After, signal: Signal | None = None) -> None:
        """`after(learner, media version)` when a mark was crossed, `signal(learner, viewing, kind)` for what is odd."""
        self._secrets, self.writer, self._after, self._signal = secrets, writer, after, signal

    def handle(self, body: bytes) -> tuple[int, bytes]:
        """Status and JSON body. 200 and an acknowledging 409 mean: durable."""
        waiting = self.begin(body)
        if isinstance(waiting, tuple):
            return waiting
        self.writer.submit(waiting)
        if waiting.due or waiting.signal:
            self.follow(waiting)
        return waiting.status, waiting.body

    def begin(self, body: bytes) -> Waiting | tuple[int, bytes]:
        """The beat, ready for the writer; or the answer, where it is none or has no lease of ours."""
        try:
            beat = protocol.read(body)
            claims = verify(self._secrets, beat.lease)
        except protocol.BadBeat as error:
            return 400, protocol.error("bad_beat", str(error))
        except BadLease as error:
            return 401, protocol.error(error.reason, "The lease is not one of this academy.")
        return Waiting(claims, beat.seq, beat.ranges, beat.close)

    def follow(self, waiting: Waiting) -> None:
        """What a durable beat brings about: evidence and settlement where it crossed a mark; a signal."""
        if waiting.due:
            self._settle(waiting.claims.learner, waiting.claims.media_version)
        if waiting.signal and self._signal is not None:
            self._note(waiting.claims.learner, waiting.claims.viewing, waiting.signal)

    def _settle(self, learner_id: int, media_version_id: int) -> None:
        """Write the evidence and settle before the answer; the sweep does it if this fails."""
        try:
            self._after(learner_id, media_version_id)
        except Exception:  # the seconds are durable; only the credit comes later
            log.exception("settling learner %d was put off to the sweep", learner_id)

    def _note(self, learner_id: int, viewing_id: int, kind: str) -> None:
        assert self._signal is not None
        try:
            self._signal(learner_id, viewing_id, kind)
        except Exception:  # a signal is no part of what was promised
            log.exception("the signal %s of learner %d was not kept", kind, learner_id)


def door(beats: Beats, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What Flask would do, by hand: method, body limit, headers. There is no cookie, so no CSRF question."""
    if environ["REQUEST_METHOD"] != "POST":
        return _answer(start_response, 405, protocol.error("method", "A beat is a POST."), [("Allow", "POST")])
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        return _answer(start_response, 411, protocol.error("length", "Content-Length is missing."))
    if int(length) > MOST_BYTES:
        return _answer(start_response, 413, protocol.error("too_large", f"A beat has at most {MOST_BYTES} bytes."))
    status, body = beats.handle(environ["wsgi.input"].read(int(length)))
    return _answer(start_response, status, body)


def _answer(start_response: Any, status: int, body: bytes, extra: Iterable[tuple[str, str]] = ()) -> Iterable[bytes]:
    start_response(
        f"{status} {HTTPStatus(status).phrase}",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *extra,
        ],
    )
    return [body]
