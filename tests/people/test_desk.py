"""The desk of accounts: who sees whom, slips for whom, closing and opening, and the list at its size."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import Refused
from app.cli import main
from app.factory import Academy
from app.people import queries as people_queries
from app.people import service
from app.people.desk import queries, slips
from app.people.desk.queries import Wanted
from app.people.keys import service as keys_service
from app.people.models import AccountKey, RoleGrant
from app.rules import check_code
from app.rules.access import Scope
from tests import factories
from tests.factories import web
from tests.services import DatabaseUrls

AT = "/desk/accounts"
DAY = factories.NOON.date()


@dataclass
class City:
    """Two bureaus, one with an office below it; keys of people by login."""

    units: dict[str, int]
    keys: dict[str, str]
    ids: dict[str, int]


@pytest.fixture
def city(web_db: Database) -> City:
    with web_db.writing() as session:
        units = {"city": service.create_unit(session, "city", "市政府", "City", "party_government").id}
        for code, parent in (("water", "city"), ("dams", "water"), ("roads", "city")):
            units[code] = service.create_unit(session, code, f"{code}局", code.title(), "township", units[parent]).id
        ids: dict[str, int] = {}
        keys: dict[str, str] = {}

        def join(
            login: str, name: str, unit: str, role: str = "learner", scope: str = "", activated: bool = False
        ) -> None:
            kind, _sep, place = (scope or "own").partition(":")
            scope_id = units[place] if place else None
            if activated:
                made = factories.person(session, login, name, role, kind, scope_id)
            else:
                made = service.create_person(session, login, name, phone=f"138{len(ids):08d}")
                service.grant_role(session, made.id, role, kind, scope_id, since=factories.SINCE)
            if unit:
                service.join_unit(session, made.id, units[unit], "staff", factories.SINCE)
            ids[login], keys[login] = made.id, made.key

        join("w1", "林晓岚", "water")
        join("w2", "刘明霞", "water", activated=True)
        join("d1", "李兰", "dams")
        join("r1", "吕西路", "roads")
        join("x1", "无单位", "")
        join("head", "沈静宜", "water", "head_teacher", "class:water", activated=True)
        join("liaison", "杜若溪", "water", "unit_liaison", "unit:water", activated=True)
        join("academy", "蒋和", "water", "academy_admin", "academy", activated=True)
        join("guard", "安可", "city", "sec_admin", "academy", activated=True)
        join("auditor", "审计", "water", "audit_admin", "academy", activated=True)
        return City(units, keys, ids)


def names(client: FlaskClient, **query: str) -> set[str]:
    html = web.strict(client.get(AT, query_string=query))
    return set(re.findall(rf'href="{AT}/[0-9A-Z]{{26}}">([^<]+)</a>', html))


def _slips(client: FlaskClient, *keys: str, **more: str) -> tuple[int, str, list[str]]:
    page = client.get(AT)
    batch = re.search(r'name="batch" value="([0-9A-Z]{26})"', page.text)
    data = {"csrf_token": web.token_in(page), "batch": batch.group(1) if batch else "", "person": list(keys), **more}
    answer = client.post(f"{AT}/slips", data=data)
    codes = [a + "-" + b for a, b in re.findall(r'<p class="num">([0-9A-Z-]{14})<br>([0-9A-Z-]{14})</p>', answer.text)]
    return answer.status_code, answer.text, codes


def test_a_liaison_sees_the_own_units_and_those_below(academy_app: Academy, city: City) -> None:
    liaison, academy = web.browser(academy_app, "liaison"), web.browser(academy_app, "academy")
    assert names(liaison) == {"林晓岚", "刘明霞", "李兰", "沈静宜", "杜若溪", "蒋和", "审计"}
    assert names(liaison, unit="dams") == {"李兰"}
    assert names(liaison, unit="roads") == set()
    assert names(liaison, unit="nowhere") == set()
    assert names(liaison, q="吕西路") == set()
    assert {"吕西路", "无单位", "安可"} <= names(academy)
    for key in (city.keys["r1"], city.keys["x1"], city.keys["guard"], "01HZZZZZZZZZZZZZZZZZZZZZZZ"):
        assert liaison.get(f"{AT}/{key}").status_code == 404
    assert liaison.get(f"{AT}/{city.keys['d1']}").status_code == 200


def test_finding_by_name_pinyin_initials_number_and_phone(academy_app: Academy, city: City) -> None:
    client = web.browser(academy_app, "academy")
    for asked, found in {
        "林晓": {"林晓岚"}, "linxiao": {"林晓岚"}, "lxl": {"林晓岚", "吕西路"}, "LM": {"刘明霞"}, "w1": {"林晓岚"},
        "Ｗ1": {"林晓岚"},
        "13800000003": {"吕西路"}, "138 0000 0003": {"吕西路"}, "0003": {"吕西路"}, "%": set(), "_": set(),
        "' OR '1'='1": set(), "zz": set(),
    }.items():  # fmt: skip
        assert names(client, q=asked) == found, asked
    assert "林晓岚" in names(client, state="new")
    assert names(client, state="closed") == set()
    assert names(client, state="king", sort="password_hash", page="9" * 6) == names(client)


def test_slips_are_shown_once_and_lead_in(academy_app: Academy, web_db: Database, city: City) -> None:
    client = web.browser(academy_app, "liaison")
    page = client.get(AT)
    batch = re.findall(r'name="batch" value="([0-9A-Z]{26})"', page.text)[0]
    data = {"csrf_token": web.token_in(page), "batch": batch, "person": [city.keys["w1"], city.keys["d1"]]}
    first = client.post(f"{AT}/slips", data=data)
    html = web.strict(first)
    codes = [a + "-" + b for a, b in re.findall(r'<p class="num">([0-9A-Z-]{14})<br>([0-9A-Z-]{14})</p>', html)]
    assert len(codes) == 2
    assert all(check_code.read(code) for code in codes)
    for told in ("林晓岚", "w1", "water局", "/activate", "<svg"):
        assert told in html
    again = client.post(f"{AT}/slips", data=data, follow_redirects=True)
    assert "只显示一次" in again.text
    assert not any(code in again.text for code in codes)
    with web_db.reading() as session:
        assert len(session.scalars(select(AccountKey)).all()) == 2, "sent again, the form makes nothing"
        told_of = session.scalars(select(AuditEntry).where(AuditEntry.action == "account.slip")).all()
        assert {e.subject for e in told_of} == {f"person:{city.keys[login]}" for login in ("w1", "d1")}
        assert {e.actor_id for e in told_of} == {city.ids["liaison"]}
    assert "开通单" in web.strict(client.get(AT))
    phone = web.browser(academy_app)
    assert web.send(phone, "/activate", "/activate", code=codes[0]).location == "/password"


def test_a_key_opens_no_more_than_its_maker_may(academy_app: Academy, web_db: Database, city: City) -> None:
    """Whoever prints a slip holds it: a liaison none of staff, nobody one of the three separated administrators."""
    liaison, academy = web.browser(academy_app, "liaison"), web.browser(academy_app, "academy")
    foreign = [city.keys[login] for login in ("head", "academy", "auditor", "liaison", "r1", "x1", "guard")]
    assert _slips(liaison, *foreign)[2] == []
    status, html, codes = _slips(liaison, city.keys["w1"], *foreign)
    assert (status, len(codes)) == (200, 1)
    assert "没有做" in html
    assert len(_slips(academy, *[city.keys[login] for login in ("head", "liaison", "r1", "x1")])[2]) == 4
    assert _slips(academy, city.keys["guard"], city.keys["auditor"], city.keys["academy"])[2] == []
    guard = web.browser(academy_app, "guard")
    token = web.token_in(guard.get(AT))
    assert (
        guard.post(f"{AT}/slips", data={"person": city.keys["w1"]}, headers={"X-CSRFToken": token}).status_code == 403
    )


def test_a_slip_does_not_grow_with_its_owners_rights(academy_app: Academy, web_db: Database, city: City) -> None:
    (code,) = _slips(web.browser(academy_app, "liaison"), city.keys["w1"])[2]
    with web_db.writing() as session:
        service.grant_role(session, city.ids["w1"], "academy_admin", "academy", actor_id=city.ids["guard"])
    phone = web.browser(academy_app)
    assert web.send(phone, "/activate", "/activate", code=code).status_code == 409


def test_slips_for_all_that_are_shown(academy_app: Academy, web_db: Database, city: City) -> None:
    client = web.browser(academy_app, "academy")
    assert len(_slips(client, all="1", state="new", unit="water")[2]) == 2
    assert len(_slips(client, all="1", state="new")[2]) == 4
    with web_db.writing() as session:
        held = session.scalars(select(AccountKey).where(AccountKey.ended_at.is_(None))).all()
        assert len(held) == 4, "the earlier ones ended"

        for number in range(401):
            made = service.create_person(session, f"many{number}", "某人")
            service.join_unit(session, made.id, city.units["roads"], "staff", factories.SINCE)
    status, _html, codes = _slips(client, all="1", state="new")
    assert (status, codes) == (302, [])
    assert "400" in client.get(AT).text


def test_the_same_form_sent_twice_at_once_makes_one_sheet(db: Database) -> None:
    """A double click must not end the slips that are on the paper."""
    with db.writing() as session:
        people = [service.create_person(session, f"g{number}", "某人").id for number in range(6)]

    def make(_number: int) -> dict[int, str]:
        try:
            with db.writing() as session:
                return keys_service.slips(session, people, timedelta(days=14), None, "B" * 26)
        except Refused:
            return {}

    with ThreadPoolExecutor(4) as pool:
        made = [each for each in pool.map(make, range(4)) if each]
    assert len(made) == 1
    with db.reading() as session:
        for code in made[0].values():
            assert keys_service.look(session, code) is not None


def test_the_operator_makes_slips_for_whom_nobody_else_may(
    academy_app: Academy, web_db: Database, city: City, any_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUXUE_DATA_DIR", str(academy_app.extensions["duxue.settings"].data_dir))
    monkeypatch.setenv("DUXUE_DATABASE_URL", any_database.app_url)
    monkeypatch.setenv("DUXUE_OWNER_DATABASE_URL", any_database.owner_url)
    done = CliRunner().invoke(main, ["slip", "Auditor", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["address"].endswith("/activate")
    phone = web.browser(academy_app)
    assert web.send(phone, "/activate", "/activate", code=told["code"]).location == "/password"
    assert CliRunner().invoke(main, ["slip", "nobody"]).exit_code == 1


def test_closing_and_opening(academy_app: Academy, web_db: Database, city: City) -> None:
    academy, theirs = web.browser(academy_app, "academy"), web.browser(academy_app, "w2")
    path = f"{AT}/{city.keys['w2']}"
    assert web.send(academy, path, f"{path}/close").status_code == 302
    assert theirs.get("/account").status_code == 302
    assert web.sign_in(web.browser(academy_app, address="10.3.0.1"), "w2").status_code == 422
    assert names(academy, state="closed") == {"刘明霞"}
    assert _slips(academy, city.keys["w2"])[2] == []
    assert web.send(academy, path, f"{path}/reopen").status_code == 302
    assert theirs.get("/account").status_code == 302, "what ended stays ended"
    assert web.sign_in(web.browser(academy_app, address="10.3.0.2"), "w2").status_code == 302
    for login in ("academy", "guard", "auditor"):  # not one's own, not the three administrators'
        path = f"{AT}/{city.keys[login]}"
        assert web.send(academy, path, f"{path}/close").status_code == 403
    guard = web.browser(academy_app, "guard")
    path = f"{AT}/{city.keys['auditor']}"
    assert web.send(guard, path, f"{path}/close").status_code == 302
    liaison = web.browser(academy_app, "liaison")
    path = f"{AT}/{city.keys['w1']}"
    assert "停用账号" not in web.strict(liaison.get(path))
    assert web.send(liaison, path, f"{path}/close").status_code == 403
    with web_db.reading() as session:
        told = [e.action for e in session.scalars(select(AuditEntry)) if e.action.startswith("person.")]
    assert told.count("person.disable") == 2
    assert told.count("person.reopen") == 1


def test_a_scope_without_units_sees_nobody(web_db: Database, city: City) -> None:
    with web_db.reading() as session:
        assert queries.listing(Scope(), session, Wanted(), DAY).rows == []
        assert queries.some(Scope(), session, list(city.keys.values()), DAY) == []
        assert queries.one(Scope(unit_ids=frozenset({city.units["roads"]})), session, city.keys["w1"], DAY) is None
        assert queries.listing(Scope(unit_ids=frozenset({10**6})), session, Wanted(), DAY).total == 0


def test_the_list_costs_as_many_statements_for_ten_as_for_two_hundred(
    academy_app: Academy, web_db: Database, city: City
) -> None:
    client = web.browser(academy_app, "academy")
    client.get(AT)
    with web.statements(web_db) as few:
        client.get(AT)
    with web_db.writing() as session:
        for number in range(160):
            made = service.create_person(session, f"many{number:04d}", f"某人{number}")
            service.join_unit(session, made.id, city.units["roads"], "staff", factories.SINCE)
    with web.statements(web_db) as many:
        html = web.strict(client.get(AT, query_string={"sort": "-unit", "page": "3"}))
    assert len(few) == len(many) <= 9
    assert html.count('class="who"') == queries.PAGE
    seen: set[str] = set()
    for page in range(1, 5):
        seen |= names(client, page=str(page))
    with web_db.reading() as session:
        assert len(seen) == queries.listing(Scope(everything=True), session, Wanted(), DAY).total


def test_the_operator_makes_the_first_administrator(
    academy_app: Academy, web_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = academy_app.extensions["duxue.settings"]
    monkeypatch.setenv("DUXUE_DATA_DIR", str(chosen.data_dir))
    monkeypatch.setenv("DUXUE_DATABASE_URL", chosen.database_url)
    monkeypatch.setenv("DUXUE_OWNER_DATABASE_URL", chosen.owner_database_url)
    assert CliRunner().invoke(main, ["appoint", "First", "academy_admin"]).exit_code == 1, "nobody is called so"
    made = CliRunner().invoke(main, ["appoint", "First", "academy_admin", "--name", "蒋和"])
    assert (made.exit_code, made.stdout) == (0, "first  academy_admin\n")
    for role, code in (("audit_admin", 0), ("sec_admin", 1)):
        told = CliRunner().invoke(main, ["appoint", "first", role])
        assert told.exit_code == code, told.output
    assert CliRunner().invoke(main, ["appoint", "first", "learner"]).exit_code == 2
    with web_db.reading() as session:
        person = people_queries.person_by_login(session, "first")
        assert person is not None
        roles = session.scalars(select(RoleGrant.role).where(RoleGrant.person_id == person.id)).all()
    assert sorted(roles) == ["academy_admin", "audit_admin"]


def test_a_grant_of_other_rights_ends_the_sign_ins(academy_app: Academy, web_db: Database, city: City) -> None:
    """Security row 18: who gets rights that ask for a second factor signs in anew; others go on where they are."""
    client = web.browser(academy_app, "w2")
    with web_db.writing() as session:
        service.grant_role(session, city.ids["w2"], "course_editor", "academy", actor_id=city.ids["guard"])
    assert client.get("/account").status_code == 200
    with web_db.writing() as session:
        service.grant_role(session, city.ids["w2"], "academy_admin", "academy", actor_id=city.ids["guard"])
    assert client.get("/account").status_code == 302


def test_one_ends_all_other_sign_ins_at_once(academy_app: Academy, web_db: Database, city: City) -> None:
    phone, desk, stranger = (web.browser(academy_app, login) for login in ("w2", "w2", "head"))
    assert web.send(desk, "/account", "/account/sign-ins/end-others").status_code == 302
    assert phone.get("/account").status_code == 302
    assert desk.get("/account").status_code == 200
    assert stranger.get("/account").status_code == 200


def test_a_code_in_a_picture_stands_where_no_server_sees_it() -> None:
    code = check_code.shown(check_code.make(12345))
    assert slips.lines(code) == (code[:14], code[15:])
    assert "<svg" in slips.picture("https://academy.example", code)
