"""A file into a bank: what it will do is said before, and a second time it does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.errors import BadInput
from app.courses.models import Course, Lesson
from app.questions import importing, queries, service
from app.questions.importing import Plan
from app.rules.questions.gift_text import write
from app.sample import CONTENT

FILE = """
::一::写什么？{=要执行的事 ~汇报}

$CATEGORY: 第2节

::二::对吗？{T}

::又一::写什么？{~汇报 =要执行的事 ####因为}

::三::说说看。{}

::四::坏了{=a

::五::写什么？{=别的 ~汇报}

::六::看不见\u202e{T}
"""


def plan(session: Session, course: Course, text: str = FILE) -> Plan:
    lessons = {row.title: row.id for row in session.scalars(select(Lesson).where(Lesson.course_id == course.id))}
    return importing.plan(session, course.id, text, lessons.get)


def take(session: Session, course: Course, found: Plan) -> int:
    return importing.apply(session, course.id, found.good, actor_id=None, source="a.gift")


def test_what_it_will_do(session: Session, course: Course) -> None:
    found = plan(session, course)
    second = session.scalars(select(Lesson.id).where(Lesson.position == 2)).one()
    assert [(each.title, each.line, each.lesson_id) for each in found.good] == [
        ("一", 2, None), ("二", 6, second), ("五", 14, second),
    ]  # fmt: skip
    assert [(each.title, each.why) for each in found.known] == [("又一", "the same as in line 2")]
    assert [each.title for each in found.not_taken] == ["三"]
    assert [(each.title, each.line) for each in found.wrong] == [("四", 12), ("六", 16)]
    assert "U+202E" in found.wrong[1].why
    assert "other answers" in found.good[2].remarks[0]
    assert queries.bank(session, course.id) == []


def test_a_second_time_it_adds_nothing(session: Session, course: Course) -> None:
    assert take(session, course, plan(session, course)) == 3
    before = queries.bank(session, course.id)
    again = plan(session, course)
    assert (again.good, len(again.known)) == ((), 4)
    assert take(session, course, again) == 0
    assert queries.bank(session, course.id) == before
    entries = [e for e in session.scalars(select(AuditEntry)) if e.action.startswith("question")]
    assert [each.action for each in entries] == ["question.import"]
    assert all(str(each.id) in entries[0].detail for each in before)


def test_what_was_withdrawn_can_be_taken_again_and_is_said(session: Session, course: Course) -> None:
    take(session, course, plan(session, course))
    service.withdraw(session, queries.bank(session, course.id)[0].id, actor_id=None)
    again = plan(session, course)
    assert [each.title for each in again.good] == ["一"]
    assert "withdrawn" in "".join(again.good[0].remarks)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_usual_encodings(encoding: str) -> None:
    assert importing.decode(FILE.replace("\u202e", "").encode(encoding)) == FILE.replace("\u202e", "")


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"\x89PNG\r\n\x1a\n\x00\xff", "not a text file"), (b"a" * 512_001, "512 KB"), (b"\xff\xfe\x00", "not a text")],
)
def test_what_is_no_text(raw: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        importing.decode(raw)


@pytest.mark.parametrize(
    ("text", "said"), [("", "no question"), ("// nothing", "no question"), ("a{T}\n\n" * 501, "at most 500")]
)
def test_nothing_or_too_much(session: Session, course: Course, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        plan(session, course, text)


@pytest.mark.parametrize("folder", [path.parent.name for path in sorted(CONTENT.glob("courses/*/questions.gift"))])
def test_the_content_of_ours_is_taken_whole(session: Session, course: Course, folder: str) -> None:
    found = plan(session, course, (CONTENT / "courses" / folder / "questions.gift").read_text(encoding="utf-8"))
    assert len(found.good) >= 6
    assert (found.known, found.not_taken, found.wrong) == ((), (), ())
    assert all(each.draft.explanation and not each.remarks for each in found.good)


def test_what_is_exported_comes_back(session: Session, course: Course) -> None:
    take(session, course, plan(session, course))
    text = write([("", [each.draft for each in queries.bank(session, course.id)])])
    assert (plan(session, course, text).good, len(plan(session, course, text).known)) == ((), 3)


@pytest.mark.samples
def test_moodles_own_file(session: Session, course: Course, samples: Path) -> None:
    raw = (samples / "questions" / "questions.gift.txt").read_bytes()
    found = plan(session, course, importing.decode(raw))
    assert [each.title for each in found.good] == ["Q2", "colours", "Q1", "2-08 TSL"]
    assert [each.title for each in found.known] == ["2-08 TSL"]
    assert [each.title for each in found.not_taken] == ["Q8", "Moodle activities", "Q5", "Shortanswer"]
    assert found.wrong == ()
