"""Courses of `content/courses`, by the services that an editor's pages use."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.base.settings import SettingError, Settings
from app.base.storage import Store
from app.courses import queries as course_queries
from app.courses import service as courses
from app.courses.measuring import Measured
from app.questions import importing

Measures = Mapping[Path, Future[Measured]]


def films(folder: Path) -> Iterator[Path]:
    """The files of a course that have to be measured."""
    plan = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
    yield from (folder / each["file"] for each in plan["lessons"] if each["kind"] != "article")


def load_course(
    session: Session, settings: Settings, folder: Path, providers: dict[str, int], measures: Measures
) -> int:
    """One folder; the course's id. Its code is the folder's name. `providers`: ids by name, those made here added.
    `measures`: what is found out about each of `films` meanwhile."""
    plan = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
    course = courses.create_course(
        session,
        code=folder.name,
        title=plan["title"]["zh"],
        title_en=plan["title"]["en"],
        summary=_summary(plan, "zh"),
        summary_en=_summary(plan, "en"),
        provider_id=_provider(session, plan["provider"], providers),
        category=plan["category"],
        subject_bucket=plan["subject_bucket"],
        lecturer=plan["lecturer"]["zh"],
        lecturer_en=plan["lecturer"]["en"],
        sources=_sources(plan, "zh"),
        sources_en=_sources(plan, "en"),
        slip=plan.get("slip", ""),
        motif=plan.get("motif", 0),
        max_rate_m=int(float(plan["policies"]["max_rate"]) * 1000),
        check_minutes=plan["policies"]["check_minutes"],
        in_order=plan["policies"]["no_seek_ahead"],
        actor_id=None,
    )
    store = Store(settings.files_dir)
    for each in plan["lessons"]:
        _lesson(session, store, folder / each["file"], course.id, each, measures)
    _questions(session, folder / "questions.gift", course.id)
    return course.id


def _provider(session: Session, names: dict[str, str], providers: dict[str, int]) -> int:
    if names["zh"] not in providers:
        code = f"provider-{len(providers) + 1}"
        providers[names["zh"]] = courses.create_provider(session, code, names["zh"], names["en"]).id
    return providers[names["zh"]]


def _summary(plan: dict[str, Any], language: str) -> str:
    points = "\n".join(f"- {each[language]}" for each in plan.get("learn", []))
    return f"{plan['summary'][language]}\n\n{points}".strip()


def _sources(plan: dict[str, Any], language: str) -> str:
    return "\n".join(each[language] for each in plan.get("sources", []))


def _lesson(
    session: Session, store: Store, path: Path, course_id: int, plan: dict[str, Any], measures: Measures
) -> None:
    title = plan["title"]
    lesson = courses.add_lesson(session, course_id, plan["kind"], title["zh"], title["en"])
    if plan["kind"] == "article":
        text = path.read_text(encoding="utf-8")
        courses.set_article(session, lesson.id, text, plan["reading_minutes"])
        return
    measured = measures[path].result()
    version = courses.attach_media(session, store, lesson.id, path, plan["file"], measured=measured)
    for language, name in plan.get("captions", {}).items():
        courses.attach_caption(session, version.id, language, path.with_name(name).read_bytes(), name)


def _questions(session: Session, path: Path, course_id: int) -> None:
    """A course's question bank, if its folder has one; a $CATEGORY names the lesson. What is there stays as it is."""
    if not path.is_file():
        return
    lessons = {row.title: row.id for row in course_queries.lessons_of(session, course_id)}
    plan = importing.plan(session, course_id, path.read_text(encoding="utf-8"), lessons.get)
    if plan.wrong:
        raise SettingError(f"{path}:{plan.wrong[0].line}: {plan.wrong[0].why}")
    importing.apply(session, course_id, plan.good, actor_id=None, source=path.name)
