"""SCIM 2.0: who may ask, what is kept, what is refused, and that nothing is lost by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from time import sleep
from typing import Any

import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base import clock
from app.base.audit import AuditEntry
from app.base.db import Database
from app.classes import service as classes
from app.classes.models import VirtualClass
from app.cli import main
from app.credits.models import Evidence
from app.doors.scim import service, tokens
from app.doors.scim.models import ScimToken
from app.factory import Academy
from app.people import service as people
from app.people import timeline
from app.people.models import Person, Unit, UnitMembership
from app.roster import queries as roster
from tests import factories
from tests.factories import web
from tests.factories.web import make_app
from tests.services import DatabaseUrls

AT = "/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Directory:
    """An identity system with a token."""

    def __init__(self, app: Academy, *scopes: str) -> None:
        self.app, self.client = app, app.test_client()
        self.db: Database = app.extensions["duxue.db"]
        with self.db.writing() as session:
            self.number, self.token = tokens.make(session, "city", scopes or tokens.SCOPES, 30)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request; the answer is JSON of SCIM."""
        head = {"Authorization": f"Bearer {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = self.client.open(AT + path, method=method, json=body, headers=head)
        assert answer.status_code == 204 or answer.mimetype == "application/scim+json", answer.text
        return answer

    def told(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The same, read."""
        answer = self.ask(method, path, body)
        assert answer.status_code == status, answer.text
        return json.loads(answer.text) if answer.text else None

    def patch(self, path: str, *operations: dict[str, Any], status: int = 200) -> Any:
        """A part of something changed."""
        return self.told("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, status)


@pytest.fixture
def app(any_database: DatabaseUrls, traveller: time_machine.Traveller, tmp_path: Any) -> Iterator[Academy]:
    """An academy with one learner and its staff."""
    made = make_app(any_database, tmp_path)
    with made.extensions["duxue.db"].writing() as session:
        factories.academy(session)
    yield made
    made.extensions["duxue.db"].engine.dispose()


@pytest.fixture
def city(app: Academy) -> Directory:
    return Directory(app)


@pytest.fixture
def small(sqlite_database: DatabaseUrls, traveller: time_machine.Traveller, tmp_path: Any) -> Iterator[Directory]:
    """The same where no SQL of its own is tried."""
    made = make_app(sqlite_database, tmp_path)
    with made.extensions["duxue.db"].writing() as session:
        factories.academy(session)
    yield Directory(made)
    made.extensions["duxue.db"].engine.dispose()


def user(login: str, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": login, "displayName": "林晓岚", "active": True, **more}


def key_of(city: Directory, login: str) -> str:
    (found,) = city.told("GET", f'/Users?filter=userName eq "{login}"')["Resources"]
    return str(found["id"])


def entries(city: Directory, action: str) -> list[AuditEntry]:
    with city.db.reading() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_only_a_token_that_holds_opens_it(small: Directory, traveller: time_machine.Traveller) -> None:
    good = small.token
    for wrong in ("", "Bearer", f"Basic {good}", "Bearer x", f"Bearer {good}x", "Bearer " + "x" * 500):
        answer = small.client.get(f"{AT}/Users", headers={"Authorization": wrong} if wrong else {})
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert json.loads(answer.text)["schemas"] == [ERROR]
    signed = web.browser(small.app, "academy")
    assert signed.get(f"{AT}/Users").status_code == 401, "no sign-in of a person opens it"
    assert signed.post(f"{AT}/Users", json=user("s1")).status_code == 401
    assert small.ask("GET", "/Users").status_code == 200
    with small.db.reading() as session:
        kept = session.scalars(select(ScimToken)).one()
        assert good not in str(vars(kept)), "only a hash is kept"
    traveller.shift(timedelta(days=31))
    assert small.ask("GET", "/Users").status_code == 401


def test_a_token_opens_what_its_scopes_say(small: Directory) -> None:
    reads = Directory(small.app, "read")
    assert reads.ask("GET", "/Groups").status_code == 200
    assert reads.told("POST", "/Users", user("s1"), 403)["schemas"] == [ERROR]
    assert Directory(small.app, "users").told("POST", "/Groups", {"schemas": [GROUP], "displayName": "x"}, 403)
    assert Directory(small.app, "users").told("GET", "/Users", status=403)
    assert Directory(small.app, "users").told("POST", "/Users", user("s1"), 201)["userName"] == "s1"


def test_tokens_are_made_listed_and_revoked_by_the_operator(
    sqlite_database: DatabaseUrls, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUXUE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DUXUE_DATABASE_URL", sqlite_database.app_url)
    made = json.loads(CliRunner().invoke(main, ["scim", "token", "new", "city", "--scope", "read", "--json"]).output)
    assert made["address"] == "http://127.0.0.1:8000/scim/v2"
    app = make_app(sqlite_database, tmp_path)
    head = {"Authorization": f"Bearer {made['token']}"}
    assert app.test_client().get(f"{AT}/Users", headers=head).status_code == 200
    (row,) = json.loads(CliRunner().invoke(main, ["scim", "token", "list", "--json"]).output)
    assert (row["id"], row["scopes"], row["revoked"]) == (made["id"], "read", False)
    assert made["token"] not in CliRunner().invoke(main, ["scim", "token", "list"]).output
    assert CliRunner().invoke(main, ["scim", "token", "revoke", str(made["id"])]).exit_code == 0
    assert app.test_client().get(f"{AT}/Users", headers=head).status_code == 401, "from the next request on"
    assert CliRunner().invoke(main, ["scim", "token", "revoke", "77"]).exit_code == 1
    assert CliRunner().invoke(main, ["scim", "token", "new", "city", "--days", "9999"]).exit_code == 1
    with app.extensions["duxue.db"].reading() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("scim%"))).all()
    assert actions == ["scim.token", "scim.token_revoke"]
    app.extensions["duxue.db"].engine.dispose()


def test_a_person_comes_is_changed_and_goes_and_everything_earned_stays(city: Directory) -> None:
    told = city.told(
        "POST", "/Users",
        user("S-100", externalId="e1", emails=[{"value": "Lan@example.cn", "type": "work"}],
             phoneNumbers=[{"value": "tel:+86 139-0000-0000"}], title="unknown here"), 201,
    )  # fmt: skip
    assert (told["userName"], told["externalId"]) == ("s-100", "e1")
    assert told["emails"] == [{"value": "lan@example.cn", "type": "work"}]
    assert told["phoneNumbers"] == [{"value": "13900000000"}]
    at = f"/Users/{told['id']}"
    assert city.told("POST", "/Users", user("s-100"), 409)["scimType"] == "uniqueness"
    moved = city.patch("/Groups/" + str(unit_of(city, "city")), add("members", [{"value": told["id"]}]))
    assert told["id"] in [each["value"] for each in moved["members"]]
    assert city.told("GET", at)["groups"][0]["display"] == "云汀市人民政府"
    changed = city.patch(at, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.cn"})
    assert changed["emails"][0]["value"] == "new@example.cn"
    assert (
        city.patch(at, {"op": "replace", "path": "userName", "value": "other"}, status=400)["scimType"] == "mutability"
    )
    city.told("PUT", at, user("s-100", displayName="林晓"))
    assert "emails" not in city.told("GET", at)
    with city.db.writing() as session:
        person = session.scalars(select(Person).where(Person.login == "s-100")).one()
        group = session.scalars(select(VirtualClass.id).order_by(VirtualClass.id)).first()
        assert group is not None
        classes.enrol(session, person.id, group, date(2026, 3, 1), None)
        person_id = person.id
    assert city.ask("DELETE", at).status_code == 204
    assert city.ask("GET", at).status_code == 404
    with city.db.reading() as session:
        gone = session.get_one(Person, person_id)
        assert (gone.name, gone.disabled_at is not None) == ("林晓", True)
        assert len(session.scalars(select(Evidence).where(Evidence.learner_id == person_id)).all()) >= 2
        assert session.scalars(select(UnitMembership.until).where(UnitMembership.person_id == person_id)).all() == []
    back = city.told("POST", "/Users", user("s-100"), 201)
    assert (back["id"], back["active"]) == (told["id"], True), "the same person comes back"


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def unit_of(city: Directory, code: str) -> int:
    with city.db.reading() as session:
        return session.scalars(select(Unit.id).where(Unit.code == code)).one()


def test_active_false_closes_at_once(small: Directory) -> None:
    learner = web.browser(small.app, "l001")
    assert learner.get("/account").status_code == 200
    at = f"/Users/{key_of(small, 'l001')}"
    assert small.patch(at, {"op": "Replace", "value": {"active": False}})["active"] is False
    assert learner.get("/account").status_code == 302
    assert small.told("GET", at)["groups"], "suspended: the unit stays"
    assert small.patch(at, {"op": "replace", "path": "active", "value": True})["active"] is True
    assert len(entries(small, "scim.change")) == 2


@pytest.mark.parametrize("role", ["academy_admin", "sec_admin"])
def test_an_administrators_account_is_neither_taken_over_nor_closed(small: Directory, role: str) -> None:
    with small.db.writing() as session:
        factories.person(session, "a900", "蒋和", role, "academy")
    at = f"/Users/{key_of(small, 'a900')}"
    mine = user("a900", displayName="蒋和")
    assert small.ask("PUT", at, mine).status_code == 200, "nothing changed"
    for change in (
        {**mine, "emails": [{"value": "thief@example.cn"}]}, {**mine, "phoneNumbers": [{"value": "13900000001"}]},
        {**mine, "active": False}, {**mine, "displayName": "别人"},
    ):  # fmt: skip
        assert small.ask("PUT", at, change).status_code == 403
    assert small.ask("DELETE", at).status_code == 403
    assert [each.outcome for each in entries(small, "scim.change")] == ["refused"] * 5
    with small.db.reading() as session:
        kept = session.scalars(select(Person).where(Person.login == "a900")).one()
        assert (kept.name, kept.email, kept.phone, kept.disabled_at) == ("蒋和", None, None, None)


def test_a_directory_that_has_lost_its_people_does_not_close_the_academy(
    small: Directory, traveller: time_machine.Traveller
) -> None:
    with small.db.writing() as session:
        keys = [people.create_person(session, f"many{number}", "某人").key for number in range(service.FEW + 2)]
    codes = [small.ask("DELETE", f"/Users/{key}").status_code for key in keys]
    assert codes == [204] * service.FEW + [403] * 2
    traveller.shift(timedelta(days=1, minutes=1))
    assert small.ask("DELETE", f"/Users/{keys[-1]}").status_code == 204


def test_membership_is_dated_and_everybody_belongs_to_one_unit(small: Directory) -> None:
    key, old = key_of(small, "l001"), unit_of(small, "city")
    made = small.told("POST", "/Groups", {"schemas": [GROUP], "displayName": "新局", "members": [{"value": key}]}, 201)
    assert [each["value"] for each in made["members"]] == [key]
    assert "members" not in small.told("GET", f"/Groups/{old}"), "moved, not in two"
    with small.db.reading() as session:
        rows = session.execute(
            select(UnitMembership.unit_id, UnitMembership.band, UnitMembership.since, UnitMembership.until)
            .join(Person, Person.id == UnitMembership.person_id)
            .where(Person.login == "l001")
            .order_by(UnitMembership.since)
        ).all()
    today = clock.now().date()
    assert [tuple(row) for row in rows] == [
        (old, "staff", factories.SINCE, today), (int(made["id"]), "staff", today, None),
    ]  # fmt: skip
    at = f"/Groups/{made['id']}"
    assert "members" not in small.patch(at, {"op": "remove", "path": f'members[value eq "{key}"]'})
    assert small.patch(at, add("members", [{"value": "nobody"}]), status=400)["scimType"] == "invalidValue"
    assert small.ask("DELETE", at).status_code == 204
    assert small.ask("GET", at).status_code == 404
    with small.db.reading() as session:
        assert session.get(Unit, int(made["id"])) is not None, "the academy's years need it"
    again = {"schemas": [GROUP], "displayName": "新局"}
    assert small.told("POST", "/Groups", again, 201)["id"] == made["id"], "the same unit comes back"
    assert small.told("POST", "/Groups", again, 409)["scimType"] == "uniqueness"


def stays_of(city: Directory, login: str) -> list[tuple[Any, ...]]:
    """(unit, band, since, until) of somebody, in order."""
    with city.db.reading() as session:
        rows = session.execute(
            select(Unit.code, UnitMembership.band, UnitMembership.since, UnitMembership.until)
            .join(Unit, Unit.id == UnitMembership.unit_id)
            .join(Person, Person.id == UnitMembership.person_id)
            .where(Person.login == login)
            .order_by(UnitMembership.since, UnitMembership.id)
        )
        return [tuple(row) for row in rows]


def test_who_leaves_tomorrow_is_not_taken_in_anew_by_a_change_about_others(small: Directory) -> None:
    today = clock.now().date()
    with small.db.writing() as session:
        mine = select(UnitMembership).join(Person, Person.id == UnitMembership.person_id).where(Person.login == "l001")
        session.scalars(mine).one().until = today + timedelta(days=1)
        other = factories.person(session, "n001", "新人", "learner", "own").key
        roads = people.create_unit(session, "roads", "公路局", "Roads", "").id
    at = f"/Groups/{unit_of(small, 'city')}"
    small.patch(at, add("members", [{"value": other}]))
    assert stays_of(small, "l001") == [("city", "staff", factories.SINCE, today + timedelta(days=1))]
    small.patch(f"/Groups/{roads}", add("members", [{"value": key_of(small, "l001")}]))
    assert stays_of(small, "l001") == [
        ("city", "staff", factories.SINCE, today), ("roads", "staff", today, None)
    ], "never in two units on a day"  # fmt: skip


def test_who_leaves_one_unit_before_joining_another_keeps_the_band(small: Directory) -> None:
    today, key = clock.now().date(), key_of(small, "l001")
    with small.db.writing() as session:
        roads = people.create_unit(session, "roads", "公路局", "Roads", "").id
    small.patch(f"/Groups/{unit_of(small, 'city')}", {"op": "remove", "path": f'members[value eq "{key}"]'})
    small.patch(f"/Groups/{roads}", add("members", [{"value": key}]))
    assert stays_of(small, "l001") == [("city", "staff", factories.SINCE, today), ("roads", "staff", today, None)]


def test_of_two_who_join_at_once_both_are_there(city: Directory) -> None:
    """The second change reads the members when the first is done; else it would take away whom that brought."""
    with city.db.writing() as session:
        first, second = (factories.person(session, login, "新人", "learner", "own") for login in ("n001", "n002"))
        unit, key = people.create_unit(session, "roads", "公路局", "Roads", "").id, second.key
        first_id = first.id
    with ThreadPoolExecutor(1) as pool:
        with city.db.writing() as session:
            assert service.unit_of(session, str(unit)) is not None
            asked = pool.submit(city.patch, f"/Groups/{unit}", add("members", [{"value": key}]))
            sleep(0.5)
            people.join_unit(session, first_id, unit, "staff", clock.now().date())
        asked.result(20)
    assert [each[0] for login in ("n001", "n002") for each in stays_of(city, login)] == ["roads", "roads"]


def test_what_the_academy_has_closed_stays_closed(small: Directory) -> None:
    at = f"/Users/{key_of(small, 'l001')}"
    with small.db.writing() as session:
        people.disable(session, session.scalars(select(Person.id).where(Person.login == "l001")).one(), None)
    for told in (user("l001"), {"schemas": [USER], "userName": "l001", "displayName": "林晓岚"}):
        assert small.ask("PUT", at, told).status_code == 403
    small.patch(at, {"op": "replace", "path": "active", "value": True}, status=403)
    assert [each.outcome for each in entries(small, "scim.change")] == ["refused"] * 3
    assert small.patch(at, {"op": "replace", "path": "displayName", "value": "林岚"})["active"] is False


def test_a_new_name_of_a_unit_holds_from_its_day_and_a_closed_one_keeps_its_name(small: Directory) -> None:
    today = clock.now().date()
    with small.db.writing() as session:
        unit = people.create_unit(session, "roads", "公路局", "Roads", "").id
        people.create_unit(session, "water", "水务局", "Water", "")
    at = f"/Groups/{unit}"
    small.patch(at, {"op": "replace", "path": "displayName", "value": "交通局"})
    with small.db.reading() as session:
        names = [
            next(each.name for each in timeline.units_on(session, day) if each.id == unit)
            for day in (today - timedelta(days=1), today)
        ]
        assert names == ["公路局", "交通局"]
        assert [each.now for each in roster.units(session) if each.name == "公路局"] == ["交通局"]
    small.patch(at, {"op": "replace", "path": "displayName", "value": "水务局"}, status=409)
    with small.db.writing() as session:
        session.get_one(Unit, unit).closed_on = today
    small.patch(at, {"op": "replace", "path": "displayName", "value": "运输局"}, status=400)
    small.patch(at, add("members", [{"value": key_of(small, "l001")}]), status=400)


FILTERS: list[tuple[str, list[str]]] = [
    ('userName eq "L001"', ["l001"]), ('userName sw "head"', ["head1", "head2"]),
    ('displayName co "学员" and active eq true', ["l001"]), ("not (userName pr)", []),
    ('externalId eq "x%"', []), ('userName co "%"', []), ('emails.value eq "a@b.cn"', ["l001"]),
    ('emails[value eq "A@b.cn"]', ["l001"]), ('meta.created gt "2027-01-01T00:00:00Z"', []),
    ('active eq false or userName eq "academy"', ["academy"]),
    ('userName ew "1" and not (active eq false)', ["l001", "head1"]),
]  # fmt: skip


def test_filters(city: Directory) -> None:
    with city.db.writing() as session:
        session.scalars(select(Person).where(Person.login == "l001")).one().email = "a@b.cn"
    for asked, logins in FILTERS:
        found = city.told("GET", f"/Users?filter={asked.replace('%', '%25')}")
        assert [each["userName"] for each in found.get("Resources", [])] == logins, asked
        assert found["totalResults"] == len(logins)


def test_filters_of_units_and_of_who_belongs_to_them(city: Directory) -> None:
    unit, key = unit_of(city, "city"), key_of(city, "l001")
    for asked in (
        f'id eq "{unit}"',
        f'members.value eq "{key}"',
        f'members[value eq "{key}"]',
        'displayName co "云汀"',
    ):
        assert city.told("GET", f"/Groups?filter={asked}")["totalResults"] == 1, asked
    assert city.told("GET", f'/Users?filter=groups.value eq "{unit}"')["totalResults"] == 1
    assert "members" not in city.told("GET", "/Groups?excludedAttributes=members")["Resources"][0]


def test_pages_and_searches(small: Directory) -> None:
    all_ = small.told("GET", "/Users")
    assert (all_["totalResults"], all_["startIndex"], all_["itemsPerPage"]) == (5, 1, 5)
    part = small.told("GET", "/Users?startIndex=2&count=2&attributes=userName")
    assert [each["userName"] for each in part["Resources"]] == ["head1", "head2"]
    assert "displayName" not in part["Resources"][0]
    assert small.told("GET", "/Users?count=0")["totalResults"] == 5
    both = small.told("POST", "/.search", {"schemas": [], "startIndex": 5, "count": 5})
    assert [each["meta"]["resourceType"] for each in both["Resources"]] == ["User", "Group"]


def test_what_cannot_be_read_is_told_in_scims_form(small: Directory) -> None:
    at = f"/Users/{key_of(small, 'l001')}"
    wrong: list[tuple[str, str, Any, int]] = [
        ("GET", "/Users?filter=userName eq", None, 400), ("GET", '/Users?filter=salary eq "1"', None, 400),
        ("GET", '/Users?filter=userName eq "\\ud800"', None, 400),
        ("GET", '/Users?filter=userName eq "\\u0000"', None, 400),
        ("GET", '/Users?filter=meta.created gt "0001-01-01T00:00:00%2B23:00"', None, 400),
        ("PATCH", at, {"schemas": [PATCH], "Operations": [
            {"op": "replace", "path": 'emails[type eq "\\ud800"].value', "value": "a@b.cn"}]}, 400),
        ("GET", "/Users?filter=" + "(" * 3000, None, 400), ("GET", "/Users?startIndex=x", None, 400),
        ("POST", "/Users", [], 400), ("POST", "/Users", {}, 400),
        ("POST", "/Users", user("s1", displayName="a\0b"), 400),
        ("POST", "/Users", user("53010219800101001X"), 400), ("POST", "/Users", user("s 1"), 400),
        ("POST", "/Users", user("s1", emails=[{"value": "none"}]), 400),
        ("POST", "/Users", user("s1", active="x"), 400),
        ("POST", "/Users", user("s1", displayName="字" * 61), 400), ("PATCH", at, {"schemas": [PATCH]}, 400),
        ("GET", "/Users/none", None, 404), ("GET", "/Groups/1x", None, 404), ("GET", "/Groups/" + "9" * 40, None, 404),
        ("GET", "/none", None, 404), ("POST", "/Bulk", {}, 501), ("DELETE", "/Users", None, 405),
        ("POST", "/Schemas", {}, 405), ("GET", "/Schemas/none", None, 404),
    ]  # fmt: skip
    for method, path, body, status in wrong:
        told = small.told(method, path, body, status)
        assert told["schemas"] == [ERROR], (method, path)
        assert told["status"] == str(status)
    assert small.told("GET", "/Users?startIndex=" + "9" * 30).get("Resources", []) == []
    head = {"Authorization": f"Bearer {small.token}", "Content-Type": "application/json"}
    for raw in (b"{", b"\xff", b'{"userName": "\\ud800"}', b"[" * 100_000):
        assert json.loads(small.client.post(f"{AT}/Users", data=raw, headers=head).text)["scimType"] == "invalidSyntax"


def test_a_change_of_what_has_changed_meanwhile_is_refused(small: Directory) -> None:
    at = f"/Users/{key_of(small, 'l001')}"
    answer = small.ask("GET", at)
    tag = answer.headers["ETag"]
    assert json.loads(answer.text)["meta"]["version"] == tag
    change = user("l001", displayName="新名")
    assert small.ask("PUT", at, change, If_Match=tag).status_code == 200
    assert small.ask("PUT", at, change, If_Match=tag).status_code == 412
    assert small.ask("DELETE", at, If_Match=tag).status_code == 412
