"""Courses, lessons, material: what is kept, what is refused, what is announced and audited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import events
from app.base.audit import AuditEntry
from app.base.errors import BadInput, NotFound, Refused
from app.base.storage import Store
from app.courses import queries, service
from app.courses.models import Course, MediaVersion
from tests import factories
from tests.factories.media import make_audio, make_video

SRT = b"1\n00:00:01,000 --> 00:00:01,900\nHello <b>you</b>\n"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What was announced."""
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(events, "announce", lambda _s, event, **facts: found.append((event, facts)))
    return found


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4", 2, sound=2)


def make_course(session: Session, **changes: Any) -> Course:
    facts: dict[str, Any] = {
        "title": " 会议  纪要 ", "title_en": "", "summary": "怎么写", "summary_en": "",
        "provider_id": factories.provider(session).id, "category": "skills", "subject_bucket": "professional",
        "lecturer": "林栖", "max_rate_m": 1500, "actor_id": None,
    }  # fmt: skip
    return service.create_course(session, **facts | changes)


def audited(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_course(session: Session) -> None:
    made = make_course(session)
    found = queries.course_by_code(session, made.code)
    assert found is not None
    assert (found.title, found.title_en) == ("会议 纪要", "会议 纪要")
    assert (found.provider_code, found.provider_name_en) == ("own", "Yunting Network Academy")
    assert audited(session) == ["course.create"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "长" * 121}, "title"),
        ({"title_en": "x" * 201}, "title_en"),
        ({"provider_id": 99}, "provider"),
        ({"category": "Not a code"}, "category"),
        ({"subject_bucket": ""}, "subject_bucket"),
        ({"slip": "五个字的签"}, "slip"),
        ({"motif": 8}, "motif"),
        ({"sources": "a\u202eb"}, "sources"),
        ({"max_rate_m": 999}, "max_rate"),
        ({"max_rate_m": 4001}, "max_rate"),
        ({"code": "../up"}, "code"),
        ({"code": "new"}, "code"),
        ({"code": "Ä"}, "code"),
    ],
)
def test_what_a_course_may_not_be(session: Session, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        make_course(session, **changes)
    assert caught.value.field == field


def test_sources_are_kept_one_a_line_and_the_cover_as_it_was_asked_for(session: Session) -> None:
    made = make_course(session, sources=" 《消防法》 \r\n\n 某标准", slip=" 会议纪要 ", motif=3, lecturer_en="Lin Qi")
    found = queries.course_by_code(session, made.code)
    assert found is not None
    assert (found.sources, found.sources_en) == ("《消防法》\n某标准", "")
    assert (found.slip, found.motif, found.lecturer_en) == ("会议纪要", 3, "Lin Qi")


def test_a_code_is_taken_once(session: Session) -> None:
    make_course(session, code="minutes")
    with pytest.raises(Refused, match="minutes"):
        make_course(session, code="minutes")


def test_changes_are_audited_with_what_was(session: Session) -> None:
    made = make_course(session)
    service.update_course(session, made.id, title="新题", actor_id=7)
    service.update_course(session, made.id, title="新题", actor_id=7)
    entries = list(session.scalars(select(AuditEntry).where(AuditEntry.action == "course.update")))
    assert [(e.actor_id, e.detail) for e in entries] == [
        (7, '{"now": {"title": "新题"}, "was": {"title": "会议 纪要"}}')
    ]


def test_a_film_becomes_a_lesson(session: Session, tmp_path: Path, clip: Path) -> None:
    store = Store(tmp_path / "files")
    lesson = service.add_lesson(session, make_course(session).id, "video", "一", "One")
    version = service.attach_media(session, store, lesson.id, clip, "C:\\films\\一.mp4")
    assert (version.version, version.length_ms, version.original_name) == (1, 2000, "一.mp4")
    assert store.path(version.sha256).read_bytes() == clip.read_bytes()
    service.attach_caption(session, version.id, "zh", SRT, "a.srt")
    found = queries.open_material(session, lesson.id)
    assert found is not None
    assert (found.media_version.id, found.provider_code) == (version.id, "own")
    assert [caption.language for caption in found.captions] == ["zh"]
    caption = queries.caption(session, found.captions[0].id)
    assert caption is not None
    assert (caption.course_id, caption.withdrawn) == (lesson.course_id, False)
    assert caption.text == ("WEBVTT\n\n00:00:01.000 --> 00:00:01.900\nHello you\n")


def test_the_same_file_again_is_no_new_version(session: Session, tmp_path: Path, clip: Path) -> None:
    store = Store(tmp_path / "files")
    lesson = service.add_lesson(session, make_course(session).id, "video", "一")
    first = service.attach_media(session, store, lesson.id, clip, "a.mp4")
    assert service.attach_media(session, store, lesson.id, clip, "b.mp4") is first
    other = make_video(tmp_path / "c.mp4", 3)
    second = service.attach_media(session, store, lesson.id, other, "c.mp4")
    assert (second.version, second.length_ms) == (2, 3000)
    found, old = queries.open_material(session, lesson.id), queries.material_of_version(session, first.id)
    assert found is not None
    assert found.media_version.id == second.id
    assert old is not None
    assert old.media_version.length_ms == 2000


def test_sound_does_not_go_into_a_film_lesson(session: Session, tmp_path: Path) -> None:
    lesson = service.add_lesson(session, make_course(session).id, "video", "一")
    with pytest.raises(BadInput, match="the file is audio"):
        service.attach_media(session, Store(tmp_path), lesson.id, make_audio(tmp_path / "a.mp3"), "a.mp3")
    assert not factories.count(session, MediaVersion)


def test_captions_name_file_and_line(session: Session, tmp_path: Path, clip: Path) -> None:
    lesson = service.add_lesson(session, make_course(session).id, "video", "一")
    version = service.attach_media(session, Store(tmp_path / "files"), lesson.id, clip, "a.mp4")
    with pytest.raises(BadInput, match=r"en\.srt: Line 2: .* another file") as caught:
        service.attach_caption(session, version.id, "en", SRT.replace(b"00:00", b"01:00"), "en.srt")
    assert caught.value.field == "captions_en"
    with pytest.raises(BadInput, match="Chinese or English"):
        service.attach_caption(session, version.id, "fr", SRT, "fr.srt")


def test_captions_are_replaced_by_language(session: Session, tmp_path: Path, clip: Path) -> None:
    lesson = service.add_lesson(session, make_course(session).id, "video", "一")
    version = service.attach_media(session, Store(tmp_path / "files"), lesson.id, clip, "a.mp4")
    first = service.attach_caption(session, version.id, "zh", SRT, "a.srt")
    second = service.attach_caption(session, version.id, "zh", SRT.replace(b"Hello", b"Again"), "b.srt")
    assert first.id == second.id
    assert "Again" in str(queries.caption(session, second.id))


def test_an_article(session: Session) -> None:
    lesson = service.add_lesson(session, make_course(session).id, "article", "读")
    first = service.set_article(session, lesson.id, "# 一\r\n\r\n二 ", 6)
    assert (first.length_ms, first.article, first.bytes) == (360_000, "# 一\n\n二", 10)
    assert service.set_article(session, lesson.id, "# 一\n\n二", 6) is first
    second = service.set_article(session, lesson.id, "# 一\n\n二", 7)
    assert second.version == 2
    assert queries.article_of(session, second.id) == ("# 一\n\n二", 420_000)


@pytest.mark.parametrize(("text", "minutes"), [(" ", 5), ("x", 0), ("x", 481), ("x" * 200_001, 5)])
def test_what_an_article_may_not_be(session: Session, text: str, minutes: int) -> None:
    lesson = service.add_lesson(session, make_course(session).id, "article", "读")
    with pytest.raises(BadInput):
        service.set_article(session, lesson.id, text, minutes)


def test_lessons_move(session: Session) -> None:
    course = make_course(session)
    ids = [service.add_lesson(session, course.id, "article", name).id for name in "abcd"]
    for lesson_id in ids:
        service.set_article(session, lesson_id, "text", 1)
    service.withdraw_lesson(session, ids[1], actor_id=None)
    assert service.move_lesson(session, ids[2], -1)
    assert not service.move_lesson(session, ids[2], -1)
    assert service.move_lesson(session, ids[0], 1)
    assert [row.title for row in queries.lessons_of(session, course.id)] == ["c", "d", "a"]


def test_what_is_withdrawn_is_gone_and_announced(session: Session, heard: list[Any]) -> None:
    course = make_course(session)
    lessons = [service.add_lesson(session, course.id, "article", name) for name in "ab"]
    versions = [service.set_article(session, lesson.id, "text", 1) for lesson in lessons]
    service.withdraw_lesson(session, lessons[0].id, actor_id=3)
    assert queries.open_material(session, lessons[0].id) is None
    assert queries.material_of_version(session, versions[0].id) is not None
    assert [row.id for row in queries.lessons_of(session, course.id)] == [lessons[1].id]
    service.withdraw_course(session, course.id, actor_id=3)
    assert queries.open_material(session, lessons[1].id) is None
    assert heard == [
        (events.LESSON_WITHDRAWN, {"lesson_id": lessons[0].id}),
        (events.COURSE_WITHDRAWN, {"course_id": course.id}),
    ]
    assert audited(session)[-2:] == ["lesson.withdraw", "course.withdraw"]


def test_nothing_changes_in_a_withdrawn_course(session: Session, clip: Path, tmp_path: Path) -> None:
    course = make_course(session)
    lesson = service.add_lesson(session, course.id, "article", "a")
    film = service.add_lesson(session, course.id, "video", "b")
    service.withdraw_course(session, course.id, actor_id=None)
    tries: list[Callable[[], object]] = [
        lambda: service.update_course(session, course.id, title="x", actor_id=None),
        lambda: service.add_lesson(session, course.id, "video", "c"),
        lambda: service.rename_lesson(session, lesson.id, "x", "", actor_id=None),
        lambda: service.move_lesson(session, lesson.id, 1),
        lambda: service.set_article(session, lesson.id, "text", 1),
        lambda: service.attach_media(session, Store(tmp_path / "f"), film.id, clip, "a.mp4"),
        lambda: service.withdraw_course(session, course.id, actor_id=None),
        lambda: service.withdraw_lesson(session, lesson.id, actor_id=None),
    ]
    for attempt in tries:
        with pytest.raises(Refused, match="withdrawn"):
            attempt()


def test_what_does_not_exist(session: Session) -> None:
    with pytest.raises(NotFound):
        service.update_course(session, 99, title="x", actor_id=None)
    with pytest.raises(NotFound):
        service.rename_lesson(session, 99, "x", "", actor_id=None)
    assert queries.course_by_code(session, "none") is None
    assert queries.open_material(session, 99) is None
    assert queries.lessons_of(session, 99) == []
