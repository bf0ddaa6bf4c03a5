"""What the journeys run on: the product on either database, a lecture, devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.media import make_video
from tests.journeys import server
from tests.journeys.server import Academy
from tests.services import DatabaseUrls, PostgresServer

LECTURE_SECONDS = 250


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.xdist_group("journey-sqlite")),
        pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.xdist_group("journey-postgresql")]),
    ]
)
def urls(request: pytest.FixtureRequest) -> DatabaseUrls:
    """An empty, migrated database; a worker of its own for each kind, so that both run side by side."""
    kind = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    found: DatabaseUrls = request.getfixturevalue(kind)
    return found


@pytest.fixture
def academy(urls: DatabaseUrls, tmp_path: Path) -> Iterator[Academy]:
    """The academy with its sample, telling players to report every three seconds."""
    with server.academy(tmp_path, urls, DUXUE_BEAT_SECONDS="3") as found:
        yield found


@pytest.fixture
def other_urls(urls: DatabaseUrls, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DatabaseUrls]:
    """A second, empty database of the same kind, to restore into."""
    if not urls.app_role:
        path = tmp_path / "elsewhere" / "duxue.sqlite"
        path.parent.mkdir()
        yield DatabaseUrls(f"sqlite:///{path}", f"sqlite:///{path}", "")
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = f"{urls.app_url.rsplit('/', 1)[1]}_b"[-63:]
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def lecture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lecture of more than four minutes, with sound; its captions lie beside it."""
    folder = tmp_path_factory.mktemp("lecture")
    cues = [
        f"00:{at // 60:02d}:{at % 60:02d}.000 --> 00:{at // 60:02d}:{at % 60 + 9:02d}.000\n第{at // 10 + 1}句字幕。\n"
        for at in range(0, LECTURE_SECONDS, 10)
    ]
    (folder / "lecture.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    return make_video(folder / "lecture.mp4", LECTURE_SECONDS, sound=LECTURE_SECONDS, options={"movflags": "faststart"})
