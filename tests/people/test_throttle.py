"""Guessing (security row 10, class 20): one count over all doors, identifiers and processes, that locks nobody out."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.base.db import Database
from app.base.errors import TooMany
from app.factory import Academy
from app.people import marks, passwords, queries, service, throttle
from app.people.models import GuessCount, Person
from app.people.queries import NOBODY
from app.people.throttle import Guess
from tests import factories
from tests.factories import web


@pytest.fixture
def learner(web_db: Database) -> Person:
    with web_db.writing() as session:
        made = factories.person(session, "g1001", "林晓岚", "learner", "own")
        made.phone, made.email = "13800000001", "lin@example.cn"
        return made


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that was really compared with that of the account."""
    seen: list[str] = []
    whole = passwords.matches

    def watching(stored: str | None, given: str) -> bool:
        if stored:
            seen.append(given)
        return whole(stored, given)

    monkeypatch.setattr(passwords, "matches", watching)
    return seen


def _guess(client: FlaskClient, token: str, typed: str, password: str) -> int:
    data = {"csrf_token": token, "login": typed, "password": password}
    return client.post("/sign-in", data=data).status_code


def test_a_thousand_guesses_over_all_doors_are_judged_ten_times(
    academy_app: Academy, web_db: Database, learner: Person, evaluated: list[str]
) -> None:
    typed = ("g1001", "G1001 ", "13800000001", "+86 138-0000-0001", "lin@example.cn", "LIN@EXAMPLE.CN")
    client = web.browser(academy_app)
    token = web.token_in(client.get("/sign-in"))
    for number in range(1000):  # from a hundred addresses, by all identifiers
        client.environ_base["REMOTE_ADDR"] = f"10.3.0.{number % 100}"
        assert _guess(client, token, typed[number % len(typed)], f"guess {number}") in (422, 429)
    assert len(evaluated) == throttle.ANYWHERE
    assert web.sign_in(web.browser(academy_app, address="10.5.0.1"), "g1001").status_code == 429


def test_changing_the_password_and_signing_in_share_their_tries(
    academy_app: Academy, learner: Person, evaluated: list[str]
) -> None:
    client = web.browser(academy_app, "g1001", address="10.3.0.1")
    client.delete_cookie(marks.COOKIE)
    codes = []
    for number in range(3):
        sent = web.send(client, "/account", "/account/password", present=f"wrong {number}", password="x", again="x")
        codes.append(sent.status_code)
    stranger = web.browser(academy_app, address="10.3.0.1")
    codes += [web.sign_in(stranger, each, "wrong").status_code for each in ("g1001", "13800000001", "lin@example.cn")]
    assert codes == [422] * 5 + [429]
    sent = web.send(client, "/account", "/account/password", present=factories.PASSWORD, password="y", again="y")
    assert sent.status_code == 429
    assert len(evaluated) == 1 + 5


def test_strangers_keep_nobody_out_of_a_device_that_has_signed_in_before(
    academy_app: Academy, learner: Person, evaluated: list[str]
) -> None:
    own = web.browser(academy_app, "g1001", address="10.3.0.1")
    web.send(own, "/account", "/sign-out")
    for number in range(12):  # also from the very same address
        web.sign_in(web.browser(academy_app, address=f"10.3.0.{number % 3 + 1}"), "g1001", "wrong")
    assert web.sign_in(web.browser(academy_app, address="10.3.0.9"), "g1001").status_code == 429
    assert web.sign_in(own, "g1001").status_code == 302
    # and the owner's coming and going gives strangers no new tries
    before = len(evaluated)
    assert web.sign_in(web.browser(academy_app, address="10.3.0.9"), "g1001", "wrong").status_code == 429
    assert len(evaluated) == before


def test_a_known_device_has_five_tries_too_and_one_of_another_account_none(
    academy_app: Academy, web_db: Database, learner: Person
) -> None:
    with web_db.writing() as session:
        factories.person(session, "g1002", "别人", "learner", "own")
    own = web.browser(academy_app, "g1002", address="10.3.0.1")
    web.send(own, "/account", "/sign-out")
    assert [web.sign_in(own, "g1002", "wrong").status_code for _try in range(6)] == [422] * 5 + [429]
    for number in range(12):
        web.sign_in(web.browser(academy_app, address=f"10.3.1.{number}"), "g1001", "wrong")
    assert web.sign_in(own, "g1001").status_code == 429  # known to g1002, a stranger to g1001


@pytest.mark.parametrize("cookie", ["", "x", "0" * 32, "0" * 32 + "." + "f" * 32, "." * 300, "é"])
def test_a_made_up_mark_is_a_strangers(cookie: str) -> None:
    known = queries.Known(7, "hash", False)
    assert marks.device_of("s" * 40, cookie, known) == ""
    good = marks.marked("s" * 40, cookie if cookie.isascii() else "", known)
    assert marks.device_of("s" * 40, good, known)
    assert not marks.device_of("t" * 40, good, known)
    assert not marks.device_of("s" * 40, good, queries.Known(8, "hash", False))
    assert "7" not in good.split(".")


def test_a_mark_ends_with_the_password(academy_app: Academy, web_db: Database, learner: Person) -> None:
    thief = web.browser(academy_app, "g1001", address="10.3.0.1")
    fresh = "herons fly at dusk"
    with web_db.reading() as session:
        before = queries.known(session, "g1001")
    given = thief.get_cookie(marks.COOKIE)
    assert given is not None
    secret = academy_app.extensions["duxue.settings"].secret
    assert marks.device_of(secret, given.value, before)
    with time_machine.travel(factories.NOON + timedelta(hours=1), tick=False):
        own = web.browser(academy_app, "g1001", address="10.3.0.2")
        sent = web.send(own, "/account", "/account/password", present=factories.PASSWORD, password=fresh, again=fresh)
        assert sent.status_code == 302
    with web_db.reading() as session:
        after = queries.known(session, "g1001")
    kept = own.get_cookie(marks.COOKIE)
    assert kept is not None
    assert marks.device_of(secret, kept.value, after)
    assert not marks.device_of(secret, given.value, after)


def test_waiting_gives_new_tries_and_asking_meanwhile_does_not_prolong_the_wait(
    academy_app: Academy, learner: Person, traveller: time_machine.Traveller
) -> None:
    client = web.browser(academy_app, address="10.3.0.1")
    for _try in range(8):
        web.sign_in(client, "g1001", "wrong")
    traveller.shift(timedelta(minutes=14))
    assert web.sign_in(client, "g1001").status_code == 429
    traveller.shift(timedelta(minutes=1, seconds=1))
    assert web.sign_in(client, "g1001").status_code == 302


def test_an_unknown_identifier_is_counted_like_a_known_one(academy_app: Academy, learner: Person) -> None:
    told = {}
    for place, typed in enumerate(("g1001", "g9999", "13900000000", "nobody@example.cn")):
        client = web.browser(academy_app, address=f"10.3.0.{place}")
        answers = [web.sign_in(client, typed, "wrong") for _try in range(6)]
        told[typed] = [(each.status_code, len(each.text.replace(typed, "")) // 40) for each in answers]
    assert len({str(each) for each in told.values()}) == 1


def test_every_refused_sign_in_costs_the_same_whoever_it_was(
    academy_app: Academy, web_db: Database, learner: Person
) -> None:
    """Known, unknown, shared, closed, never activated: the same statements, the same work, the same answer."""
    with web_db.writing() as session:
        for login in ("g2", "g3"):
            factories.person(session, login, "同号", "learner", "own").phone = "13800000002"
        service.create_person(session, "g4", "没开通")
        closed = factories.person(session, "g5", "已停用", "learner", "own")
        service.disable(session, closed.id, None)
    seen, told = set(), set()
    for place, typed in enumerate(("g1001", "g9999", "13800000002", "g4", "g5", "lin@example.cn", "x@y.cn")):
        client = web.browser(academy_app, address=f"10.3.0.{place}")
        token = web.token_in(client.get("/sign-in"))
        with web.statements(web_db) as statements:
            answer = client.post("/sign-in", data={"csrf_token": token, "login": typed, "password": "wrong"})
        seen.add(tuple(re.sub(r"\s+", " ", each) for each in statements))
        told.add(re.sub(r'value="[^"]*"', "", answer.text))
    assert len(seen) == len(told) == 1


def test_one_address_has_its_limit_at_all_accounts_and_known_devices_do_not_feel_it(db: Database) -> None:
    with db.writing() as session:
        for number in range(20):
            throttle.take(session, Guess(f"person:{number}", "10.3.0.1", "", 20))
        with pytest.raises(TooMany):
            throttle.take(session, Guess("person:99", "10.3.0.1", "", 20))
        assert throttle.take(session, Guess("person:99", "10.3.0.1", "d" * 32, 20)) == 4
        assert throttle.take(session, Guess("person:99", "10.3.0.2", "", 20)) == 4


def test_processes_count_together(db: Database) -> None:
    """Two engines over one database are two processes: of 60 tries at once five are given."""
    other = Database(db.engine.url.render_as_string(hide_password=False))

    def tried(number: int) -> bool:
        try:
            with (db, other)[number % 2].writing() as session:
                throttle.take(session, service.guess(NOBODY, "g1", "10.3.0.1"))
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(60))) == throttle.TRIES
    other.engine.dispose()


def test_what_was_right_leaves_nothing_behind_and_old_windows_are_swept(
    db: Database, traveller: time_machine.Traveller
) -> None:
    right, wrong = Guess("person:1", "10.3.0.1", "", 100), Guess("person:2", "10.3.0.1", "", 100)
    with db.writing() as session:
        for _try in range(4):
            throttle.take(session, right)
        throttle.take(session, wrong)
        throttle.give_back(session, right)
        assert session.scalar(select(func.sum(GuessCount.tries))) == 3
        traveller.shift(timedelta(hours=2))
        throttle.sweep(session)
        assert session.scalar(select(func.count()).select_from(GuessCount)) == 0
