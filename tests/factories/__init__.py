"""A small academy in a few lines: unit, class, staff, learners, courses, what they have watched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.base import clock
from app.base.runs import RunRow
from app.classes import class_rules
from app.classes import service as classes
from app.classes.class_rules import RuleWanted
from app.classes.models import ClassMembership, VirtualClass
from app.courses.models import Course, Lesson, MediaVersion, Provider
from app.courses.renditions.models import Rendition
from app.credits import service as credits
from app.credits.workshop import service as workshop
from app.front import service as announcements
from app.front.service import Wanted
from app.liaison.models import UnitTransfer
from app.people import passwords
from app.people import service as people
from app.people.models import Credential, Person, Unit, UnitMembership
from app.rules.viewing import spans
from app.viewing.models import Coverage

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
SINCE = date(2026, 1, 1)
PASSWORD = "the heron stands still"
RULES = (Path(__file__).parents[2] / "content/rules/yunting-2026.toml").read_text(encoding="utf-8")
HOUR_MS = 45 * 60_000


@dataclass
class Academy:
    """What `academy` makes. `learner` is the first of `learners`."""

    unit: Unit
    group: VirtualClass
    other_group: VirtualClass
    learners: list[Person]
    teacher: Person
    other_teacher: Person
    editor: Person
    admin: Person

    @property
    def learner(self) -> Person:
        """The first learner."""
        return self.learners[0]


@cache
def _hashed() -> str:
    return passwords.make(PASSWORD)


def person(session: Session, login: str, name: str, role: str, kind: str, scope: int | None = None) -> Person:
    """Somebody with a role since `SINCE`, who can sign in with `PASSWORD`."""
    made = people.create_person(session, login, name)
    session.add(Credential(person_id=made.id, password_hash=_hashed(), changed_at=clock.now()))
    people.grant_role(session, made.id, role, kind, scope, since=SINCE)
    return made


def learner(session: Session, unit: Unit, group: VirtualClass, number: int = 1) -> Person:
    """A learner `l001`, `l002` … of the unit and the class since `SINCE`."""
    made = person(session, f"l{number:03d}", f"学员{number}", "learner", "own")
    people.join_unit(session, made.id, unit.id, "staff", SINCE)
    classes.enrol(session, made.id, group.id, SINCE, None)
    return made


def academy(session: Session, learners: int = 1, rules: bool = True) -> Academy:
    """Published rules, one unit, two classes with a head teacher each, `learners` in the first class."""
    if rules:
        credits.publish_rules(session, RULES, None)
    unit = people.create_unit(session, "city", "云汀市人民政府", "Yunting City Government", "party_government")
    group = classes.open_class(session, "class-1", "网络一班", "Online class 1")
    other = classes.open_class(session, "class-2", "网络二班", "Online class 2")
    found = Academy(
        unit=unit,
        group=group,
        other_group=other,
        learners=[learner(session, unit, group, n + 1) for n in range(learners)],
        teacher=person(session, "head1", "沈静宜", "head_teacher", "class", group.id),
        other_teacher=person(session, "head2", "郭衡", "head_teacher", "class", other.id),
        editor=person(session, "editor", "林栖", "course_editor", "academy"),
        admin=person(session, "academy", "蒋和", "academy_admin", "academy"),
    )
    session.flush()
    return found


def crowd(session: Session, unit: Unit, group: VirtualClass, numbers: Iterable[int]) -> None:
    """Many learners quickly: rows only, no role, no evidence, so no duty."""
    made = [
        Person(
            key=f"01CROWD{number:019d}", login=f"l{number:03d}", name=f"学员{number}",
            name_pinyin=f"xue yuan {number:03d}", locale="zh_Hans_CN", created_at=clock.now(),
        )
        for number in numbers
    ]  # fmt: skip
    session.add_all(made)
    session.flush()
    for each in made:
        session.add(UnitMembership(person_id=each.id, unit_id=unit.id, band="staff", since=SINCE))
        session.add(ClassMembership(person_id=each.id, class_id=group.id, since=SINCE))
    session.flush()


def provider(session: Session) -> Provider:
    """The academy's own provider, made once."""
    found = session.scalar(select(Provider).where(Provider.code == "own"))
    if found is None:
        found = Provider(code="own", name="云汀网络学院", name_en="Yunting Network Academy")
        session.add(found)
        session.flush()
    return found


def course(
    session: Session, code: str, *, lessons: Sequence[int] = (HOUR_MS,), bucket: str = "general", title: str = ""
) -> Course:
    """A course with a video lesson of each length (ms). No file lies behind them."""
    made = Course(
        code=code, title=title or f"课程{code}", title_en=f"Course {code}",
        summary="说明\n能做一件事", summary_en="About",
        provider_id=provider(session).id, category="skills", subject_bucket=bucket, lecturer="韩知远",
        max_rate_m=2000, created_by=None, created_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    for position, length_ms in enumerate(lessons, 1):
        lesson = Lesson(
            course_id=made.id, position=position, title=f"第{position}节", title_en=f"Lesson {position}", kind="video"
        )
        session.add(lesson)
        session.flush()
        session.add(_version(lesson, length_ms))
    session.flush()
    return made


def _version(lesson: Lesson, length_ms: int) -> MediaVersion:
    return MediaVersion(
        lesson_id=lesson.id, version=1, sha256="0" * 64, bytes=1, mime="video/mp4", length_ms=length_ms,
        original_name="lecture.mp4", created_at=clock.now(),
    )  # fmt: skip


def offer(
    session: Session, made: Course, group: VirtualClass | None, requirement: str = "required", due: date | None = None
) -> int:
    """Offer a course since `SINCE`; gives the offer's id."""
    return classes.offer_course(
        session, made.id, group.id if group else None, requirement, SINCE, due, None
    ).id  # fmt: skip


def versions(session: Session, made: Course) -> list[MediaVersion]:
    """The media versions of a course's lessons, in order."""
    return list(
        session.scalars(
            select(MediaVersion)
            .join(Lesson, Lesson.id == MediaVersion.lesson_id)
            .where(Lesson.course_id == made.id)
            .order_by(Lesson.position)
        )
    )


def cover(session: Session, learner_id: int, version: MediaVersion, counted_ms: int, moment: datetime) -> None:
    """Coverage from the beginning, as beats would have left it."""
    found = session.get(Coverage, (learner_id, version.id))
    if found is None:
        found = Coverage(learner_id=learner_id, media_version_id=version.id, pending_ms=0, pending=b"")
        session.add(found)
    found.counted_ms = found.resume_ms = counted_ms
    found.watched_at_ms = clock.to_ms(moment)
    found.spans = spans.pack([0, counted_ms])
    session.flush()


def watched(session: Session, learner_id: int, made: Course, place: int = 0, moment: datetime = NOON) -> None:
    """A lesson watched to its end: coverage, evidence, settled."""
    version = versions(session, made)[place]
    cover(session, learner_id, version, version.length_ms, moment)
    facts = {
        "course": made.code, "lesson": version.lesson_id, "media_version": version.id, "title": f"第{place + 1}节",
        "title_en": f"Lesson {place + 1}", "length_ms": version.length_ms, "seen_ms": version.length_ms,
        "provider": "own", "category": made.category, "subject_bucket": made.subject_bucket,
        "requirement_class": "required", "unit": "city", "class": "class-1", "band": "staff",
        "item": f"lesson:{version.lesson_id}", "edition": "1",
    }  # fmt: skip
    credits.record(
        session, learner_id, key=f"watched:{version.id}:{version.length_ms}", kind="watched", happened_at=moment,
        known_at=moment, recorded_by="test", facts=facts,
    )  # fmt: skip
    credits.settle(session, learner_id)


def count(session: Session, table: type) -> int:
    """How many rows a table has."""
    return session.scalar(select(func.count()).select_from(table)) or 0


def rendition(session: Session, media_version_id: int, kind: str = "360p", state: str = "waiting") -> int:
    """A rendition that waits to be made; its number."""
    made = Rendition(
        media_version_id=media_version_id, kind=kind, state=state, progress_m=0, tries=0, touched_at=clock.now(),
        width=0 if kind == "audio" else 64, height=0 if kind == "audio" else 36, rate_m=25_000,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def run(session: Session, asked_by: int | None, kind: str = "tests.none", state: str = "done") -> int:
    """A long computation that somebody asked for; its number. No task belongs to it."""
    made = RunRow(
        kind=kind, asked_by=asked_by, asked_at=clock.now(), done=0, total=0, tries=0, state=state, parameters="{}"
    )
    session.add(made)
    session.flush()
    return made.id


def transfer(session: Session, person_id: int, unit: Unit, asked_by: int, to: Unit | None = None) -> int:
    """A transfer of somebody out of a unit, into another (else one that nobody looks after), that waits for an answer;
    its number."""
    code = f"{unit.code}-elsewhere"
    target = to or people.create_unit(session, code, f"{unit.name}之外", f"Beyond {unit.name_en}", unit.nature)
    made = UnitTransfer(
        person_id=person_id, from_id=unit.id, to_id=target.id, day=SINCE, reason="", state="open", asked_at=clock.now(),
        asked_by=asked_by, expires_at=clock.now() + timedelta(days=30), answer="",
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def draft(session: Session, actor_id: int, text: str = RULES) -> int:
    """A draft of the next version of the rules; its number."""
    return workshop.begin(session, actor_id, "新的上限", "", text, ruleset="yunting", based_on=1).id


def class_rule(session: Session) -> int:
    """A rule that puts everybody into classes; its number."""
    wanted = RuleWanted((), (), (), None, False, False, 200, 400, 600, "{year}年{n}班", "Class {n} of {year}")
    return class_rules.add(session, wanted, None)


def announcement(
    session: Session,
    title: str = "系统维护",
    *,
    body: str = "夜里停一小时。",
    publish: bool = True,
    since: date = SINCE,
    until: date | None = None,
    pinned: bool = False,
    english: str = "",
) -> int:
    """An announcement, published unless said otherwise; its number. `english`: its title and text in English."""
    wanted = Wanted(title, english, body, english, pinned, since, until)
    return announcements.add(session, None, wanted, publish=publish)
