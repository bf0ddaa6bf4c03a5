"""What the sample's learners do day after day: recorded as evidence, settled by production code.

The first start records the year so far, each later one what lies between; nothing that is there is changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.settings import Settings
from app.classes import queries as class_queries
from app.classes import service as classes
from app.classes.models import ClassMembership
from app.courses import queries as course_queries
from app.courses.queries import Material
from app.credits import service as credits
from app.credits.models import Evidence
from app.people import queries as people
from app.people.models import Person
from app.sample.accounts import CONTENT
from app.sample.year import Elsewhere, Opened, Years
from app.viewing import history
from app.viewing.history import Seen

STALE_DAYS = 2
DUE_DAYS = 7  # an offer that ends sooner is renewed
RECORDER = "sample"
RECORDED = 5000  # pieces at a time
SETTLED = 100  # learners at a time


@dataclass(frozen=True, slots=True)
class Somebody:
    """A learner whose year goes on: `profile` names it in year.toml; codes of where they stand."""

    id: int
    login: str
    profile: str
    unit: str
    band: str
    group: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lessons of a class: of all required courses, and of each elective one."""

    required: list[Material]
    others: list[list[Material]]


def years(settings: Settings) -> Years:
    """The plan of everybody's years."""
    text = (CONTENT / "sample" / "year.toml").read_text(encoding="utf-8")
    return Years(tomllib.loads(text), settings.timezone)


def last_seen(session: Session) -> datetime | None:
    """The last that is recorded; None where nobody of the sample has such a year."""
    return session.scalar(
        select(func.max(Evidence.happened_at)).where(
            Evidence.kind == "watched_elsewhere", Evidence.recorded_by == RECORDER
        )
    )


def days_since(since: datetime | None, settings: Settings) -> int:
    """Academy-local days since a moment; 0 for None."""
    zone = settings.timezone
    return 0 if since is None else (clock.local_day(clock.now(), zone) - clock.local_day(since, zone)).days


def live(
    session: Session,
    settings: Settings,
    everybody: Iterable[Somebody],
    courses: Sequence[int],
    since: datetime,
) -> None:
    """Record what these learners did after `since` and up to now, and settle whoever did something."""
    plan, now = years(settings), clock.now()
    shelves = _shelves(session, courses, clock.local_day(now, settings.timezone))
    pieces: list[tuple[int, credits.Told]] = []
    span = range(since.astimezone(settings.timezone).year, now.astimezone(settings.timezone).year + 1)
    for each in everybody:
        told = [
            _told(plan, each, moment, course, now)
            for year in span
            for moment, course in plan.elsewhere(each.login, each.profile, year)
            if since < moment <= now
        ]
        seen = [
            _seen(material, opened)
            for year in span
            for opened, material in _opened(plan, each, year, shelves[each.group])
            if since < opened.moment <= now
        ]
        told += history.watched(session, settings, each.id, seen) if seen else []
        pieces += [(each.id, one) for one in told]
    for at in range(0, len(pieces), RECORDED):
        credits.record_each(session, pieces[at : at + RECORDED])
    settle(session, sorted({learner_id for learner_id, _piece in pieces}))


def settle(session: Session, learner_ids: Sequence[int]) -> None:
    """Settle all of these, many at a time."""
    for at in range(0, len(learner_ids), SETTLED):
        credits.settle_all(session, learner_ids[at : at + SETTLED])


def _told(plan: Years, each: Somebody, moment: datetime, course: Elsewhere, now: datetime) -> credits.Told:
    """A course that the province's academy reports as finished."""
    length_ms = course.minutes * 60_000
    facts: Mapping[str, Any] = {
        "title": course.title, "title_en": course.title_en, "length_ms": length_ms, "seen_ms": length_ms,
        "provider": plan.provider, "category": course.category, "subject_bucket": course.bucket, "unit": each.unit,
        "band": each.band, "class": each.group, "item": f"elsewhere:{course.code}", "edition": "1",
    }  # fmt: skip
    key = f"elsewhere:{moment.year}:{course.code}"
    return credits.Told(key, "watched_elsewhere", moment.astimezone(UTC), now, RECORDER, facts)


def _shelves(session: Session, courses: Sequence[int], today: date) -> dict[str, Shelf]:
    """By class: the lessons of the courses that it must take, and those of each other one."""
    lessons = {course_id: _materials(session, course_id) for course_id in courses}
    found = {}
    for group in class_queries.classes(session):
        offers = class_queries.offers_for_class(session, group.id, today)
        must = {offer.course_id for offer in offers if offer.requirement_class == "required"}
        found[group.code] = Shelf(
            [material for course_id in courses if course_id in must for material in lessons[course_id]],
            [lessons[course_id] for course_id in courses if course_id not in must],
        )
    return found


def _materials(session: Session, course_id: int) -> list[Material]:
    """What the lessons of a course play now."""
    lessons = course_queries.lessons_of(session, course_id)
    found = (course_queries.open_material(session, lesson.id) for lesson in lessons)
    return [material for material in found if material is not None]


def _opened(plan: Years, each: Somebody, year: int, shelf: Shelf) -> Iterator[tuple[Opened, Material]]:
    """The lessons here: what must be taken first, then course after course, each learner beginning elsewhere."""
    first = each.id % max(1, len(shelf.others))
    rest = [material for course in shelf.others[first:] + shelf.others[:first] for material in course]
    order = [*shelf.required, *rest]
    for opened in plan.lessons(each.login, each.profile, year, len(order)):
        yield opened, order[opened.place]


def _seen(material: Material, opened: Opened) -> Seen:
    length_ms = material.media_version.length_ms
    check_ms = length_ms * 3 // 5 if opened.waits and material.course.check_minutes else None
    return Seen(material, int(length_ms * opened.share), opened.moment.astimezone(UTC), check_ms)


def catch_up(
    session: Session, settings: Settings, plan: dict[str, Any], rows: list[dict[str, str]], since: datetime
) -> None:
    """The days since the last start: what learners did who are still there, and offers that would have ended."""
    courses = {slug: row.id for slug in plan["courses"] if (row := course_queries.course_by_code(session, slug))}
    _renew(session, settings, plan, courses)
    live(session, settings, _still_there(session, settings, rows), list(courses.values()), since)


def _still_there(session: Session, settings: Settings, rows: list[dict[str, str]]) -> list[Somebody]:
    """Those of the roster who have a year, an open account, a class and a unit."""
    today = clock.local_day(clock.now(), settings.timezone)
    profiles = {row["login"]: row["year"] for row in rows if row["year"]}
    found = session.execute(
        select(Person.id, Person.login, ClassMembership.class_id)
        .join(ClassMembership, ClassMembership.person_id == Person.id)
        .where(Person.disabled_at.is_(None), ClassMembership.until.is_(None))
        .order_by(Person.id)
    ).all()
    wanted = [row for row in found if row[1] in profiles]
    units = people.units_of(session, [row[0] for row in wanted], today)
    groups = {row.id: row.code for row in class_queries.classes(session)}
    return [
        Somebody(id_, login, profiles[login], units[id_].code, units[id_].band, groups[class_id])
        for id_, login, class_id in wanted
        if id_ in units
    ]


def _renew(session: Session, settings: Settings, plan: dict[str, Any], courses: Mapping[str, int]) -> None:
    """Offers of the sample that end within days get as long again; those that somebody took back stay so."""
    today = clock.local_day(clock.now(), settings.timezone)
    groups = {row.code: row.id for row in class_queries.classes(session)}
    for each in plan["offers"]:
        course_id = courses.get(each["course"])
        class_id = None if each["class"] == "all" else groups.get(each["class"], 0)
        for offer in class_queries.offers_of_course(session, course_id) if course_id is not None else []:
            if offer.class_id == class_id and offer.due is not None and offer.due < today + timedelta(days=DUE_DAYS):
                due = today + timedelta(days=each["closes_days"])
                classes.offer_course(
                    session, offer.course_id, class_id, offer.requirement_class, offer.since, due, None
                )
