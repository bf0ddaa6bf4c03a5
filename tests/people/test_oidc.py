"""Sign-in by an identity provider (security class 15): what is believed of its answers, and whose account they open."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyotp
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.settings import SettingError
from app.factory import Academy
from app.people import service as people
from app.people.models import Credential, Identity, LoginSession, Person
from app.people.oidc import providers
from app.people.oidc import service as oidc
from tests import factories
from tests.factories import web
from tests.factories.web import make_app
from tests.people.provider import Provider, serving
from tests.services import DatabaseUrls

WITH = "/sign-in/with/city"
FILE = """
[[provider]]
key = "city"
name = "云汀统一身份"
name_en = "Yunting identity"
issuer = "{issuer}"
client_id = "duxue"
client_secret = "sssh"
"""
BY_NUMBER = 'link = "staff_number"\nclaim = "employee"\n'
BY_MAIL = 'link = "email"\n'


@pytest.fixture
def told(traveller: time_machine.Traveller) -> Iterator[Provider]:
    """The provider."""
    with serving() as found:
        found.claims = {"employee": "l900"}
        yield found


def made(urls: DatabaseUrls, folder: Path, told: Provider, how: str = BY_NUMBER, **more: str) -> Academy:
    """An academy that knows the provider, and a learner l900."""
    path = folder / "oidc.toml"
    path.write_text(FILE.format(issuer=told.issuer) + how, encoding="utf-8")
    app = make_app(urls, folder, DUXUE_OIDC_FILE=str(path), **more)
    with app.extensions["duxue.db"].writing() as session:
        factories.person(session, "l900", "林晓岚", "learner", "own")
    return app


@pytest.fixture
def app(sqlite_database: DatabaseUrls, told: Provider, tmp_path: Path) -> Iterator[Academy]:
    """The academy that links by staff number."""
    found = made(sqlite_database, tmp_path, told)
    yield found
    found.extensions["duxue.db"].engine.dispose()


@pytest.fixture
def db(app: Academy) -> Database:
    found: Database = app.extensions["duxue.db"]
    return found


@pytest.fixture
def db_of_any(any_database: DatabaseUrls) -> Iterator[Database]:
    found = Database(any_database.app_url)
    yield found
    found.engine.dispose()


def off(client: FlaskClient, told: Provider, address: str = WITH) -> str:
    """To the provider: the address to which it sends the browser back."""
    answer = client.get(address)
    assert answer.status_code == 302, answer.text
    assert answer.location.startswith(f"{told.issuer}/auth?"), answer.location
    code = told.ask(answer.location)
    back = urlsplit(told.asked["redirect_uri"])
    assert back.netloc == "127.0.0.1:8000"
    return f"{back.path}?{urlencode({'code': code, 'state': told.asked['state']})}"


def sign_in(client: FlaskClient, told: Provider, address: str = WITH) -> TestResponse:
    return client.get(off(client, told, address))


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def entries(db: Database, action: str = "sign_in.provider") -> list[tuple[str, str, str]]:
    with db.reading() as session:
        rows = session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [(row.subject.partition(":")[0], row.outcome, row.detail) for row in rows]


def said(client: FlaskClient) -> str:
    return web.strict(client.get("/sign-in"))


def test_signing_in_by_the_provider_opens_the_account_that_its_claim_names(
    app: Academy, db: Database, told: Provider
) -> None:
    client = web.browser(app, language="en")
    page = said(client)
    assert "Yunting identity" in page
    assert f'href="{WITH}"' in page
    answer = sign_in(client, told, f"{WITH}?next=/account")
    assert (answer.status_code, answer.location) == (302, "/account")
    assert is_in(client)
    asked = told.asked
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 20
    assert len(asked["state"]) >= 20
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid profile email"
    assert [outcome for _kind, outcome, _more in entries(db, "identity.link")] == ["done"]
    assert '"provider": "city"' in entries(db, "sign_in")[0][2]
    told.claims = {}  # from now on the identity is enough
    again = web.browser(app)
    sign_in(again, told)
    assert is_in(again)


def test_a_sign_in_by_the_provider_is_a_sign_in_like_others(app: Academy, db: Database, told: Provider) -> None:
    client = web.browser(app)
    before = client.get_cookie("duxue")
    sign_in(client, told)
    after = client.get_cookie("duxue")
    assert before != after
    other = web.browser(app, "l900")
    web.send(other, "/account", "/account/sign-ins/end-others")
    assert not is_in(client), "revoked from elsewhere"
    sign_in(client, told)
    web.send(client, "/account", "/sign-out")
    assert not is_in(client)
    client.get(WITH)
    location = client.get(WITH).location
    assert "prompt=login" in location, "who has signed out is asked by the provider who comes next"
    with db.reading() as session:
        assert len(session.scalars(select(LoginSession)).all()) == 3


LIES: list[dict[str, object]] = [
    {"aud": "somebody else"}, {"aud": ["duxue", "other"], "azp": "other"}, {"aud": None},
    {"iss": "https://evil.example"},
    {"exp": 1}, {"exp": None}, {"nonce": "another"}, {"nonce": None}, {"sub": None}, {"sub": ""}, {"sub": 7},
    {"iat": None}, {"nbf": 4_000_000_000},
]  # fmt: skip


def test_a_wrong_claim_signs_nobody_in(app: Academy, db: Database, told: Provider) -> None:
    honest = told.claims
    for lie in LIES:
        told.claims = {**honest, **lie}
        client = web.browser(app)
        assert sign_in(client, told).location == "/sign-in", lie
        assert not is_in(client), lie
    assert [outcome for _kind, outcome, _more in entries(db)] == ["refused"] * len(LIES)
    with db.reading() as session:
        assert session.scalars(select(Identity)).all() == []


def test_the_wrong_audience_is_refused(app: Academy, db: Database, told: Provider) -> None:
    told.claims["aud"] = "another academy"
    client = web.browser(app, language="en")
    sign_in(client, told)
    assert "cannot be trusted" in said(client)
    assert not is_in(client)
    assert "aud" in entries(db)[0][2]


def test_an_expired_token_is_refused(app: Academy, db: Database, told: Provider) -> None:
    told.claims["exp"] = int(time.time()) - 60
    client = web.browser(app)
    sign_in(client, told)
    assert not is_in(client)
    assert "expired" in entries(db)[0][2]


@pytest.mark.parametrize("forged", ["none", "secret", "other"])
def test_an_unsigned_token_or_one_signed_by_somebody_else_is_refused(
    app: Academy, db: Database, told: Provider, forged: str
) -> None:
    told.forged = forged
    client = web.browser(app)
    sign_in(client, told)
    assert not is_in(client)
    assert len(entries(db)) == 1


def test_alg_none_is_refused_even_where_the_provider_offers_it(app: Academy, told: Provider) -> None:
    told.metadata["id_token_signing_alg_values_supported"] = ["none", "HS256", "RS256"]
    told.forged = "none"
    client = web.browser(app)
    sign_in(client, told)
    assert not is_in(client)
    told.forged = "secret"
    sign_in(client, told)
    assert not is_in(client)


def test_a_replay_is_refused_even_with_the_cookies_of_before(app: Academy, db: Database, told: Provider) -> None:
    client = web.browser(app)
    back = off(client, told)
    cookie = client.get_cookie("duxue")
    assert cookie is not None
    client.get(back)
    assert is_in(client)
    assert client.get(back).status_code == 302, "signed in: the second time does nothing"
    thief = web.browser(app)
    assert thief.get(back).location == "/sign-in"
    assert not is_in(thief), "another browser"
    thief.set_cookie("duxue", cookie.value)
    assert thief.get(back).location == "/sign-in"
    assert not is_in(thief), "and one with everything that the first had"
    assert told.tokens_given == 1
    assert ["replay" in more for _kind, _outcome, more in entries(db)] == [True]


def test_of_many_with_the_same_answer_at_once_one_is_taken(db_of_any: Database) -> None:
    db = db_of_any

    def take(_n: int) -> bool:
        with db.writing() as session:
            return oidc.use(session, "state")

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(6))) == 1


def test_an_answer_nobody_asked_for_or_that_comes_too_late_is_not_taken(
    app: Academy, told: Provider, traveller: time_machine.Traveller
) -> None:
    client = web.browser(app)
    assert client.get(f"{WITH}/back?code=code-1&state=x").location == "/sign-in"
    back = off(client, told)
    assert client.get(back.replace("state=", "state=x")).location == "/sign-in"
    assert client.get(back).location == "/sign-in", "nor the right one after it"
    late = off(client, told)
    traveller.shift(timedelta(minutes=11))
    assert client.get(late).location == "/sign-in"
    other = off(client, told)
    assert client.get(other + "&iss=https://evil.example").location == "/sign-in"
    refused = off(client, told).replace("code=code-1", "error=access_denied")
    assert client.get(refused).location == "/sign-in"
    assert not is_in(client)
    assert told.tokens_given == 0


METADATA: list[dict[str, object]] = [
    {"issuer": "https://evil.example"}, {"token_endpoint": "http://10.0.0.1/token"},
    {"jwks_uri": "file:///etc/passwd"},
    {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": None}, {"jwks_uri": 7},
    {"token_endpoint": "http://user:pass@127.0.0.1/token"},
    {"id_token_signing_alg_values_supported": ["none", "HS256"]},
]  # fmt: skip


def test_a_provider_that_describes_itself_wrongly_is_not_asked(app: Academy, told: Provider) -> None:
    for metadata in METADATA:
        told.metadata = metadata
        app.extensions["duxue.oidc"]["city"]._failed = -1000.0
        client = web.browser(app, language="en")
        assert client.get(WITH).location == "/sign-in", metadata
        assert "cannot be reached" in said(client), metadata


def test_what_is_too_long_or_leads_elsewhere_is_not_read(app: Academy, told: Provider) -> None:
    client = web.browser(app)
    told.padding = 300_000
    assert client.get(WITH).location == "/sign-in"
    told.padding, told.discovery_status = 0, 302
    assert client.get(WITH).location == "/sign-in", "and one that failed is left alone for a while"
    fresh = app.extensions["duxue.oidc"]["city"]
    fresh._failed = -1000.0
    assert client.get(WITH).location == "/sign-in"
    told.discovery_status, fresh._failed = 200, -1000.0
    assert client.get(WITH).location.startswith(told.issuer)


def test_the_way_back_never_leads_off_the_site(app: Academy, told: Provider) -> None:
    client = web.browser(app)
    assert sign_in(client, told, f"{WITH}?next=https://evil.example/").location == "/"
    answer = client.get(f"{WITH}?next=//evil.example")
    assert answer.location == "/", "who is signed in already stays"
    forged = web.browser(app)
    forged.environ_base["HTTP_HOST"] = "evil.example"
    forged.get(WITH)
    told.ask(forged.get(WITH).location)
    assert told.asked["redirect_uri"] == f"http://127.0.0.1:8000{WITH}/back"


def test_nobody_is_signed_in_whom_the_academy_does_not_know(app: Academy, db: Database, told: Provider) -> None:
    for claims in ({"employee": "l901"}, {}, {"employee": ""}, {"employee": ["l900"]}, {"employee": "l900' OR 1=1"}):
        told.claims = claims
        client = web.browser(app, language="en")
        sign_in(client, told)
        assert not is_in(client)
        assert "no account here belongs to you yet" in said(client)
    assert len(entries(db)) == 5


@pytest.mark.parametrize("link", [{"link": "staff_number", "claim": "employee"}, {"link": "email"}])
@pytest.mark.parametrize("odd", ["\ud800@b.cn", "l900\0"])
def test_what_no_database_holds_is_nobodys(db: Database, link: dict[str, Any], odd: str) -> None:
    provider = providers.Provider("city", "市", "City", "https://id.example.cn", "duxue", **link)
    with db.writing() as session:
        claims = {"sub": "1", "employee": odd, "email": odd, "email_verified": True}
        assert oidc.find(session, provider, claims).why == "unknown"


def test_a_closed_account_is_refused(app: Academy, db: Database, told: Provider) -> None:
    client = web.browser(app)
    sign_in(client, told)
    with db.writing() as session:
        person = session.scalars(select(Person).where(Person.login == "l900")).one()
        people.disable(session, person.id, None)
    assert not is_in(client), "closed, effective at once"
    sign_in(client, told)
    assert not is_in(client)
    assert '"closed"' in entries(db)[-1][2]


def test_another_identity_does_not_take_a_linked_account_over(app: Academy, db: Database, told: Provider) -> None:
    sign_in(web.browser(app), told)
    told.subject = "s-2"
    client = web.browser(app)
    sign_in(client, told)
    assert not is_in(client)
    assert '"taken"' in entries(db)[-1][2]


@pytest.mark.parametrize("role", ["academy_admin", "sys_admin", "sec_admin", "audit_admin"])
def test_no_claim_opens_an_administrators_account(app: Academy, db: Database, told: Provider, role: str) -> None:
    client = web.browser(app, language="en")
    sign_in(client, told)  # linked as a learner, before
    assert is_in(client)
    with db.writing() as session:
        person = session.scalars(select(Person).where(Person.login == "l900")).one()
        people.grant_role(session, person.id, role, "academy")
        factories.person(session, "l902", "蒋和", role, "academy")
    for subject, number in (("s-1", "l900"), ("s-2", "l902")):
        told.subject, told.claims = subject, {"employee": number}
        client = web.browser(app, language="en")
        sign_in(client, told)
        assert not is_in(client)
        assert "You are an administrator" in said(client)


def link(client: FlaskClient, told: Provider, password: str = factories.PASSWORD) -> TestResponse:
    page = web.send(client, "/account/identities", "/account/identities/city/link", present=password)
    if page.status_code != 200:
        return page
    assert f'href="{WITH}"' in web.strict(page)
    return sign_in(client, told)


def test_an_administrator_links_when_signed_in_and_gives_the_password_for_it(
    app: Academy, db: Database, told: Provider
) -> None:
    told.claims = {}
    with db.writing() as session:
        factories.person(session, "a900", "蒋和", "academy_admin", "academy")
    client = web.browser(app, "a900", language="en")
    assert "Yunting identity" in web.strict(client.get("/account"))
    assert client.get(WITH).location == "/", "not without the password"
    assert link(client, told, "wrong password").status_code == 422
    assert link(client, told).location == "/account/identities"
    assert "Linked since" in web.strict(client.get("/account/identities"))
    fresh = web.browser(app)
    sign_in(fresh, told)
    assert "蒋和" in web.strict(fresh.get("/account"))
    kinds = [more for _kind, _outcome, more in entries(db, "identity.link")]
    assert ['"self"' in each for each in kinds] == [True]
    found = re.search(r"/account/identities/\d+/unlink", client.get("/account/identities").text)
    assert found
    assert web.send(client, "/account/identities", found.group()).status_code == 302
    gone = web.browser(app)
    sign_in(gone, told)
    assert not is_in(gone)
    assert len(entries(db, "identity.unlink")) == 1


def test_an_identity_of_another_is_neither_linked_nor_unlinked(app: Academy, db: Database, told: Provider) -> None:
    sign_in(web.browser(app), told)
    with db.writing() as session:
        factories.person(session, "l903", "周远", "learner", "own")
        number = session.scalars(select(Identity.id)).one()
    client = web.browser(app, "l903", language="en")
    link(client, told)
    assert "belongs to another account" in web.strict(client.get("/account/identities"))
    assert web.send(client, "/account/identities", f"/account/identities/{number}/unlink").status_code == 404
    with db.reading() as session:
        assert session.scalars(select(Identity.person_id)).all() == [
            session.scalars(select(Person.id).where(Person.login == "l900")).one()
        ]


def test_who_has_no_password_keeps_the_identity(app: Academy, db: Database, told: Provider) -> None:
    client = web.browser(app, language="en")
    sign_in(client, told)
    with db.writing() as session:
        session.delete(session.scalars(select(Credential)).one())
        number = session.scalars(select(Identity.id)).one()
    client = web.browser(app, language="en")
    sign_in(client, told)
    web.send(client, "/account/identities", f"/account/identities/{number}/unlink")
    assert "You have no password" in web.strict(client.get("/account/identities"))


@pytest.mark.parametrize(
    ("claims", "others", "opens"),
    [
        ({"email": "Lan@Example.cn", "email_verified": True}, 0, True),
        ({"email": "lan@example.cn", "email_verified": "true"}, 0, False),
        ({"email": "lan@example.cn"}, 0, False),
        ({"email": "lan@example.cn", "email_verified": True}, 1, False),
        ({"email": "", "email_verified": True}, 0, False),
    ],
)
def test_an_address_links_only_where_it_is_verified_and_one_persons(
    sqlite_database: DatabaseUrls, told: Provider, tmp_path: Path, claims: dict[str, object], others: int, opens: bool
) -> None:
    app = made(sqlite_database, tmp_path, told, BY_MAIL)
    told.claims = claims
    with app.extensions["duxue.db"].writing() as session:
        session.scalars(select(Person).where(Person.login == "l900")).one().email = "lan@example.cn"
        for number in range(others):
            people.create_person(session, f"l91{number}", "李四", email="lan@example.cn")
    client = web.browser(app)
    sign_in(client, told)
    assert is_in(client) is opens
    app.extensions["duxue.db"].engine.dispose()


def test_a_claim_may_come_from_userinfo_of_the_same_person_only(app: Academy, told: Provider) -> None:
    told.claims = {}
    told.metadata["userinfo_endpoint"] = f"{told.issuer}/me"
    told.userinfo = {"sub": "somebody else", "employee": "l900"}
    client = web.browser(app)
    sign_in(client, told)
    assert not is_in(client)
    told.userinfo = {"sub": "s-1", "employee": "l900"}
    sign_in(client, told)
    assert is_in(client)


@pytest.mark.parametrize("trusted", [False, True])
def test_the_second_factor_is_asked_for_unless_the_provider_has_and_is_believed(
    sqlite_database: DatabaseUrls, told: Provider, tmp_path: Path, trusted: bool
) -> None:
    how = BY_NUMBER + ('second_amr = ["mfa"]\n' if trusted else "")
    app = made(sqlite_database, tmp_path, told, how, DUXUE_SECOND_FACTOR="required")
    told.claims |= {"amr": ["pwd", "mfa"]}
    db = app.extensions["duxue.db"]
    with db.writing() as session:
        admin = factories.person(session, "a900", "蒋和", "academy_admin", "academy").id
        assert people.person_of(session, admin).login == "a900"
        session.add(
            Identity(
                person_id=admin,
                issuer=told.issuer,
                subject="s-9",
                way="self",
                linked_at=session.scalars(select(Person.created_at)).first(),
            )
        )
    told.subject = "s-9"
    client = web.browser(app)
    assert sign_in(client, told).location == "/"
    assert (client.get("/certificates").location == "/account/second-factor") is not trusted, "a role that must"
    _has_second(app, "l900")
    told.subject = "s-1"
    learner = web.browser(app)
    assert sign_in(learner, told).location == ("/" if trusted else "/sign-in/code")
    assert is_in(learner) is trusted
    db.engine.dispose()


def _has_second(app: Academy, login: str) -> None:
    from app.base import clock
    from app.people.models import SecondFactor
    from app.people.second import vault

    with app.extensions["duxue.db"].writing() as session:
        person = session.scalars(select(Person).where(Person.login == login)).one()
        sealed = vault.seal(app.extensions["duxue.settings"].secret, pyotp.random_base32(), person.id)
        now = clock.now()
        session.add(SecondFactor(person_id=person.id, secret=sealed, made_at=now, confirmed_at=now, last_step=0))


def test_without_providers_there_is_no_such_door(academy_app: Academy) -> None:
    client = web.browser(academy_app, language="en")
    assert "Or sign in with" not in said(client)
    assert client.get(WITH).status_code == 404
    assert client.get(f"{WITH}/back").status_code == 404


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("x", "DUXUE_OIDC_FILE"), ("", "one \\[\\[provider"), (FILE.format(issuer="http://id.example"), "issuer"),
        (FILE.format(issuer="https://id.example/?x"), "issuer"),
        (FILE.format(issuer="https://a:b@id.example"), "issuer"),
        (FILE.format(issuer="https://id.example") + 'link = "name"', "link is one of"),
        (FILE.format(issuer="https://id.example") + 'link = "staff_number"', "write both"),
        (FILE.format(issuer="https://id.example") + 'colour = "red"', "colour is unknown"),
        (FILE.format(issuer="https://id.example") + "second_amr = 7", "second_amr"),
        (FILE.format(issuer="https://id.example") + 'scope = "email"', "openid"),
        (FILE.format(issuer="https://id.example") * 2, "a key and an issuer of its own"),
        (FILE.format(issuer="https://id.example").replace('"city"', '"City!"'), "small letters"),
        ('[[provider]]\nkey = "a"', "missing"),
    ],
)  # fmt: skip
def test_a_file_of_providers_that_cannot_be_used_says_why(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "oidc.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=wrong):
        providers.load(path)
    with pytest.raises(SettingError):
        providers.load(tmp_path / "none.toml")
