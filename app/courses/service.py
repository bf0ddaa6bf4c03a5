"""Courses and lessons: making, changing, ordering, withdrawing. Every change leaves an audit entry."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import audit, clock, events, plain
from app.base.errors import BadInput, NotFound, Refused
from app.courses.material import attach_caption, attach_media, set_article
from app.courses.models import Course, Lesson, Provider
from app.courses.uploads import sweep_uploads

__all__ = [
    "add_lesson", "attach_caption", "attach_media", "create_course", "create_provider", "move_lesson",
    "rename_lesson", "set_article", "sweep_uploads", "update_course", "withdraw_course", "withdraw_lesson",
]  # fmt: skip

KINDS = ("video", "audio", "article", "document")
SLOWEST_M, FASTEST_M = 1000, 4000
MOST_LESSONS = 200
MOST_CHECK_MINUTES = 240
MOST_SLIP, MOTIFS = 4, 7
# What describes a course, and the parameters of `create_course` that say it.
FACTS = (
    "title", "title_en", "summary", "summary_en", "provider_id", "category", "subject_bucket", "lecturer",
    "lecturer_en", "sources", "sources_en", "slip", "motif", "max_rate_m", "check_minutes", "in_order",
)  # fmt: skip
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_TAG = re.compile(r"[a-z][a-z0-9_-]{0,39}")
# Addresses of the editor and the catalogue that no course may take.
_TAKEN = frozenset({"new"})


def _filled(text: str, most: int, what: str, field: str) -> str:
    plain.check(text, field)
    found = " ".join(text.split())
    if not found:
        raise BadInput(_("%(what)s is missing.", what=what), field)
    if len(found) > most:
        raise BadInput(_("%(what)s has at most %(most)s characters.", what=what, most=most), field)
    return found


def _lines(text: str) -> str:
    """One a line, without empty ones and the space around each."""
    return "\n".join(line for each in text.splitlines() if (line := each.strip()))[:5000]


def _new_code() -> str:
    # No vowels and no look-alikes: nothing that reads as a word or is misread over the telephone.
    return "".join(secrets.choice("bcdfghjkmnpqrstvwxz23456789") for _i in range(8))


def _checked_code(text: str) -> str:
    if not _CODE.fullmatch(text) or text in _TAKEN:
        raise BadInput(_("A code is small letters, digits and hyphens, at most 40."), "code")
    return text


def create_provider(
    session: Session, code: str, name: str, name_en: str = "", *, actor_id: int | None = None
) -> Provider:
    """A new provider of material. `Refused` when the code is taken; an empty English name repeats it."""
    code = _checked_code(code or _new_code())
    if session.scalar(select(Provider.id).where(Provider.code == code)) is not None:
        raise Refused(_("There is already a provider with the code %(code)s.", code=code), "code")
    name = _filled(name, 120, _("The provider's name"), "provider")
    plain.check(name_en, "new_provider_en")
    found = Provider(code=code, name=name, name_en=(name_en.strip() or name)[:120])
    session.add(found)
    session.flush()
    audit.record(session, actor_id, "provider.create", f"provider:{code}", name=name)
    return found


def _texts(facts: dict[str, Any]) -> dict[str, Any]:
    """Check the texts that describe a course; the values to store."""
    title = _filled(facts["title"], 120, _("The title"), "title")
    for field in ("lecturer", "lecturer_en", "slip"):
        plain.check(facts[field], field)
    for field in ("summary", "summary_en", "sources", "sources_en"):
        plain.check(facts[field], field, lines=True)
    slip = facts["slip"].strip()
    if len(slip) > MOST_SLIP:
        raise BadInput(_("The cover has room for %(most)s characters.", most=MOST_SLIP), "slip")
    return {
        "title": title,
        "title_en": _filled(facts["title_en"] or title, 200, _("The English title"), "title_en"),
        "summary": facts["summary"].strip()[:5000],
        "summary_en": facts["summary_en"].strip()[:5000],
        "lecturer": facts["lecturer"].strip()[:120],
        "lecturer_en": facts["lecturer_en"].strip()[:120],
        "sources": _lines(facts["sources"]),
        "sources_en": _lines(facts["sources_en"]),
        "slip": slip,
    }


def _fields(session: Session, facts: dict[str, Any]) -> dict[str, Any]:
    """Check what describes a course; the values to store."""
    found = _texts(facts) | {
        "provider_id": facts["provider_id"],
        "category": facts["category"],
        "subject_bucket": facts["subject_bucket"],
        "motif": facts["motif"],
        "max_rate_m": facts["max_rate_m"],
        "check_minutes": facts["check_minutes"],
        "in_order": bool(facts["in_order"]),
    }
    if session.get(Provider, found["provider_id"]) is None:
        raise BadInput(_("Choose a provider from the list."), "provider")
    # Which codes there are is the academy's own affair: its rules and its words name them.
    for field in ("category", "subject_bucket"):
        if not _TAG.fullmatch(found[field]):
            raise BadInput(_("Choose one of the list."), field)
    if not 0 <= found["motif"] <= MOTIFS:
        raise BadInput(_("Choose one of the list."), "motif")
    if not SLOWEST_M <= found["max_rate_m"] <= FASTEST_M:
        raise BadInput(_("The highest speed lies between 1.0 and 4.0."), "max_rate")
    if not 0 <= found["check_minutes"] <= MOST_CHECK_MINUTES:
        raise BadInput(_("Write a number of minutes from 0 to %(most)s.", most=MOST_CHECK_MINUTES), "check_minutes")
    return found


def create_course(
    session: Session,
    *,
    title: str,
    title_en: str,
    summary: str,
    summary_en: str,
    provider_id: int,
    category: str,
    subject_bucket: str,
    lecturer: str,
    max_rate_m: int,
    actor_id: int | None,
    code: str | None = None,
    check_minutes: int = 0,
    in_order: bool = False,
    lecturer_en: str = "",
    sources: str = "",
    sources_en: str = "",
    slip: str = "",
    motif: int = 0,
) -> Course:
    """A new course without lessons. `max_rate_m` in thousandths (1000–4000); `code`: else one is made up.

    `check_minutes`: a presence check for each started so many minutes of a lesson, 0 for none (at most 240).
    `in_order`: nothing counts beyond what was seen before. `sources`: what the facts come from, one a line.
    Of the drawn cover: `slip`, at most four characters, and `motif`, 1 to 7; "" and 0: they follow from the title.

    `BadInput` names the field; `Refused` when the code is taken.
    """
    facts = _fields(
        session,
        {
            "title": title, "title_en": title_en, "summary": summary, "summary_en": summary_en,
            "provider_id": provider_id, "category": category, "subject_bucket": subject_bucket,
            "lecturer": lecturer, "lecturer_en": lecturer_en, "sources": sources, "sources_en": sources_en,
            "slip": slip, "motif": motif, "max_rate_m": max_rate_m, "check_minutes": check_minutes,
            "in_order": in_order,
        },
    )  # fmt: skip
    code = _checked_code(code) if code else _new_code()
    if session.scalar(select(Course.id).where(Course.code == code)) is not None:
        raise Refused(_("There is already a course with the code %(code)s.", code=code), "code")
    course = Course(code=code, created_by=actor_id, created_at=clock.now(), **facts)
    session.add(course)
    session.flush()
    audit.record(session, actor_id, "course.create", f"course:{code}", **facts)
    return course


def update_course(session: Session, course_id: int, *, actor_id: int | None, **facts: Any) -> Course:
    """Change what describes a course (the fields of `create_course` without the code; those left out stay).

    Credit that was given stays as it is: evidence carries what the course was then.
    """
    course = _course(session, course_id)
    before = {name: getattr(course, name) for name in FACTS}
    after = _fields(session, before | facts)
    changed = {name: after[name] for name in after if after[name] != before[name]}
    for name, value in changed.items():
        setattr(course, name, value)
    if changed:
        was = {name: before[name] for name in changed}
        audit.record(session, actor_id, "course.update", f"course:{course.code}", was=was, now=changed)
    session.flush()
    return course


def _course(session: Session, course_id: int) -> Course:
    """The course, to be changed. `Refused` when it is withdrawn: what learners had must stay as it was."""
    course = session.get(Course, course_id)
    if course is None:
        raise NotFound(_("There is no such course."))
    if course.withdrawn_at is not None:
        raise Refused(_("This course is withdrawn and cannot be changed any more."))
    return course


def _lesson(session: Session, lesson_id: int) -> tuple[Lesson, Course]:
    lesson = session.get(Lesson, lesson_id)
    if lesson is None or lesson.withdrawn_at is not None:
        raise NotFound(_("This lesson does not exist or was withdrawn."))
    return lesson, _course(session, lesson.course_id)


def add_lesson(
    session: Session,
    course_id: int,
    kind: str,
    title: str,
    title_en: str = "",
    *,
    actor_id: int | None = None,
) -> Lesson:
    """A lesson (video, audio, article or document) at the end of a course; it opens when it has material."""
    course = _course(session, course_id)
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}")
    title = _filled(title, 120, _("The title"), "title")
    count, last = session.execute(
        select(func.count(), func.max(Lesson.position)).where(Lesson.course_id == course_id)
    ).one()
    if count >= MOST_LESSONS:
        raise Refused(_("A course has at most %(most)s lessons.", most=MOST_LESSONS))
    lesson = Lesson(
        course_id=course_id,
        position=(last or 0) + 1,
        title=title,
        title_en=_filled(title_en or title, 200, _("The English title"), "title_en"),
        kind=kind,
    )
    session.add(lesson)
    session.flush()
    audit.record(session, actor_id, "lesson.add", f"lesson:{lesson.id}", course=course.code, kind=kind, title=title)
    return lesson


def rename_lesson(session: Session, lesson_id: int, title: str, title_en: str, *, actor_id: int | None) -> Lesson:
    """Give a lesson other titles; an empty English one repeats the Chinese."""
    lesson, _found = _lesson(session, lesson_id)
    title = _filled(title, 120, _("The title"), "title")
    title_en = _filled(title_en or title, 200, _("The English title"), "title_en")
    if (lesson.title, lesson.title_en) != (title, title_en):
        was = [lesson.title, lesson.title_en]
        audit.record(session, actor_id, "lesson.rename", f"lesson:{lesson.id}", was=was, now=[title, title_en])
        lesson.title, lesson.title_en = title, title_en
        session.flush()
    return lesson


def move_lesson(session: Session, lesson_id: int, step: int, *, actor_id: int | None = None) -> bool:
    """Swap a lesson with the one before (`step` −1) or after it (+1); False when there is none."""
    lesson, course = _lesson(session, lesson_id)
    there = select(Lesson).where(Lesson.course_id == course.id, Lesson.withdrawn_at.is_(None))
    if step < 0:
        there = there.where(Lesson.position < lesson.position).order_by(Lesson.position.desc())
    else:
        there = there.where(Lesson.position > lesson.position).order_by(Lesson.position)
    other = session.scalars(there.limit(1)).first()
    if other is None:
        return False
    mine, theirs = lesson.position, other.position
    # (course, position) is unique at every moment: one of the two steps aside first.
    lesson.position = -lesson.id
    session.flush()
    other.position = mine
    session.flush()
    lesson.position = theirs
    session.flush()
    audit.record(session, actor_id, "lesson.move", f"lesson:{lesson.id}", course=course.code, to=theirs)
    return True


def withdraw_lesson(session: Session, lesson_id: int, *, actor_id: int | None) -> None:
    """Take a lesson away: it opens no more, open viewings of it end now; credit that was given stays."""
    lesson, course = _lesson(session, lesson_id)
    lesson.withdrawn_at = clock.now()
    session.flush()
    audit.record(session, actor_id, "lesson.withdraw", f"lesson:{lesson.id}", course=course.code)
    events.announce(session, events.LESSON_WITHDRAWN, lesson_id=lesson.id)


def withdraw_course(session: Session, course_id: int, *, actor_id: int | None) -> None:
    """Take a course away for good: it opens no more, open viewings end now; credit that was given stays."""
    course = _course(session, course_id)
    course.withdrawn_at = clock.now()
    session.flush()
    audit.record(session, actor_id, "course.withdraw", f"course:{course.code}")
    events.announce(session, events.COURSE_WITHDRAWN, course_id=course.id)
