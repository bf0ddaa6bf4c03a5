"""Giving and taking roles: who may, for what, until when; what follows on the next request; what is noted."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import BadInput, Forbidden
from app.base.settings import load
from app.factory import Academy
from app.people import queries, roles, roles_queries
from app.people import service as people
from app.people.models import RoleGrant
from app.people.roles import Wanted
from app.rules.access import APPOINTS, REACHES, ROLES
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.supervision.place import plain

__all__ = ["academy_app", "traveller", "web_db"]
TODAY = date(2026, 3, 2)


@pytest.fixture
def made(web_db: Database) -> factories.Academy:
    with web_db.writing() as session:
        found = factories.academy(session, learners=2, rules=False)
        factories.person(session, "security", "戴宁", "sec_admin", "academy")
        factories.person(session, "newone", "白露", "lecturer", "own")
    return found


@pytest.fixture
def security(academy_app: Academy, made: factories.Academy) -> FlaskClient:
    assert made.learners
    return web.browser(academy_app, "security")


def key_of(db: Database, login: str) -> str:
    with db.reading() as session:
        found = queries.person_by_login(session, login)
    assert found is not None
    return found.key


def appoint(
    client: FlaskClient, db: Database, login: str, desk: str = "roles", password: str = factories.PASSWORD, **data: str
) -> TestResponse:
    at = f"/desk/{desk}/{key_of(db, login)}"
    return web.send(client, at, at, **{"since": TODAY.isoformat(), "password": password, **data})


def held(db: Database, login: str) -> list[tuple[str, str, int | None, date | None]]:
    with db.reading() as session:
        person = queries.person_by_login(session, login)
        assert person is not None
        found = roles_queries.of_person(session, person.id)
        return [(each.role, each.scope_kind, each.scope_id, each.until) for each in found]


def noted(db: Database, action: str) -> list[AuditEntry]:
    with db.reading() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def test_find_a_person_see_the_roles_appoint_and_end(
    security: FlaskClient, web_db: Database, made: factories.Academy, academy_app: Academy
) -> None:
    for q in ("newone", "白露", "bailu", "bai"):
        assert "白露" in web.strict(security.get(f"/desk/roles?q={q}")), q
    assert "没有找到" in web.strict(security.get("/desk/roles?q=没有"))
    listing = plain(web.strict(security.get("/desk/roles")))
    assert "沈静宜" in listing
    assert "网络一班" in listing
    new = web.browser(academy_app, "newone")
    assert new.get("/classes/class-1").status_code == 403
    answer = appoint(security, web_db, "newone", role="head_teacher", **{"class": str(made.group.id)})
    assert answer.status_code == 302, plain(answer.text)
    page = plain(web.strict(new.get("/classes/class-1")))  # effective on the next request
    assert "班主任 白露" in page or "班主任白露" in page
    at = f"/desk/roles/{key_of(web_db, 'newone')}"
    shown = plain(web.strict(security.get(at)))
    assert "2026年3月2日起" in shown
    grant = next(each for each in _grants(web_db, "newone") if each.role == "head_teacher")
    gone = web.send(security, at, f"{at}/{grant.id}/end", password=factories.PASSWORD)
    assert gone.status_code == 302
    assert new.get("/classes/class-1").status_code == 403
    assert "已结束" in web.strict(security.get(at))
    entries = [(each.outcome, json.loads(each.detail)["was"], json.loads(each.detail)["now"]["until"])
               for each in noted(web_db, "role.end")]  # fmt: skip
    assert entries == [("done", {"until": None}, "2026-03-02")]
    last = noted(web_db, "role.grant")[-1]
    assert (last.address, json.loads(last.detail)["place"]) == ("127.0.0.1", "网络一班 (class-1)")


def _grants(db: Database, login: str) -> list[roles_queries.Appointment]:
    with db.reading() as session:
        person = queries.person_by_login(session, login)
        assert person is not None
        return roles_queries.of_person(session, person.id)


def test_the_password_is_asked_each_time(security: FlaskClient, web_db: Database, made: factories.Academy) -> None:
    """Security row 18: a change of roles re-authenticates."""
    before = held(web_db, "newone")
    wrong = appoint(security, web_db, "newone", password="not this one", role="course_editor")
    assert wrong.status_code == 422
    assert "不对" in plain(wrong.text) or "不正确" in plain(wrong.text)
    at = f"/desk/roles/{key_of(web_db, 'head1')}"
    grant = _grants(web_db, "head1")[0]
    assert web.send(security, at, f"{at}/{grant.id}/end", password="not this one").status_code == 422
    assert web.send(security, at, f"{at}/{grant.id}/end").status_code == 422
    assert held(web_db, "newone") == before
    assert held(web_db, "head1")[0][3] is None
    assert [each.outcome for each in noted(web_db, "person.confirm_password")] == ["refused", "refused"]
    for _try in range(3):
        appoint(security, web_db, "newone", password="not this one", role="course_editor")
    right = appoint(security, web_db, "newone", role="course_editor")
    assert right.status_code == 429
    assert held(web_db, "newone") == before
    assert made.learners


def test_nobody_gives_or_takes_a_role_of_ones_own(security: FlaskClient, web_db: Database) -> None:
    assert appoint(security, web_db, "security", role="academy_admin").status_code == 403
    at = f"/desk/roles/{key_of(web_db, 'security')}"
    (own,) = _grants(web_db, "security")
    assert web.send(security, at, f"{at}/{own.id}/end", password=factories.PASSWORD).status_code == 403
    assert held(web_db, "security") == [("sec_admin", "academy", None, None)]
    page = web.strict(security.get(at))
    assert "须由另一名管理员办理" in page
    assert 'id="appoint"' not in page


@pytest.mark.parametrize("role", ROLES)
def test_the_academy_appoints_its_staff_and_no_administrator(
    academy_app: Academy, web_db: Database, made: factories.Academy, role: str
) -> None:
    academy = web.browser(academy_app, "academy")
    place = {"class": {"class": str(made.group.id)}, "unit": {"unit": str(made.unit.id)}}.get(REACHES[role][0], {})
    before = held(web_db, "l002")
    answer = appoint(academy, web_db, "l002", "staff", role=role, **place)
    if role in APPOINTS["staff.appoint"]:
        assert answer.status_code == 302, plain(answer.text)
        assert len(held(web_db, "l002")) == len(before) + 1
        return
    assert answer.status_code == 422  # not among the choices
    wanted = Wanted(role, REACHES[role][0], None, TODAY)
    with web_db.writing() as session, pytest.raises(Forbidden):
        roles.appoint(session, "staff.appoint", made.admin.id, made.learners[1].id, wanted)
    assert held(web_db, "l002") == before
    assert academy.get("/desk/roles").status_code == 403


def test_the_academy_ends_no_administrator(academy_app: Academy, web_db: Database, made: factories.Academy) -> None:
    academy = web.browser(academy_app, "academy")
    at = f"/desk/staff/{key_of(web_db, 'security')}"
    (grant,) = _grants(web_db, "security")
    assert web.send(academy, at, f"{at}/{grant.id}/end", password=factories.PASSWORD).status_code == 403
    theirs = f"/desk/staff/{key_of(web_db, 'head1')}"  # a grant is ended on its own person's page
    assert web.send(academy, theirs, f"{theirs}/{grant.id}/end", password=factories.PASSWORD).status_code == 404
    assert made.learners


def test_three_administrators_exclude_each_other_on_any_day_in_common(security: FlaskClient, web_db: Database) -> None:
    first = appoint(security, web_db, "newone", role="sys_admin", since="2026-06-01", last="2026-06-30")
    assert first.status_code == 302
    for since, last, expected in (("2026-05-01", "", 422), ("2026-06-30", "", 422), ("2026-07-01", "", 302)):
        answer = appoint(security, web_db, "newone", role="audit_admin", since=since, last=last)
        assert answer.status_code == expected, (since, last)
    assert not noted(web_db, "role.unseparated")


def test_a_small_academy_lets_them_be_one_and_the_log_says_so(
    academy_app: Academy, security: FlaskClient, web_db: Database
) -> None:
    chosen = academy_app.extensions["duxue.settings"]
    assert chosen.separated_admins
    env = {"DUXUE_DATA_DIR": str(chosen.data_dir), "DUXUE_DATABASE_URL": chosen.database_url,
           "DUXUE_SECOND_FACTOR": "offered"}  # fmt: skip
    academy_app.extensions["duxue.settings"] = load({**env, "DUXUE_SEPARATED_ADMINS": "0"})
    for role in ("sys_admin", "audit_admin"):
        assert appoint(security, web_db, "newone", role=role).status_code == 302
    (entry,) = noted(web_db, "role.unseparated")
    assert json.loads(entry.detail) == {"roles": ["audit_admin", "sys_admin"]}


def test_a_stand_in_ends_by_itself(
    security: FlaskClient,
    academy_app: Academy,
    web_db: Database,
    made: factories.Academy,
    traveller: time_machine.Traveller,
) -> None:
    given = {"role": "head_teacher", "class": str(made.group.id), "stands_in_for": "head1", "since": "2026-03-03"}
    assert appoint(security, web_db, "newone", **given).status_code == 422  # until when?
    assert (
        appoint(security, web_db, "newone", **{**given, "last": "2026-03-09", "stands_in_for": "x"}).status_code == 422
    )
    assert appoint(security, web_db, "newone", **given, last="2026-03-09").status_code == 302
    reached = {}
    for day in range(9):
        client = web.browser(academy_app, "newone")
        reached[2 + day] = client.get("/classes/class-1").status_code
        if reached[2 + day] == 200 and day == 1:
            assert "（代理沈静宜）" in plain(client.get("/classes/class-1").text)
        traveller.shift(timedelta(days=1))
    assert reached == {2: 403, **dict.fromkeys(range(3, 10), 200), 10: 403}
    assert json.loads(noted(web_db, "role.grant")[-1].detail)["now"]["stands_in_for"] == "沈静宜 head1"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"role": "head_teacher"}, "必须选择"),
        ({"role": "unit_liaison", "class": "GROUP"}, "不需要"),
        ({"role": "course_editor", "unit": "UNIT"}, "不需要"),
        ({"role": "course_editor", "last": "2026-03-01"}, "之前"),
        ({"role": "lecturer"}, "已有"),
        ({"role": "king"}, ""),
        ({"role": "head_teacher", "class": "999"}, ""),
        ({"role": "course_editor", "since": "x"}, ""),
        ({}, "选择角色"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    security: FlaskClient, web_db: Database, made: factories.Academy, data: dict[str, str], said: str
) -> None:
    known = {"GROUP": str(made.group.id), "UNIT": str(made.unit.id)}
    before = held(web_db, "newone")
    answer = appoint(security, web_db, "newone", **{name: known.get(value, value) for name, value in data.items()})
    assert answer.status_code == 422
    assert said in plain(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert held(web_db, "newone") == before


def test_a_role_for_a_unit_reaches_all_below_it(web_db: Database, made: factories.Academy) -> None:
    """`Scope.unit_ids` means this unit and all below, on the day; and who looks after a unit is found from above."""
    with web_db.writing() as session:
        unit = made.unit.id
        below = people.create_unit(session, "bureau", "水务局", "Water", "party_government", unit)
        deep = people.create_unit(session, "team", "水务队", "Team", "party_government", below.id)
        beside = people.create_unit(session, "beside", "别处", "Elsewhere", "school")
        liaison = factories.person(session, "liaison", "江边", "unit_liaison", "unit", unit)
        deeper = factories.person(session, "deeper", "井边", "unit_admin", "unit", below.id)
        ids = {unit, below.id, deep.id}
    with web_db.reading() as session:
        assert queries.units_below(session, [unit, deep.id, beside.id]) == {
            unit: ids - {unit}, deep.id: frozenset(), beside.id: frozenset(),
        }  # fmt: skip
        looking = [each.person.id for each in roles_queries.of_unit(session, deep.id, TODAY)]
        assert sorted(looking) == sorted([liaison.id, deeper.id])
        assert roles_queries.of_unit(session, beside.id, TODAY) == []
        assert [(node.code, node.depth) for node in roles_queries.unit_tree(session)] == [
            ("beside", 0), ("city", 0), ("bureau", 1), ("team", 2),
        ]  # fmt: skip
    with web_db.writing() as session:
        _person, token = people.begin(session, liaison.id, "", "127.0.0.1")
        bearer = queries.bearer(session, people.hash_of(token), TODAY)
    assert bearer is not None
    (grant,) = bearer.grants
    assert {grant.scope_id, *grant.below} == ids


def test_of_two_appointments_at_once_the_second_sees_the_first(
    session_pair: tuple[Database, factories.Academy],
) -> None:
    db, made = session_pair
    with db.writing() as session:
        sec = factories.person(session, "security", "戴宁", "sec_admin", "academy")
        who, actor = made.learner.id, sec.id
    with db.writing() as session:
        roles.appoint(session, "role.grant", actor, who, Wanted("sys_admin", "academy", None, TODAY))
    with db.writing() as session, pytest.raises(BadInput):
        roles.appoint(session, "role.grant", actor, who, Wanted("sec_admin", "academy", None, TODAY))
    with db.reading() as session:
        mine = session.scalars(select(RoleGrant.role).where(RoleGrant.person_id == who)).all()
    assert sorted(mine) == ["learner", "sys_admin"]


@pytest.fixture
def session_pair(web_db: Database) -> tuple[Database, factories.Academy]:
    with web_db.writing() as session:
        return web_db, factories.academy(session, learners=1, rules=False)
