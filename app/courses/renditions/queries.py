"""Reads about renditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.courses.measuring import playable
from app.courses.models import MediaVersion
from app.courses.renditions.models import MediaStream, Rendition
from app.courses.renditions.plan import KINDS


@dataclass(frozen=True, slots=True)
class StreamRow:
    """What streams of a media version: the stream file's name (None: nothing yet) and which renditions are ready."""

    sha256: str | None
    kinds: frozenset[str]

    @property
    def plays(self) -> bool:
        """Can the lesson be played from its renditions?"""
        return self.sha256 is not None and bool(self.kinds - {"cover"})


@dataclass(frozen=True, slots=True)
class RenditionRow:
    """A rendition as its editor sees it. `progress_m` in thousandths, `error` a code."""

    id: int
    kind: str
    state: str
    progress_m: int
    error: str | None
    width: int
    height: int
    bytes: int | None


_STREAM = (
    select(MediaStream.sha256, Rendition.kind)
    .select_from(Rendition)
    .outerjoin(MediaStream, MediaStream.media_version_id == Rendition.media_version_id)
    .where(Rendition.media_version_id == bindparam("version"), Rendition.state == "ready")
)


def stream_of(session: Session, media_version_id: int) -> StreamRow:
    """What streams of a media version now."""
    found = session.execute(_STREAM, {"version": media_version_id}).all()
    return StreamRow(next((row[0] for row in found), None), frozenset(row[1] for row in found))


def opens(session: Session, kind: str, version: MediaVersion) -> bool:
    """Can a lesson of this kind be opened with this version? Not while a file that browsers cannot play is prepared."""
    return kind not in ("video", "audio") or playable(version.mime) or stream_of(session, version.id).plays


def plays_as_it_is(session: Session, media_version_id: int) -> bool:
    """Is the uploaded file itself one that every browser plays?"""
    return playable(session.scalar(select(MediaVersion.mime).where(MediaVersion.id == media_version_id)) or "")


def renditions_of(session: Session, media_version_id: int) -> list[RenditionRow]:
    """All renditions of a media version, in the order of their making."""
    found = session.execute(
        select(
            Rendition.id, Rendition.kind, Rendition.state, Rendition.progress_m, Rendition.error, Rendition.width,
            Rendition.height, Rendition.bytes,
        ).where(Rendition.media_version_id == media_version_id)
    )  # fmt: skip
    return sorted((RenditionRow(*row) for row in found), key=lambda row: KINDS.index(row.kind))


def listed(session: Session, media_version_id: int) -> dict[str, Any]:
    """What the editor's list shows: the renditions, and whether the lesson plays with or without them."""
    as_is = plays_as_it_is(session, media_version_id)
    return {
        "renditions": renditions_of(session, media_version_id),
        "plays_as_is": as_is,
        "opens": as_is or stream_of(session, media_version_id).plays,
    }
