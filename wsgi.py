"""The WSGI entry: `granian --interface wsgi wsgi:app`."""

from __future__ import annotations

from app.factory import create_app

app = create_app()
