"""Articles and documents count page by page: at the pace of the clock, in real pages, for those they are offered to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import Client

from app.base.db import Database
from app.base.storage import Store
from app.courses import documents, service
from app.courses.models import MediaVersion
from app.courses.origin import make_origin
from app.factory import Academy as App
from app.rules.viewing.pages import page_ranges
from app.viewing.beats import Beats
from app.viewing.models import Viewing
from app.wiring import make_beats
from tests import factories
from tests.factories.documents import make_pdf
from tests.factories.web import browser, strict
from tests.viewing.academy import Academy

MINUTE = 60_000
TEXT = "\n\n".join(f"## {name}\n\n{'字' * 300}" for name in ("甲", "乙", "丙"))


@pytest.fixture
def beats(academy: Academy) -> Beats:
    return make_beats(academy.settings, academy.db)


def article(academy: Academy, minutes: int = 6) -> None:
    """The academy's lesson is an article of three pages instead."""
    with academy.db.writing() as session:
        lesson = service.add_lesson(session, academy.course, "article", "文", "Text")
        academy.lesson = lesson.id
        academy.version = service.set_article(session, lesson.id, TEXT, minutes).id


def passes(academy: Academy, seconds: int) -> None:
    """So much time has passed since the viewing was opened."""
    with academy.db.writing() as session:
        session.execute(update(Viewing).values(clock_ms=Viewing.clock_ms - seconds * 1000))


def beat(beats: Beats, lease: str, seq: int, *ranges: list[int]) -> dict[str, Any]:
    status, body = beats.handle(json.dumps({"lease": lease, "seq": seq, "ranges": ranges}).encode())
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


def test_an_article_read_page_by_page_is_credited(academy: Academy, beats: Beats) -> None:
    article(academy)
    opened = academy.open()
    assert (opened.length_ms, opened.rate_m) == (6 * MINUTE, 1000)
    pages = page_ranges(3, opened.length_ms)
    for number, (start, end) in enumerate(pages):
        passes(academy, 107)
        answer = beat(beats, opened.lease, number, [start, end - 13_000])
        assert (answer["credited_ms"], answer["refused"]) == (107_000, [])
    assert academy.credit() == 0, "nine tenths are asked for"
    passes(academy, 10)
    answer = beat(beats, opened.lease, 3, [pages[0][1] - 13_000, pages[0][1] - 3000])
    assert answer["mark"] is True
    assert academy.credit() == 133, "six minutes of forty-five, in thousandths of an hour of learning"


def test_reading_is_no_faster_than_the_clock(academy: Academy, beats: Beats) -> None:
    article(academy)
    opened = academy.open()
    passes(academy, 60)
    answer = beat(beats, opened.lease, 0, [0, 2 * MINUTE])
    assert 60_000 <= answer["credited_ms"] < 75_000, "once as fast, although the course may be watched at twice"
    assert answer["refused"][0]["reason"] == "faster_than_time"


def test_a_new_text_is_a_new_version_that_begins_anew(academy: Academy, beats: Beats) -> None:
    article(academy)
    opened = academy.open()
    passes(academy, 60)
    beat(beats, opened.lease, 0, [0, MINUTE])
    with academy.db.writing() as session:
        service.set_article(session, academy.lesson, TEXT + "\n\n新", 6)
    again = academy.open()
    assert again.media_version != opened.media_version
    assert again.coverage == []


def shelf(session: Session, app: App) -> tuple[int, int]:
    """An offered article and an offered document of two pages: their lessons."""
    made = factories.academy(session, learners=2)
    course = factories.course(session, "c1", lessons=())
    factories.offer(session, course, made.group)
    text = service.add_lesson(session, course.id, "article", "文", "Text")
    service.set_article(session, text.id, TEXT, 6)
    sheet = service.add_lesson(session, course.id, "document", "手册", "Handbook")
    settings = app.extensions["duxue.settings"]
    path = settings.data_dir / "a.pdf"
    path.write_bytes(make_pdf(["Running head) Tj 0 -40 Td (Alpha", "Running head) Tj 0 -40 Td (Beta <b>"]))
    store = Store(settings.files_dir)
    pages = documents.read_document(path, store, 480)
    documents.attach_document(session, sheet.id, (store.put(path), 99, "a.pdf"), pages, 6)
    other = factories.course(session, "c2", lessons=())
    factories.offer(session, other, made.other_group)
    foreign = service.add_lesson(session, other.id, "document", "别班", "Other")
    documents.attach_document(session, foreign.id, ("d" * 64, 99, "b.pdf"), pages, 6)
    return text.id, sheet.id


@pytest.fixture
def lessons(academy_app: App, web_db: Database) -> tuple[int, int]:
    with web_db.writing() as session:
        return shelf(session, academy_app)


@pytest.fixture
def learner(academy_app: App, lessons: tuple[int, int]) -> FlaskClient:
    return browser(academy_app, "l001", language="en")


def data_of(html: str) -> dict[str, Any]:
    text = html.split('id="player-data">', 1)[1].split("</script>", 1)[0]
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_reader_shows_an_article_in_pages(learner: FlaskClient, lessons: tuple[int, int]) -> None:
    html = strict(learner.get(f"/lessons/{lessons[0]}"))
    data = data_of(html)
    assert data["ranges"] == [[0, 120_000], [120_000, 240_000], [240_000, 360_000]]
    assert (data["start"], html.count('data-page="')) == (1, 3)
    assert "<h3>乙</h3>" in html
    assert "reading time 6 minutes" in html


def test_one_goes_on_at_the_page_where_counting_stopped(
    learner: FlaskClient, lessons: tuple[int, int], web_db: Database
) -> None:
    with web_db.writing() as session:
        version = session.query(MediaVersion).filter_by(lesson_id=lessons[0]).one()
        factories.cover(session, 1, version, 130_000, factories.NOON)
    html = strict(learner.get(f"/lessons/{lessons[0]}"))
    assert data_of(html)["start"] == 2
    assert html.count("is-done") == 1
    assert html.count("is-begun") == 1


def test_a_document_is_given_out_as_pictures(
    learner: FlaskClient, lessons: tuple[int, int], academy_app: App, web_db: Database
) -> None:
    answer = learner.get(f"/lessons/{lessons[1]}")
    html = strict(answer)
    settings = academy_app.extensions["duxue.settings"]
    origin = settings.content_origin("localhost")
    assert f"img-src 'self' data: blob: {origin}" in answer.headers["Content-Security-Policy"]
    first = html.split('data-src="', 1)[1].split('"', 1)[0]
    assert first.startswith(origin)
    assert ".pdf" not in html
    got = Client(make_origin(settings)).get(first.removeprefix(origin))
    assert (got.status_code, got.headers["Content-Type"], got.data[8:12]) == (200, "image/webp", b"WEBP")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert ">Alpha</a>" in html, "what runs along the heads of all pages names none"
    texts = learner.get(f"/lessons/{lessons[1]}/pages", headers={"Accept": "application/json"}).json
    assert texts == {"texts": ["Running head\nAlpha", "Running head\nBeta <b>"]}
    assert "Beta &lt;b&gt;" in strict(learner.get(f"/lessons/{lessons[1]}/pages"))


def test_pictures_need_a_signature_and_the_pdf_has_no_address(
    lessons: tuple[int, int], academy_app: App, web_db: Database
) -> None:
    settings = academy_app.extensions["duxue.settings"]
    client = Client(make_origin(settings))
    with web_db.reading() as session:
        version = session.query(MediaVersion).filter_by(lesson_id=lessons[1]).one()
        page = documents.pages_of(session, version.id)[0]
    for path in (
        f"/m/9999999999999.{'A' * 43}/{page.sha256}/media.webp",
        f"/m/9999999999999.{'A' * 43}/{version.sha256}/media.pdf",
        f"/{page.sha256}",
    ):
        assert client.get(path).status_code in (403, 404), path


def test_another_classes_pages_are_not_shown(learner: FlaskClient, lessons: tuple[int, int], academy_app: App) -> None:
    foreign = lessons[1] + 1
    for path in (f"/lessons/{foreign}", f"/lessons/{foreign}/pages"):
        assert learner.get(path).status_code == 403
        assert browser(academy_app).get(path).status_code == 302
    assert learner.get("/lessons/999/pages").status_code == 404


def test_a_film_has_no_pages(learner: FlaskClient, web_db: Database) -> None:
    with web_db.writing() as session:
        film = factories.course(session, "film")
        factories.offer(session, film, None)
        lesson = factories.versions(session, film)[0].lesson_id
    assert learner.get(f"/lessons/{lesson}/pages").headers["Location"] == f"/lessons/{lesson}"
