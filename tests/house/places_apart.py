"""A second place beside the first: class B, unit B, learner B and what is theirs, with marks that nobody else has."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import String, cast, or_, select
from werkzeug.test import TestResponse

from app.base.db import Database
from app.classes import service as classes
from app.classes.models import VirtualClass
from app.courses.models import Caption
from app.credits.certificates import service as certificates
from app.credits.certificates.service import Wanted
from app.myself.corrections import service as corrections
from app.notices import queries as notices_queries
from app.notices import service as notices
from app.people import queries as people_queries
from app.people import roles_queries
from app.people import service as people
from app.people.models import LoginSession, Unit
from app.tables import METADATA
from app.tickets import service as tickets
from app.viewing import notebook
from tests import factories
from tests.house.test_access import Place

# Names and staff numbers of B. None is part of anything that A has or a test asks for.
LOGIN, HEAD = "zzb-4711", "zzb-head"
NAME, HEAD_NAME, UNIT_NAME = "阚秋澍", "逄春霁", "澧浦水文局"
MARKS = (LOGIN, NAME, HEAD, HEAD_NAME, UNIT_NAME, "Lipu Hydrology")
# Who works or learns in A, and nowhere else: login, role, reach.
STAFF_A = {
    "a-head": ("head_teacher", "class"), "a-supervisor": ("study_supervisor", "class"),
    "a-liaison": ("unit_liaison", "unit"), "a-unitadmin": ("unit_admin", "unit"),
    "a-academy": ("academy_admin", "unit"), "a-academy-class": ("academy_admin", "class"),
    "a-reviewer": ("credit_reviewer", "unit"), "a-archive": ("archive_reader", "unit"),
    "a-lecturer": ("lecturer", "own"), "a-editor": ("course_editor", "unit"), "a-sys": ("sys_admin", "unit"),
    "a-sec": ("sec_admin", "unit"), "a-audit": ("audit_admin", "unit"), "l001": ("learner", "own"),
}  # fmt: skip


def marks_in(answer: TestResponse) -> list[str]:
    """The marks of B that an answer holds, in a page, a file or a workbook."""
    data = answer.get_data()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(name) for name in book.namelist())
    text = data.decode("utf-8", "replace")
    return [mark for mark in MARKS if mark in text]


@dataclass
class Apart:
    """B: what stands in its addresses, and the ids by which its rows are known."""

    db: Database
    values: dict[str, str | int]
    person_ids: list[int]
    class_id: int
    unit_id: int
    keys: list[str] = field(default_factory=list)

    def rows(self) -> dict[str, list[str]]:
        """Every row that is B's, in any table: by person, class, unit, or by a key that it carries. What only says
        when somebody was last seen is left out, and what is noted about B in the audit log."""
        found = {}
        mine = {"class_id": [self.class_id], "unit_id": [self.unit_id]}
        with self.db.engine.connect() as connection:
            for table in METADATA.sorted_tables:
                if table.name in ("audit_entry", "audit_link", "login_session"):
                    continue
                where = [table.c[name].in_(ids) for name, ids in mine.items() if name in table.c]
                where += [table.c[name].in_(self.person_ids) for name in ("person_id", "learner_id") if name in table.c]
                for name, ids in (
                    ("person", self.person_ids),
                    ("virtual_class", [self.class_id]),
                    ("unit", [self.unit_id]),
                ):
                    where += [table.c.id.in_(ids)] if table.name == name else []
                where += [cast(table.c[n], String).in_(self.keys) for n in ("key", "code") if n in table.c]
                if where:
                    rows = connection.execute(select(table).where(or_(*where)).order_by(*table.primary_key.columns))
                    found[table.name] = [repr(row) for row in rows]
        return found


def build(place: Place) -> Apart:
    """Unit B, class B with its head teacher, learner B with a course that only they have, watched and certified."""
    with place.db.writing() as session:
        unit_a, group_a = (
            session.query(Unit).filter_by(code="city").one(),
            session.query(VirtualClass).filter_by(code="class-1").one(),
        )
        for login, (role, kind) in STAFF_A.items():
            if role != "learner":
                scope = {"class": group_a.id, "unit": unit_a.id}.get(kind)
                factories.person(session, login, f"甲{role}", role, kind, scope)
        unit = people.create_unit(session, "hydrology", UNIT_NAME, "Lipu Hydrology", "public_institution")
        group = classes.open_class(session, "class-9", "网络九班", "Online class 9")
        learner = factories.person(session, LOGIN, NAME, "learner", "own")
        people.join_unit(session, learner.id, unit.id, "staff", factories.SINCE)
        classes.enrol(session, learner.id, group.id, factories.SINCE, None)
        head = factories.person(session, HEAD, HEAD_NAME, "head_teacher", "class", group.id)
        course = factories.course(session, "course-9")
        offer = factories.offer(session, course, group)
        factories.watched(session, learner.id, course)
        version = factories.versions(session, course)[0]
        caption = Caption(media_version_id=version.id, language="zh", vtt="WEBVTT\n")
        session.add(caption)
        session.flush()
        chosen = place.app.extensions["duxue.settings"]
        row = people_queries.person_by_key(session, learner.key)
        assert row is not None
        code = certificates.issue(session, chosen, row, Wanted(factories.SINCE, date(2026, 3, 2), "zh"), learner.id)
        ticket, _fresh = tickets.open_ticket(session, chosen, learner.id, version.lesson_id, "乙处看了没有计", None)
        with place.app.test_request_context():
            correction = corrections.ask(session, learner.id, "name", "阚秋树", "乙处写错了", date(2026, 3, 2))
        notices.tell(session, learner.id, "ticket.answered", "/tickets", lesson="一", lesson_en="One", by=HEAD_NAME)
        people.begin(session, learner.id, "", "127.0.0.1")
        sign_in = session.scalars(select(LoginSession.id).where(LoginSession.person_id == learner.id)).one()
        values: dict[str, str | int] = {
            "class_code": group.code, "person_key": learner.key, "key": learner.key, "certificate": code,
            "course_code": course.code, "lesson_id": version.lesson_id, "media_version_id": version.id,
            "caption_id": caption.id, "offer_id": offer, "ticket": ticket, "session_id": sign_in,
            "note_id": notebook.add(session, learner.id, version.lesson_id, 0, "乙的笔记").id,
            "message_id": notices_queries.counts(session, learner.id).newest,
            "run_id": factories.run(session, learner.id),
            "grant_id": roles_queries.of_person(session, learner.id)[0].id, "unit_code": unit.code,
            "transfer_id": factories.transfer(session, learner.id, unit, head.id), "act": "change",
            "correction": correction,
        }  # fmt: skip
        return Apart(
            place.db, values, [learner.id, head.id], group.id, unit.id,
            [str(ticket), str(code), learner.key, course.code, correction],
        )  # fmt: skip
