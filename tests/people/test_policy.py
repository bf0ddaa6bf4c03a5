"""Passwords (security rows 7, 8, 9, 44): both policies, the commonest, hashes with older parameters."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.base.db import Database
from app.base.errors import BadInput
from app.base.settings import SettingError, load
from app.factory import Academy
from app.people import passwords, queries, service
from app.people.models import Credential, FormerCredential, Person
from app.people.passwords import GRADED, MODERN, Policy
from tests import factories
from tests.factories import web
from tests.factories.web import make_app
from tests.services import DatabaseUrls


@pytest.mark.parametrize("policy", [MODERN, GRADED])
def test_the_three_thousand_commonest_are_refused(policy: Policy) -> None:
    commonest = list(FREQUENCY_LISTS["passwords"])[:3000]
    assert len(set(commonest)) == 3000
    for password in commonest:
        for written in (password, password.upper(), password.capitalize()):
            with pytest.raises(BadInput):
                passwords.check(written, "g1001", policy)


@pytest.mark.parametrize("weak", ["woaini1314", "admin@123", "Mima123456", "duxue2026", "13800000001", "qwertyuiop"])
def test_what_everybody_here_would_try_first_is_refused(weak: str) -> None:
    with pytest.raises(BadInput):
        passwords.check(weak, "13800000001")


def test_seven_signs_are_refused_and_sixty_four_accepted_whole() -> None:
    for policy, filling in ((MODERN, "云"), (GRADED, "aB3云")):
        with pytest.raises(BadInput):
            passwords.check("汀上有鹤aB3", "x", policy)
        long = (filling * 64 + "汀上有鹤 aB3")[-64:]
        assert len(long) == 64
        passwords.check(long, "x", policy)
        made = passwords.make(long)
        assert passwords.matches(made, long)
        assert not passwords.matches(made, long[:-1])
        assert not passwords.matches(made, long + "x")


@pytest.mark.parametrize(
    ("password", "enough"),
    [
        ("heronsfly", False), ("herons fly", False), ("Heronsfly", False), ("Herons fly", True), ("heron5 fly", True),
        ("HERON5FLYa", True), ("12345 6789!", False), ("鹤立汀洲之上也", False), ("鹤立Heron1", True),
    ],
)  # fmt: skip
def test_the_graded_policy_wants_three_kinds(password: str, enough: bool) -> None:
    if enough:
        passwords.check(password, "x", GRADED)
        return
    with pytest.raises(BadInput):
        passwords.check(password, "x", GRADED)


def test_the_last_five_are_not_taken_again_under_the_graded_policy(session: Session) -> None:
    person = factories.person(session, "g1", "林晓岚", "learner", "own")
    chosen = [f"Herons {number} fly" for number in range(6)]
    for each in chosen:
        service.set_password(session, person.id, each, GRADED)
    for each in chosen[1:]:
        with pytest.raises(BadInput, match="5"):
            service.set_password(session, person.id, each, GRADED)
    service.set_password(session, person.id, chosen[0], GRADED)
    kept = list(session.scalars(select(FormerCredential.password_hash)))
    assert len(kept) == 5
    assert not any(each in hash_ for hash_ in kept for each in chosen)
    service.set_password(session, person.id, chosen[0], MODERN)  # the modern policy remembers nothing
    assert session.scalars(select(FormerCredential)).all() == []


@pytest.fixture
def graded(any_database: DatabaseUrls, traveller: time_machine.Traveller, tmp_path: Path) -> Academy:
    return make_app(any_database, tmp_path, DUXUE_PASSWORD_POLICY="graded")


def test_after_ninety_days_the_password_is_changed_before_anything_else(
    graded: Academy, traveller: time_machine.Traveller
) -> None:
    with graded.extensions["duxue.db"].writing() as session:
        factories.academy(session)
    traveller.shift(timedelta(days=90))
    client = web.browser(graded, "l001")
    assert client.get("/courses").status_code == 200
    traveller.shift(timedelta(minutes=1))
    client = web.browser(graded, "l001")
    assert client.get("/courses").location == "/account"
    assert client.get("/statement", headers={"Accept": "application/json"}).status_code == 403
    assert "90" in web.strict(client.get("/account"))
    for weak in ("herons fly at dusk", factories.PASSWORD):
        sent = web.send(client, "/account", "/account/password", present=factories.PASSWORD, password=weak, again=weak)
        assert sent.status_code == 422
    fresh = "Herons fly at dusk"
    sent = web.send(client, "/account", "/account/password", present=factories.PASSWORD, password=fresh, again=fresh)
    assert sent.status_code == 302
    assert client.get("/courses").status_code == 200
    graded.extensions["duxue.db"].engine.dispose()


def test_the_graded_policy_ends_what_is_idle_for_half_an_hour(tmp_path: Path) -> None:
    env = {"DUXUE_DATA_DIR": str(tmp_path), "DUXUE_PASSWORD_POLICY": "graded"}
    assert load(env).idle_minutes == 30
    with pytest.raises(SettingError, match="at most 30"):
        load({**env, "DUXUE_IDLE_MINUTES": "31"})
    with pytest.raises(SettingError, match="modern, graded"):
        load({**env, "DUXUE_PASSWORD_POLICY": "none"})


@pytest.mark.usefixtures("costly_passwords")
def test_a_hash_with_older_parameters_is_made_anew_at_sign_in(academy_app: Academy, web_db: Database) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(factories.PASSWORD)
    with web_db.writing() as session:
        person = factories.person(session, "g1", "林晓岚", "learner", "own")
        row = session.get(Credential, person.id)
        assert row is not None
        row.password_hash, since = old, row.changed_at
    assert web.sign_in(web.browser(academy_app), "g1", "not it").status_code == 422
    with web_db.reading() as session:
        assert queries.known(session, "g1").password_hash == old
    assert web.sign_in(web.browser(academy_app), "g1").status_code == 302
    with web_db.reading() as session:
        found = queries.known(session, "g1")
        assert found.password_hash is not None
        assert found.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert not passwords.outdated(found.password_hash)
        assert found.changed_at == since, "the password itself was not changed"
    assert web.sign_in(web.browser(academy_app), "g1").status_code == 302


def test_a_reopened_account_keeps_its_password_and_its_sign_ins_stay_ended(
    academy_app: Academy, web_db: Database
) -> None:
    with web_db.writing() as session:
        person: Person = factories.person(session, "g1", "林晓岚", "learner", "own")
    client = web.browser(academy_app, "g1")
    with web_db.writing() as session:
        service.disable(session, person.id, None)
    assert client.get("/account").status_code == 302
    with web_db.writing() as session:
        service.reopen(session, person.id, None)
        service.reopen(session, person.id, None)
    assert client.get("/account").status_code == 302
    assert web.sign_in(web.browser(academy_app), "g1").status_code == 302
