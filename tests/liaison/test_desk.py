"""The liaison's desk from a browser: own people only; joiners, leavers, corrections, transfers between two liaisons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from app import jobs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import NotFound
from app.classes.models import ClassMembership
from app.factory import Academy
from app.liaison import service, transfers
from app.liaison.models import UnitTransfer
from app.people import queries as people_queries
from app.people import service as people
from app.people.desk import queries as accounts
from app.people.models import Person, RoleGrant, Unit, UnitMembership
from app.rules.access import Scope
from app.units import acts
from tests import factories
from tests.factories import web
from tests.supervision.place import plain

TODAY = factories.NOON.date()
AT = "/desk/people"


@dataclass
class Town:
    """Two bureaus with a liaison each; a learner in class of the first, a teacher who belongs to it too."""

    db: Database
    keys: dict[str, str]
    ids: dict[str, int]

    def unit_of(self, login: str, day: date = TODAY) -> str:
        with self.db.reading() as session:
            found = people_queries.unit_of(session, self.ids[login], day)
        return found.code if found else ""

    def noted(self, action: str) -> dict[str, Any]:
        with self.db.reading() as session:
            wanted = select(AuditEntry.detail).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
            found: dict[str, Any] = json.loads(session.scalars(wanted.limit(1)).one())
        return found

    def newest(self) -> int:
        with self.db.reading() as session:
            return session.scalars(select(UnitTransfer.id).order_by(UnitTransfer.id.desc()).limit(1)).one()

    def state(self) -> str:
        with self.db.reading() as session:
            return session.scalars(select(UnitTransfer.state).order_by(UnitTransfer.id.desc()).limit(1)).one()


@pytest.fixture
def town(web_db: Database) -> Town:
    with web_db.writing() as session:
        made = factories.academy(session, learners=1, rules=False)
        units = {
            code: people.create_unit(session, code, name, code.title(), "township", made.unit.id)
            for code, name in (("water", "水务局"), ("roads", "公路局"), ("dams", "大坝处"))
        }
        units["dams"].parent_id = units["water"].id
        for login, name, role, unit in (
            ("wl", "韩露", "unit_liaison", "water"), ("rl", "郭衡", "unit_liaison", "roads"),
            ("teach", "沈远", "head_teacher", "water"), ("r1", "秋实", "learner", "roads"),
        ):  # fmt: skip
            kind, scope = {
                "unit_liaison": ("unit", units[unit].id), "head_teacher": ("class", made.group.id),
            }.get(role, ("own", None))  # fmt: skip
            person = factories.person(session, login, name, role, kind, scope)
            people.join_unit(session, person.id, units[unit].id, "section", factories.SINCE)
        people.join_unit(session, made.learner.id, units["water"].id, "staff", date(2026, 2, 1))
        rows = session.execute(select(Person.login, Person.key, Person.id)).all()
    return Town(web_db, {row.login: row.key for row in rows}, {row.login: row.id for row in rows})


@pytest.fixture
def water(academy_app: Academy, town: Town) -> FlaskClient:
    assert town.keys
    return web.browser(academy_app, "wl")


@pytest.fixture
def roads(academy_app: Academy, town: Town) -> FlaskClient:
    assert town.keys
    return web.browser(academy_app, "rl")


def _post(client: FlaskClient, at: str, **data: str) -> Any:
    return client.post(at, data={"csrf_token": web.token_in(client.get(AT)), **data})


@pytest.mark.postgres
def test_on_postgresql_the_desk_works(water: FlaskClient, town: Town) -> None:
    at = f"{AT}/{town.keys['l001']}"
    for page in (f"{AT}?q=学员&sort=-since&band=staff&unit=water", at, f"{AT}/new", "/desk/transfers"):
        web.strict(water.get(page))
    assert _post(water, f"{at}/transfer", to="公路局", day="2026-03-01").status_code == 302
    assert town.state() == "open"


def test_own_people_and_nobody_elses(water: FlaskClient, town: Town) -> None:
    page = web.strict(water.get(AT))
    assert "学员1" in page
    assert "秋实" not in page
    assert "秋实</a>" not in web.strict(water.get(f"{AT}?q=秋实"))
    assert "秋实" not in web.strict(water.get(f"{AT}?unit=roads"))
    strange = f"{AT}/{town.keys['r1']}"
    assert water.get(strange).status_code == 404
    for act in ("correct", "leave", "transfer"):
        assert (
            _post(water, f"{strange}/{act}", name="改", day="2026-03-01", last="2026-03-01", to="水务局").status_code
            == 404
        )
    assert _post(water, f"{AT}/new", login="n1", name="新人", unit="roads", day="2026-03-01").status_code == 422


def test_a_joiner_a_correction_and_a_leaver(water: FlaskClient, town: Town) -> None:
    made = _post(
        water, f"{AT}/new", login="N-001", name="白露", unit="dams", band="staff", phone="139 0000 0001",
        day="2026-02-20",
    )  # fmt: skip
    assert made.status_code == 302, plain(made.text)
    at = made.location
    with town.db.reading() as session:
        person = session.scalars(select(Person).where(Person.login == "n-001")).one()
        roles = [(each.role, each.scope_kind) for each in session.scalars(
            select(RoleGrant).where(RoleGrant.person_id == person.id))]  # fmt: skip
    town.ids["n"] = person.id
    assert (person.phone, roles) == ("13900000001", [("learner", "own")])
    assert (town.unit_of("n", date(2026, 2, 19)), town.unit_of("n")) == ("", "dams")
    wrong = _post(water, f"{at}/correct", name="白璐", phone="12", day=TODAY.isoformat())
    assert 'id="phone-error"' in wrong.text
    fixed = _post(water, f"{at}/correct", name="白璐", phone="13900000001", band="section", day="2026-03-01")
    assert fixed.status_code == 302, plain(fixed.text)
    told = town.noted("person.correct")
    assert (told["was"], told["now"]) == ({"name": "白露", "band": "staff"}, {"name": "白璐", "band": "section"})
    assert 'id="last-error"' in _post(water, f"{at}/leave", last="2026-03-09").text
    assert 'id="last-error"' in _post(water, f"{at}/leave", last="2026-02-01").text
    assert _post(water, f"{at}/leave", last="2026-03-01").status_code == 302
    assert (town.unit_of("n", date(2026, 3, 1)), town.unit_of("n")) == ("dams", "")
    assert "白璐</a>" not in web.strict(water.get(f"{AT}?q=n-001"))
    back = _post(water, f"{AT}/new", login="n-001", name="白璐", unit="water", day="2026-03-02")
    assert back.status_code == 302, plain(back.text)
    assert town.unit_of("n") == "water"
    again = _post(water, f"{AT}/new", login="n-001", name="白璐", unit="water", day="2026-03-02")
    assert 'id="login-error"' in again.text
    assert 'id="login-error"' in _post(water, f"{AT}/new", login="r1", name="秋实", unit="water", day="2026-03-02").text


def test_who_leaves_leaves_the_class_too(water: FlaskClient, town: Town) -> None:
    assert _post(water, f"{AT}/{town.keys['l001']}/leave", last="2026-03-01").status_code == 302
    with town.db.reading() as session:
        ended = session.scalars(
            select(ClassMembership.until).where(ClassMembership.person_id == town.ids["l001"])
        ).one()
        closed = session.get_one(Person, town.ids["l001"]).disabled_at
    assert (ended, closed) == (TODAY, factories.NOON)


def test_nobody_acts_on_oneself_or_on_who_works_here(water: FlaskClient, town: Town) -> None:
    """Security: a telephone number and an address open an account, so a liaison changes none that may do more."""
    for login in ("wl", "teach"):
        at = f"{AT}/{town.keys[login]}"
        web.strict(water.get(at))
        assert _post(water, f"{at}/correct", name="改名", day="2026-03-01").status_code == 403
        assert _post(water, f"{at}/leave", last="2026-03-01").status_code == 403
        assert _post(water, f"{at}/transfer", to="公路局", day="2026-03-01").status_code == 403


def test_a_transfer_is_asked_by_one_and_accepted_by_the_other(
    water: FlaskClient, roads: FlaskClient, town: Town
) -> None:
    person = f"{AT}/{town.keys['l001']}"
    assert roads.get(person).status_code == 404
    wrong = _post(water, f"{person}/transfer", to="没有的局", day="2026-03-01")
    assert 'id="to-error"' in wrong.text
    asked = _post(water, f"{person}/transfer", to="公路局", day="2026-03-01", reason="轮岗")
    at = asked.location
    assert asked.status_code == 302
    assert town.unit_of("l001") == "water"
    assert "学员1" in web.strict(roads.get("/messages"))
    page = plain(web.strict(roads.get(at)))
    assert "轮岗" in page
    assert "接收" in page
    assert 'action="' + at + '/accept"' not in web.strict(water.get(at))
    assert _post(water, f"{at}/accept").status_code == 404  # who asks does not answer
    assert _post(roads, f"{at}/withdraw").status_code == 404
    assert _post(roads, f"{at}/accept").status_code == 302
    assert (town.state(), town.unit_of("l001", date(2026, 2, 28)), town.unit_of("l001")) == (
        "accepted", "water", "roads",
    )  # fmt: skip
    assert "已接收" in plain(web.strict(water.get("/messages")))
    assert water.get(person).status_code == 404
    web.strict(roads.get(person))
    assert _post(roads, f"{at}/accept").status_code == 409
    assert town.noted("person.move")["unit"] == ["water", "roads"]


def test_a_transfer_is_declined_with_a_reason_or_withdrawn(water: FlaskClient, roads: FlaskClient, town: Town) -> None:
    person = f"{AT}/{town.keys['l001']}"
    at = _post(water, f"{person}/transfer", to="roads", day="2026-03-01").location
    assert _post(water, f"{person}/transfer", to="公路局", day="2026-03-01").status_code == 422
    assert _post(roads, f"{at}/decline", answer="").status_code == 422
    assert _post(roads, f"{at}/decline", answer="编制已满").status_code == 302
    assert "编制已满" in web.strict(water.get("/messages"))
    at = _post(water, f"{person}/transfer", to="roads", day="2026-03-01").location
    assert _post(water, f"{at}/withdraw").status_code == 302
    assert (town.state(), town.unit_of("l001")) == ("withdrawn", "water")
    assert _post(roads, f"{at}/accept").status_code == 409


def test_among_ones_own_units_it_is_done_at_once(water: FlaskClient, town: Town) -> None:
    assert _post(water, f"{AT}/{town.keys['l001']}/transfer", to="大坝处", day="2026-03-01").status_code == 302
    assert (town.unit_of("l001", date(2026, 2, 28)), town.unit_of("l001")) == ("water", "dams")


def test_a_third_unit_sees_no_transfer(academy_app: Academy, water: FlaskClient, town: Town) -> None:
    at = _post(water, f"{AT}/{town.keys['l001']}/transfer", to="roads", day="2026-03-01").location
    with town.db.writing() as session:
        other = people.create_unit(session, "parks", "园林局", "Parks", "township")
        factories.person(session, "pl", "白桦", "unit_liaison", "unit", other.id)
    third = web.browser(academy_app, "pl")
    assert third.get(at).status_code == 404
    assert "学员1" not in web.strict(third.get("/desk/transfers"))
    for answer in ("accept", "decline", "withdraw"):
        assert web.send(third, AT, f"{at}/{answer}", answer="不是我的").status_code == 404


def test_what_nobody_answers_expires_and_who_leaves_takes_it_along(
    water: FlaskClient, town: Town, traveller: time_machine.Traveller
) -> None:
    person = f"{AT}/{town.keys['l001']}"
    _post(water, f"{person}/transfer", to="roads", day="2026-03-01")
    traveller.move_to(factories.NOON + transfers.LASTS + timedelta(minutes=1))
    with town.db.writing() as session:
        jobs.sweep_transfers(session)
    assert town.state() == "expired"
    client = web.browser(water.application, "wl")  # type: ignore[arg-type]
    assert "逾期未答复" in web.strict(client.get("/messages"))
    _post(client, f"{person}/transfer", to="roads", day="2026-03-01")
    assert town.state() == "open"
    _post(client, f"{person}/leave", last="2026-03-05")
    assert town.state() == "lapsed"


def test_closing_a_unit_ends_what_waits_for_it(water: FlaskClient, town: Town) -> None:
    _post(water, f"{AT}/{town.keys['l001']}/transfer", to="roads", day="2026-03-01")
    with town.db.writing() as session:
        acts.perform(session, acts.Wanted("merge", "roads", TODAY, target="water"), None, TODAY)
    assert town.state() == "lapsed"


def test_the_list_costs_the_same_for_two_thousand(water: FlaskClient, town: Town) -> None:
    def cost() -> int:
        water.get(AT)
        with web.statements(town.db) as seen:
            web.strict(water.get(AT))
        return len(seen)

    few = cost()
    with town.db.writing() as session:
        unit_id = session.scalars(select(Unit.id).where(Unit.code == "water")).one()
        base = {"locale": "", "created_at": factories.NOON}
        numbers = range(1000, 3000)
        session.execute(
            insert(Person),
            [
                {"id": n, "key": f"01C{n:023d}", "login": f"m{n}", "name": f"人{n}", "name_pinyin": f"ren {n}", **base}
                for n in numbers
            ],
        )
        rows = [{"person_id": n, "unit_id": unit_id, "band": "staff", "since": factories.SINCE} for n in numbers]
        session.execute(insert(UnitMembership), rows)
    assert cost() == few <= 9


def test_no_administrator_comes_back_by_the_desk(academy_app: Academy, town: Town) -> None:
    """Security: whom the academy administrator may not reopen among the accounts, that one does not come back here."""
    with town.db.writing() as session:
        for login, role in (("gone1", "audit_admin"), ("gone2", "course_editor")):
            person = factories.person(session, login, "旧人", role, "academy")
            people.join_unit(session, person.id, town_unit(session, "water"), "staff", factories.SINCE)
            mine = UnitMembership.person_id == person.id
            session.scalars(select(UnitMembership).where(mine)).one().until = date(2026, 2, 1)
            people.disable(session, person.id, None)
    academy = web.browser(academy_app, "academy")
    back = {"name": "旧人", "unit": "water", "day": "2026-03-01", "email": "mine@example.cn"}
    assert 'id="login-error"' in _post(academy, f"{AT}/new", login="gone1", **back).text
    assert _post(academy, f"{AT}/new", login="gone2", **back).status_code == 302
    with town.db.reading() as session:
        kept = session.scalars(select(Person).where(Person.login == "gone1")).one()
        assert (kept.email, kept.disabled_at is None) == (None, False)


def town_unit(session: Any, code: str) -> int:
    found: int = session.scalars(select(Unit.id).where(Unit.code == code)).one()
    return found


def test_who_was_moved_meanwhile_is_not_acted_upon(web_db: Database, town: Town) -> None:
    with web_db.writing() as session:
        water, actor = Scope(unit_ids=frozenset({town_unit(session, "water")})), town.ids["wl"]
        row = accounts.one(water, session, town.keys["l001"], TODAY)
        assert row is not None
        people.join_unit(session, row.id, town_unit(session, "roads"), "staff", TODAY)
        given = service.Details("改名", "", "", "section", TODAY)
        for act in (
            lambda: service.leave(session, water, row, TODAY, actor, TODAY),
            lambda: service.correct(session, water, row, given, actor, TODAY),
            lambda: transfers.ask(session, water, row, "水务局", TODAY, "", actor, TODAY),
        ):
            with pytest.raises(NotFound):
                act()
    assert town.unit_of("l001") == "roads"


@pytest.mark.parametrize(("field", "value"), [("name", "改\u202e名"), ("email", "㎯" * 90 + "@example.cn")])
def test_what_no_row_holds_is_refused_at_its_field(water: FlaskClient, town: Town, field: str, value: str) -> None:
    given = {"name": "学员1", "band": "staff", "day": TODAY.isoformat(), field: value}
    assert f'id="{field}-error"' in _post(water, f"{AT}/{town.keys['l001']}/correct", **given).text


def test_a_transfer_speaks_of_transfers_in_chinese_too(water: FlaskClient, roads: FlaskClient, town: Town) -> None:
    assert _post(water, f"{AT}/{town.keys['l001']}/transfer", to="公路局", day="2026-03-01").status_code == 302
    at = f"/desk/transfers/{town.newest()}"
    shown = plain(roads.get(at).text)
    assert all(word in shown for word in ("调出单位", "调入单位", "待答复", "退回"))
    assert not any(word in shown for word in ("题型", "排队", "不予补计")), "words of other rooms"
    assert _post(water, f"{at}/withdraw").status_code == 302
    assert "已撤回" in plain(roads.get(at).text)
