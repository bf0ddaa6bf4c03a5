"""The beat's second entry: an event loop (RSGI) that answers beats and nothing else, for when one needs more.

No thread waits for an answer: a batch that is durable wakes the loop once. What follows a crossed mark reads and
writes the database, so that is done in threads.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from app.viewing import protocol
from app.viewing.beats import MOST_BYTES, PATH, Beats
from app.viewing.rows import Waiting

_HEADERS = [("content-type", "application/json"), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]


class Scope(Protocol):
    """What of granian's scope is used."""

    proto: str
    method: str
    path: str
    headers: Any


class BeatsLoop:
    """The RSGI application of one process."""

    def __init__(self, make: Any) -> None:
        """`make(answered)` gives the `Beats` whose writer tells `answered(batch)`."""
        self._beats: Beats = make(self._answered)
        self._loop: asyncio.AbstractEventLoop | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """The server says which loop it runs."""
        self._loop = loop

    async def __rsgi__(self, scope: Scope, proto: Any) -> None:
        """One request."""
        if scope.proto != "http" or scope.path != PATH:
            proto.response_bytes(404, _HEADERS, protocol.error("not_found", "Only beats are taken here."))
            return
        if scope.method != "POST":
            allow = [*_HEADERS, ("allow", "POST")]
            proto.response_bytes(405, allow, protocol.error("method", "A beat is a POST."))
            return
        length = scope.headers.get("content-length") or ""
        if not length.isdigit():
            proto.response_bytes(411, _HEADERS, protocol.error("length", "Content-Length is missing."))
            return
        if int(length) > MOST_BYTES:
            text = f"A beat has at most {MOST_BYTES} bytes."
            proto.response_bytes(413, _HEADERS, protocol.error("too_large", text))
            return
        try:
            body = await proto()
        except ProtocolClosed:  # its client went away in mid-sentence
            return
        proto.response_bytes(*(await self._answer(body)))

    async def _answer(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        status, told = await self.handle(body)
        return status, _HEADERS, told

    async def handle(self, body: bytes) -> tuple[int, bytes]:
        """As `Beats.handle`, without a thread that waits."""
        waiting = self._beats.begin(body)
        if isinstance(waiting, tuple):
            return waiting
        loop = self._loop = self._loop or asyncio.get_running_loop()
        waiting.future = loop.create_future()
        if self._beats.writer.put(waiting):
            await waiting.future
        if waiting.due or waiting.signal:
            await loop.run_in_executor(None, self._beats.follow, waiting)
        return waiting.status, waiting.body

    def _answered(self, batch: list[Waiting]) -> None:
        assert self._loop is not None  # a beat was queued from it
        self._loop.call_soon_threadsafe(_wake, batch)


def _wake(batch: list[Waiting]) -> None:
    for waiting in batch:
        if waiting.future is not None and not waiting.future.done():  # its client may have gone
            waiting.future.set_result(None)
