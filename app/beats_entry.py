"""Beats under an event loop, beside the academy: `granian --interface rsgi --factory app.beats_entry:create`.

The academy answers beats itself; this entry is for machines where nginx sends `/beats` here instead
(deploy/README.md, docs/performance.md).
"""

from __future__ import annotations

from app import tables as tables  # all models, for what settles after a mark
from app.base import settings as reading
from app.base.db import Database
from app.viewing.loop import BeatsLoop
from app.wiring import beats_loop, listen


def create() -> BeatsLoop:
    """One process's entry. Settlement needs to know who hears of what, as in the academy."""
    settings = reading.load()
    listen()
    return beats_loop(settings, Database(settings.database_url))
