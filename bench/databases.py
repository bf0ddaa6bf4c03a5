"""An empty academy on either database, for whoever fills it in their own way."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import services


@dataclass(frozen=True, slots=True)
class Empty:
    """A migrated database; `folder` is its data folder, `admin` the address of its superuser ("" on SQLite)."""

    urls: services.DatabaseUrls
    folder: Path
    admin: str


@contextmanager
def empty(kind: str, name: str) -> Iterator[Empty]:
    """A fresh one on "postgresql" or "sqlite", removed at the end."""
    with tempfile.TemporaryDirectory(prefix=f"duxue-{name}-") as made:
        folder = Path(made)
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'duxue.sqlite'}"
            urls = services.DatabaseUrls(url, url, "")
            services.migrated(urls, folder)
            yield Empty(urls, folder, "")
            return
        programs = services.find_programs()
        if programs is None:
            raise SystemExit("bench: no PostgreSQL here (apt-get install postgresql), or: ONLY=sqlite make bench")
        with services.shared_server(programs, folder) as server:
            urls = server.create(name)
            services.migrated(urls, folder)
            yield Empty(urls, folder, f"postgresql://postgres@127.0.0.1:{server.port}/{name}")
