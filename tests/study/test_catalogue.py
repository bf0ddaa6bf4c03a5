"""The catalogue: what a search finds, what each filter would show, and that all of it stands in the address."""

from __future__ import annotations

import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.base.db import Database
from app.courses.models import Course, Provider
from app.credits import service as credits
from app.factory import Academy
from tests import factories
from tests.factories import HOUR_MS, NOON, web
from tests.factories import Academy as Made
from tests.study.test_pages import plain

DUE = date(2026, 3, 12)
MINUTE = 60_000


@pytest.fixture
def made(web_db: Database) -> Made:
    """Five courses for one learner, of all kinds."""
    with web_db.writing() as session:
        found = factories.academy(session)
        other = Provider(code="lakeside", name="临湖大学", name_en="Lakeside University")
        session.add(other)
        session.flush()
        minutes = _course(session, "minutes", "公文写作：会议纪要怎么写", 4 * MINUTE, "writing", lecturer="罗知微")
        letter = _course(session, "letter", "公文写作：通知与函的区别", 12 * MINUTE, "writing")
        rescue = _course(session, "rescue", "急救：心肺复苏与AED", HOUR_MS, "safety", bucket="general")
        budget = _course(session, "budget", "项目预算：从需求到数字", 100 * MINUTE, "finance", provider=other.id)
        law = _course(session, "law", "法律常识", 2 * HOUR_MS, "law", bucket="general")
        factories.offer(session, minutes, found.group, "required", DUE)
        for each in (letter, rescue, budget):
            factories.offer(session, each, None, "elective")
        factories.offer(session, law, found.group, "required", DUE + timedelta(days=30))
        factories.watched(session, found.learner.id, rescue)
        version = factories.versions(session, letter)[0]
        factories.cover(session, found.learner.id, version, MINUTE, NOON - timedelta(hours=1))
        return found


def _course(
    session: Session, code: str, title: str, length_ms: int, category: str, *, bucket: str = "professional",
    lecturer: str = "韩知远", provider: int | None = None,
) -> Course:  # fmt: skip
    made = factories.course(session, code, lessons=(length_ms,), bucket=bucket, title=title)
    made.category, made.lecturer, made.title_en = category, lecturer, f"English {code}"
    if provider is not None:
        made.provider_id = provider
    return made


@pytest.fixture
def client(academy_app: Academy, made: Made) -> FlaskClient:
    return web.browser(academy_app, "l001")


def page(client: FlaskClient, query: str = "") -> str:
    return web.strict(client.get(f"/courses?{query}"))


def titles(client: FlaskClient, query: str = "") -> list[str]:
    return re.findall(r'<h2><a href="/courses/([^"]+)"', page(client, query))


def facet(html: str, name: str) -> dict[str, tuple[int, bool]]:
    """Of a facet: by word, how many courses there would be, and whether it is chosen."""
    part = html.split(f'id="facet-{name}"', 1)[1].split("</ul>", 1)[0]
    choice = r'<li><(?:a|span)([^>]*)><span class="box".*?</span><span>([^<]+)</span><span class="num">(\d+)<'
    found = re.findall(choice, part, re.S)
    return {word: (int(number), "aria-current" in attributes) for attributes, word, number in found}


def test_by_need_required_first_then_what_is_begun_or_open_the_done_last(client: FlaskClient) -> None:
    assert titles(client) == ["minutes", "law", "letter", "budget", "rescue"]
    assert titles(client, "sort=short") == ["minutes", "letter", "rescue", "law", "budget"]
    assert titles(client, "sort=hours")[0] == "law", "required, so it counts whole"
    assert titles(client, "sort=new") == ["law", "budget", "rescue", "letter", "minutes"]


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("hyjy", ["minutes"]), ("huiyi", ["minutes"]), ("luozw", ["minutes"]), ("gwxz", ["minutes", "letter"]),
        ("lhdx", ["budget"]), ("xffs AED", ["rescue"]), ("法律", ["law"]), ("English rescue", ["rescue"]),
        ("公文 函", ["letter"]), ("云汀", ["minutes", "law", "letter", "rescue"]), ("zzzz", []),
    ],
)  # fmt: skip
def test_a_search(client: FlaskClient, asked: str, codes: list[str]) -> None:
    assert titles(client, f"q={asked}") == codes


def test_what_the_title_says_comes_before_what_only_the_text_says(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    with web_db.writing() as session:
        early = session.get(Course, 1)
        assert early is not None
        early.summary = "先懂一点预算。"
    assert titles(web.browser(academy_app, "l001"), "q=预算") == ["budget", "minutes"]


def test_where_nothing_has_all_of_it_the_close_ones_are_shown_and_said_to_be_close(client: FlaskClient) -> None:
    html = page(client, "q=写纪要")
    assert "没有课程完全对得上“写纪要”" in html
    assert re.findall(r'<h2><a href="/courses/([^"]+)"', html) == ["minutes"]
    assert "没有课程完全对得上" not in page(client, "q=纪要")
    assert "没有课程完全对得上" not in page(client, "q=zzzz")


def test_facets_count_what_each_choice_would_show(client: FlaskClient) -> None:
    html = page(client)
    assert facet(html, "requirement") == {"必修": (2, False), "选修": (3, False)}
    assert facet(html, "bucket") == {"公需": (2, False), "专业": (3, False)}
    assert facet(html, "state") == {"没开始": (3, False), "正在学": (1, False), "已完成": (1, False)}
    assert facet(html, "length") == {
        "5分钟以内": (1, False), "5–15分钟": (1, False), "15–45分钟": (1, False), "45–90分钟": (1, False),
        "90分钟以上": (1, False),
    }  # fmt: skip
    assert facet(html, "provider") == {"云汀网络学院": (4, False), "临湖大学": (1, False)}
    chosen = page(client, "requirement=elective&bucket=professional")
    assert facet(chosen, "requirement") == {"必修": (1, False), "选修": (2, True)}, "its own choice is left out"
    assert facet(chosen, "bucket") == {"公需": (1, False), "专业": (2, True)}
    assert facet(chosen, "provider") == {"云汀网络学院": (1, False), "临湖大学": (1, False)}


def test_every_link_of_a_facet_shows_as_many_as_it_says(client: FlaskClient) -> None:
    html = page(client, "requirement=elective")
    links = re.findall(
        r'<li><a href="(/courses\?[^"]*)"[^>]*><span class="box".*?<span class="num">(\d+)</span></a>', html, re.S
    )
    assert len(links) > 8
    for address, number in links:
        query = urlsplit(address.replace("&amp;", "&")).query
        if parse_qs(query).get("requirement") == ["elective"]:  # else it widens the facet
            assert len(titles(client, query)) == int(number), address


def test_two_choices_of_one_facet_are_either_and_stay_in_the_address(client: FlaskClient) -> None:
    both = titles(client, "category=writing&category=law&sort=short")
    assert both == ["minutes", "letter", "law"]
    html = page(client, "category=writing&category=law&q=法律")
    assert '<input type="hidden" name="category" value="writing">' in html
    assert '<input type="hidden" name="category" value="law">' in html
    assert "去掉：公文写作" in html
    assert "全部去掉" in html


def test_what_nobody_offers_is_as_if_it_were_not_asked_for(client: FlaskClient) -> None:
    everything = titles(client)
    for query in ("bucket=nothing", "length=7", "state=dreamt", "category=", "gap=yes", "page=x"):
        assert titles(client, query) == everything, query


def test_the_gap_filter_shows_what_closes_it(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "l001")
    assert titles(client, "gap=1") == ["minutes", "law", "letter", "budget"], "what is done closes nothing"
    html = page(client)
    assert re.search(r"能补我的缺口 <span class=\"num\">4<", html)
    assert "你还差" in html
    with web_db.writing() as session:
        credits.record(
            session, made.learner.id, key="opening:general", kind="opening", happened_at=NOON - timedelta(days=20),
            known_at=NOON, recorded_by="takeover", facts={"hours_m": 40_000, "subject_bucket": "general"},
        )  # fmt: skip
        credits.settle(session, made.learner.id)
    assert titles(client, "gap=1") == ["minutes", "letter", "budget"], "only professional hours are missing"


def test_an_empty_result_offers_ways_out(client: FlaskClient) -> None:
    html = page(client, "q=急救&requirement=required")
    text = plain(html)
    assert "没有合适的课" in text
    ways = re.findall(r'<a class="btn" href="([^"]+)">([^<]+) <span class="num">(\d+)<', html)
    assert [(text, int(number)) for _url, text, number in ways] == [("不限修习要求", 1), ("不搜“急救”", 2)]
    for address, _text, number in ways:
        assert len(titles(client, urlsplit(address.replace("&amp;", "&")).query)) == int(number)
    assert "看全部课程" in html
    assert titles(client, "state=done&length=5") == []
    assert titles(client, "state=begun&requirement=required") == [], "a state that none of them is in"


def test_before_anything_is_offered_there_is_nothing_to_search(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        factories.academy(session)
    html = page(web.browser(academy_app, "l001"))
    assert 'role="search"' not in html
    assert "facet" not in html


@pytest.mark.parametrize("query", ["q=hyjy", "q=写纪要&sort=short", "requirement=elective&gap=1&length=more&length=5"])
def test_a_search_costs_no_query_more_whatever_is_offered(
    academy_app: Academy, web_db: Database, made: Made, query: str
) -> None:
    client = web.browser(academy_app, "l001")
    costs = []
    for wanted in (1, 40):
        with web_db.writing() as session:
            for number in range(wanted):
                more = factories.course(session, f"more-{wanted}-{number}")
                factories.offer(session, more, None, "elective")
        client.get("/courses")
        with web.statements(web_db) as seen:
            page(client, query)
        costs.append(len(seen))
    assert costs[0] == costs[1]
