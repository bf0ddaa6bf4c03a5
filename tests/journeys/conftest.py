"""What the journeys run on: the product on either database, a lecture, devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.media import make_video
from tests.journeys import server
from tests.journeys.server import Academy
from tests.services import DatabaseUrls, PostgresServer, locked

LECTURE_SECONDS = 250
REGISTRATION = "云ICP备00000000号"


@pytest.fixture(scope="session", autouse=True)
def _in_stock(meeting_folder: Path) -> None:
    """The sample is loaded once a run, by whichever worker is first; every academy begins with a copy."""
    folder = meeting_folder / "stock-sqlite"
    with locked(meeting_folder / "stock-sqlite.lock"):
        _load(folder, DatabaseUrls("", "", ""))
    server.STOCK[server.SQLITE] = folder / "data"


def _load(folder: Path, urls: DatabaseUrls) -> None:
    if not (folder / "loaded").exists():
        folder.mkdir(exist_ok=True)
        with server.academy(folder, urls):
            pass
        (folder / "loaded").touch()


@pytest.fixture(scope="session")
def postgres_in_stock(postgres: PostgresServer, meeting_folder: Path) -> str:
    """The same on PostgreSQL; the name of the database to copy."""
    folder, name = meeting_folder / "stock-postgresql", "stock_sample"
    with locked(meeting_folder / "stock-postgresql.lock"):
        urls = postgres.urls(name) if (folder / "loaded").exists() else postgres.new_database(name)
        _load(folder, urls)
    server.STOCK[server.POSTGRES] = folder / "data"
    return name


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.xdist_group("journeys-one")),
        pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.xdist_group("journeys-two")]),
    ]
)
def urls(request: pytest.FixtureRequest, meeting_folder: Path, tmp_path: Path) -> Iterator[DatabaseUrls]:
    """A database with the sample. All journeys are in two groups, so that two browsers run at a time and no more."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    template, name = request.getfixturevalue("postgres_in_stock"), f"journey_{abs(hash(tmp_path)):x}"
    with locked(meeting_folder / "stock-postgresql.lock"):
        made = postgres.create(name, template)
    yield made
    postgres.drop(name)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Academy]:
    """One academy on the embedded database, for all journeys that change little in it."""
    folder = tmp_path_factory.mktemp("pages")
    more = {"DUXUE_BEAT_SECONDS": "2", "DUXUE_STYLEGUIDE": "1", "DUXUE_REGISTRATION": REGISTRATION}
    with server.academy(folder, DatabaseUrls("", "", ""), **more) as found:
        yield found


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
