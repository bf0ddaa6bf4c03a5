"""Covers of sound: the picture that a file brought, drawn anew when its renditions were made, or one that we draw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from markupsafe import escape
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.courses.models import Course, Lesson, MediaVersion, Provider
from app.courses.renditions.models import Rendition

WIDTH, HEIGHT, LINE = 1280, 720, 16
_COVER = (
    select(
        Lesson.title, Provider.name, Course.id, Lesson.withdrawn_at, Course.withdrawn_at, Rendition.sha256,
        MediaVersion.sha256,
    )
    .select_from(MediaVersion)
    .join(Lesson, Lesson.id == MediaVersion.lesson_id)
    .join(Course, Course.id == Lesson.course_id)
    .join(Provider, Provider.id == Course.provider_id)
    .outerjoin(
        Rendition,
        (Rendition.media_version_id == MediaVersion.id) & (Rendition.kind == "cover") & (Rendition.state == "ready"),
    )
    .where(MediaVersion.id == bindparam("version"), Lesson.kind == "audio")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cover:
    """A sound lesson's cover: `sha256` of its picture in the store, or None: then it is drawn from the words."""

    title: str
    provider: str
    course_id: int
    withdrawn: bool
    sha256: str | None
    seed: str


def cover(session: Session, media_version_id: int) -> Cover | None:
    """The cover of a version of a sound lesson; None when it is none."""
    found = session.execute(_COVER, {"version": media_version_id}).first()
    if found is None:
        return None
    title, provider, course_id, *gone, sha256, seed = found
    return Cover(title, provider, course_id, gone != [None, None], sha256, seed)


def lines(title: str, most: int = 4) -> list[str]:
    """A title in lines that fit; Chinese characters are twice as wide as others."""
    found, line, width = [], "", 0
    for char in title:
        wide = 2 if ord(char) > 0x2E7F else 1
        if width + wide > 2 * LINE:
            found.append(line)
            line, width = "", 0
        line, width = line + char, width + wide
    found.append(line)
    return found if len(found) <= most else [*found[: most - 1], found[most - 1][:-1] + "…"]


def drawn(found: Cover) -> str:
    """A picture of title and provider, with a wave whose shape is the file's own, as SVG."""
    digest = hashlib.sha256(found.seed.encode()).digest()
    bars = "".join(
        f'<rect x="{80 + 35 * at}" y="{600 - 1.0 * (20 + byte % 80):.0f}" width="14" height="{20 + byte % 80}" rx="7"/>'
        for at, byte in enumerate(digest)
    )
    words = "".join(
        f'<text x="80" y="{170 + 84 * at}" font-size="64" font-weight="600" fill="#f6f4ee">{escape(line)}</text>'
        for at, line in enumerate(lines(found.title))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="PingFang SC,Microsoft YaHei,Noto Sans CJK SC,Noto Sans SC,sans-serif">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#17211f"/><g fill="#3f8f7c">{bars}</g>{words}'
        f'<text x="80" y="664" font-size="30" fill="#b9c4bf">{escape(found.provider)}</text></svg>'
    )
