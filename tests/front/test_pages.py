"""The front door through the browser: what visitors see, what it costs, and what they never see."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from app.base.db import Database
from app.base.settings import load
from app.factory import Academy, create_app
from app.front import queries
from app.people import service as people
from tests import factories
from tests.factories import Academy as Made
from tests.factories import web
from tests.services import DatabaseUrls

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
FORM = {"title": "停机通知", "title_en": "", "body": "## 今晚\n\n停一小时。", "body_en": "", "since": "2026-03-02"}


@pytest.fixture
def made(web_db: Database) -> Made:
    """A class; one course for everybody, one for the class alone."""
    with web_db.writing() as session:
        found = factories.academy(session)
        factories.offer(session, factories.course(session, "open", title="给所有人的课"), None)
        factories.offer(session, factories.course(session, "inner", title="班内的课"), found.group)
        return found


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def announce(db: Database, title: str, **more: object) -> int:
    with db.writing() as session:
        return factories.announcement(session, title, **more)  # type: ignore[arg-type]


def test_a_visitor_sees_the_academys_face(academy_app: Academy, web_db: Database, made: Made) -> None:
    announce(web_db, "今天的事", since=TODAY)
    announce(web_db, "草稿", publish=False)
    html = web.strict(web.browser(academy_app).get("/"))
    assert "云汀网络学院" in html
    assert "给所有人的课" in html
    assert "班内的课" not in html
    assert "今天的事" in html
    assert "草稿" not in html
    for address in ("/sign-in", "/help/signing-in", "/announcements", "/check", "/catalogue", "/help/glossary"):
        assert f'href="{address}"' in html or f'action="{address}"' in html, address
    english = web.strict(web.browser(academy_app, language="en").get("/"))
    assert "1 course is open to everybody here." in plain(english)


def test_who_is_signed_in_goes_on_to_the_own_year_and_who_was_must_sign_in(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    learner = web.browser(academy_app, "l001")
    assert "ring-svg" in web.strict(learner.get("/"))
    assert web.browser(academy_app, "head1").get("/").location == "/classes"
    with web_db.writing() as session:
        people.disable(session, made.learner.id, made.admin.id)
    assert learner.get("/").location == "/sign-in"


def test_the_home_costs_the_same_however_much_there_is(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app)
    web.strict(client.get("/"))
    counts = []
    for more in (0, 30):
        with web_db.writing() as session:
            for number in range(more):
                factories.announcement(session, f"公告{number}")
                factories.offer(session, factories.course(session, f"more-{number}"), None)
        for address in ("/", "/announcements", "/catalogue"):
            with web.statements(web_db) as seen:
                html = web.strict(client.get(address))
            counts.append((address, more, len(seen), html))
    before = {address: count for address, more, count, _html in counts if not more}
    assert {address: count for address, more, count, _html in counts if more} == before
    assert max(before.values()) <= 6
    pages = [html for address, more, _count, html in counts if more and address != "/"]
    assert all("page=2" in html for html in pages)


def test_an_announcement_in_either_language(academy_app: Academy, web_db: Database, made: Made) -> None:
    both = announce(web_db, "停机", body="## 何时\n\n今晚 <script>x</script>", english="Maintenance")
    alone = announce(web_db, "只有中文", body="正文")
    visitor = web.browser(academy_app)
    html = web.strict(visitor.get(f"/announcements/{both}"))
    assert "<h2>何时</h2>" in html
    assert "<script>x" not in html
    english = web.browser(academy_app, language="en")
    assert "Maintenance" in web.strict(english.get(f"/announcements/{both}"))
    html = web.strict(english.get(f"/announcements/{alone}"))
    assert '<span lang="zh-CN">只有中文</span>' in html
    assert re.search(r'class="article[^"]*" lang="zh-CN"', html)
    assert 'lang="zh-CN">只有中文</a>' in web.strict(english.get("/announcements"))


def test_what_is_not_shown_is_only_for_who_writes(academy_app: Academy, web_db: Database, made: Made) -> None:
    hidden = [
        announce(web_db, "草稿", publish=False),
        announce(web_db, "以后的", since=TODAY + DAY),
        announce(web_db, "过去的", until=TODAY - DAY),
    ]
    for login in ("", "l001", "head1", "editor"):
        client = web.browser(academy_app, login)
        for number in hidden:
            assert client.get(f"/announcements/{number}").status_code == 404, (login, number)
        text = web.strict(client.get("/announcements"))
        assert not any(title in text for title in ("草稿", "以后的", "过去的"))
    admin = web.browser(academy_app, "academy")
    notices = [plain(web.strict(admin.get(f"/announcements/{number}"))) for number in hidden]
    for text, said in zip(notices, ("草稿，只有写公告的人", "起显示。在那之前", "已过期，只有写公告的人"), strict=True):
        assert said in text


def test_writing_previewing_publishing_taking_back_deleting(academy_app: Academy, web_db: Database, made: Made) -> None:
    admin, visitor = web.browser(academy_app, "academy"), web.browser(academy_app)
    desk = "/desk/announcements"
    assert "还没有公告" in web.strict(admin.get(desk))
    page = web.send(admin, f"{desk}/new", f"{desk}/new", act="preview", **FORM)
    assert "<h2>今晚</h2>" in web.strict(page) or "<h3>今晚</h3>" in web.strict(page)
    assert 'value="停机通知"' in page.text
    assert "还没有公告" in web.strict(admin.get(desk))  # a preview keeps nothing
    saved = web.send(admin, f"{desk}/new", f"{desk}/new", act="save", **FORM)
    one = saved.location
    number = one.rpartition("/")[2]
    assert visitor.get(f"/announcements/{number}").status_code == 404
    web.send(admin, one, one, act="publish", edition="1", **FORM)
    assert "停机通知" in web.strict(visitor.get("/announcements"))
    assert web.send(admin, one, f"{one}/delete").status_code == 409
    web.send(admin, one, f"{one}/take-back")
    assert visitor.get(f"/announcements/{number}").status_code == 404
    assert web.send(admin, one, f"{one}/delete").location == desk
    assert admin.get(one).status_code == 404


def test_a_failed_form_keeps_what_was_written(academy_app: Academy, web_db: Database, made: Made) -> None:
    admin = web.browser(academy_app, "academy")
    new = "/desk/announcements/new"
    page = web.send(admin, new, new, act="publish", **{**FORM, "title": "", "until": "2026-03-01"})
    assert page.status_code == 422
    assert "停一小时" in page.text
    assert "写上标题" in page.text
    assert 'value="2026-03-01"' in page.text
    page = web.send(admin, new, new, act="save", **{**FORM, "body": "[" * 9000})
    assert page.status_code == 422
    with web_db.reading() as session:
        assert queries.every(session) == []


def test_who_saves_second_sees_both_and_may_save_again(academy_app: Academy, web_db: Database, made: Made) -> None:
    number = announce(web_db, "初稿")
    admin, one = web.browser(academy_app, "academy"), f"/desk/announcements/{number}"
    web.send(admin, one, one, act="save", edition="1", **{**FORM, "title": "甲改的"})
    page = web.send(admin, one, one, act="save", edition="1", **{**FORM, "title": "乙改的"})
    assert page.status_code == 422
    assert "甲改的" in page.text
    assert 'value="乙改的"' in page.text
    edition = re.search(r'id="edition"[^>]*value="(\d+)"', page.text)
    assert edition is not None
    assert web.send(admin, one, one, act="save", edition=edition[1], **{**FORM, "title": "乙改的"}).status_code == 302
    assert "乙改的" in web.strict(web.browser(academy_app).get(f"/announcements/{number}"))


def test_the_catalogue_shows_titles_lengths_and_worth_and_no_material(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    with web_db.writing() as session:
        professional = factories.course(session, "law", bucket="professional", title="法律")
        factories.offer(session, professional, None)
    visitor = web.browser(academy_app)
    html = web.strict(visitor.get("/catalogue"))
    assert "给所有人的课" in html
    assert "班内的课" not in html
    assert "45:00" in html
    assert re.search(r'class="hours">1\.0<', html)
    assert "/lessons/" not in html
    only = web.strict(visitor.get("/catalogue?bucket=professional"))
    assert "法律" in only
    assert "给所有人的课" not in only
    assert "这一科还没有" in web.strict(visitor.get("/catalogue?bucket=nothing&page=99"))
    assert visitor.get("/courses/open").location == "/sign-in?next=/courses/open"
    assert web.browser(academy_app, "l001").get("/catalogue").location == "/courses"
    assert 'href="/courses/open"' not in web.strict(web.browser(academy_app, "head1").get("/catalogue"))


def test_help_is_open_to_all_in_their_own_frame(academy_app: Academy, made: Made) -> None:
    for login, mark in (("", "topbar-enter"), ("l001", "tabbar"), ("head1", "rail-body")):
        client = web.browser(academy_app, login)
        for address in ("/help", "/help/statement", "/help/glossary", "/help/guide-learner", "/announcements"):
            assert mark in web.strict(client.get(address)), (login, address)
    visitor = web.browser(academy_app)
    assert visitor.get("/help/nothing").status_code == 404
    html = web.strict(visitor.get("/help?q=断网"))
    assert 'href="/help/offline"' in html
    assert "没有找到" in web.strict(visitor.get("/help?q=zzzz"))


def test_the_foot_stands_on_every_page_with_the_number_of_the_setting(
    any_database: DatabaseUrls, web_db: Database, made: Made, tmp_path: object
) -> None:
    chosen = {
        "DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url, "DUXUE_EMBEDDED": "0",
        "DUXUE_REGISTRATION": "示例ICP备00000000号", "DUXUE_SECOND_FACTOR": "offered",
    }  # fmt: skip
    app = create_app(load(chosen))
    link = '<a href="https://beian.miit.gov.cn/" rel="noopener noreferrer" lang="zh-CN">示例ICP备00000000号</a>'
    for login, pages in (
        ("", ("/", "/help", "/sign-in", "/check", "/no/such/page")),
        ("l001", ("/", "/courses", "/statement", "/lessons/1")),
        ("academy", ("/classes", "/desk/announcements")),
    ):  # fmt: skip
        client = web.browser(app, login)
        for address in pages:
            html = client.get(address).text
            assert link in html, address
            assert 'href="/help"' in html, address
    app.extensions["duxue.db"].engine.dispose()


def test_without_a_number_nothing_is_shown(academy_app: Academy, made: Made) -> None:
    assert "beian" not in web.strict(web.browser(academy_app).get("/"))
