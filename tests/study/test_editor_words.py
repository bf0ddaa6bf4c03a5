"""What the editor's forms refuse: odd numbers, signs that nobody sees, articles that are too much work."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from markdown_it.token import Token
from sqlalchemy import select

from app.base.db import Database
from app.courses import articles
from app.courses.models import Course, Lesson, MediaVersion, Provider
from app.factory import Academy
from tests import factories
from tests.factories.web import browser, strict
from tests.study.editing import post

FIELDS = {
    "title": "数据从哪里来", "title_en": "Where data comes from", "summary": "说明", "summary_en": "About",
    "provider": "1", "category": "skills", "subject_bucket": "professional", "lecturer": "何为之",
    "max_rate": "1.5",
    "check_minutes": "0",
}  # fmt: skip
BIDI = "abc\u202edef"


@pytest.fixture
def editor(academy_app: Academy, web_db: Database) -> FlaskClient:
    with web_db.writing() as session:
        made = factories.academy(session)
        factories.offer(session, factories.course(session, "c1"), made.group)
    return browser(academy_app, "editor", language="en")


@pytest.mark.parametrize("rate", ["sNaN", "-sNaN12", "NaN", "nan", "Infinity", "-inf", "1e999999999", "0x2", "1..5"])
def test_numbers_that_are_none(editor: FlaskClient, web_db: Database, rate: str) -> None:
    for path in ("/edit/new", "/edit/c1"):
        answer = post(editor, path, **FIELDS | {"max_rate": rate})
        assert answer.status_code == 422
        assert ("Not a valid decimal value." in answer.text) or ("Between 1.0 and 4.0." in answer.text)
        assert f'value="{rate}"' in answer.text
    with web_db.reading() as session:
        assert list(session.scalars(select(Course.max_rate_m))) == [2000]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": BIDI}, {"title_en": BIDI}, {"lecturer": BIDI}, {"summary": BIDI}, {"summary_en": BIDI},
        {"provider": "new", "new_provider": BIDI}, {"provider": "new", "new_provider": "a", "new_provider_en": BIDI},
    ],
)  # fmt: skip
def test_a_course_with_an_unseen_sign(editor: FlaskClient, web_db: Database, wrong: dict[str, str]) -> None:
    for path in ("/edit/new", "/edit/c1"):
        answer = post(editor, path, **FIELDS | wrong)
        assert answer.status_code == 422
        assert "Character 4 is an invisible control character (U+202E). Delete it" in answer.text
    with web_db.reading() as session:
        assert list(session.scalars(select(Course.title))) == ["课程c1"]
        assert factories.count(session, Provider) == 1


def test_descriptions_have_lines(editor: FlaskClient, web_db: Database) -> None:
    assert post(editor, "/edit/c1", **FIELDS | {"summary": "一\r\n\t二", "title": "题 \t"}).status_code == 302
    with web_db.reading() as session:
        course = session.scalars(select(Course)).one()
        assert (course.summary, course.title) == ("一\r\n\t二", "题")
    answer = post(editor, "/edit/c1", **FIELDS | {"lecturer": "何\t为之"})
    assert answer.status_code == 422
    assert "Write this on one line" in answer.text


@pytest.mark.parametrize("sign", ["\x07", "\x7f", "\u2028", "\u2067"])
def test_a_lesson_with_an_unseen_sign(editor: FlaskClient, web_db: Database, sign: str) -> None:
    said = f"Character 2 is an invisible control character (U+{ord(sign):04X})"
    for title in ({"title": f"a{sign}b"}, {"title": "a", "title_en": f"a{sign}b"}):
        answers = [
            post(editor, "/edit/c1/articles", "article-", article="x", reading_minutes="1", **title),
            post(editor, "/edit/c1/lessons", "lesson-", **title),
            post(editor, "/edit/c1/lessons/1", **title),
        ]
        for answer in answers:
            assert answer.status_code == 422
            assert said in answer.text
    with web_db.reading() as session:
        assert list(session.scalars(select(Lesson.title))) == ["第1节"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("![[" * 60_000, "at most 100000 characters. Divide it"),
        ("[" * 200_000, "at most 100000 characters. Divide it"),
        ("![[" * 33_333, "too many square brackets"),
        ("[" * 100_000, "too many square brackets"),
    ],
)
def test_articles_that_are_too_much(editor: FlaskClient, web_db: Database, text: str, said: str) -> None:
    new = post(editor, "/edit/c1/articles", "article-", title="读", article=text, reading_minutes="6")
    assert new.status_code == 422
    assert said in new.text
    assert text in new.text, "what was typed is kept"
    post(editor, "/edit/c1/articles", "article-", title="读", article="fine", reading_minutes="6")
    changed = post(editor, "/edit/c1/lessons/2/article", "article-", article=text, reading_minutes="6")
    assert changed.status_code == 422
    assert said in changed.text
    with web_db.reading() as session:
        assert [text for text in session.scalars(select(MediaVersion.article)) if text] == ["fine"]


def test_an_article_is_rendered_once(
    editor: FlaskClient, academy_app: Academy, monkeypatch: pytest.MonkeyPatch, web_db: Database
) -> None:
    parsed: list[str] = []
    real = articles._parse

    def parse(text: str) -> list[Token]:
        parsed.append(text)
        return real(text)

    monkeypatch.setattr(articles, "_parse", parse)
    articles._rendered.cache_clear()
    articles._shown.cache_clear()
    made = {"title": "读", "article": "**bold**\r\n\r\ntext", "reading_minutes": "6"}
    assert post(editor, "/edit/c1/articles", "article-", **made).status_code == 302
    learner = browser(academy_app, "l001")
    for _view in range(3):
        assert "<strong>bold</strong>" in strict(learner.get("/lessons/2"))
    assert parsed == ["**bold**\n\ntext"]
    assert (
        post(editor, "/edit/c1/lessons/2/article", "article-", article="*new*", reading_minutes="6").status_code == 302
    )
    assert "<em>new</em>" in strict(learner.get("/lessons/2"))
    assert len(parsed) == 2


def test_an_article_that_was_stored_before_is_shown_as_it_was_written(
    editor: FlaskClient, academy_app: Academy, web_db: Database
) -> None:
    post(editor, "/edit/c1/articles", "article-", title="读", article="fine", reading_minutes="6")
    with web_db.writing() as session:
        version = session.scalars(select(MediaVersion).where(MediaVersion.article.is_not(None))).one()
        version.article = "<b>first</b>\n\n" + "[" * 90_000
    html = strict(browser(academy_app, "l001").get("/lessons/2"))
    assert "<p>&lt;b&gt;first&lt;/b&gt;</p>" in html
    assert "<p>[[[[" in html
