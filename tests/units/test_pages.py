"""The pages of units: the tree of a day, its file, one unit, an act looked at and then done; who may what."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from app.base.db import Database
from app.factory import Academy
from app.people import service as people
from app.people.models import Person, Unit, UnitMembership
from tests import factories
from tests.factories import web
from tests.supervision.place import plain

TODAY = factories.NOON.date()


@pytest.fixture
def made(web_db: Database) -> factories.Academy:
    with web_db.writing() as session:
        found = factories.academy(session, learners=2, rules=False)
        for code, name in (("water", "水务局"), ("roads", "公路局")):
            people.create_unit(session, code, name, code.title(), "public_institution", found.unit.id)
        water = session.scalars(select(Unit).where(Unit.code == "water")).one()
        people.join_unit(session, found.learners[1].id, water.id, "section", TODAY - timedelta(days=9))
        factories.person(session, "liaison", "韩露", "unit_liaison", "unit", water.id)
    return found


@pytest.fixture
def admin(academy_app: Academy, made: factories.Academy) -> FlaskClient:
    assert made.learners
    return web.browser(academy_app, "academy")


@pytest.mark.postgres
def test_on_postgresql_the_pages_open(admin: FlaskClient) -> None:
    for at in ("/desk/units", "/desk/units?day=2026-01-05&q=水", "/desk/units/water", "/desk/units/water/merge"):
        web.strict(admin.get(at))


def test_a_merge_is_looked_at_and_then_done(admin: FlaskClient, web_db: Database) -> None:
    at = "/desk/units/water/merge"
    data = {"target": "roads", "day": TODAY.isoformat(), "reason": "机构改革"}
    looked = web.send(admin, at, at, **data)
    page = plain(web.strict(looked))
    assert "2026年3月2日，1人转入公路局" in page, page
    assert "学员2" in page
    with web_db.reading() as session:
        assert session.scalars(select(Unit.closed_on).where(Unit.code == "water")).one() is None
    shown = looked.text.split('name="shown" value="')[1].split('"')[0]
    done = web.send(admin, at, at, **data, shown=shown, confirm="1")
    assert (done.status_code, done.location) == (302, "/desk/units/roads")
    assert "水务局" in plain(web.strict(admin.get("/desk/units/roads")))
    closed = plain(web.strict(admin.get("/desk/units/water")))
    assert "已于2026年3月2日撤销" in closed, closed
    assert web.send(admin, "/desk/units", at, **data).status_code == 422
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    assert "水务局" in web.strict(admin.get(f"/desk/units?day={yesterday}"))
    assert "水务局" not in web.strict(admin.get("/desk/units"))


def test_what_cannot_be_is_said_beside_its_field(admin: FlaskClient) -> None:
    at = "/desk/units/city/merge"
    refused = web.send(admin, at, at, target="water", day=TODAY.isoformat())
    assert refused.status_code == 422
    assert 'id="target-error"' in refused.text
    ahead = web.send(admin, at, at, target="water", day="2026-04-01")
    assert 'id="day-error"' in ahead.text
    at = "/desk/new-unit"
    taken = web.send(admin, at, at, name="水务局", nature="school", parent="city", day=TODAY.isoformat())
    assert 'id="name-error"' in taken.text
    fine = web.send(admin, at, at, name="水文局", nature="school", parent="city", day=TODAY.isoformat())
    assert fine.status_code == 200


def test_the_report_of_a_day_as_a_file(admin: FlaskClient) -> None:
    for day, own in ((TODAY, "1"), (TODAY - timedelta(days=10), "0")):
        rows = list(csv.reader(io.StringIO(admin.get(f"/desk/units-of-a-day?day={day}").text.lstrip("\ufeff"))))
        assert {row[0]: row[5] for row in rows[1:]}["water"] == own
        assert {row[0]: row[6] for row in rows[1:]}["city"] == "2"
    with zipfile.ZipFile(io.BytesIO(admin.get("/desk/units-of-a-day?as=xlsx").data)) as book:
        words, sheet = (book.read(f"xl/{name}.xml").decode() for name in ("sharedStrings", "worksheets/sheet1"))
    assert "水务局" in words
    assert '<c r="F2"><v>1</v></c><c r="G2"><v>2</v></c>' in sheet  # numbers, that a spreadsheet adds up


def test_a_liaison_reads_the_own_branch_and_changes_nothing(academy_app: Academy, made: factories.Academy) -> None:
    client = web.browser(academy_app, "liaison")
    page = web.strict(client.get("/desk/units"))
    assert "水务局" in page
    assert "公路局" not in page
    assert client.get("/desk/units/roads").status_code == 404
    assert client.get("/desk/units/city").status_code == 404
    assert "学员2" in web.strict(client.get("/desk/units/water"))
    assert client.get("/desk/units/water/merge").status_code == 403
    assert made.learners


def test_the_tree_costs_the_same_statements_for_sixteen_thousand(
    admin: FlaskClient, web_db: Database, made: factories.Academy
) -> None:
    def cost() -> int:
        admin.get("/desk/units")
        with web.statements(web_db) as seen:
            web.strict(admin.get("/desk/units"))
        return len(seen)

    few = cost()
    with web_db.writing() as session:
        base = {"locale": "", "created_at": factories.NOON}
        rows = [
            {"id": n, "key": f"01C{n:023d}", "login": f"m{n}", "name": f"人{n}", "name_pinyin": f"ren {n}", **base}
            for n in range(1000, 3000)
        ]
        session.execute(insert(Person), rows)
        session.execute(
            insert(UnitMembership),
            [
                {"person_id": each["id"], "unit_id": made.unit.id, "band": "staff", "since": date(2026, 1, 1)}
                for each in rows
            ],
        )
    assert cost() == few <= 6
