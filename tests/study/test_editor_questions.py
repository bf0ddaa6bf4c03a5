"""The editor's question bank, as a browser without scripts sees it."""

from __future__ import annotations

import random
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.base.db import Database
from app.courses import service as courses
from app.factory import Academy
from app.questions import queries, service
from app.questions.queries import Held
from app.rules.questions.draft import Draft, Option, true_or_false
from tests import factories
from tests.factories.web import browser, statements, strict
from tests.study.editing import actions, file, post

AT = "/edit/c1/questions"
FIELDS = {
    "kind": "single", "text": "Which comes first?", "option_1": "What was agreed", "right_1": "y", "option_2": "",
    "option_5": "Who was late", "explanation": "Then the reasons.", "lesson": "1", "truth": "true",
}  # fmt: skip
GIFT = "::A::Is <it> so?{T}\n\n::B::broken{=a\n\n::C::essay{}\n\n$CATEGORY: 第1节\n\n::D::Which?{=a ~b}\n"


def bank(db: Database) -> list[Held]:
    with db.reading() as session:
        return queries.bank(session, 1)


def fill(db: Database, number: int) -> None:
    with db.writing() as session:
        for each in range(number):
            draft = Draft("single", f"Question {each}", (Option(f"right {each}", True), Option("wrong", False)))
            service.add(session, 1, draft, 1 if each % 2 else None, actor_id=None)


def look(editor: FlaskClient, text: str = GIFT, lesson: str = "file", encoding: str = "utf-8") -> TestResponse:
    return post(editor, f"{AT}/import", file=file(text.encode(encoding), "a.gift"), lesson=lesson)


def signed(page: TestResponse) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_an_empty_bank_says_what_to_do(editor: FlaskClient) -> None:
    html = strict(editor.get(AT))
    assert "No question yet." in html
    assert "nothing to ask" in html  # the lesson
    assert f'href="{AT}"' in strict(editor.get("/edit/c1"))


def test_adding(editor: FlaskClient, web_db: Database) -> None:
    strict(editor.get(f"{AT}/new"))
    assert post(editor, f"{AT}/new", **FIELDS).location.endswith(AT)
    held = bank(web_db)[0]
    assert held.draft == Draft(
        "single", "Which comes first?", (Option("What was agreed", True), Option("Who was late", False)),
        "Then the reasons.",
    )  # fmt: skip
    assert held.lesson_id == 1
    html = strict(editor.get(AT))
    assert "Which comes first?" in html
    assert "Then the reasons." in html
    assert actions(web_db)[-1] == "question.add"
    again = post(editor, f"{AT}/new", **FIELDS)
    assert (again.status_code, len(bank(web_db))) == (422, 1)
    assert "holds this question already" in again.text


def test_add_and_write_another_stays_at_the_lesson(editor: FlaskClient) -> None:
    answer = post(editor, f"{AT}/new", **FIELDS, another="1")
    assert re.search(r'<option selected value="1">', strict(editor.get(answer.location)))


def test_a_statement(editor: FlaskClient, web_db: Database) -> None:
    post(
        editor, f"{AT}/new", **FIELDS | {"kind": "truefalse", "truth": "false", "text": "纪要就是记录。", "lesson": ""}
    )
    assert bank(web_db)[0].draft == true_or_false("纪要就是记录。", False, "Then the reasons.")
    assert re.search(r'<input checked[^>]* value="false">', strict(editor.get(f"{AT}/1")))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": ""}, "Write the question."),
        ({"text": "a\u202eb"}, "U+202E"),
        ({"option_1": ""}, "Option 1 is empty."),
        ({"option_5": "What was agreed"}, "Options 1 and 5 are the same."),
        ({"option_5": ""}, "At least 2 options are needed; here: 1."),
        ({"right_1": ""}, "No option is right."),
        ({"right_5": "y"}, "2 options are right"),
        ({"option_5": "x" * 201}, "200"),
        ({"kind": "essay"}, "Not a valid choice"),
        ({"lesson": "77"}, "Not a valid choice"),
    ],
)
def test_what_is_typed_is_kept(editor: FlaskClient, web_db: Database, wrong: dict[str, str], said: str) -> None:
    fields = {name: value for name, value in (FIELDS | wrong).items() if value or not name.startswith("right")}
    answer = post(editor, f"{AT}/new", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "Then the reasons." in answer.text
    assert bank(web_db) == []


def test_changing_makes_a_new_one(editor: FlaskClient, web_db: Database) -> None:
    post(editor, f"{AT}/new", **FIELDS)
    assert 'value="Who was late"' in strict(editor.get(f"{AT}/1"))
    assert post(editor, f"{AT}/1", **FIELDS).status_code == 302
    assert [each.id for each in bank(web_db)] == [1]
    post(editor, f"{AT}/1", **FIELDS | {"option_5": "Who was early"})
    assert [(each.id, each.draft.options[1].text) for each in bank(web_db)] == [(2, "Who was early")]
    assert editor.get(f"{AT}/1").status_code == 404
    assert actions(web_db)[-1] == "question.change"


def test_withdrawing(editor: FlaskClient, web_db: Database) -> None:
    fill(web_db, 1)
    assert "is asked no more" in strict(editor.get(f"{AT}/1/withdraw"))
    assert len(bank(web_db)) == 1
    assert post(editor, f"{AT}/1/withdraw").location.endswith(AT)
    assert bank(web_db) == []
    assert "Question 0" not in strict(editor.get(AT))
    assert post(editor, f"{AT}/1/withdraw").status_code == 404


def test_questions_of_another_course_are_not_here(editor: FlaskClient, web_db: Database) -> None:
    fill(web_db, 1)
    with web_db.writing() as session:
        factories.course(session, "c2")
    for path in ("/edit/c2/questions/1", "/edit/c2/questions/1/withdraw"):
        assert editor.get(path).status_code == 404
        assert post(editor, path, **FIELDS).status_code == 404
    assert len(bank(web_db)) == 1


def test_a_withdrawn_course_is_only_looked_at(editor: FlaskClient, web_db: Database) -> None:
    fill(web_db, 1)
    with web_db.writing() as session:
        courses.withdraw_course(session, 1, actor_id=None)
    html = strict(editor.get(AT))
    assert "can only be looked at" in html
    assert "/questions/new" not in html
    for path in (f"{AT}/new", f"{AT}/1", f"{AT}/1/withdraw", f"{AT}/import", f"{AT}/import/take"):
        assert post(editor, path, **FIELDS).status_code == 409
    assert len(bank(web_db)) == 1


def test_search_and_lessons(editor: FlaskClient, web_db: Database) -> None:
    fill(web_db, 4)
    assert re.findall(r"Question \d</a>", strict(editor.get(f"{AT}?q=RIGHT+1"))) == ["Question 1</a>"]
    assert "Nothing found." in strict(editor.get(f"{AT}?q=nothing"))
    assert re.findall(r"Question \d</a>", strict(editor.get(f"{AT}?lesson=1"))) == ["Question 1</a>", "Question 3</a>"]
    assert re.findall(r"Question \d</a>", strict(editor.get(f"{AT}?lesson=0"))) == ["Question 0</a>", "Question 2</a>"]
    assert "None of its own." in strict(editor.get(f"{AT}?lesson=99&page=-4"))


def test_the_list_asks_as_often_for_forty_as_for_one(editor: FlaskClient, web_db: Database) -> None:
    fill(web_db, 1)
    with statements(web_db) as few:
        editor.get(AT)
    with web_db.writing() as session:
        for number in range(40):
            service.add(session, 1, true_or_false(f"More {number}", True), 1, actor_id=None)
    with statements(web_db) as many:
        assert editor.get(f"{AT}?page=3").text.count("More") >= 1
    assert len(many) == len(few) <= 9


def test_a_file_is_shown_and_then_taken(editor: FlaskClient, web_db: Database) -> None:
    strict(editor.get(f"{AT}/import"))
    page = look(editor)
    html = strict(page)
    assert "Is &lt;it&gt; so?" in html
    assert "without its }" in html
    assert "an essay" in html
    assert "Take 2 questions" in html
    assert bank(web_db) == []
    assert post(editor, f"{AT}/import/take", plan=signed(page)).location.endswith(AT)
    assert [(each.draft.text, each.lesson_id) for each in bank(web_db)] == [("Is <it> so?", None), ("Which?", 1)]
    assert "2 questions were added." in strict(editor.get(AT))
    assert actions(web_db)[-1] == "question.import"
    post(editor, f"{AT}/import/take", plan=signed(page))  # sent twice
    assert len(bank(web_db)) == 2
    again = look(editor)
    assert "Nothing in this file can be added." in again.text


def test_all_of_a_file_for_one_lesson(editor: FlaskClient, web_db: Database) -> None:
    post(editor, f"{AT}/import/take", plan=signed(look(editor, lesson="1")))
    assert [each.lesson_id for each in bank(web_db)] == [1, 1]


@pytest.mark.parametrize(
    ("raw", "said"),
    [(b"", "no question"), (b"\x00\xff\x00", "not a text file"), (b"// a", "no question")],
)
def test_a_file_that_cannot_be_used(editor: FlaskClient, raw: bytes, said: str) -> None:
    answer = post(editor, f"{AT}/import", file=file(raw, "a.gift"), lesson="file")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Choose a file." in post(editor, f"{AT}/import", lesson="file").text


def test_only_what_was_shown_to_this_person_for_this_course_is_taken(
    editor: FlaskClient, academy_app: Academy, web_db: Database
) -> None:
    with web_db.writing() as session:
        factories.course(session, "c2")
    plan = signed(look(editor))
    other = browser(academy_app, "academy", language="en")
    for answer in (
        post(editor, "/edit/c2/questions/import/take", plan=plan),
        post(other, f"{AT}/import/take", plan=plan),
        post(editor, f"{AT}/import/take", plan=plan[:-3] + "abc"),
        post(editor, f"{AT}/import/take"),
    ):
        assert answer.status_code == 409
        assert "Nothing was added" in answer.text
    assert bank(web_db) == []


def test_a_large_file_goes_through(editor: FlaskClient, web_db: Database) -> None:
    """Chinese text that cannot be compressed much, beyond what a form's field may usually hold."""
    dice = random.Random(1)
    text = "".join(
        f"::{n}::" + "".join(chr(0x4E00 + dice.randrange(20000)) for _k in range(490)) + "{T}\n\n" for n in range(480)
    )
    page = look(editor, text, encoding="gb18030")
    assert len(signed(page)) > 500_000
    post(editor, f"{AT}/import/take", plan=signed(page))
    assert len(bank(web_db)) == 480


def test_the_bank_as_a_file(editor: FlaskClient, web_db: Database) -> None:
    fill(web_db, 2)
    answer = editor.get("/edit/c1/questions.gift")
    assert answer.mimetype == "text/plain"
    assert "c1-questions.gift.txt" in answer.headers["Content-Disposition"]
    assert "$CATEGORY: 课程c1" in answer.text
    before = bank(web_db)
    for each in before:
        post(editor, f"{AT}/{each.id}/withdraw")
    post(editor, f"{AT}/import/take", plan=signed(look(editor, answer.text)))
    assert [(each.draft, each.lesson_id) for each in bank(web_db)] == [(each.draft, each.lesson_id) for each in before]
