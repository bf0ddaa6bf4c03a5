"""The long task that makes renditions: claims one, runs ffmpeg, checks what came out, stores it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from app.base import clock, tasks
from app.base import settings as reading
from app.base.db import Database
from app.base.errors import BadInput
from app.base.settings import Settings
from app.base.storage import Store
from app.courses import probe
from app.courses.measuring import BARE, ROOT, measure
from app.courses.models import Course, Lesson, MediaVersion
from app.courses.renditions import ffmpeg, messages, playlists, streams
from app.courses.renditions.ffmpeg import Failed, Limits, Stopped
from app.courses.renditions.models import MediaStream, Rendition
from app.courses.renditions.plan import AUDIO_BITS, KINDS, VIDEO_BITS, Plan

log = logging.getLogger("duxue.renditions")
NAME = "renditions.make"
# A run that has been silent for so long is dead, and another may take its rendition.
SILENCE = timedelta(seconds=25)
MOST_TRIES = 3
# A rendition may differ from its film by a picture and the coder's padding, not by more.
TOLERANCE_MS = 500
TELL_EVERY = 1.0
COVER_SECONDS = 60


def folder_of(settings: Settings) -> Path:
    """Where runs work, each in a folder named by its token."""
    return settings.data_dir / "renditions"


@dataclass(frozen=True, slots=True)
class Claim:
    """A rendition that this run works on, and the film that it is made of. `token` is empty when it is not to be
    made after all; `left`: the token of a run that died at it.
    """

    id: int
    token: str
    left: str
    plan: Plan
    media_version_id: int
    sha256: str
    length_ms: int


@tasks.task(NAME, long=True, queue=tasks.MEDIA)
def make(db: Database, media_version_id: int) -> None:
    """Make what waits of a media version, one after the other."""
    make_all(db, reading.load(), media_version_id)


def make_all(db: Database, settings: Settings, media_version_id: int) -> int:
    """As the task does; how many were made. `Again` when the process ends, or another run is at one of them."""
    made = 0
    while (claim := _claim(db, settings, media_version_id)) is not None:
        made += _one(db, settings, claim)
    return made


def _claim(db: Database, settings: Settings, media_version_id: int) -> Claim | None:
    """Take the next rendition that waits, or whose maker died."""
    with db.writing() as session:
        rows = session.scalars(
            select(Rendition)
            .where(Rendition.media_version_id == media_version_id, Rendition.state.in_(("waiting", "working")))
            .with_for_update()
        ).all()
        dead = clock.now() - SILENCE
        free = [row for row in rows if row.state == "waiting" or row.touched_at < dead]
        if not free:
            if rows:
                raise tasks.Again
            return None
        version = session.get_one(MediaVersion, media_version_id)
        row = min(free, key=lambda each: KINDS.index(each.kind))
        left, row.touched_at = row.token or "", clock.now()
        if not _is_wanted(session, version):
            row.state, row.token = "cancelled", None
        elif row.tries >= MOST_TRIES:
            row.state, row.token, row.error = "failed", None, "crashed"
            messages.failed(session, settings, media_version_id, row.kind)
        else:
            row.state, row.token, row.error = "working", str(ULID()), None
            row.tries, row.progress_m = row.tries + 1, 0
        plan = Plan(row.kind, row.width, row.height, row.rate_m)
        return Claim(row.id, row.token or "", left, plan, version.id, version.sha256, version.length_ms)


def _is_wanted(session: Session, version: MediaVersion) -> bool:
    """Is this still what its lesson plays?"""
    newest = select(func.max(MediaVersion.version)).where(MediaVersion.lesson_id == version.lesson_id)
    gone = session.execute(
        select(Lesson.withdrawn_at, Course.withdrawn_at).join(Course).where(Lesson.id == version.lesson_id)
    ).one()
    return session.scalar(newest) == version.version and tuple(gone) == (None, None)


def _one(db: Database, settings: Settings, claim: Claim) -> bool:
    """Make one; True when it is ready."""
    home = folder_of(settings)
    if claim.left:
        shutil.rmtree(home / claim.left, ignore_errors=True)
    if not claim.token:
        return False
    folder = home / claim.token
    folder.mkdir(parents=True)
    try:
        values = _cover(settings, claim, folder) if claim.plan.kind == "cover" else _film(db, settings, claim, folder)
        return _ready(db, settings, claim, values)
    except Stopped:
        if tasks.stopping():
            _end(db, claim, settings, state="waiting", tries=Rendition.tries - 1)
            raise tasks.Again from None
        return False  # it was given up, or another run has it
    except Failed as error:
        log.warning("rendition %s of media version %s: %s", claim.plan.kind, claim.media_version_id, error)
        _end(db, claim, settings, state="failed", error=error.code)
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (Rendition.id == claim.id, Rendition.state == "working", Rendition.token == claim.token)


def _end(db: Database, claim: Claim, settings: Settings, *, state: str, **values: object) -> None:
    with db.writing() as session:
        change = update(Rendition).where(*_mine(claim)).values(
            token=None, touched_at=clock.now(), state=state, **values
        )  # fmt: skip
        mine = session.execute(change).rowcount  # type: ignore[attr-defined]
        if mine and state == "failed":
            messages.failed(session, settings, claim.media_version_id, claim.plan.kind)


def _film(db: Database, settings: Settings, claim: Claim, folder: Path) -> dict[str, object]:
    """Run ffmpeg and weigh what came out; the values of the ready row."""
    plan, source = claim.plan, Store(settings.files_dir).path(claim.sha256)
    bits = AUDIO_BITS[plan.kind] + VIDEO_BITS.get(plan.kind, 0)
    most = 2 * bits * (claim.length_ms + 10_000) // 8_000 + (4 << 20)
    if shutil.disk_usage(folder).free < most:
        raise Failed("space")
    limits = Limits(settings.rendition_hours * 3600, settings.rendition_memory_bytes, most, settings.rendition_threads)
    told = time.monotonic()

    def may_go_on(done_ms: int) -> bool:
        nonlocal told
        if tasks.stopping():
            return False
        if time.monotonic() - told < TELL_EVERY:
            return True
        told = time.monotonic()
        share = min(999, done_ms * 1000 // claim.length_ms)
        with db.writing() as session:
            change = update(Rendition).where(*_mine(claim)).values(progress_m=share, touched_at=clock.now())
            return bool(session.execute(change).rowcount)  # type: ignore[attr-defined]

    try:
        with source.open("rb") as file:
            demuxer = probe.sniff(file.read(probe.HEAD))
    except (OSError, probe.Unusable) as error:
        raise Failed("missing") from error
    ffmpeg.run(ffmpeg.arguments(source, demuxer, plan, folder, limits.threads), limits, may_go_on)
    return _weigh(settings, claim, folder)


def _weigh(settings: Settings, claim: Claim, folder: Path) -> dict[str, object]:
    plan, path = claim.plan, folder / f"{claim.plan.kind}.mp4"
    try:
        size = path.stat().st_size
        segments = playlists.read((folder / f"{plan.kind}.m3u8").read_text(encoding="utf-8"), size)
        length_ms = measure(path).length_ms
    except (OSError, ValueError, BadInput) as error:
        raise Failed("unreadable", str(error)) from error
    if abs(length_ms - claim.length_ms) > TOLERANCE_MS:
        raise Failed("length", f"{length_ms} ms of {claim.length_ms}")
    return {
        "sha256": Store(settings.files_dir).adopt(path),
        "bytes": size,
        "playlist": segments.text(f"{plan.kind}.mp4"),
        "bandwidth": segments.bandwidth,
        "codecs": playlists.codecs(path),
    }


def _cover(settings: Settings, claim: Claim, folder: Path) -> dict[str, object]:
    """Take the picture out of the file in a process of its own, where it is decoded and drawn anew."""
    source, target = Store(settings.files_dir).path(claim.sha256), folder / "cover.jpg"
    command = [sys.executable, "-m", "app.courses.renditions.cover", str(source)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=BARE, stdin=subprocess.DEVNULL, capture_output=True, timeout=COVER_SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Failed("time") from error
    if done.returncode or not done.stdout.startswith(b"\xff\xd8\xff"):
        raise Failed("cover", done.stderr.decode(errors="replace")[-300:])
    target.write_bytes(done.stdout)
    return {"sha256": Store(settings.files_dir).adopt(target), "bytes": len(done.stdout)}


def _ready(db: Database, settings: Settings, claim: Claim, values: dict[str, object]) -> bool:
    """Mark it ready and write the stream file anew; False when it was given up meanwhile."""
    with db.writing() as session:
        # Two makers of one film come here one after the other: the second sees what the first has made ready, or
        # the stream would list one of the two only. (On SQLite there is one writer anyway.)
        session.execute(
            select(MediaVersion.id).where(MediaVersion.id == claim.media_version_id).with_for_update(key_share=True)
        )
        change = update(Rendition).where(*_mine(claim)).values(
            state="ready", progress_m=1000, token=None, touched_at=clock.now(), **values
        )  # fmt: skip
        if not session.execute(change).rowcount:  # type: ignore[attr-defined]
            return False
        ready = session.scalars(
            select(Rendition)
            .where(Rendition.media_version_id == claim.media_version_id, Rendition.state == "ready")
            .where(Rendition.kind != "cover")
            .order_by(Rendition.kind)
            .execution_options(populate_existing=True)
        ).all()
        if ready:
            parts = [
                streams.Part(
                    row.kind, row.sha256 or "", row.playlist or "", row.bandwidth or 0, row.codecs or "",
                    row.width, row.height, row.rate_m,
                )
                for row in ready
            ]  # fmt: skip
            sha256 = streams.write(Store(settings.files_dir), parts)
            session.merge(MediaStream(media_version_id=claim.media_version_id, sha256=sha256, made_at=clock.now()))
    return True
