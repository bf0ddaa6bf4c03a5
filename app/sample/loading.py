"""The sample academy into an empty database: units, classes, people, courses, offers, and the year so far."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.classes import service as classes
from app.courses.measuring import measure
from app.credits import service as credits
from app.people import passwords
from app.people import service as people
from app.sample import before, going_on, speaking
from app.sample.accounts import CONTENT, password
from app.sample.going_on import Somebody
from app.sample.material import Measures, films, load_course


@dataclass(slots=True)
class Load:
    """What was made so far, by code (people: by login)."""

    session: Session
    settings: Settings
    today: date
    units: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    courses: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    learners: list[int] = field(default_factory=list)

    @property
    def year_began(self) -> date:
        """The day from which the sample's memberships hold."""
        return date(self.today.year, 1, 1)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A local time of a day as UTC, never in the future."""
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.settings.timezone)
        return min(local.astimezone(UTC), clock.now())


def load(session: Session, settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]]) -> None:
    """Everything, in the caller's transaction."""
    # Measuring a film is a process of its own, and an argon2 hash lets other threads run: both beside all the rest.
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        paths = [path for slug in plan["courses"] for path in films(CONTENT / "courses" / slug)]
        measures = {path: pool.submit(measure, path) for path in paths}
        logins = [each["login"] for each in (*plan["staff"], *rows)]
        hashes = {login: pool.submit(passwords.make, password(settings, login)) for login in logins}
        made = Load(session, settings, clock.local_day(clock.now(), settings.timezone))
        _load(made, plan, rows, measures)
        given = {made.people[login]: each.result() for login, each in hashes.items()}
        people.keep_first_passwords(session, given)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _load(made: Load, plan: dict[str, Any], rows: list[dict[str, str]], measures: Measures) -> None:
    for path in plan["rules"]:
        credits.publish_rules(made.session, (CONTENT / path).read_text(encoding="utf-8"), None)
    _units(made, plan)
    _staff(made, plan)
    _learners(made, rows)
    _newcomers(made, plan)
    providers: dict[str, int] = {}
    for slug in plan["courses"]:
        folder = CONTENT / "courses" / slug
        made.courses[slug] = load_course(made.session, made.settings, folder, providers, measures)
    _offers(made, plan)
    before.write(made, plan["history"])
    _live(made, rows)
    speaking.write(made, plan)


def _units(made: Load, plan: dict[str, Any]) -> None:
    for unit in plan["units"]:
        parent = made.units[unit["parent"]] if "parent" in unit else None
        name = unit["name"]
        row = people.create_unit(made.session, unit["code"], name["zh"], name["en"], unit["nature"], parent)
        made.units[unit["code"]] = row.id
    for group in plan["classes"]:
        row_ = classes.open_class(made.session, group["code"], group["name"]["zh"], group["name"]["en"])
        made.classes[group["code"]] = row_.id


def _staff(made: Load, plan: dict[str, Any]) -> None:
    for each in plan["staff"]:
        person = people.create_person(made.session, each["login"], each["name"])
        made.people[each["login"]] = person.id
        kind, _, code = each["scope"].partition(":")
        scope_id = {"class": made.classes, "unit": made.units}[kind][code] if code else None
        people.grant_role(made.session, person.id, each["role"], kind, scope_id, since=made.year_began)


def _learners(made: Load, rows: list[dict[str, str]]) -> None:
    for row in rows:
        person = people.create_person(made.session, row["login"], row["name"], phone=row["phone"] or None)
        made.people[row["login"]] = person.id
        made.learners.append(person.id)
        people.join_unit(made.session, person.id, made.units[row["unit"]], row["band"], made.year_began)
        people.grant_role(made.session, person.id, "learner", "own", since=made.year_began)
        classes.enrol(made.session, person.id, made.classes[row["class"]], made.year_began, None, settled=False)
    going_on.settle(made.session, made.learners)


def _newcomers(made: Load, plan: dict[str, Any]) -> None:
    """Who has joined and not signed in yet: no password, no class."""
    for each in plan["newcomers"]:
        person = people.create_person(made.session, each["login"], each["name"])
        people.join_unit(made.session, person.id, made.units[each["unit"]], each["band"], made.today)
        people.grant_role(made.session, person.id, "learner", "own", since=made.today)


def _offers(made: Load, plan: dict[str, Any]) -> None:
    for each in plan["offers"]:
        class_id = None if each["class"] == "all" else made.classes[each["class"]]
        since = max(made.year_began, made.today + timedelta(days=each["opens_days"]))
        due = made.today + timedelta(days=each["closes_days"])
        classes.offer_course(
            made.session, made.courses[each["course"]], class_id, each["requirement"], since, due, None
        )


def _live(made: Load, rows: list[dict[str, str]]) -> None:
    """The years of those who have one in the roster; the first learners' own history came before."""
    everybody = [
        Somebody(made.people[row["login"]], row["login"], row["year"], row["unit"], row["band"], row["class"])
        for row in rows
        if row["year"]
    ]
    began = datetime(made.today.year, 1, 1, tzinfo=made.settings.timezone).astimezone(UTC)
    going_on.live(made.session, made.settings, everybody, list(made.courses.values()), began)
