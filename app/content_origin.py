"""The content origin's WSGI entry: `granian --interface wsgi --factory app.content_origin:create`."""

from __future__ import annotations

from app.base.settings import load
from app.courses.origin import Origin, make_origin


def create() -> Origin:
    """The application that serves material under its own host name, by its own threads."""
    return make_origin(load())
