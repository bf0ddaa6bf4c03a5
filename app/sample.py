"""The sample academy: `content/` loaded by the code that serves a user's own material.

All of it is one transaction, so an interrupted start begins anew. Passwords follow from the academy's
secret: every account has its own, and a lost accounts.json can be written again.
"""

from __future__ import annotations

import base64
import csv
import hmac
import json
import os
import random
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.db import Database
from app.base.settings import SettingError, Settings
from app.base.storage import Store
from app.classes import service as classes
from app.courses import queries as course_queries
from app.courses import service as courses
from app.credits import service as credits
from app.people import service as people
from app.people.models import Person
from app.questions import importing
from app.viewing import history

CONTENT = Path(__file__).resolve().parents[1] / "content"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHOWN_LEARNERS = 2  # on the screen; accounts.json has them all


@dataclass(slots=True)
class _Load:
    """What was made so far, by code."""

    session: Session
    settings: Settings
    today: date
    units: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    courses: dict[str, int] = field(default_factory=dict)
    learners: list[int] = field(default_factory=list)
    providers: dict[str, int] = field(default_factory=dict)

    @property
    def year_began(self) -> date:
        """The day from which the sample's memberships hold."""
        return date(self.today.year, 1, 1)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A local time of a day as UTC, never in the future."""
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.settings.timezone)
        return min(local.astimezone(UTC), clock.now())


def password(settings: Settings, login: str) -> str:
    """An account's first password: from the academy's secret, so its own and repeatable."""
    made = hmac.digest(settings.secret.encode(), f"sample account:{login}".encode(), "sha256")
    return base64.b32encode(made).decode().lower()[:10]


def ensure(settings: Settings, console: Console) -> list[dict[str, str]]:
    """Load the sample into an empty academy; writes accounts.json; gives the accounts to print.

    Nothing is loaded, and nothing printed, where somebody else's people are. Only on loopback.
    """
    if settings.host not in LOOPBACK:
        raise SettingError("the sample academy prints its passwords: it is served on 127.0.0.1 only (DUXUE_HOST)")
    plan = tomllib.loads((CONTENT / "sample" / "academy.toml").read_text(encoding="utf-8"))
    rows = _learner_rows(plan)
    db = Database(settings.database_url)
    try:
        if not _ours(db, settings, plan, rows, console):
            return []
    finally:
        db.engine.dispose()
    accounts = _accounts(settings, plan, rows)
    _write_accounts(settings, accounts)
    return [each for each in accounts if each["role"] != "learner" or each["username"] in _first(rows)]


def _ours(db: Database, settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]], console: Console) -> bool:
    """Is the sample there, now or already? False where somebody else's people are."""
    with db.reading() as session:
        known = session.scalar(select(Person.id).limit(1)) is not None
        ours = session.scalar(select(Person.id).where(Person.login == plan["staff"][0]["login"])) is not None
    if known:
        return ours
    console.print("· sample academy: 60 learners, 3 courses, their year so far")
    with db.writing() as session:
        load(session, settings, plan, rows)
    return True


def _first(rows: list[dict[str, str]]) -> set[str]:
    return {rows[0]["login"], rows[-1]["login"]} if rows else set()


def _learner_rows(plan: dict[str, Any]) -> list[dict[str, str]]:
    with (CONTENT / "sample" / plan["learners"]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _accounts(settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]]) -> list[dict[str, str]]:
    pairs = [("learner", row["login"]) for row in rows] + [(each["role"], each["login"]) for each in plan["staff"]]
    return [{"role": role, "username": login, "password": password(settings, login)} for role, login in pairs]


def _write_accounts(settings: Settings, accounts: list[dict[str, str]]) -> None:
    path = settings.data_dir / "accounts.json"
    partial = path.with_suffix(".part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(accounts, file, ensure_ascii=False, indent=1)
    partial.replace(path)


def load(session: Session, settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]]) -> None:
    """Everything, in the caller's transaction."""
    made = _Load(session, settings, clock.local_day(clock.now(), settings.timezone))
    for path in plan["rules"]:
        credits.publish_rules(session, (CONTENT / path).read_text(encoding="utf-8"), None)
    _units(made, plan)
    _staff(made, plan)
    _learners(made, rows)
    for slug in plan["courses"]:
        made.courses[slug] = load_course(made, CONTENT / "courses" / slug)
    _offers(made, plan)
    _history(made, plan["history"])
    for learner_id in made.learners:
        credits.settle(session, learner_id)


def _units(made: _Load, plan: dict[str, Any]) -> None:
    for unit in plan["units"]:
        parent = made.units[unit["parent"]] if "parent" in unit else None
        name = unit["name"]
        row = people.create_unit(made.session, unit["code"], name["zh"], name["en"], unit["nature"], parent)
        made.units[unit["code"]] = row.id
    for group in plan["classes"]:
        row_ = classes.open_class(made.session, group["code"], group["name"]["zh"], group["name"]["en"])
        made.classes[group["code"]] = row_.id


def _staff(made: _Load, plan: dict[str, Any]) -> None:
    for each in plan["staff"]:
        person = people.create_person(
            made.session, each["login"], each["name"], password=password(made.settings, each["login"])
        )
        kind, _, code = each["scope"].partition(":")
        scope_id = {"class": made.classes, "unit": made.units}[kind][code] if code else None
        people.grant_role(made.session, person.id, each["role"], kind, scope_id, since=made.year_began)


def _learners(made: _Load, rows: list[dict[str, str]]) -> None:
    for row in rows:
        login = row["login"]
        person = people.create_person(
            made.session, login, row["name"], password=password(made.settings, login), phone=row["phone"] or None
        )
        made.learners.append(person.id)
        people.join_unit(made.session, person.id, made.units[row["unit"]], row["band"], made.year_began)
        people.grant_role(made.session, person.id, "learner", "own", since=made.year_began)
        classes.enrol(made.session, person.id, made.classes[row["class"]], made.year_began, None)


def load_course(made: _Load, folder: Path) -> int:
    """One folder of `content/courses`; the course's id."""
    plan = tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))
    provider = plan["provider"]["zh"]
    if provider not in made.providers:
        code = f"provider-{len(made.providers) + 1}"
        made.providers[provider] = courses.create_provider(made.session, code, provider, plan["provider"]["en"]).id
    course = courses.create_course(
        made.session,
        title=plan["title"]["zh"],
        title_en=plan["title"]["en"],
        summary=_summary(plan, "zh"),
        summary_en=_summary(plan, "en"),
        provider_id=made.providers[provider],
        category=plan["category"],
        subject_bucket=plan["subject_bucket"],
        lecturer=plan["lecturer"]["zh"],
        max_rate_m=int(float(plan["policies"]["max_rate"]) * 1000),
        check_minutes=plan["policies"]["check_minutes"],
        in_order=plan["policies"]["no_seek_ahead"],
        actor_id=None,
    )
    store = Store(made.settings.files_dir)
    for each in plan["lessons"]:
        _lesson(made, store, folder, course.id, each)
    _questions(made, folder / "questions.gift", course.id)
    return course.id


def _summary(plan: dict[str, Any], language: str) -> str:
    points = "\n".join(f"- {each[language]}" for each in plan.get("learn", []))
    return f"{plan['summary'][language]}\n\n{points}".strip()


def _lesson(made: _Load, store: Store, folder: Path, course_id: int, plan: dict[str, Any]) -> None:
    title = plan["title"]
    lesson = courses.add_lesson(made.session, course_id, plan["kind"], title["zh"], title["en"])
    path = folder / plan["file"]
    if plan["kind"] == "article":
        text = path.read_text(encoding="utf-8")
        courses.set_article(made.session, lesson.id, text, plan["reading_minutes"])
        return
    version = courses.attach_media(made.session, store, lesson.id, path, plan["file"])
    for language, name in plan.get("captions", {}).items():
        courses.attach_caption(made.session, version.id, language, (folder / name).read_bytes(), name)


def _questions(made: _Load, path: Path, course_id: int) -> None:
    """A course's question bank, if its folder has one; a $CATEGORY names the lesson. What is there stays as it is."""
    if not path.is_file():
        return
    lessons = {row.title: row.id for row in course_queries.lessons_of(made.session, course_id)}
    plan = importing.plan(made.session, course_id, path.read_text(encoding="utf-8"), lessons.get)
    if plan.wrong:
        raise SettingError(f"{path}:{plan.wrong[0].line}: {plan.wrong[0].why}")
    importing.apply(made.session, course_id, plan.good, actor_id=None, source=path.name)


def _offers(made: _Load, plan: dict[str, Any]) -> None:
    for each in plan["offers"]:
        class_id = None if each["class"] == "all" else made.classes[each["class"]]
        since = max(made.year_began, made.today + timedelta(days=each["opens_days"]))
        due = made.today + timedelta(days=each["closes_days"])
        classes.offer_course(
            made.session, made.courses[each["course"]], class_id, each["requirement"], since, due, None
        )


def _history(made: _Load, plan: dict[str, Any]) -> None:
    """What was learned so far this year: as evidence, which production code settles."""
    dice = random.Random(plan["seed"])
    elapsed = (made.today - made.year_began).days
    for row in plan.get("opening", []):
        even_m = row["quota"] * 1000 * elapsed // 365
        for number in range(row["learners"][0], row["learners"][1] + 1):
            hours_m = int(even_m * dice.uniform(*row["pace"])) // 100 * 100
            if hours_m > 0:
                _opening(made, made.learners[number - 1], row["bucket"], hours_m)
    for row in plan["watched"]:
        for number in range(row["learners"][0], row["learners"][1] + 1):
            for slug in row["courses"]:
                day = max(made.year_began, made.today - timedelta(days=dice.randint(*row["days_ago"])))
                moment = made.at(day, dice.randint(*plan["hours"]), dice.randint(0, 59))
                _watched(made, made.learners[number - 1], slug, dice.uniform(*row["share"]), moment)


def _opening(made: _Load, learner_id: int, bucket: str, hours_m: int) -> None:
    day = max(made.year_began, made.today - timedelta(days=75))
    credits.record(
        made.session, learner_id, key=f"opening:{made.year_began.year}:{bucket}", kind="opening",
        happened_at=made.at(day, 9), known_at=clock.now(), recorded_by="sample",
        facts={"hours_m": hours_m, "subject_bucket": bucket, "provider": "earlier-platform",
               "item": f"opening:{bucket}"},
    )  # fmt: skip


def _watched(made: _Load, learner_id: int, slug: str, share: float, moment: datetime) -> None:
    for lesson in course_queries.lessons_of(made.session, made.courses[slug]):
        material = course_queries.open_material(made.session, lesson.id)
        assert material is not None
        watched_ms = int(material.media_version.length_ms * share)
        history.watched(made.session, made.settings, learner_id, material, watched_ms, moment)
