"""Reads about courses, lessons and their material. Rows are plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from app.courses.models import Caption, Course, Lesson, MediaVersion, Provider

# Kinds of lessons that are read page by page, for a time that their author sets.
READ = frozenset({"article", "document"})


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A course with its provider's names. `max_rate_m`: the highest speed in thousandths; `sources`: one a line."""

    id: int
    code: str
    title: str
    title_en: str
    summary: str
    summary_en: str
    provider_id: int
    provider_code: str
    provider_name: str
    provider_name_en: str
    category: str
    subject_bucket: str
    lecturer: str
    max_rate_m: int
    check_minutes: int
    in_order: bool
    created_at: datetime
    withdrawn_at: datetime | None
    lecturer_en: str
    sources: str
    sources_en: str
    slip: str
    motif: int


@dataclass(frozen=True, slots=True)
class LessonRow:
    """A lesson that can be opened, with its newest media version (its number, since when); `length_ms` in ms."""

    id: int
    course_id: int
    position: int
    title: str
    title_en: str
    kind: str
    media_version_id: int
    length_ms: int
    version: int
    made_at: datetime

    @property
    def is_read(self) -> bool:
        """Is it read page by page, in a time that its author sets?"""
        return self.kind in READ


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A lesson as its editor sees it: the file may still be missing. `languages` of its captions."""

    id: int
    position: int
    title: str
    title_en: str
    kind: str
    media_version_id: int | None
    version: int | None
    length_ms: int | None
    bytes: int | None
    original_name: str | None
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """Captions of a media version; the text is at `/captions/<id>.vtt`."""

    id: int
    language: str


@dataclass(frozen=True, slots=True)
class CaptionText:
    """The WebVTT text of captions, and whose it is. `withdrawn`: the lesson or its course is."""

    text: str
    course_id: int
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Material:
    """What a player needs to know of a lesson. The first three are the rows themselves."""

    lesson: Lesson
    course: Course
    media_version: MediaVersion
    provider_code: str
    captions: tuple[CaptionRow, ...]


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """Who makes material."""

    id: int
    code: str
    name: str
    name_en: str


# The columns of a `CourseRow`, in its order.
COURSE = (
    Course.id, Course.code, Course.title, Course.title_en, Course.summary, Course.summary_en,
    Course.provider_id, Provider.code, Provider.name, Provider.name_en, Course.category,
    Course.subject_bucket, Course.lecturer, Course.max_rate_m, Course.check_minutes, Course.in_order,
    Course.created_at, Course.withdrawn_at, Course.lecturer_en, Course.sources, Course.sources_en, Course.slip,
    Course.motif,
)  # fmt: skip


def _courses() -> Select[Any]:
    return select(*COURSE).join(Provider, Provider.id == Course.provider_id)


_BY_CODE = _courses().where(Course.code == bindparam("code"))


def course_by_code(session: Session, code: str) -> CourseRow | None:
    """The course of an address, withdrawn or not; None when there is none."""
    found = session.execute(_BY_CODE, {"code": code}).first()
    return None if found is None else CourseRow(*found)


def titles_of(session: Session, codes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """By code: the titles in Chinese and in English; unknown codes are missing."""
    rows = session.execute(select(Course.code, Course.title, Course.title_en).where(Course.code.in_(list(codes))))
    return {code: (title, title_en) for code, title, title_en in rows}


def all_courses(session: Session) -> list[CourseRow]:
    """Every course, the newest first, the withdrawn ones last."""
    order = (Course.withdrawn_at.is_not(None), Course.created_at.desc(), Course.id.desc())
    return [CourseRow(*row) for row in session.execute(_courses().order_by(*order))]


def providers(session: Session) -> list[ProviderRow]:
    """Everybody who makes material, in the order of their making."""
    found = session.execute(select(Provider.id, Provider.code, Provider.name, Provider.name_en).order_by(Provider.id))
    return [ProviderRow(*row) for row in found]


def _newest() -> Any:
    """Joins a lesson to its newest media version."""
    other = aliased(MediaVersion)
    newest = select(func.max(other.version)).where(other.lesson_id == Lesson.id).scalar_subquery()
    return (MediaVersion.lesson_id == Lesson.id) & (MediaVersion.version == newest)


LESSONS = (
    select(
        Lesson.id, Lesson.course_id, Lesson.position, Lesson.title, Lesson.title_en, Lesson.kind,
        MediaVersion.id, MediaVersion.length_ms, MediaVersion.version, MediaVersion.created_at,
    )
    .select_from(Lesson)
    .join(MediaVersion, _newest())
    .where(Lesson.course_id.in_(bindparam("ids", expanding=True)), Lesson.withdrawn_at.is_(None))
    .order_by(Lesson.course_id, Lesson.position)
)  # fmt: skip


def lessons_of_courses(session: Session, course_ids: Iterable[int]) -> dict[int, list[LessonRow]]:
    """Of every course asked for, its lessons that can be opened, in order. One query."""
    ids = list(course_ids)
    found = session.execute(LESSONS, {"ids": list(set(ids))})
    lessons: dict[int, list[LessonRow]] = {course_id: [] for course_id in ids}
    for row in found:
        lessons[row[1]].append(LessonRow(*row))
    return lessons


def lessons_of(session: Session, course_id: int) -> list[LessonRow]:
    """A course's lessons that can be opened, in order."""
    return lessons_of_courses(session, [course_id])[course_id]


def drafts_of(session: Session, course_id: int) -> list[DraftRow]:
    """A course's lessons as its editor sees them, in order, without the withdrawn ones. Two queries."""
    found = session.execute(
        select(
            Lesson.id, Lesson.position, Lesson.title, Lesson.title_en, Lesson.kind, MediaVersion.id,
            MediaVersion.version, MediaVersion.length_ms, MediaVersion.bytes, MediaVersion.original_name,
        )
        .outerjoin(MediaVersion, _newest())
        .where(Lesson.course_id == course_id, Lesson.withdrawn_at.is_(None))
        .order_by(Lesson.position)
    ).all()  # fmt: skip
    languages: dict[int, list[str]] = {}
    versions = [row[5] for row in found if row[5] is not None]
    for version_id, language in session.execute(
        select(Caption.media_version_id, Caption.language)
        .where(Caption.media_version_id.in_(versions))
        .order_by(Caption.language.desc())
    ):
        languages.setdefault(version_id, []).append(language)
    return [DraftRow(*(*row, tuple(languages.get(row[5], ())))) for row in found]


_MATERIAL = (
    select(Lesson, Course, MediaVersion, Provider.code)
    .join(Course, Course.id == Lesson.course_id)
    .join(Provider, Provider.id == Course.provider_id)
)
_OPEN = _MATERIAL.join(MediaVersion, _newest()).where(
    Lesson.id == bindparam("lesson"), Lesson.withdrawn_at.is_(None), Course.withdrawn_at.is_(None)
)
_OF_VERSION = _MATERIAL.join(MediaVersion, MediaVersion.lesson_id == Lesson.id).where(
    MediaVersion.id == bindparam("version")
)
_CAPTIONS = (
    select(Caption.id, Caption.language)
    .where(Caption.media_version_id == bindparam("version"))
    .order_by(Caption.language.desc())
)


def open_material(session: Session, lesson_id: int) -> Material | None:
    """What a lesson plays now; None when there is none, no file, or it or its course is withdrawn."""
    found = session.execute(_OPEN, {"lesson": lesson_id}).first()
    return None if found is None else _material(session, *found)


def hold_lesson(session: Session, lesson_id: int) -> int | None:
    """Keep a lesson and its course from being withdrawn until this transaction ends; the course's id."""
    return session.scalar(
        select(Course.id)
        .join(Lesson, Lesson.course_id == Course.id)
        .where(Lesson.id == lesson_id)
        .with_for_update(read=True, of=(Lesson, Course))
    )


def material_of_version(session: Session, media_version_id: int) -> Material | None:
    """The material that a media version belongs to, withdrawn or replaced or not; None when there is none."""
    found = session.execute(_OF_VERSION, {"version": media_version_id}).first()
    return None if found is None else _material(session, *found)


def _material(session: Session, lesson: Lesson, course: Course, version: MediaVersion, provider: str) -> Material:
    captions = session.execute(_CAPTIONS, {"version": version.id})
    return Material(lesson, course, version, provider, tuple(CaptionRow(*row) for row in captions))


_LANGUAGES = select(Caption.language).where(Caption.media_version_id.in_(bindparam("versions", expanding=True)))


def caption_languages(session: Session, media_version_ids: Iterable[int]) -> list[str]:
    """The languages (`zh`, `en`) in which at least one of these has captions, Chinese first. One query."""
    return sorted(set(session.scalars(_LANGUAGES, {"versions": list(media_version_ids)})), reverse=True)


def caption(session: Session, caption_id: int) -> CaptionText | None:
    """Captions by their number; None when there are none."""
    found = session.execute(
        select(Caption.vtt, Course.id, Lesson.withdrawn_at, Course.withdrawn_at)
        .join(MediaVersion, MediaVersion.id == Caption.media_version_id)
        .join(Lesson, Lesson.id == MediaVersion.lesson_id)
        .join(Course, Course.id == Lesson.course_id)
        .where(Caption.id == caption_id)
    ).first()
    return None if found is None else CaptionText(found[0], found[1], (found[2], found[3]) != (None, None))


def article_of(session: Session, media_version_id: int) -> tuple[str, int] | None:
    """The Markdown of an article's version and its reading time in milliseconds; None when it is none."""
    found = session.execute(
        select(MediaVersion.article, MediaVersion.length_ms).where(
            MediaVersion.id == media_version_id, MediaVersion.article.is_not(None)
        )
    ).first()
    return None if found is None else (str(found[0]), found[1])
