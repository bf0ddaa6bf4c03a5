"""The desk at which classes are made by rule, as its administrator uses it, with scripts off."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base import runs
from app.base.db import Database
from app.classes import queries, service, working
from app.classes.models import ClassMembership, ClassRule, VirtualClass
from app.factory import Academy
from app.people import service as people
from app.people.models import Person
from tests import factories
from tests.classes import crowds
from tests.factories import web

TODAY = date(2026, 3, 2)
DESK = "/desk/classes"


@pytest.fixture
def admin(academy_app: Academy, web_db: Database) -> FlaskClient:
    """An administrator of an academy with twelve learners of a school and four of a hospital, in no class."""
    with web_db.writing() as session:
        factories.person(session, "academy", "蒋和", "academy_admin", "academy")
        factories.person(session, "academy2", "罗安", "academy_admin", "academy")
        crowds.learners(session, crowds.unit(session, "s1"), 12)
        crowds.learners(session, crowds.unit(session, "h1", "hospital"), 4, first=100)
    return web.browser(academy_app, "academy")


def send(client: FlaskClient, path: str, at: str = DESK, **fields: object) -> TestResponse:
    return client.post(path, data={"csrf_token": web.token_in(client.get(at)), **fields})


def fields(**more: object) -> dict[str, object]:
    return {
        "natures": ["school"], "trainees": "both", "smallest": 2, "best": 5, "largest": 8, "pattern": "学校{n}班",
        "pattern_en": "Schools {n}", **more,
    }  # fmt: skip


def run_newest(app: Academy) -> runs.Run:
    """Do what waits, as the task runner would."""
    db: Database = app.extensions["duxue.db"]
    with db.reading() as session:
        newest = runs.latest(session, working.KIND)
    assert newest is not None
    runs.perform(db, app.extensions["duxue.settings"], newest.id)
    with db.reading() as session:
        found = runs.one(session, newest.id)
    assert found is not None
    return found


def shown_in(page: str) -> str:
    found = re.search(r'name="shown" value="([0-9a-f]{64})"', page)
    assert found, page[:2000]
    return found[1]


def test_rules_are_written_seen_in_a_preview_and_applied(
    academy_app: Academy, web_db: Database, admin: FlaskClient
) -> None:
    page = web.strict(admin.get(DESK))
    assert "还没有规则。" in page
    assert "<b>16</b>人未编班" in page
    answer = send(admin, f"{DESK}/rules/new", f"{DESK}/rules/new", **fields())
    assert answer.status_code == 302
    assert "学校" in web.strict(admin.get(DESK))
    preview = web.strict(admin.get(f"{DESK}/preview"))
    assert "<b>12</b>人入班" in preview
    assert "4人按规则编不进班" in preview
    assert "没有适用的规则" in preview
    with web_db.reading() as session:
        assert session.scalars(select(VirtualClass.id)).all() == []  # a preview writes nothing
    assert send(admin, f"{DESK}/apply", shown=shown_in(preview)).status_code == 302
    assert "停止" in web.strict(admin.get(DESK))
    run = run_newest(academy_app)
    assert run.result == {
        "classes": 2, "made": 2, "closed": 0, "joined": 12, "moved": 0, "left": 0, "stay": 0, "unplaced": 4,
    }  # fmt: skip
    page = web.strict(admin.get(DESK))
    assert "新建2个班" in page
    assert "学校1班" in page
    assert "没有变化" in web.strict(admin.get(f"{DESK}/preview"))


def test_the_second_of_two_administrators_is_told_that_things_have_changed(
    academy_app: Academy, web_db: Database, admin: FlaskClient
) -> None:
    """security: what is applied is what was looked at, or nothing."""
    with web_db.writing() as session:
        crowds.rule(session, "school")
    other = web.browser(academy_app, "academy2")
    seen, seen_by_other = (shown_in(web.strict(each.get(f"{DESK}/preview"))) for each in (admin, other))
    send(admin, f"{DESK}/apply", shown=seen)
    run_newest(academy_app)
    send(other, f"{DESK}/apply", shown=seen_by_other)
    assert run_newest(academy_app).result == {"changed": True}
    assert "什么都没有做" in web.strict(other.get(DESK))
    with web_db.reading() as session:
        assert len(session.scalars(select(ClassMembership.id)).all()) == 12
    assert send(admin, f"{DESK}/apply", shown="nonsense").status_code == 422


def test_who_moves_is_named_with_from_and_to(academy_app: Academy, web_db: Database, admin: FlaskClient) -> None:
    with web_db.writing() as session:
        crowds.rule(session, "school")
        crowds.rule(session, "hospital")
    send(admin, f"{DESK}/apply", shown=shown_in(web.strict(admin.get(f"{DESK}/preview"))))
    run_newest(academy_app)
    with web_db.writing() as session:
        person = session.scalars(select(Person).where(Person.login == "p00001")).one()
        person.name = "<b>学员</b>"
        unit = crowds.unit(session, "h2", "hospital")
        people.join_unit(session, person.id, unit.id, "staff", TODAY)
    page = web.strict(admin.get(f"{DESK}/preview"))
    moves = page[page.index('id="moves"') :]
    assert "school2026年1班" in moves
    assert "hospital2026年1班" in moves
    assert "&lt;b&gt;学员&lt;/b&gt;" in moves
    assert "<b>学员</b>" not in page


def test_a_form_that_is_wrong_says_so_at_its_field_and_keeps_what_was_written(admin: FlaskClient) -> None:
    new = f"{DESK}/rules/new"
    for wrong, text in (
        ({"best": 1}, "适宜人数低于人数下限"), ({"largest": 3}, "人数上限低于适宜人数"), ({"smallest": ""}, "写人数"),
        ({"smallest": 0}, "写1以上的数"), ({"pattern": "学校班"}, "在班号的位置写{n}"),
        ({"pattern": "学校{n}{x}班"}, "花括号里只能写"), ({"pattern_en": ""}, "写班级名称"),
    ):  # fmt: skip
        answer = send(admin, new, new, **fields(**wrong))
        assert answer.status_code == 422, wrong
        assert text in answer.text, wrong
    answer = send(admin, new, new, **fields(natures=["no such"]))
    assert answer.status_code == 422


def test_rules_change_their_order_and_are_changed_and_removed(web_db: Database, admin: FlaskClient) -> None:
    with web_db.writing() as session:
        first, second = crowds.rule(session, "school"), crowds.rule(session, "hospital")
    send(admin, f"{DESK}/rules/{second}/up")
    assert _order(web_db) == [second, first]
    send(admin, f"{DESK}/rules/{second}/up")  # at the top already
    send(admin, f"{DESK}/rules/{second}/down")
    assert _order(web_db) == [first, second]
    one = f"{DESK}/rules/{first}"
    page = web.strict(admin.get(one))
    assert re.search(r'checked[^>]*value="school"|value="school"[^>]*checked', page)
    answer = send(admin, one, one, **fields(natures=["school", "hospital"], trainees="without", by_district="y"))
    assert answer.status_code == 302
    with web_db.reading() as session:
        row = session.get_one(ClassRule, first)
        assert (row.natures, row.key_trainee, row.by_district) == ('["hospital", "school"]', False, True)
    assert "非重点培训学员" in web.strict(admin.get(DESK))
    send(admin, f"{one}/remove")
    assert _order(web_db) == [second]
    assert admin.get(one).status_code == 404
    assert send(admin, f"{one}/remove").status_code == 404


def _order(db: Database) -> list[int]:
    with db.reading() as session:
        return list(session.scalars(select(ClassRule.id).order_by(ClassRule.position)))


def test_the_first_rules_are_one_for_each_nature(web_db: Database, admin: FlaskClient) -> None:
    send(admin, f"{DESK}/rules/begin")
    page = web.strict(admin.get(DESK))
    assert "{year}" not in page
    assert "2026年学校1班" in page
    assert "2026年医院1班" in page
    assert send(admin, f"{DESK}/rules/begin").status_code == 409
    assert "不到人数下限200" in web.strict(admin.get(f"{DESK}/preview"))


def test_somebody_is_found_pinned_and_released(academy_app: Academy, web_db: Database, admin: FlaskClient) -> None:
    with web_db.writing() as session:
        crowds.rule(session, "school")
        crowds.rule(session, "hospital")
        person = session.scalars(select(Person).where(Person.login == "p00003")).one()
        key, person.name = person.key, "<i>欧阳%_</i>"
    send(admin, f"{DESK}/apply", shown=shown_in(web.strict(admin.get(f"{DESK}/preview"))))
    run_newest(academy_app)
    pins = f"{DESK}/pins"
    for asked in ("p00003", "P00003", "欧阳%"):
        page = web.strict(admin.get(pins, query_string={"q": asked}))
        assert page.count("&lt;i&gt;欧阳%_&lt;/i&gt;") >= 1, asked
        assert "p00004" not in page
    assert "没有这个工号或姓名" in web.strict(admin.get(pins, query_string={"q": "欧阳_%"}))
    answer = send(admin, f"{pins}/{key}", f"{pins}?q=p00003", **{"class": "2026-03", "q": "p00003"})
    assert answer.status_code == 302
    with web_db.reading() as session:
        group = queries.class_of(session, person.id, TODAY)
        assert group is not None
        assert group.code == "2026-03"
    assert "欧阳" in web.strict(admin.get(DESK))
    assert "没有变化" in web.strict(admin.get(f"{DESK}/preview"))
    send(admin, f"{pins}/{key}/release", f"{pins}?q=p00003", q="p00003")
    assert "<b>1</b>人换班" in web.strict(admin.get(f"{DESK}/preview"))
    assert send(admin, f"{pins}/{key}", f"{pins}?q=p00003", **{"class": "no-such"}).status_code == 422
    assert (
        send(admin, f"{pins}/01HZZZZZZZZZZZZZZZZZZZZZZZ", f"{pins}?q=p00003", **{"class": "2026-01"}).status_code == 404
    )


def test_a_new_year_is_offered_where_classes_are_older(
    academy_app: Academy, web_db: Database, admin: FlaskClient
) -> None:
    with web_db.writing() as session:
        crowds.rule(session, "school")
    send(admin, f"{DESK}/apply", shown=shown_in(web.strict(admin.get(f"{DESK}/preview"))))
    run_newest(academy_app)
    assert "预览2027年的编班" in web.strict(admin.get(DESK))
    page = web.strict(admin.get(f"{DESK}/preview?year=2027"))
    assert "<b>12</b>人换班" in page
    send(admin, f"{DESK}/apply", shown=shown_in(page), year=2027)
    run = run_newest(academy_app)
    assert run.result is not None
    assert (run.result["closed"], run.result["made"], run.result["moved"]) == (2, 2, 12)
    assert "预览2027年的编班" not in web.strict(admin.get(DESK))
    assert admin.get(f"{DESK}/preview?year=1999").status_code == 422
    assert admin.get(f"{DESK}/preview?year=x").status_code == 422


def test_classes_without_a_rule_are_said_and_stay_unless_they_are_taken_in(
    academy_app: Academy, web_db: Database, admin: FlaskClient
) -> None:
    with web_db.writing() as session:
        group = service.open_class(session, "class-1", "网络一班", "Online class 1")
        for person_id in session.scalars(select(Person.id).where(Person.login.startswith("p0000"))):
            service.enrol(session, person_id, group.id, factories.SINCE, None)
    assert "现有的班都不是按规则编的" in web.strict(admin.get(DESK))
    with web_db.writing() as session:
        crowds.rule(session, "school")
    assert "有1个班不是按规则编的" in web.strict(admin.get(DESK))
    assert "<b>3</b>人入班" in web.strict(admin.get(f"{DESK}/preview"))
    assert "网络一班" in web.strict(admin.get(f"{DESK}/preview?take_in=1"))


def test_a_head_teacher_and_an_administrator_of_a_part_cannot_open_it(academy_app: Academy, web_db: Database) -> None:
    """security: classes are made of everybody."""
    with web_db.writing() as session:
        found = factories.academy(session)
        factories.person(session, "part", "部分", "academy_admin", "unit", found.unit.id)
    for login in ("head1", "part", "l001"):
        client = web.browser(academy_app, login)
        for path in (DESK, f"{DESK}/preview", f"{DESK}/pins", f"{DESK}/rules/new"):
            assert client.get(path).status_code == 403, (login, path)
        token = web.token_in(client.get("/account"))
        for path in (f"{DESK}/apply", f"{DESK}/rules/begin", f"{DESK}/rules/1/remove"):
            assert client.post(path, data={"csrf_token": token}).status_code == 403, (login, path)


def test_nothing_is_applied_without_the_token_of_the_form(web_db: Database, admin: FlaskClient) -> None:
    """security: a page elsewhere cannot move anybody."""
    assert admin.post(f"{DESK}/rules/begin").status_code == 400
    assert admin.post(f"{DESK}/apply", data={"shown": "0" * 64}).status_code == 400
    assert _order(web_db) == []


@pytest.mark.parametrize("path", [DESK, f"{DESK}/preview", f"{DESK}/pins?q=p"])
def test_a_page_costs_as_many_statements_for_60_as_for_600(
    academy_app: Academy, web_db: Database, admin: FlaskClient, path: str
) -> None:
    with web_db.writing() as session:
        crowds.rule(session, "school", sizes=(10, 40, 60))
        crowds.learners(session, crowds.unit(session, "s2"), 60, first=1000)
    admin.get(path)
    with web.statements(web_db) as few:
        web.strict(admin.get(path))
    with web_db.writing() as session:
        crowds.learners(session, crowds.unit(session, "s3"), 540, first=2000)
    with web.statements(web_db) as many:
        web.strict(admin.get(path))
    assert len(few) == len(many) <= 12
