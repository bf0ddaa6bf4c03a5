"""The door through the browser: sign-in form, redirects, languages, sign-ins of one's own, idleness."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from app.base import clock
from app.base.audit import AuditEntry
from app.base.db import Database
from app.factory import Academy
from app.people import login, service
from app.people.addresses import safe_next
from app.people.devices import device_name
from app.people.models import LoginSession, Person
from tests import factories
from tests.factories import web


@pytest.fixture
def name(web_db: Database, request: pytest.FixtureRequest) -> str:
    """The login of a learner whom no other test tries."""
    made = f"d{abs(hash(request.node.nodeid)):x}"[:20]
    with web_db.writing() as session:
        factories.person(session, made, "林晓岚", "learner", "own")
    return made


def entries(db: Database) -> list[tuple[str, str]]:
    with db.reading() as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.outcome).order_by(AuditEntry.id))
        return [(action, outcome) for action, outcome in rows if action != "role.grant"]


def test_the_door_stands_before_everything(academy_app: Academy) -> None:
    client = web.browser(academy_app)
    answer = client.get("/courses?q=a&page=2")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/courses?q%3Da%26page%3D2"
    assert 'href="/sign-in"' in web.strict(client.get("/"))  # the academy's public face
    assert client.get("/courses", headers={"Accept": "application/json"}).status_code == 401
    page = web.strict(client.get("/sign-in"))
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page


def test_signing_in_goes_where_one_wanted_to_and_begins_a_new_session(
    academy_app: Academy, web_db: Database, name: str
) -> None:
    client = web.browser(academy_app)
    client.get("/sign-in")
    before = client.get_cookie("duxue")
    answer = web.sign_in(client, name, goal="/account")
    assert (answer.status_code, answer.location) == (302, "/account")
    after = client.get_cookie("duxue")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert "林晓岚" in web.strict(client.get("/account"))
    client.set_cookie("duxue", before.value)  # the cookie from before signing in opens nothing
    assert client.get("/account").status_code == 302
    assert entries(web_db) == [("sign_in", "done")]


@pytest.mark.parametrize("password", ["wrong password", ""])
def test_a_failed_form_keeps_the_login_and_never_the_password(
    academy_app: Academy, web_db: Database, name: str, password: str
) -> None:
    client = web.browser(academy_app)
    answer = web.sign_in(client, name, password)
    assert answer.status_code == 422
    assert f'value="{name}"' in answer.text
    assert "wrong password" not in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert entries(web_db) == ([("sign_in", "refused")] if password else [])


def test_after_five_failures_429_here_and_open_elsewhere(academy_app: Academy, web_db: Database, name: str) -> None:
    client = web.browser(academy_app, address="10.1.0.1")
    codes = [web.sign_in(client, name, "wrong password").status_code for _try in range(6)]
    assert codes == [422] * 5 + [429]
    assert web.sign_in(client, name).status_code == 429
    assert web.sign_in(web.browser(academy_app, address="10.1.0.2"), name).status_code == 302
    assert [outcome for _action, outcome in entries(web_db)] == ["refused"] * 7 + ["done"]


def test_judging_a_password_holds_no_transaction(
    academy_app: Academy, web_db: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = []
    judge = service.judge

    def watching(*given: object) -> None:
        pool = web_db.engine.pool
        open_.append(pool.checkedout())  # type: ignore[attr-defined]
        judge(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "judge", watching)
    assert web.sign_in(web.browser(academy_app), name).status_code == 302
    assert open_ == [0]


def test_without_a_token_nothing_is_changed(academy_app: Academy, web_db: Database, name: str) -> None:
    client = web.browser(academy_app)
    assert client.post("/sign-in", data={"login": name, "password": factories.PASSWORD}).status_code == 400
    signed = web.browser(academy_app, name)
    assert signed.post("/sign-out").status_code == 400
    assert signed.get("/sign-out").status_code == 405
    assert signed.get("/account").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "evil.example", "", None, "/%0d\r\nX: y",
        "http:/evil.example", "/" + "a" * 3000, " /account",
    ],
)  # fmt: skip
def test_no_way_leads_off_the_site(target: str | None) -> None:
    assert safe_next(target) == "/"


def test_ways_within_the_site_are_kept() -> None:
    for target in ("/", "/courses?q=%E5%87%BD", "/lessons/3#notes", "/a//b"):
        assert safe_next(target) == target


def test_the_form_refuses_to_lead_elsewhere(academy_app: Academy, name: str) -> None:
    answer = web.sign_in(web.browser(academy_app), name, goal="//evil.example/x")
    assert answer.location == "/"
    client = web.browser(academy_app, name)
    sent = web.send(client, "/account", "/language?locale=en", back="https://evil.example/")
    assert sent.location == "/"


def test_signing_out_ends_the_row_not_only_the_cookie(academy_app: Academy, web_db: Database, name: str) -> None:
    client = web.browser(academy_app, name)
    kept = client.get_cookie("duxue")
    assert kept is not None
    answer = web.send(client, "/account", "/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert client.get("/account").status_code == 302
    client.set_cookie("duxue", kept.value)  # a stolen copy is dead too
    assert client.get("/account").status_code == 302
    assert entries(web_db)[-1] == ("sign_out", "done")


def test_one_device_can_end_another_and_nobody_elses(academy_app: Academy, web_db: Database, name: str) -> None:
    phone, desk = web.browser(academy_app, name), web.browser(academy_app, name)
    with web_db.writing() as session:
        other = factories.person(session, f"{name}-x", "别人", "learner", "own")
        theirs = LoginSession(
            person_id=other.id, token_hash="x" * 64, created_at=factories.NOON, seen_at=factories.NOON, device="Opera",
            address="10.0.0.9",
        )  # fmt: skip
        session.add(theirs)
        session.flush()
        first, theirs_id = session.scalar(select(func.min(LoginSession.id))), theirs.id
    assert "10.0.0.9" not in web.strict(desk.get("/account"))
    assert web.send(desk, "/account", f"/account/sign-ins/{theirs_id}/end").status_code == 404
    assert web.send(desk, "/account", f"/account/sign-ins/{first}/end").status_code == 302
    assert phone.get("/account").status_code == 302
    assert desk.get("/account").status_code == 200


def test_a_disabled_person_is_out_at_the_next_request(academy_app: Academy, web_db: Database, name: str) -> None:
    client = web.browser(academy_app, name)
    with web_db.writing() as session:
        person = session.scalars(select(Person).where(Person.login == name)).one()
        service.disable(session, person.id, None)
    assert client.get("/account").status_code == 302


def test_idle_and_endless_sign_ins_end(
    academy_app: Academy, web_db: Database, name: str, traveller: time_machine.Traveller
) -> None:
    client = web.browser(academy_app, name)
    for _visit in range(4):
        traveller.shift(timedelta(minutes=29))
        assert client.get("/account").status_code == 200
    traveller.shift(timedelta(minutes=31))
    answer = client.get("/account", follow_redirects=True)
    assert "30" in answer.text
    assert "account" in answer.request.args["next"]
    watching = web.browser(academy_app, name)
    login.also_active(academy_app, lambda _session, _person, _sign_in: clock.now_ms())
    traveller.shift(timedelta(hours=3))  # a player was open all the while
    assert watching.get("/account").status_code == 200
    traveller.shift(timedelta(hours=22))
    assert watching.get("/account").status_code == 302


def test_being_seen_is_written_at_most_once_a_minute(
    academy_app: Academy, web_db: Database, name: str, traveller: time_machine.Traveller
) -> None:
    client = web.browser(academy_app, name)
    traveller.shift(timedelta(seconds=61))
    with web.statements(web_db) as seen:
        for _visit in range(3):
            client.get("/account")
    assert sum(text.startswith("UPDATE login_session") for text in seen) == 1
    with web_db.reading() as session:
        assert session.scalar(select(LoginSession.seen_at)) == factories.NOON + timedelta(seconds=61)


def test_the_language_is_remembered(academy_app: Academy, web_db: Database, name: str) -> None:
    client = web.browser(academy_app)
    assert 'lang="zh-CN"' in client.get("/sign-in").text
    web.send(client, "/sign-in", "/language?locale=en", back="/sign-in")
    assert "Sign in" in client.get("/sign-in").text
    web.sign_in(client, name)
    assert 'lang="en"' in web.strict(client.get("/account"))
    web.send(client, "/account", "/language?locale=en", back="/account")
    assert 'lang="en"' in web.browser(academy_app, name).get("/account").text
    web.send(client, "/account", "/language?locale=xx", back="/account")
    assert 'lang="en"' in client.get("/account").text


def test_changing_the_password_in_the_browser(academy_app: Academy, web_db: Database, name: str) -> None:
    client = web.browser(academy_app, name)

    def change(present: str, fresh: str, again: str) -> tuple[int, str]:
        answer = web.send(client, "/account", "/account/password", present=present, password=fresh, again=again)
        return answer.status_code, answer.text

    fresh = "herons fly at dusk"
    assert change(factories.PASSWORD, fresh, "herons fly at dawn")[0] == 422
    assert change("not it at all", fresh, fresh)[0] == 422
    code, text = change(factories.PASSWORD, "12345678", "12345678")
    assert code == 422
    assert 'id="password-error"' in text
    assert change(factories.PASSWORD, fresh, fresh)[0] == 302
    assert web.sign_in(web.browser(academy_app), name).status_code == 422
    assert web.sign_in(web.browser(academy_app), name, fresh).status_code == 302
    assert ("person.change_password", "done") in entries(web_db)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Mobile Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/116 Mobile MicroMessenger/8.0.49", "WeChat · Android"),
        ("curl/8", "?"),
        ("", "?"),
    ],
)
def test_devices_have_names(agent: str, said: str) -> None:
    assert device_name(agent) == said
