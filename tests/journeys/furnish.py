"""What an academy in use has and a fresh sample may lack, so that no page stands empty or cannot be reached."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import clock, runs
from app.base.db import Database
from app.base.settings import Settings
from app.courses.models import Course, Lesson
from app.credits import heads
from app.credits.books import daily
from app.credits.certificates import service as certificates
from app.credits.certificates.service import Wanted
from app.front import service as announcements
from app.myself.corrections import service as corrections
from app.people import units
from app.people.keys import service as keys
from app.people.models import RoleGrant, Unit, UnitMembership
from app.people.queries import PersonRow, person_by_login
from app.questions import service as questions
from app.roster import service as rosters
from app.roster.looking import File
from app.rules.questions.draft import true_or_false
from app.tickets import service as tickets
from app.viewing import notebook, traces
from tests import factories

_BOTH = ("city-education", "city-finance")


def furnish(settings: Settings, learner: str, lesson_id: int) -> list[dict[str, Any]]:
    """Give a learner of the sample certificates (one is revoked, of which a message tells), a note and a ticket; the
    desks announcements, a draft, a run, a question and a file of heads. Gives what stands in the addresses of what no
    link leads to."""
    db = Database(settings.database_url)
    with db.writing() as session:
        who, today = _person(session, learner), clock.local_day(clock.now(), settings.timezone)
        certificates.revoke(session, who, _certificate(session, settings, who, "en"), who.id, "日期写错，重开一份")
        code = _certificate(session, settings, who, "zh")
        note = notebook.add(session, who.id, lesson_id, 0, "记一条").id
        ticket, _fresh = tickets.open_ticket(session, settings, who.id, lesson_id, "看了没有计", None)
        daily.keep(settings.heads_dir, heads.export(session), today)
        version = traces.of_lesson(session, who.id, lesson_id)
        desks = _desks(session, lesson_id)
        admin_id = _person(session, "academy").id
        links = [*_links(session, who.id), *_transfer(session, admin_id)]
        _corrections(session, who.id, today)
    rosters_ = _roster(db, settings, admin_id)
    db.engine.dispose()
    return [
        *rosters_,
        *links,
        {"code": code, "person_key": who.key},
        {"person_key": who.key, "media_version_id": version},
        {"note_id": note},
        {"ticket": ticket},
        {"lesson_id": lesson_id},
        {"name": "my-year-1280-zh.png"},
        {"field": "phone"},
        {"day": today.isoformat()},
        *desks,
    ]


def _announcement(number: int) -> announcements.Wanted:
    """The first one has no English."""
    own = number == 1
    return announcements.Wanted(
        title=f"关于第{number}期课程的通知",
        title_en="" if own else "Courses of this term",
        body="## 时间\n\n- 本月起\n- 到年底止\n\n[常见问题](/help)",
        body_en="" if own else "From this month on.",
        pinned=own,
        since=date(2026, 1, 1),
        until=None,
    )


def certificate(settings: Settings, learner: str, language: str) -> str:
    """Make one of this year's hours with its annex; its code."""
    db = Database(settings.database_url)
    with db.writing() as session:
        code = _certificate(session, settings, _person(session, learner), language)
    db.engine.dispose()
    return code


def _certificate(session: Session, settings: Settings, who: PersonRow, language: str) -> str:
    today = clock.local_day(clock.now(), settings.timezone)
    days = Wanted(date(today.year, 1, 1), today, language, annex=True)
    return certificates.issue(session, settings, who, days, who.id)


def _person(session: Session, login: str) -> PersonRow:
    found = person_by_login(session, login)
    assert found is not None
    return found


def _roster(db: Database, settings: Settings, admin_id: int) -> list[dict[str, Any]]:
    """A roster in English that was looked at and applied: one more learner, of a unit that is there."""
    file = File("Staff number,Name,Unit\nR0001,白露,云汀市人民政府\n".encode(), "roster.csv")
    today = clock.local_day(clock.now(), settings.timezone)
    with db.writing() as session:
        looked = rosters.begin_look(session, settings, file, "HR", today, admin_id)
    runs.perform(db, settings, looked)
    with db.writing() as session:
        run = runs.one(session, looked)
        assert run is not None
        applied = rosters.begin_apply(session, run, admin_id, many_may_leave=False)
    runs.perform(db, settings, applied)
    return [{"run_id": looked}, {"run_id": applied}, {"import_id": 1}, {"ending": "csv"}]


def _links(session: Session, person_id: int) -> list[dict[str, Any]]:
    """A link to confirm an address, as it would be mailed."""
    return [{"token": keys.link(session, person_id, None, email="new@example.org")}]


def _transfer(session: Session, admin_id: int) -> list[dict[str, Any]]:
    """A transfer between the units that two of the sample look after."""
    units = {each.code: each for each in session.scalars(select(Unit).where(Unit.code.in_(_BOTH)))}
    here = select(UnitMembership.person_id).where(
        UnitMembership.unit_id == units[_BOTH[0]].id, UnitMembership.until.is_(None)
    )
    person_id = session.scalars(here.order_by(UnitMembership.person_id).limit(1)).one()
    return [{"transfer_id": factories.transfer(session, person_id, units[_BOTH[0]], admin_id, units[_BOTH[1]])}]


def _corrections(session: Session, learner_id: int, today: date) -> None:
    """One that the learner asks for, and one for everybody who looks after a unit."""
    corrections.ask(session, learner_id, "band", "section", "去年十月起任科长", today)
    looked_after = select(RoleGrant.scope_id).where(RoleGrant.role.in_(("unit_liaison", "unit_admin")))
    for unit_id in set(session.scalars(looked_after)):
        staff = select(RoleGrant.person_id).where(RoleGrant.role != "learner")
        below = units.below(session, [unit_id or 0])
        mine = (UnitMembership.unit_id.in_(below), UnitMembership.person_id.not_in(staff))
        member = select(UnitMembership.person_id).where(*mine, UnitMembership.person_id != learner_id)
        for person_id in session.scalars(member.order_by(UnitMembership.person_id).limit(1)):
            corrections.ask(session, person_id, "name", "白鹭洲", "身份证上是鹭", today)


def _desks(session: Session, lesson_id: int) -> list[dict[str, Any]]:
    """A draft, a run, a rule for classes, a question of the lesson's course."""
    lesson = session.get_one(Lesson, lesson_id)
    course = session.get_one(Course, lesson.course_id)
    admin = _person(session, "academy")
    for number, publish in enumerate((True, False), 1):
        announcements.add(session, admin.id, _announcement(number), publish=publish)
    draft = factories.draft(session, admin.id)
    run = factories.run(session, admin.id)
    question = questions.add(session, course.id, true_or_false("真", True), actor_id=None).id
    return [
        {"draft_id": draft},
        {"run_id": run},
        {"rule_id": factories.class_rule(session)},
        {"code": course.code, "lesson_id": lesson_id, "question_id": question},
    ]
