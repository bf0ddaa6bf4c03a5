"""The second factor (security rows 11, 13, 18): set up, asked for, never taken twice, lost, removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from app.base import access, clock
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.settings import load
from app.factory import Academy
from app.people import queries, service
from app.people.models import RecoveryCode, SecondFactor
from app.people.second import service as second
from app.people.second import vault
from app.rules.access import MUST_PROVE_TWICE, ROLES
from tests import factories
from tests.factories import web
from tests.factories.web import make_app
from tests.services import DatabaseUrls

SECRET = "s" * 64
RIGHT = factories.PASSWORD
AT = "/account/second-factor"


def code_of(key: str) -> str:
    return pyotp.TOTP(key.replace(" ", "")).at(clock.now())


@pytest.fixture
def teacher(web_db: Database) -> int:
    with web_db.writing() as session:
        return factories.person(session, "head9", "沈静宜", "head_teacher", "class", 1).id


def set_up(client: FlaskClient) -> tuple[str, list[str]]:
    """The key and the recovery codes of a second factor set up through its pages."""
    assert web.send(client, AT, f"{AT}/begin", present=RIGHT).status_code == 302
    page = web.strict(client.get(AT))
    found = re.search(r'class="key-text num">([A-Z2-7 ]+)<', page)
    assert found
    assert "<svg" in page
    key = found.group(1).replace(" ", "")
    answer = web.send(client, AT, f"{AT}/confirm", code=code_of(key))
    codes = re.findall(r'<li class="num">([0-9A-Z-]{19})</li>', web.strict(answer))
    assert len(set(codes)) == second.CODES
    return key, codes


def enter(client: FlaskClient, login: str, code: str) -> int:
    """Both steps; the status of the second."""
    first = web.sign_in(client, login)
    assert (first.status_code, first.location) == (302, "/sign-in/code")
    assert client.get("/account").status_code == 302, "one step alone opens nothing"
    return web.send(client, "/sign-in/code", "/sign-in/code", code=code).status_code


def test_it_is_set_up_and_asked_for_from_then_on(
    academy_app: Academy, web_db: Database, teacher: int, traveller: time_machine.Traveller
) -> None:
    client, other = web.browser(academy_app, "head9"), web.browser(academy_app, "head9")
    assert web.send(client, AT, f"{AT}/begin", present="wrong").status_code == 422
    key, codes = set_up(client)
    assert other.get("/account").status_code == 302, "other sign-ins had one factor only"
    assert client.get("/account").status_code == 200
    for shown in (key, codes[0]):
        assert shown not in client.get(AT).text, "both are shown once"
    with web_db.engine.connect() as connection:
        kept = str(connection.execute(select(SecondFactor)).all()) + str(connection.execute(select(RecoveryCode)).all())
    assert key not in kept
    assert codes[0].replace("-", "") not in kept
    traveller.shift(timedelta(seconds=30))
    fresh = web.browser(academy_app)
    assert enter(fresh, "head9", "000000") == 422
    assert web.send(fresh, "/sign-in/code", "/sign-in/code", code=code_of(key)).status_code == 302
    assert fresh.get("/account").status_code == 200
    assert fresh.get("/sign-in/code").location == "/sign-in"


def test_a_code_that_was_taken_is_refused(
    academy_app: Academy, teacher: int, traveller: time_machine.Traveller
) -> None:
    key, _codes = set_up(web.browser(academy_app, "head9"))
    assert enter(web.browser(academy_app), "head9", code_of(key)) == 422, "the one that confirmed it"
    traveller.shift(timedelta(seconds=30))
    code = code_of(key)
    assert enter(web.browser(academy_app), "head9", code) == 302
    assert enter(web.browser(academy_app), "head9", code) == 422, "a replay"
    traveller.shift(timedelta(seconds=30))
    assert enter(web.browser(academy_app), "head9", code) == 422, "nor a step later"
    earlier = pyotp.TOTP(key).at(clock.now() - timedelta(seconds=60))
    assert enter(web.browser(academy_app, address="10.3.0.2"), "head9", earlier) == 422


def test_of_many_with_the_same_code_at_once_one_gets_in(db: Database) -> None:
    with db.writing() as session:
        person = factories.person(session, "head9", "沈静宜", "head_teacher", "class", 1)
        second.begin(session, SECRET, person.id)
        key = second.secret_of(session, SECRET, person.id)
        codes = second.fresh_codes(session, person.id)

    def take(given: str) -> bool:
        with db.writing() as session:
            return second.take(session, SECRET, person.id, given)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, [code_of(key)] * 8)) == 1
        assert sum(pool.map(take, [codes[0]] * 8)) == 1
    assert take(codes[1].lower().replace("-", " "))
    assert not take(codes[0])


def test_phones_may_be_half_a_minute_wrong_and_no_more(db: Database, traveller: time_machine.Traveller) -> None:
    with db.writing() as session:
        person = factories.person(session, "head9", "沈静宜", "head_teacher", "class", 1)
        second.begin(session, SECRET, person.id)
        key = second.secret_of(session, SECRET, person.id)
        taken = []
        for seconds in (-60, -30, 0, 30, 60):
            code = pyotp.TOTP(key).at(clock.now() + timedelta(seconds=seconds))
            taken.append(second.take(session, SECRET, person.id, code))
        assert taken == [False, True, True, True, False]
        for wrong in ("", "12345", "1234567", "abcdef", "０１２３４５", "-", "x" * 500):
            assert not second.take(session, SECRET, person.id, wrong)


def test_recovery_codes_open_once_each_and_fresh_ones_end_them(
    academy_app: Academy, web_db: Database, teacher: int, traveller: time_machine.Traveller
) -> None:
    key, codes = set_up(web.browser(academy_app, "head9"))
    client = web.browser(academy_app)
    assert enter(client, "head9", codes[0]) == 302
    assert enter(web.browser(academy_app), "head9", codes[0]) == 422
    assert "9" in web.strict(client.get(AT))
    traveller.shift(timedelta(seconds=30))
    wrong = web.send(client, AT, f"{AT}/codes", present=RIGHT, code="000000")
    assert wrong.status_code == 422
    fresh = web.send(client, AT, f"{AT}/codes", present=RIGHT, code=code_of(key))
    assert fresh.status_code == 200
    assert enter(web.browser(academy_app, address="10.3.0.3"), "head9", codes[1]) == 422
    with web_db.reading() as session:
        told = [e.action for e in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert told.count("second_factor.set") == told.count("second_factor.recovery") == 1


def test_removing_it_asks_for_both_factors(
    academy_app: Academy, web_db: Database, teacher: int, traveller: time_machine.Traveller
) -> None:
    client = web.browser(academy_app, "head9")
    key, _codes = set_up(client)
    traveller.shift(timedelta(seconds=30))
    for present, code in ((RIGHT, "000000"), ("wrong", code_of(key)), (RIGHT, "")):
        assert web.send(client, AT, f"{AT}/remove", present=present, code=code).status_code == 422
    assert web.send(client, AT, f"{AT}/remove", present=RIGHT, code=code_of(key)).location == "/account"
    assert web.sign_in(web.browser(academy_app), "head9").location == "/"


def test_guessing_codes_with_the_right_password_ends_after_five(
    academy_app: Academy, teacher: int, traveller: time_machine.Traveller
) -> None:
    """The password alone gives no tries back, at the door or behind it."""
    inside = web.browser(academy_app, "head9")
    set_up(inside)
    codes = [web.send(inside, AT, f"{AT}/remove", present=RIGHT, code="000000").status_code for _try in range(7)]
    assert codes == [422] * 7
    assert "15" in web.send(inside, AT, f"{AT}/remove", present=RIGHT, code="000000").text
    stranger, judged = web.browser(academy_app, address="10.3.0.8"), 0
    for _try in range(20):
        if web.sign_in(stranger, "head9").status_code == 302:
            judged += web.send(stranger, "/sign-in/code", "/sign-in/code", code="000000").status_code == 422
    assert judged <= 3, "each round takes two tries of five"


def test_the_second_step_waits_five_minutes_and_dies_with_the_password(
    academy_app: Academy, web_db: Database, teacher: int, traveller: time_machine.Traveller
) -> None:
    key, _codes = set_up(web.browser(academy_app, "head9"))
    late, changed = web.browser(academy_app), web.browser(academy_app)
    web.sign_in(late, "head9")
    traveller.shift(timedelta(minutes=5, seconds=1))
    assert late.get("/sign-in/code").location == "/sign-in"
    web.sign_in(changed, "head9")
    token = web.token_in(changed.get("/sign-in/code"))
    with web_db.writing() as session:
        traveller.shift(timedelta(seconds=1))
        service.set_password(session, teacher, "herons fly at dusk")
    answer = changed.post("/sign-in/code", data={"csrf_token": token, "code": code_of(key)})
    assert answer.location == "/sign-in"
    assert changed.get("/account").status_code == 302


def test_a_lost_one_is_reset_by_the_security_administrator(
    academy_app: Academy, web_db: Database, teacher: int
) -> None:
    client = web.browser(academy_app, "head9")
    set_up(client)
    with web_db.writing() as session:
        for role in ("sec_admin", "academy_admin"):
            factories.person(session, role.replace("_", ""), role, role, "academy")
        key = service.person_of(session, teacher).key
    path = f"/desk/accounts/{key}"
    assert web.send(web.browser(academy_app, "academyadmin"), path, f"{path}/second-factor").status_code == 403
    guard = web.browser(academy_app, "secadmin")
    assert "second-factor" in web.strict(guard.get(path))
    assert web.send(guard, path, f"{path}/second-factor").status_code == 302
    assert client.get("/account").status_code == 302
    assert web.sign_in(web.browser(academy_app), "head9").location == "/"
    with web_db.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "second_factor.reset")).one()
    assert entry.subject == f"person:{key}"


def test_learners_are_not_offered_one(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        factories.person(session, "g1", "林晓岚", "learner", "own")
    client = web.browser(academy_app, "g1")
    assert client.get(AT).status_code == 404
    assert AT not in web.strict(client.get("/account"))
    assert web.send(client, "/account", f"{AT}/begin", present=RIGHT).status_code in (403, 404)


# ---- required ----------------------------------------------------------------------------------------------------


@pytest.fixture
def strict_app(
    any_database: DatabaseUrls, traveller: time_machine.Traveller, tmp_path: Path
) -> Iterator[Academy]:  # fmt: skip
    made = make_app(any_database, tmp_path, DUXUE_SECOND_FACTOR="required")
    with made.extensions["duxue.db"].writing() as session:
        for role in ROLES:
            factories.person(session, role.replace("_", ""), role, role, "own" if role == "learner" else "academy")
    yield made
    made.extensions["duxue.db"].engine.dispose()


@pytest.mark.parametrize("role", ROLES)
def test_administrators_do_nothing_without_a_second_factor(strict_app: Academy, role: str) -> None:
    """Security row 11: every address that asks for more than nothing sends them to set it up."""
    client = web.browser(strict_app, role.replace("_", ""))
    owes = role in MUST_PROVE_TWICE
    opened = set()
    for rule in strict_app.url_map.iter_rules():
        need = access.access_of(strict_app, rule.endpoint)
        if need == access.PUBLIC or rule.arguments or "GET" not in (rule.methods or set()):
            continue
        answer = client.get(rule.rule)
        if not (answer.status_code == 302 and answer.location == AT):
            opened.add(rule.endpoint)
    if owes:
        assert opened <= {"people.account", "second.setting"}
        assert client.get("/rules", headers={"Accept": "application/json"}).status_code == 403
        token = web.token_in(client.get("/account"))
        for path in ("/desk/announcements/new", "/account/email", "/desk/accounts/slips"):
            assert client.post(path, headers={"X-CSRFToken": token}).location == AT
        set_up(client)
        assert (
            client.get("/desk/accounts" if role in ("academy_admin", "sec_admin") else "/messages").status_code == 200
        )
    else:
        assert len(opened) > 2


def test_it_is_required_unless_a_setting_or_the_sample_says_otherwise(tmp_path: Path) -> None:
    env = {"DUXUE_DATA_DIR": str(tmp_path)}
    assert load(env).second_factor == "required"
    assert load({**env, "DUXUE_SAMPLE": "1"}).second_factor == "offered"
    assert load({**env, "DUXUE_SECOND_FACTOR": "off"}).second_factor == "off"


def test_the_vault_opens_for_its_owner_and_its_academy_alone() -> None:
    sealed = vault.seal(SECRET, "JBSWY3DPEHPK3PXP", 7)
    assert "JBSWY3DP" not in sealed
    assert sealed != vault.seal(SECRET, "JBSWY3DPEHPK3PXP", 7)
    assert vault.read(SECRET, sealed, 7) == "JBSWY3DPEHPK3PXP"
    cut = sealed[:-6] + "AAAA=="
    for secret, text, owner in (("t" * 64, sealed, 7), (SECRET, sealed, 8), (SECRET, cut, 7), (SECRET, "x", 7)):
        with pytest.raises(vault.Unreadable):
            vault.read(secret, text, owner)


def test_with_another_academy_secret_no_code_fits_and_nothing_breaks(db: Database) -> None:
    with db.writing() as session:
        person = factories.person(session, "head9", "沈静宜", "head_teacher", "class", 1)
        second.begin(session, SECRET, person.id)
        key = second.secret_of(session, SECRET, person.id)
        assert not second.take(session, "t" * 64, person.id, code_of(key))
        assert queries.known_by_id(session, person.id).second_factor is False
