"""A bank: what may be asked where, what was asked stays, and nothing is in it twice."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.base.audit import AuditEntry
from app.base.errors import BadInput, NotFound, Refused
from app.courses.models import Course, Lesson
from app.questions import queries, service
from app.questions.models import Question
from app.questions.queries import Asked
from app.rules.questions.draft import Draft, Option, true_or_false
from tests import factories

SINGLE = Draft("single", "会议议定写什么？", (Option("汇报", False), Option("要执行的事", True)), "写要执行的事。")
SEVERAL = Draft("multiple", "哪几张？", (Option("议题单", True), Option("座次单", False), Option("名单", True)))


def lessons(session: Session, course: Course) -> list[int]:
    return list(session.scalars(select(Lesson.id).where(Lesson.course_id == course.id).order_by(Lesson.position)))


def add(session: Session, course: Course, draft: Draft, lesson_id: int | None = None) -> int:
    return service.add(session, course.id, draft, lesson_id, actor_id=None).id


def actions(session: Session) -> list[str]:
    return [each for each in session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)) if "question" in each]


def test_a_lesson_asks_its_own_and_else_the_courses(session: Session, course: Course) -> None:
    first, second = lessons(session, course)
    other = factories.course(session, "c2")
    whole = add(session, course, SINGLE)
    add(session, other, SINGLE)
    assert queries.usable(session, course.id, first) == queries.usable(session, course.id, second) == [whole]
    own = add(session, course, SEVERAL, first)
    also = add(session, course, true_or_false("真", True), first)
    assert queries.usable(session, course.id, first) == [own, also]
    assert queries.usable(session, course.id, second) == [whole]
    for each in (own, also):
        service.withdraw(session, each, actor_id=None)
    assert queries.usable(session, course.id, first) == [whole]
    service.withdraw(session, whole, actor_id=None)
    assert queries.usable(session, course.id, first) == []
    assert queries.count(session, course.id) == 0


def test_usable_is_one_query(session: Session, course: Course) -> None:
    add(session, course, SINGLE)
    lesson = lessons(session, course)[0]
    seen = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: seen.append(given[2]))
    queries.usable(session, course.id, lesson)
    assert len(seen) == 1


def test_what_is_asked_does_not_carry_the_answer(session: Session, course: Course) -> None:
    made = add(session, course, SEVERAL)
    assert queries.asked(session, made) == Asked(made, "multiple", "哪几张？", ("议题单", "座次单", "名单"))
    assert queries.asked(session, made + 1) is None


@pytest.mark.parametrize(
    ("chosen", "right"),
    [({0, 2}, True), ({0}, False), ({0, 1, 2}, False), (set(), False), ({0, 2, 7}, False), ({-1}, False)],
)
def test_exactly_the_right_ones(session: Session, course: Course, chosen: set[int], right: bool) -> None:
    assert queries.is_right(session, add(session, course, SEVERAL), frozenset(chosen)) is right


def test_true_and_false(session: Session, course: Course) -> None:
    yes, no = add(session, course, true_or_false("真", True)), add(session, course, true_or_false("假", False, "因为"))
    asked = queries.asked(session, no)
    assert asked is not None
    assert asked.options == ("对", "错")
    assert [queries.is_right(session, each, frozenset({0})) for each in (yes, no)] == [True, False]
    assert (queries.explanation(session, yes), queries.explanation(session, no)) == ("", "因为")
    assert not queries.is_right(session, 999, frozenset())
    assert queries.explanation(session, 999) == ""


def test_a_change_is_a_new_question_and_the_old_one_can_be_shown(session: Session, course: Course) -> None:
    old = add(session, course, SINGLE)
    changed = Draft("single", SINGLE.text, (*SINGLE.options, Option("看法", False)), SINGLE.explanation)
    new = service.change(session, old, changed, lessons(session, course)[0], actor_id=None).id
    assert new != old
    assert [each.id for each in queries.bank(session, course.id)] == [new]
    was = queries.asked(session, old)
    assert was is not None
    assert was.options == ("汇报", "要执行的事")
    assert queries.is_right(session, old, frozenset({1}))
    assert actions(session) == ["question.add", "question.change"]
    with pytest.raises(NotFound):
        service.change(session, old, SINGLE, None, actor_id=None)
    with pytest.raises(NotFound):
        service.withdraw(session, old, actor_id=None)


def test_an_explanation_can_be_changed_alone_and_no_change_is_none(session: Session, course: Course) -> None:
    old = add(session, course, SINGLE)
    assert service.change(session, old, SINGLE, None, actor_id=None).id == old
    assert actions(session) == ["question.add"]
    better = Draft("single", SINGLE.text, SINGLE.options, "另一个解释")
    new = service.change(session, old, better, None, actor_id=None).id
    assert (queries.explanation(session, old), queries.explanation(session, new)) == ("写要执行的事。", "另一个解释")


def test_nothing_is_there_twice(session: Session, course: Course) -> None:
    made = add(session, course, SINGLE)
    turned = Draft("single", f" {SINGLE.text}\n", SINGLE.options[::-1])
    with pytest.raises(Refused, match="already"), session.begin_nested():
        add(session, course, turned, lessons(session, course)[0])
    service.withdraw(session, made, actor_id=None)
    add(session, course, turned)
    add(session, factories.course(session, "c2"), turned)
    assert len(queries.history(session, course.id)) == 2


def test_the_database_keeps_it_so(session: Session, course: Course) -> None:
    row = session.get(Question, add(session, course, SINGLE))
    assert row is not None
    session.add(
        Question(
            course_id=row.course_id, kind="single", text="x", options="[]", explanation="", digest=row.digest,
            created_at=row.created_at,
        )
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize(
    ("draft", "at"),
    [
        (Draft("essay", "a", SINGLE.options), "kind"),
        (Draft("single", " ", SINGLE.options), "text"),
        (Draft("single", "a\u202eb", SINGLE.options), "text"),
        (Draft("single", "a", (Option("a\x07", True), Option("b", False))), "options"),
        (Draft("single", "a", (Option("a", True),)), "options"),
        (Draft("single", "a", (Option("a", True), Option("b", True))), "right"),
        (Draft("single", "a", SINGLE.options, "x" * 2001), "explanation"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_field(session: Session, course: Course, draft: Draft, at: str) -> None:
    with pytest.raises(BadInput) as refused:
        add(session, course, draft)
    assert refused.value.field == at
    assert factories.count(session, Question) == 0


def test_a_full_bank(session: Session, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_QUESTIONS", 1)
    add(session, course, SINGLE)
    with pytest.raises(Refused, match="at most 1"):
        add(session, course, SEVERAL)
