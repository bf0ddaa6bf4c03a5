"""Names hold nothing that nobody sees: it is refused with its place, never dropped in silence."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.base import plain
from app.base.errors import BadInput
from app.courses import service
from app.courses.models import Course, Provider
from tests import factories

UNSEEN = [chr(code) for code in (*range(1, 9), 11, 12, *range(14, 32), 0x7F, 0x85, 0x9F)]
TURNING = ["\u2028", "\u2029", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
FACTS: dict[str, Any] = {
    "title": "题", "title_en": "T", "summary": "说明", "summary_en": "About", "category": "skills",
    "subject_bucket": "general", "lecturer": "林栖", "max_rate_m": 1500, "actor_id": None,
}  # fmt: skip


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("sign", UNSEEN + TURNING)
def test_unseen(sign: str, lines: bool) -> None:
    for text in (f"数据{sign}课", f"{sign}数据课", f"数据课{sign}"):
        wrong = plain.complaint(text, lines=lines)
        assert wrong is not None
        assert f"U+{ord(sign):04X}" in wrong
        assert str(text.index(sign) + 1) in wrong


@pytest.mark.parametrize("sign", ["\t", "\n", "\r\n"])
def test_tabs_and_line_breaks(sign: str) -> None:
    text = f" {sign}two{sign}lines{sign}"
    assert plain.complaint(text, lines=True) is None
    wrong = plain.complaint(text)
    assert wrong is not None
    assert f"Character {text.index('two') + 4} is a tab or a line break" in wrong
    assert plain.complaint(f"{sign}one line{sign}") is None, "cut off, as spaces are"


@pytest.mark.parametrize("text", ["", "何为之", "Zoë 👩‍🏫", "ประเทศ", "عربى", "a\u00a0b", "\u200eleft\u200f"])
def test_what_people_write(text: str) -> None:
    assert plain.complaint(text) is None


@pytest.mark.parametrize("field", ["title", "title_en", "lecturer", "summary", "summary_en"])
def test_a_course(session: Session, field: str) -> None:
    facts = FACTS | {"provider_id": factories.provider(session).id}
    with pytest.raises(BadInput, match=r"U\+202E") as caught:
        service.create_course(session, **facts | {field: "abc\u202edef"})
    assert caught.value.field == field
    made = service.create_course(session, **facts | {"summary": "one\ttwo\nthree"})
    assert made.summary == "one\ttwo\nthree"
    with pytest.raises(BadInput, match=r"U\+0007"):
        service.update_course(session, made.id, actor_id=None, **{field: "\x07"})
    assert factories.count(session, Course) == 1


def test_lessons_and_providers(session: Session) -> None:
    course = service.create_course(session, **FACTS | {"provider_id": factories.provider(session).id})
    lesson = service.add_lesson(session, course.id, "video", "一")
    for title, title_en in (("a\u2066b", ""), ("a", "a\x7fb"), ("a\tb", "")):
        with pytest.raises(BadInput, match="Character 2"):
            service.add_lesson(session, course.id, "video", title, title_en)
        with pytest.raises(BadInput, match="Character 2"):
            service.rename_lesson(session, lesson.id, title, title_en, actor_id=None)
        with pytest.raises(BadInput, match="Character 2"):
            service.create_provider(session, "", title, title_en)
    assert factories.count(session, Provider) == 1
