"""Renditions are really made, by the program that the academy runs, out of files made on the spot."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from sqlalchemy import select, text, update

from app.base import clock, tasks
from app.base.db import Database
from app.base.errors import NotFound, Refused
from app.base.settings import Settings, load
from app.base.storage import Store
from app.courses import probe, service
from app.courses.measuring import Measured, measure
from app.courses.models import MediaVersion
from app.courses.renditions import ffmpeg, making, queries, streams
from app.courses.renditions import service as renditions
from app.courses.renditions.ffmpeg import Failed, Limits
from app.courses.renditions.models import Rendition
from app.courses.renditions.plan import Plan, fit, planned, steady
from tests import factories
from tests.factories.media import make_audio, make_video, remade
from tests.services import DatabaseUrls

Attached = Callable[..., int]


@pytest.fixture
def settings(tmp_path: Path, any_database: DatabaseUrls) -> Settings:
    return load({"DUXUE_DATA_DIR": str(tmp_path / "data"), "DUXUE_DATABASE_URL": any_database.app_url})


@pytest.fixture
def db(any_database: DatabaseUrls) -> Iterator[Database]:
    """With the clock running: transcodes take their time."""
    found = Database(any_database.app_url)
    yield found
    found.engine.dispose()


@pytest.fixture
def attach(db: Database, settings: Settings) -> Attached:
    """Attaches a file to a new lesson and asks for its renditions; the media version's number."""

    def attached(path: Path, measured: Measured | None = None) -> int:
        store, measured = Store(settings.files_dir), measured or measure(path)
        with db.writing() as session:
            course = factories.course(session, f"c{clock.now_ms()}")
            lesson = service.add_lesson(session, course.id, measured.kind, "一")
            version = service.attach_media(session, store, lesson.id, path, path.name, measured=measured)
            renditions.request(session, version, measured)
            return version.id

    return attached


def states(db: Database, version: int) -> dict[str, str]:
    with db.reading() as session:
        return {row.kind: row.state for row in queries.renditions_of(session, version)}


def row(db: Database, version: int, kind: str) -> Rendition:
    with db.reading() as session:
        found = select(Rendition).where(Rendition.media_version_id == version, Rendition.kind == kind)
        return session.scalars(found).one()


def test_what_is_made_of_what() -> None:
    film: dict[str, Any] = {"playable": True, "cover": False, "rate_m": 25_000}
    large = planned("video", "video/mp4", width=1920, height=1080, sound=True, **film)
    assert list(large) == [Plan("360p", 640, 360, 25_000), Plan("720p", 1280, 720, 25_000), Plan("audio")]
    upright = planned("video", "video/mp4", width=720, height=1280, sound=False, **film)
    assert list(upright) == [Plan("360p", 360, 640, 25_000), Plan("720p", 720, 1280, 25_000)]
    small = planned("video", "video/mp4", width=320, height=240, sound=True, **film)
    assert list(small) == [Plan("360p", 320, 240, 25_000), Plan("audio")], "nothing is enlarged"
    sound: dict[str, Any] = {"width": 0, "height": 0, "rate_m": 0, "sound": True}
    assert list(planned("audio", "audio/mpeg", playable=True, cover=False, **sound)) == []
    assert list(planned("audio", "audio/mpeg", playable=True, cover=True, **sound)) == [Plan("cover")]
    assert list(planned("audio", "audio/wav", playable=True, cover=False, **sound)) == [Plan("audio")]
    assert list(planned("audio", "audio/x-ms-wma", playable=False, cover=False, **sound)) == [Plan("audio")]


def test_sizes_are_even_and_rates_steady() -> None:
    assert fit(1279, 719, 360) == (640, 360)
    assert fit(33, 21, 360) == (32, 20)
    assert [steady(rate) for rate in (1000, 21_002, 25_000, 29_970, 48_000, 59_940, 60_000, 120_000)] == [
        10_000, 23_976, 25_000, 29_970, 24_000, 29_970, 30_000, 30_000,
    ]  # fmt: skip


def test_a_film_becomes_a_stream(db: Database, settings: Settings, attach: Attached, tmp_path: Path) -> None:
    """Small, large, sound; key pictures and segments at each four seconds; the length stays what was measured."""
    path = make_video(tmp_path / "f.mp4", 9, fps=25, sound=9, size=(640, 480))
    version = attach(path)
    assert states(db, version) == {"360p": "waiting", "720p": "waiting", "audio": "waiting"}
    assert tasks.run_one(db) is False, "films have a queue of their own"
    assert making.make_all(db, settings, version) == 3
    assert states(db, version) == {"360p": "ready", "720p": "ready", "audio": "ready"}
    with db.reading() as session:
        stream = queries.stream_of(session, version)
        assert session.get_one(MediaVersion, version).length_ms == measure(path).length_ms
    assert stream.plays
    parts = streams.read(Store(settings.files_dir), stream.sha256 or "")
    for kind, size in (("360p", (480, 360)), ("720p", (640, 480)), ("audio", (0, 0))):
        made = probe.measure(Store(settings.files_dir).path(parts[kind].sha256))
        assert (made["width"], made["height"]) == size
        assert made["length_ms"] == pytest.approx(9000, abs=60), "it begins at 0, and ends with its film"
        assert [line for line in parts[kind].playlist.splitlines() if line.startswith("#EXTINF")][:2] == [
            "#EXTINF:4.000000,", "#EXTINF:4.000000,",
        ] or kind == "audio"  # fmt: skip
    assert parts["720p"].codecs.startswith("avc1.4d")
    assert parts["720p"].codecs.endswith(",mp4a.40.2")
    assert not list((settings.data_dir / "renditions").iterdir()), "no half file stays"
    assert making.make_all(db, settings, version) == 0


def test_a_turned_film_of_uneven_rate_stands_upright(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    source = make_video(tmp_path / "s.mov", 6, fps=30, sound=6, size=(320, 180), codec="libx265", turn=90)
    uneven = ("-vf", "select='not(mod(n\\,3))+lt(n\\,60)'", "-fps_mode", "vfr", "-c:v", "libx265", "-x265-params",
              "log-level=none", "-tag:v", "hvc1", "-noautorotate", "-c:a", "copy")  # fmt: skip
    version = attach(remade(source, tmp_path / "phone.mov", *uneven[:-3], "-c:a", "copy"))
    assert making.make_all(db, settings, version) == 2
    made = probe.measure(Store(settings.files_dir).path(row(db, version, "360p").sha256 or ""))
    assert made["width"] < made["height"]
    assert made["rate_m"] == pytest.approx(row(db, version, "360p").rate_m, rel=0.02)


def test_sound_with_a_cover(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture is decoded and drawn anew: what hid in its bytes does not come out."""
    picture = remade(make_video(tmp_path / "p.mp4", 1, size=(300, 200)), tmp_path / "p.png", "-frames:v", "1")
    picture.write_bytes(picture.read_bytes() + b"<script>alert(1)</script>")
    sound = make_audio(tmp_path / "s.mp3", 3)
    with_cover = tmp_path / "talk.mp3"
    options = ("-i", str(picture), "-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v", "attached_pic")
    version = attach(remade(sound, with_cover, *options))
    assert states(db, version) == {"cover": "waiting"}
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # whoever inherits the server's environment does not even start
    assert making.make_all(db, settings, version) == 1
    raw = Store(settings.files_dir).path(row(db, version, "cover").sha256 or "").read_bytes()
    assert raw.startswith(b"\xff\xd8\xff")
    assert b"script" not in raw
    with db.reading() as session:
        assert not queries.stream_of(session, version).plays


def test_a_picture_that_is_none_is_no_cover(db: Database, settings: Settings, attach: Attached, tmp_path: Path) -> None:
    path = make_audio(tmp_path / "s.mp3", 2)
    version = attach(path, replace(measure(path), cover=True))
    assert making.make_all(db, settings, version) == 0
    assert row(db, version, "cover").error == "cover"


def test_a_lesson_that_browsers_cannot_play_opens_when_the_first_is_ready(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    path = make_video(tmp_path / "old.avi", 3, fps=25, sound=3, codec="mpeg4", audio_codec="libmp3lame")
    version = attach(path)
    with db.reading() as session:
        assert not queries.opens(session, "video", session.get_one(MediaVersion, version))
    assert making.make_all(db, settings, version) == 2
    with db.reading() as session:
        assert queries.opens(session, "video", session.get_one(MediaVersion, version))
        assert session.get_one(MediaVersion, version).length_ms == measure(path).length_ms


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of noise: slow enough to be stopped in."""
    folder = tmp_path_factory.mktemp("long")
    source = make_video(folder / "s.mp4", 4, fps=25, sound=4, size=(640, 480))
    looped = ("-vf", "loop=-1:100,noise=alls=40:allf=t", "-af", "aloop=-1:200000", "-t", "60")
    return remade(source, folder / "l.mp4", *looped, "-c:v", "mpeg4", "-q:v", "12")


def working(db: Database, version: int, kind: str) -> Rendition:
    """The rendition once it has come some way."""
    until = time.monotonic() + 60
    while (found := row(db, version, kind)).progress_m == 0:
        assert time.monotonic() < until, found.state
        time.sleep(0.1)
    return found


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # handed to the test
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_giving_up_stops_the_work_within_two_seconds(
    db: Database, settings: Settings, attach: Attached, long_film: Path
) -> None:
    version = attach(long_film)
    with db.writing() as session:
        others = update(Rendition).where(Rendition.media_version_id == version, Rendition.kind != "720p")
        session.execute(others.values(state="cancelled"))
    thread, errors = in_thread(lambda: making.make_all(db, settings, version))
    found = working(db, version, "720p")
    assert 0 < found.progress_m < 1000
    with db.writing() as session:
        renditions.cancel(session, version, found.id, actor_id=None)
    begun = time.monotonic()
    thread.join(20)
    assert time.monotonic() - begun < 2
    assert errors == []
    assert states(db, version)["720p"] == "cancelled"
    assert not list((settings.data_dir / "renditions").iterdir())
    with db.writing() as session, pytest.raises(Refused, match="not being made"):
        renditions.cancel(session, version, found.id, actor_id=None)
    with db.writing() as session:
        renditions.retry(session, version, found.id, actor_id=None)
    assert states(db, version)["720p"] == "waiting"
    with db.writing() as session, pytest.raises(Refused, match="already"):
        renditions.retry(session, version, found.id, actor_id=None)
    with db.writing() as session, pytest.raises(NotFound):
        renditions.retry(session, version + 1, found.id, actor_id=None)


def test_a_process_that_ends_puts_its_work_back(
    db: Database, settings: Settings, attach: Attached, long_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(tasks, "_stop", stop)
    version = attach(long_film)
    thread, errors = in_thread(lambda: making.make_all(db, settings, version))
    working(db, version, "360p")
    stop.set()
    thread.join(10)
    assert [type(error) for error in errors] == [tasks.Again]
    found = row(db, version, "360p")
    assert (found.state, found.tries, found.token) == ("waiting", 0, None)


def test_what_a_killed_process_left_is_made_anew_and_ffmpeg_dies_with_it(
    db: Database, settings: Settings, attach: Attached, long_film: Path, any_database: DatabaseUrls
) -> None:
    version = attach(long_film)
    script = (
        "from app.base import settings; from app.base.db import Database; import app.tables\n"
        "from app.courses.renditions import making; s = settings.load()\n"
        f"making.make_all(Database(s.database_url), s, {version})"
    )
    environment = {"DUXUE_DATA_DIR": str(settings.data_dir), "DUXUE_DATABASE_URL": any_database.app_url}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    working(db, version, "360p")
    process.kill()
    process.wait()
    time.sleep(0.5)
    assert str(settings.data_dir / "renditions") not in _command_lines()
    with db.writing() as session:
        session.execute(update(Rendition).where(Rendition.kind != "360p").values(state="cancelled"))
    with pytest.raises(tasks.Again):  # it was alive a moment ago
        making.make_all(db, settings, version)
    with db.writing() as session:
        long_ago = clock.now() - timedelta(minutes=11)
        session.execute(update(Rendition).values(touched_at=long_ago))
        assert renditions.sweep(session, settings) == 0, "its task waits still"
    assert making.make_all(db, settings, version) == 1
    found = row(db, version, "360p")
    assert (found.state, found.tries) == ("ready", 2)
    assert not list((settings.data_dir / "renditions").iterdir()), "what the dead one left half made is gone"


def _command_lines() -> str:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(line for line in lines if "ffmpeg" in line)


def test_two_makers_of_one_film_both_stand_in_its_stream(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They end at the same moment: each would see its own row only, and the stream list one of the two."""
    version = attach(make_video(tmp_path / "f.mp4", 2, sound=2))
    claims = [making._claim(db, settings, version) for _each in range(2)]
    meeting, write = threading.Barrier(2), streams.write

    def slowly(store: Store, parts: list[streams.Part]) -> str:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(1)  # where both came here together, neither has committed
        return write(store, parts)

    monkeypatch.setattr(streams, "write", slowly)

    def end(claim: making.Claim | None) -> None:
        assert claim is not None
        made = {"sha256": "a" * 64, "bytes": 1, "playlist": "#EXTM3U", "bandwidth": 1, "codecs": "mp4a.40.2"}
        assert making._ready(db, settings, claim, made)

    running = [in_thread(partial(end, claim)) for claim in claims]
    for thread, errors in running:
        thread.join(30)
        assert errors == []
    assert states(db, version) == {"360p": "ready", "audio": "ready"}
    with db.reading() as session:
        sha256 = queries.stream_of(session, version).sha256
    assert set(streams.read(Store(settings.files_dir), sha256 or "")) == {"360p", "audio"}


def test_a_film_that_waits_for_hours_has_one_task(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    version = attach(make_video(tmp_path / "f.mp4", 2))

    def swept() -> int:
        with db.writing() as session:
            long_ago = clock.now() - timedelta(minutes=11)
            session.execute(update(Rendition).values(touched_at=long_ago, state="waiting"))
            return renditions.sweep(session, settings)

    assert [swept() for _each in range(3)] == [0, 0, 0]
    with db.writing() as session:
        session.execute(update(Rendition).values(state="cancelled"))
    assert tasks.run_one(db, tasks.MEDIA), "the task that attaching it left"
    assert not tasks.run_one(db, tasks.MEDIA), "and no other"
    assert [swept() for _each in range(3)] == [1, 0, 0]
    with db.reading() as session:
        assert tasks.is_queued(session, making.NAME, media_version_id=version)
        assert not tasks.is_queued(session, making.NAME, media_version_id=version + 1)


def test_folders_of_runs_that_no_row_names_are_swept(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    """Killed, then given up: nothing knows of what it left half made."""
    attach(make_video(tmp_path / "f.mp4", 2))
    home = making.folder_of(settings)
    for name in ("mine", "nobodys", "fresh"):
        (home / name).mkdir(parents=True)
        (home / name / "360p.mp4").write_bytes(b"half")
        if name != "fresh":
            os.utime(home / name, (0, 0))
    with db.writing() as session:
        session.execute(update(Rendition).values(state="working", token="mine"))
        renditions.sweep(session, settings)
    assert sorted(path.name for path in home.iterdir()) == ["fresh", "mine"]


def test_what_kills_its_process_thrice_is_left_alone(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    version = attach(make_video(tmp_path / "f.mp4", 2))
    with db.writing() as session:
        session.execute(
            update(Rendition).values(state="working", tries=3, token="x", touched_at=clock.now() - timedelta(minutes=1))
        )
    assert making.make_all(db, settings, version) == 0
    found = row(db, version, "360p")
    assert (found.state, found.error) == ("failed", "crashed")


def test_a_file_that_was_replaced_is_not_worked_on(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    version = attach(make_video(tmp_path / "f.mp4", 2))
    with db.writing() as session:
        old = session.get_one(MediaVersion, version)
        newer = make_video(tmp_path / "g.mp4", 3)
        service.attach_media(session, Store(settings.files_dir), old.lesson_id, newer, "g.mp4")
    assert making.make_all(db, settings, version) == 0
    assert states(db, version) == {"360p": "cancelled"}


def test_what_comes_out_too_short_is_not_taken(
    db: Database, settings: Settings, attach: Attached, tmp_path: Path
) -> None:
    """A film whose decoder gives up midway must not become a shorter lesson."""
    path = make_video(tmp_path / "f.mp4", 4)
    version = attach(path, replace(measure(path), length_ms=9000))
    assert making.make_all(db, settings, version) == 0
    assert row(db, version, "360p").error == "length"
    with db.reading() as session:
        assert not queries.stream_of(session, version).plays


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(seconds=1, memory=2 << 30, file_size=1 << 30, threads=1), "time"),
        (Limits(seconds=600, memory=2 << 30, file_size=50_000, threads=1), "size"),
        (Limits(seconds=600, memory=60 << 20, file_size=1 << 30, threads=1), ""),
    ],
)
def test_the_leash_holds(tmp_path: Path, long_film: Path, limits: Limits, code: str) -> None:
    options = ffmpeg.arguments(long_film, "mov", Plan("720p", 1280, 720, 25_000), tmp_path, 1)
    with pytest.raises(Failed) as caught:
        ffmpeg.run(options, limits, lambda _done: True)
    assert caught.value.code == code or not code


def test_a_file_cannot_name_another(tmp_path: Path) -> None:
    """A playlist under a film's name: the one demuxer does not read it, and only plain files are opened."""
    trap = tmp_path / "f.mp4"
    trap.write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/x\n")
    with pytest.raises(Failed, match="unreadable"):
        ffmpeg.run(
            ffmpeg.arguments(trap, "mov", Plan("audio"), tmp_path, 1), Limits(20, 1 << 30, 1 << 20, 1), lambda _d: True
        )
    assert "-protocol_whitelist file" in " ".join(ffmpeg.arguments(trap, "mov", Plan("audio"), tmp_path, 1))


def test_the_task_is_in_the_queue_of_films(db: Database, attach: Attached, tmp_path: Path) -> None:
    attach(make_video(tmp_path / "f.mp4", 2))
    with db.reading() as session:
        table = "task" if db.sqlite else "procrastinate_jobs"
        queue = "queue" if db.sqlite else "queue_name"
        assert session.scalar(text(f"SELECT {queue} FROM {table}")) == tasks.MEDIA


SAMPLES = {
    "video/lecture-6min.mp4": {"360p": (640, 360), "720p": (1280, 720), "audio": (0, 0)},
    "video/mountains_31175.mp4": {"360p": (640, 360), "720p": (1280, 720)},
    "video/old-lecture-2min.wmv": {"360p": (480, 360), "720p": (640, 480), "audio": (0, 0)},
    "video/phone-vfr-90s.mov": {"360p": (360, 640), "720p": (720, 1280), "audio": (0, 0)},
    "audio/talk-3min.mp3": {},
    "audio/talk-3min.m4a": {},
    "hostile/claims-10-hours.mp4": {"360p": (160, 90), "audio": (0, 0)},
}


# Long ones are cut, not encoded anew: what is made of the first half minute is what is made of the rest.
LONG = {"video/lecture-6min.mp4", "video/old-lecture-2min.wmv", "video/phone-vfr-90s.mov"}


def _first_half_minute(source: Path, folder: Path) -> Path:
    cut = folder / source.name
    copy = ["-v", "error", "-t", "30", "-i", str(source), "-map", "0:v", "-map", "0:a?", "-c", "copy", str(cut)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *copy], check=True, timeout=60)
    return cut


@pytest.mark.samples
@pytest.mark.parametrize("any_database", ["sqlite"], indirect=True)  # what is made does not depend on the database
@pytest.mark.parametrize("name", SAMPLES)
def test_samples(samples: Path, db: Database, settings: Settings, attach: Attached, name: str, tmp_path: Path) -> None:
    source = _first_half_minute(samples / name, tmp_path) if name in LONG else samples / name
    within = 400 if name in LONG else 150  # a cut ends with whole packets: sound and picture not at the same time
    version = attach(source)
    assert making.make_all(db, settings, version) == len(SAMPLES[name])
    for kind, size in SAMPLES[name].items():
        made = probe.measure(Store(settings.files_dir).path(row(db, version, kind).sha256 or ""))
        assert (made["width"], made["height"]) == size
        assert made["length_ms"] == pytest.approx(measure(source).length_ms, abs=within)
