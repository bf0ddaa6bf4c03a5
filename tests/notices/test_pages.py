"""The page of messages and the bell, over the real application: who sees what, what opens, what is marked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from app.base.db import Database
from app.factory import Academy
from app.notices import queries, service
from tests import factories
from tests.factories import Academy as Made
from tests.factories import web

KIND = "tests.said"
BOLD = "is-unread"


@pytest.fixture
def made(web_db: Database) -> Made:
    with web_db.writing() as session:
        found = factories.academy(session, learners=2)
        factories.offer(session, factories.course(session, "course-1"), found.group)
        return found


def tell(db: Database, person_id: int, word: str, url: str = "/plan", kind: str = KIND) -> int:
    """Tell somebody something; its number."""
    with db.writing() as session:
        service.tell(session, person_id, kind, url, what=word, by="沈静宜")
        return queries.counts(session, person_id).newest


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def bells(client: FlaskClient, url: str) -> list[str]:
    """What stands at each bell of a page: the count as it is said."""
    html = web.strict(client.get(url))
    links = re.findall(r'(?s)<a[^>]*href="/messages"[^>]*>(.*?)</a>', html)
    marked = [link for link in links if "#i-bell" in link]
    return [plain(link).strip().removeprefix("Messages").strip() for link in marked]


def test_a_message_is_opened_and_read(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001", "en")
    number = tell(web_db, made.learner.id, "《会议纪要》", "/courses/course-1")
    html = web.strict(client.get("/messages"))
    assert "1 message is unread." in plain(html)
    assert "Unread: 《会议纪要》有了结果" in plain(html)
    assert "Today Mon 2 Mar" in plain(html)
    assert html.count(BOLD) == 1
    assert f'formaction="/messages/{number}/open"' in html
    assert BOLD in client.get("/messages").text  # a look changes nothing
    opened = web.send(client, "/messages", f"/messages/{number}/open")
    assert (opened.status_code, opened.location) == (302, "/courses/course-1")
    html = web.strict(client.get("/messages"))
    assert BOLD not in html
    assert "Everything is read." in plain(html)
    assert "《会议纪要》有了结果" in plain(html)
    assert web.send(client, "/messages", f"/messages/{number}/open").location == "/courses/course-1"


def test_nobody_elses_message_is_there(academy_app: Academy, web_db: Database, made: Made) -> None:
    number = tell(web_db, made.learner.id, "《会议纪要》")
    for login in ("l002", "head1", "academy"):
        other = web.browser(academy_app, login, "en")
        assert "会议纪要" not in other.get("/messages").text
        assert web.send(other, "/account", f"/messages/{number}/open").status_code == 404
        assert web.send(other, "/account", "/messages/read", upto=str(number)).status_code == 302
    with web_db.reading() as session:
        assert queries.counts(session, made.learner.id).unread == 1


def test_the_bell_counts_wherever_there_is_a_frame(academy_app: Academy, web_db: Database, made: Made) -> None:
    learner, teacher = web.browser(academy_app, "l001", "en"), web.browser(academy_app, "head1", "en")
    assert bells(learner, "/") == ["", ""]  # in the bar at the top and at the foot
    assert bells(teacher, "/account") == ["", ""]  # beside the menu and in the rail
    for word in ("一", "二", "三"):
        tell(web_db, made.learner.id, word)
    tell(web_db, made.teacher.id, "一")
    for url in ("/", "/courses", "/statement", "/messages", "/account"):
        assert bells(learner, url) == ["3 , 3 unread"] * 2, url
    for url in ("/classes/class-1", "/account", "/messages"):
        assert bells(teacher, url) == ["1 , 1 unread"] * 2, url
    for _each in range(100):
        tell(web_db, made.learner.id, "多")
    assert bells(learner, "/")[0] == "99+ , 103 unread"


def test_all_are_marked_as_the_page_knew_them(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001", "en")
    tell(web_db, made.learner.id, "一")
    tell(web_db, made.learner.id, "二")
    html = client.get("/messages").text
    upto = re.search(r'name="upto" value="(\d+)"', html)
    assert upto is not None
    tell(web_db, made.learner.id, "晚到")
    answer = web.send(client, "/messages", "/messages/read", upto=upto[1])
    assert answer.location == "/messages"
    html = web.strict(client.get("/messages"))
    assert "2 messages are marked as read." in plain(html)
    assert "Unread: 晚到有了结果" in plain(html)
    assert html.count(BOLD) == 1
    for nonsense in ("", "-1", "x", "9" * 30):
        assert web.send(client, "/messages", "/messages/read", upto=nonsense).status_code == 422, nonsense
    assert BOLD in client.get("/messages").text


def test_days_pages_and_what_is_unread(
    academy_app: Academy, web_db: Database, made: Made, traveller: time_machine.Traveller
) -> None:
    last = 0
    for number in range(65):
        last = tell(web_db, made.learner.id, f"第{number}件")
        traveller.shift(timedelta(hours=3))
    client = web.browser(academy_app, "l001", "zh")
    found: list[str] = []
    for page, rows in ((1, 30), (2, 30), (3, 5)):
        html = web.strict(client.get(f"/messages?page={page}"))
        here = re.findall(r"(第\d+件)有了结果", html)
        assert len(here) == rows
        assert len(re.findall(r"<h2>", html)) >= rows // 8
        found += here
    assert found == [f"第{number}件" for number in reversed(range(65))]
    for beyond in ("99", "9" * 40, "-3", "x"):
        assert client.get(f"/messages?page={beyond}").status_code == 200
    web.send(client, "/messages", f"/messages/{last}/open")
    html = web.strict(client.get("/messages?show=unread"))
    assert "第64件" not in html
    assert "第63件" in html
    assert "show=unread&amp;page=2" in html
    assert "昨天" in html


def test_the_cost_of_a_page_does_not_grow(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001")
    costs = []
    for number in (2, 200):
        for each in range(number):
            tell(web_db, made.learner.id, str(each))
        client.get("/messages")
        with web.statements(web_db) as seen:
            assert client.get("/messages").status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[1]
    assert costs[0] <= 4


def test_nothing_yet_and_nothing_unread(academy_app: Academy, web_db: Database, made: Made) -> None:
    learner, admin = web.browser(academy_app, "l001", "en"), web.browser(academy_app, "academy", "en")
    for client in (learner, admin):
        html = web.strict(client.get("/messages"))
        assert "No messages yet." in plain(html)
        assert 'name="upto"' not in html
    assert 'class="rail"' in admin.get("/messages").text
    assert 'class="rail"' not in learner.get("/messages").text
    number = tell(web_db, made.learner.id, "一")
    web.send(learner, "/messages", "/messages/read", upto=str(number))
    assert "Nothing is unread." in plain(web.strict(learner.get("/messages?show=unread")))
