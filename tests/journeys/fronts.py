"""The same academy once more, served by the test itself: with other words, or compressed as behind nginx."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from app.base.settings import load
from app.factory import Academy as Application
from app.factory import create_app
from tests.journeys.server import Academy
from tests.services import free_port

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SQUEEZED = ("text/", "application/json", "application/javascript", "image/svg+xml")  # deploy/nginx.conf


def application(academy: Academy, **more: str) -> Application:
    """The application over the academy's own database and files. It runs no task."""
    return create_app(load({**academy.environment, "DUXUE_EMBEDDED": "0", **more}))


class _Quiet(WSGIRequestHandler):
    """Connections stay open, as behind a proxy; nothing is written to the screen."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Silence."""


class _Squeezed:
    """Compresses what deploy/nginx.conf compresses."""

    def __init__(self, inner: WSGIApplication) -> None:
        self.inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = Response.from_app(self.inner, environ, buffered=True)
        if (answer.content_type or "").startswith(SQUEEZED) and answer.status_code == 200:
            answer.set_data(gzip.compress(answer.get_data(), 6))
            answer.headers["Content-Encoding"] = "gzip"
        return answer(environ, start_response)


@contextmanager
def front(academy: Academy, *, words: Path | None = None, squeezed: bool = False) -> Iterator[str]:
    """Serve on a port of its own; its address. `words`: a folder of catalogues instead of the product's."""
    port = free_port()
    app = application(academy, PORT=str(port))
    if words:
        app.extensions["babel"].translation_directories = [str(words)]
    server = make_server(
        "127.0.0.1", port, _Squeezed(app) if squeezed else app, threaded=True, request_handler=_Quiet
    )  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["duxue.db"].engine.dispose()
