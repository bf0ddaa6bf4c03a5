"""What lessons play: media versions, captions, articles. A version is frozen; a new file is a new version."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePath

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import audit, clock
from app.base.errors import BadInput, NotFound, Refused
from app.base.storage import Store
from app.courses import captions as subtitles
from app.courses.articles import checked
from app.courses.measuring import Measured, measure
from app.courses.models import Caption, Course, Lesson, MediaVersion

MOST_MINUTES = 480


def clean_name(name: str) -> str:
    """A file's own name as it may be shown: no folders, no control characters, at most 200 characters."""
    last = PurePath(name.replace("\\", "/")).name
    shown = "".join(c for c in last if c.isprintable()).strip()
    return shown[-200:] or "file"


def open_lesson(session: Session, lesson_id: int) -> Lesson:
    """A lesson that may be given material; `NotFound` when it is withdrawn, `Refused` when its course is."""
    found = session.execute(select(Lesson, Course.withdrawn_at).join(Course).where(Lesson.id == lesson_id)).first()
    if found is None or found[0].withdrawn_at is not None:
        raise NotFound(_("This lesson does not exist or was withdrawn."))
    if found[1] is not None:
        raise Refused(_("This course is withdrawn and cannot be changed any more."))
    lesson: Lesson = found[0]
    return lesson


def newest_version(session: Session, lesson_id: int) -> MediaVersion | None:
    """The version that opens; None while there is none."""
    return session.scalars(
        select(MediaVersion).where(MediaVersion.lesson_id == lesson_id).order_by(MediaVersion.version.desc()).limit(1)
    ).first()


def freeze(session: Session, version: MediaVersion, actor_id: int | None) -> MediaVersion:
    """Make it the newest version of its lesson; nothing of it ever changes."""
    last = session.scalar(select(func.max(MediaVersion.version)).where(MediaVersion.lesson_id == version.lesson_id))
    version.version = (last or 0) + 1
    version.created_at = clock.now()
    session.add(version)
    session.flush()
    audit.record(
        session, actor_id, "media.attach", f"lesson:{version.lesson_id}", version=version.version,
        sha256=version.sha256, length_ms=version.length_ms, name=version.original_name,
    )  # fmt: skip
    return version


def attach_media(
    session: Session,
    store: Store,
    lesson_id: int,
    path: Path,
    original_name: str,
    *,
    actor_id: int | None = None,
    measured: Measured | None = None,
    sha256: str | None = None,
) -> MediaVersion:
    """Measure a file, store it and make it the lesson's newest version; its length never changes again.

    Measuring and storing read the whole file: a view does both before its transaction and passes the results
    (`measured`, and `sha256` of what the store already holds). `BadInput` when the file cannot be used.
    """
    lesson = open_lesson(session, lesson_id)
    measured = measured or measure(path)
    if measured.kind != lesson.kind:
        kinds = {"video": _("video"), "audio": _("audio"), "article": _("article"), "document": _("document")}
        raise BadInput(
            _("This lesson is %(wanted)s, the file is %(found)s. Add a new lesson for it.",
              wanted=kinds[lesson.kind], found=kinds[measured.kind]),
            "file",
        )  # fmt: skip
    sha256 = sha256 or store.put(path)
    newest = newest_version(session, lesson_id)
    if newest is not None and newest.sha256 == sha256:
        return newest  # the same file again is no new version: what was watched of it stays
    version = MediaVersion(
        lesson_id=lesson_id, sha256=sha256, bytes=store.path(sha256).stat().st_size, mime=measured.mime,
        length_ms=measured.length_ms, original_name=clean_name(original_name),
    )  # fmt: skip
    return freeze(session, version, actor_id)


def set_article(
    session: Session, lesson_id: int, markdown: str, reading_minutes: int, *, actor_id: int | None = None
) -> MediaVersion:
    """Give an article its text (Markdown) and its author's reading time; any change is a new version."""
    lesson = open_lesson(session, lesson_id)
    if lesson.kind != "article":
        raise BadInput(_("This lesson is no article."), "article")
    text = checked(markdown)
    if not 1 <= reading_minutes <= MOST_MINUTES:
        raise BadInput(_("The reading time lies between 1 and %(most)s minutes.", most=MOST_MINUTES), "reading_minutes")
    raw, length_ms = text.encode(), reading_minutes * 60_000
    newest = newest_version(session, lesson_id)
    if newest is not None and (newest.article, newest.length_ms) == (text, length_ms):
        return newest
    version = MediaVersion(
        lesson_id=lesson_id, sha256=hashlib.sha256(raw).hexdigest(), bytes=len(raw), mime="text/markdown",
        length_ms=length_ms, original_name="article.md", article=text,
    )  # fmt: skip
    return freeze(session, version, actor_id)


def attach_caption(
    session: Session,
    media_version_id: int,
    language: str,
    raw: bytes,
    name: str,
    *,
    actor_id: int | None = None,
) -> Caption:
    """Give a media version captions in `zh` or `en`; those it had in this language are replaced.

    `BadInput` names the file and the line that is wrong.
    """
    if language not in subtitles.LANGUAGES:
        raise BadInput(_("Captions are Chinese or English."), "captions")
    version = session.get(MediaVersion, media_version_id)
    if version is None or not version.mime.startswith(("video/", "audio/")):
        raise NotFound(_("There is no video or audio to caption."))
    try:
        cues = subtitles.parse(raw)
        subtitles.check_fits(cues, version.length_ms)
    except BadInput as error:
        text = _("%(name)s: %(text)s", name=clean_name(name), text=error.text)
        raise BadInput(text, f"captions_{language}") from error
    where = (Caption.media_version_id == media_version_id, Caption.language == language)
    found = session.scalars(select(Caption).where(*where)).first()
    if found is None:
        found = Caption(media_version_id=media_version_id, language=language, vtt="")
        session.add(found)
    found.vtt = subtitles.to_vtt(cues)
    session.flush()
    subject = f"media_version:{media_version_id}"
    audit.record(session, actor_id, "caption.attach", subject, language=language, cues=len(cues))
    return found
