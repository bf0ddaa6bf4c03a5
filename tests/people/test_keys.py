"""First sign-in and forgotten password (security row 12, class 19): slips, links, and that each holds once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.base import tasks
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import Refused
from app.factory import Academy
from app.people import passwords, queries, service
from app.people.keys import mailing
from app.people.keys import service as keys
from app.people.models import AccountKey, Person
from app.rules import check_code
from app.tables import METADATA
from tests import factories
from tests.factories import web
from tests.factories.web import make_app
from tests.people import mailbox
from tests.people.mailbox import Kept
from tests.services import DatabaseUrls

FRESH = "herons fly at dusk"
PUBLIC = "https://academy.example"
DAYS = timedelta(days=14)


def _slip(db: Database, person_id: int) -> str:
    with db.writing() as session:
        return check_code.shown(keys.slips(session, [person_id], DAYS, None, None)[person_id])


def _newcomer(db: Database, login: str = "g1001") -> Person:
    with db.writing() as session:
        made = service.create_person(session, login, "林晓岚", email=f"{login}@example.cn")
        service.grant_role(session, made.id, "learner", "own", since=factories.SINCE)
        return made


def _choose(app: Academy, code: str, password: str = FRESH) -> int:
    client = web.browser(app)
    sent = web.send(client, "/activate", "/activate", code=code)
    if sent.status_code != 302:
        return sent.status_code
    assert sent.location == "/password"
    page = client.get("/password")
    if page.status_code != 200:
        return page.status_code
    answer = client.post(
        "/password", data={"csrf_token": web.token_in(page), "password": password, "again": password}
    )  # fmt: skip
    return answer.status_code


def entries(db: Database, action: str) -> list[AuditEntry]:
    with db.reading() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_newcomer_begins_with_a_slip_and_there_is_no_password_before(academy_app: Academy, web_db: Database) -> None:
    person = _newcomer(web_db)
    client = web.browser(academy_app)
    for guess in ("", "123456", "g1001", "password", "林晓岚"):
        assert web.sign_in(client, "g1001", guess).status_code in (422, 429)
    code = _slip(web_db, person.id)
    phone = web.browser(academy_app, address="10.3.0.9")
    typed = code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert web.send(phone, "/activate", "/activate", code=typed).location == "/password"
    page = web.strict(phone.get("/password"))
    assert "林晓岚" in page
    assert "g1001" in page
    bad = phone.post("/password", data={"csrf_token": web.token_in(phone.get("/password")), "password": "12345678",
                                        "again": "12345678"})  # fmt: skip
    assert bad.status_code == 422, "the slip is not used up by a password that is refused"
    sent = web.send(phone, "/password", "/password", password=FRESH, again=FRESH)
    assert sent.location == "/sign-in"
    assert 'value="g1001"' in phone.get("/sign-in").text
    assert web.sign_in(phone, "g1001", FRESH).status_code == 302
    assert _choose(academy_app, code) == 409, "a slip holds once"
    assert [e.detail for e in entries(web_db, "account.activate")] == ['{"address": "10.3.0.9", "way": "slip"}']
    assert len(entries(web_db, "account.slip")) == 1


def test_only_a_hash_of_a_key_is_kept(academy_app: Academy, web_db: Database) -> None:
    person = _newcomer(web_db)
    code = _slip(web_db, person.id)
    with web_db.writing() as session:
        token = keys.link(session, person.id, None)
    with web_db.engine.connect() as connection:
        kept = "".join(str(connection.execute(select(table)).all()) for table in METADATA.sorted_tables)
    for secret in (code, code.replace("-", ""), token):
        assert secret not in kept
    assert len(token) >= 43  # 256 bits
    assert check_code.BITS >= 100


@pytest.mark.parametrize("change", ["shorter", "wrong", "swapped", "empty", "long", "unknown"])
def test_codes_that_are_none(academy_app: Academy, web_db: Database, change: str) -> None:
    code = _slip(web_db, _newcomer(web_db).id)
    wrong = {
        "shorter": code[:-1], "wrong": ("1" if code[0] != "1" else "2") + code[1:], "empty": "",
        "swapped": code[:6] + code[7] + code[6] + code[8:] if code[6] != code[7] else code[:-1], "long": code * 50,
        "unknown": check_code.shown(check_code.make(5)),
    }[change]  # fmt: skip
    assert _choose(academy_app, wrong) == (409 if change == "unknown" else 422)
    assert _choose(academy_app, code) == 302


def test_a_new_slip_ends_the_one_before_and_two_weeks_end_any(
    academy_app: Academy, web_db: Database, traveller: time_machine.Traveller
) -> None:
    person = _newcomer(web_db)
    first = _slip(web_db, person.id)
    second = _slip(web_db, person.id)
    assert _choose(academy_app, first) == 409
    traveller.shift(DAYS)
    assert _choose(academy_app, second) == 409
    third = _slip(web_db, person.id)
    with web_db.writing() as session:
        service.disable(session, person.id, None)
    assert _choose(academy_app, third) == 409
    with web_db.writing() as session:
        service.reopen(session, person.id, None)
    assert _choose(academy_app, third) == 409, "closing ends what was handed out"


def test_wrong_codes_are_counted_and_keep_no_colleague_from_beginning(academy_app: Academy, web_db: Database) -> None:
    code = _slip(web_db, _newcomer(web_db).id)
    client = web.browser(academy_app, address="10.3.0.1")
    token = web.token_in(client.get("/activate"))
    codes = []
    for number in range(122):
        wrong = check_code.shown(check_code.make(number))
        codes.append(client.post("/activate", data={"csrf_token": token, "code": wrong}).status_code)
    assert codes == [409] * 120 + [429] * 2
    assert client.post("/activate", data={"csrf_token": token, "code": "ABCD"}).status_code == 422
    colleague = web.browser(academy_app, address="10.3.0.1")
    assert web.send(colleague, "/activate", "/activate", code=code).status_code == 302


def test_a_page_that_was_open_learns_that_its_key_is_gone(academy_app: Academy, web_db: Database) -> None:
    person = _newcomer(web_db)
    code = _slip(web_db, person.id)
    client = web.browser(academy_app)
    web.send(client, "/activate", "/activate", code=code)
    token = web.token_in(client.get("/password"))
    _slip(web_db, person.id)
    late = client.post("/password", data={"csrf_token": token, "password": FRESH, "again": FRESH})
    assert late.status_code == 410
    assert client.get("/password").status_code == 410
    assert web.browser(academy_app).get("/password").status_code == 410


def test_of_many_who_use_one_slip_at_once_exactly_one_wins(db: Database) -> None:
    """On both databases: all have looked, and all come with a password of their own."""
    person = _newcomer(db)
    code = keys.plain(_slip(db, person.id))
    with db.reading() as session:
        key = keys.look(session, code)
    assert key is not None
    made = [passwords.make(f"{FRESH} {number}") for number in range(8)]

    def use(number: int) -> bool:
        try:
            with db.writing() as session:
                keys.redeem(session, key, made[number], passwords.MODERN, f"10.3.0.{number}")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(use, range(8)))
    assert sum(won) == 1
    with db.reading() as session:
        assert queries.known(session, "g1001").password_hash == made[won.index(True)]
    assert len(entries(db, "account.activate")) == 1


def test_a_reset_ends_every_sign_in_and_every_other_key(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        person = factories.person(session, "g1001", "林晓岚", "learner", "own")
    inside = web.browser(academy_app, "g1001")
    code = _slip(web_db, person.id)
    with web_db.writing() as session:
        token = keys.link(session, person.id, None)
    assert inside.get("/account").status_code == 200, "asking alone changes nothing"
    assert _choose(academy_app, code) == 302
    assert inside.get("/account").status_code == 302
    assert web.sign_in(web.browser(academy_app), "g1001").status_code == 422
    client = web.browser(academy_app)
    client.get(f"/password/{token}")
    assert client.get("/password").status_code == 410
    assert len(entries(web_db, "account.reset")) == 1


def test_keys_of_long_ago_are_swept(db: Database, traveller: time_machine.Traveller) -> None:
    person = _newcomer(db)
    _slip(db, person.id)
    traveller.shift(timedelta(days=89))
    code = keys.plain(_slip(db, person.id))
    traveller.shift(timedelta(days=2))
    with db.writing() as session:
        keys.sweep(session)
        (left,) = session.scalars(select(AccountKey))
        assert left.secret_hash == keys.hash_of(code)


# ---- by mail ------------------------------------------------------------------------------------------------------


@pytest.fixture
def box() -> Iterator[Kept]:
    with mailbox.serving() as kept:
        yield kept


@pytest.fixture
def mailing_app(
    any_database: DatabaseUrls, box: Kept, traveller: time_machine.Traveller, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Academy]:  # fmt: skip
    env = {
        "DUXUE_SMTP_HOST": "127.0.0.1", "DUXUE_SMTP_PORT": str(box.port), "DUXUE_SMTP_TLS": "off",
        "DUXUE_SMTP_FROM": "academy@academy.example", "DUXUE_PUBLIC_URL": PUBLIC,
    }  # fmt: skip
    made = make_app(any_database, tmp_path, **env)
    for name, value in {**env, "DUXUE_DATA_DIR": str(tmp_path), "DUXUE_DATABASE_URL": any_database.app_url}.items():
        monkeypatch.setenv(name, value)  # what a task of another process would read
    yield made
    made.extensions["duxue.db"].engine.dispose()


@pytest.fixture
def mail_db(mailing_app: Academy) -> Database:
    found: Database = mailing_app.extensions["duxue.db"]
    return found


def _asked(app: Academy, typed: str, host: str = "localhost") -> str:
    client = web.browser(app)
    heads = {"X-Forwarded-Host": host, "Forwarded": f"host={host}"}
    token = web.token_in(client.get("/forgotten", base_url=f"http://{host}"))
    data = {"csrf_token": token, "login": typed}
    answer = client.post("/forgotten", data=data, headers=heads, base_url=f"http://{host}")
    assert answer.status_code == 200
    return re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text)


def test_a_link_by_mail_leads_to_a_new_password(mailing_app: Academy, mail_db: Database, box: Kept) -> None:
    with mail_db.writing() as session:
        made = factories.person(session, "g1001", "林晓岚", "learner", "own")
        made.email = "lin@example.cn"
    _asked(mailing_app, "LIN@example.cn", host="evil.example")
    assert box.messages == [], "the page does not wait for the mail"
    assert tasks.run_one(mail_db)
    assert box.recipients == [["lin@example.cn"]]
    message = box.messages[0]
    assert message["From"].addresses[0].addr_spec == "academy@academy.example"
    assert "云汀网络学院" in str(message["Subject"])
    assert "林晓岚" in box.text()
    assert "evil" not in message.as_string()
    link = box.link()
    assert link.startswith(f"{PUBLIC}/password/")
    path = link.removeprefix(PUBLIC)
    assert len(path.removeprefix("/password/")) >= 43
    client = web.browser(mailing_app)
    for _look in range(3):  # scanners of mails look too
        followed = client.get(path)
        assert followed.location == "/password", "the token leaves the address"
    assert web.send(client, "/password", "/password", password=FRESH, again=FRESH).status_code == 302
    assert web.sign_in(web.browser(mailing_app), "g1001", FRESH).status_code == 302
    client.get(path)
    assert client.get("/password").status_code == 410


def test_the_answer_is_the_same_whoever_is_asked_for(mailing_app: Academy, mail_db: Database, box: Kept) -> None:
    _newcomer(mail_db)
    with mail_db.writing() as session:
        factories.person(session, "g2", "没有地址", "learner", "own")
        closed = service.create_person(session, "g3", "已停用", email="g3@example.cn")
        service.disable(session, closed.id, None)
        for login in ("g4", "g5"):
            service.create_person(session, login, "同一个地址", email="both@example.cn")
    told, seen = set(), set()
    for typed in ("g1001", "g2", "g3", "nobody", "both@example.cn", "<b>", "a@b.cn\r\nBcc: x@y.cn"):
        with web.statements(mail_db) as statements:
            told.add(_asked(mailing_app, typed))
        seen.add(tuple(re.sub(r"\s+", " ", each)[:60] for each in statements))
    assert len(told) == 1
    assert len(seen) == 1, "and the same work"
    while tasks.run_one(mail_db):
        pass
    assert box.recipients == [["g1001@example.cn"]]
    assert "g1001" in box.text()


def test_links_hold_for_half_an_hour_and_the_newest_alone(
    mailing_app: Academy, mail_db: Database, box: Kept, traveller: time_machine.Traveller
) -> None:
    _newcomer(mail_db)
    _asked(mailing_app, "g1001")
    tasks.run_one(mail_db)
    for _again in range(5):  # whoever floods a mailbox sends one
        _asked(mailing_app, "g1001")
        tasks.run_one(mail_db)
    assert len(box.messages) == 1
    traveller.shift(timedelta(minutes=21))
    _asked(mailing_app, "g1001")
    tasks.run_one(mail_db)
    assert len(box.messages) == 2
    client = web.browser(mailing_app)
    client.get(box.link(0).removeprefix(PUBLIC))
    assert client.get("/password").status_code == 410
    client.get(box.link(1).removeprefix(PUBLIC))
    assert client.get("/password").status_code == 200
    traveller.shift(timedelta(minutes=30))
    assert client.get("/password").status_code == 410


def test_asking_for_a_link_ends_no_slip(mailing_app: Academy, mail_db: Database, box: Kept) -> None:
    code = _slip(mail_db, _newcomer(mail_db).id)
    _asked(mailing_app, "g1001")
    tasks.run_one(mail_db)
    assert len(box.messages) == 1
    assert _choose(mailing_app, code) == 302


def test_a_mail_that_is_not_taken_over_is_tried_again_with_another_link(
    mailing_app: Academy, mail_db: Database, box: Kept, traveller: time_machine.Traveller
) -> None:
    _newcomer(mail_db)
    box.refuses = True
    _asked(mailing_app, "g1001")
    tasks.run_one(mail_db)
    with mail_db.reading() as session:
        assert session.scalars(select(AccountKey)).all() == [], "a link that nobody got does not stay"
    box.refuses = False
    if mail_db.sqlite:
        traveller.shift(timedelta(minutes=2))
    else:
        with mail_db.writing() as session:
            session.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 second'"))
    tasks.run_one(mail_db)
    assert len(box.messages) == 1
    client = web.browser(mailing_app)
    client.get(box.link().removeprefix(PUBLIC))
    assert client.get("/password").status_code == 200


def test_without_a_mail_server_no_mail_is_offered(academy_app: Academy, web_db: Database) -> None:
    _newcomer(web_db)
    client = web.browser(academy_app)
    page = web.strict(client.get("/forgotten"))
    assert 'name="login"' not in page
    assert "联络员" in page
    assert web.send(client, "/forgotten", "/forgotten", login="g1001").status_code == 200
    assert not tasks.run_one(web_db)


def test_mails_speak_the_persons_language(mailing_app: Academy, mail_db: Database, box: Kept) -> None:
    with mail_db.writing() as session:
        service.create_person(session, "g7", "Ann Lee", email="ann@example.cn", locale="en")
    _asked(mailing_app, "g7")
    tasks.run_one(mail_db)
    assert "Yunting Network Academy" in str(box.messages[0]["Subject"])
    assert "Your staff number is g7" in box.text()


def test_another_address_is_taken_with_the_password_and_when_its_mail_is_opened(
    mailing_app: Academy, mail_db: Database, box: Kept
) -> None:
    with mail_db.writing() as session:
        person = factories.person(session, "g1001", "林晓岚", "learner", "own")
        person.email = "old@example.cn"
    client = web.browser(mailing_app, "g1001")
    for given in ({"present": "wrong", "email": "new@example.cn"}, {"present": factories.PASSWORD, "email": "new"}):
        assert web.send(client, "/account/email", "/account/email", **given).status_code == 422
    assert not tasks.run_one(mail_db)
    sent = web.send(client, "/account/email", "/account/email", present=factories.PASSWORD, email="New@Example.cn")
    assert sent.status_code == 302
    tasks.run_one(mail_db)
    assert box.recipients == [["new@example.cn"]]
    path = box.link().removeprefix(PUBLIC)
    assert path.startswith("/email/")
    visitor = web.browser(mailing_app)
    assert "new@example.cn" in web.strict(visitor.get(path))

    def address(session: Session) -> str | None:
        found = session.get(Person, person.id)
        assert found is not None
        return found.email

    with mail_db.reading() as session:
        assert address(session) == "old@example.cn", "looking alone takes nothing"
    visitor.get(path.replace("/email/", "/password/"))
    assert visitor.get("/password").status_code == 410, "it leads to no password"
    assert web.send(visitor, path, path).location.startswith("/sign-in"), "whoever only got the mail takes nothing"
    with mail_db.reading() as session:
        assert address(session) == "old@example.cn"
    assert web.send(client, path, path).status_code == 302
    with mail_db.reading() as session:
        assert address(session) == "new@example.cn"
    assert visitor.get(path).status_code == 410
    assert [e.action for e in entries(mail_db, "person.change_email") if e.outcome == "done"] == ["person.change_email"]


def test_a_mail_head_cannot_be_slipped_in(mailing_app: Academy, mail_db: Database) -> None:
    with mail_db.writing() as session:
        made = service.create_person(session, "g8", "甲", email="a@b.cn\r\nBcc: x@y.cn")
        assert made.email is None
        made.email = "a@b.cn\nBcc: x@y.cn"  # whoever writes past the academy
    with pytest.raises((ValueError, OSError)):
        mailing.mail_link(mail_db, "g8", 0, 0)


def test_a_changed_password_ends_the_links_that_somebody_else_asked_for(
    mailing_app: Academy, mail_db: Database, box: Kept
) -> None:
    """An intruder asks for another address; the owner changes the password; the link of before takes nothing."""
    with mail_db.writing() as session:
        factories.person(session, "g1001", "林晓岚", "learner", "own").email = "old@example.cn"
    intruder, owner = web.browser(mailing_app, "g1001"), web.browser(mailing_app, "g1001", address="10.0.0.9")
    web.send(intruder, "/account/email", "/account/email", present=factories.PASSWORD, email="evil@example.cn")
    tasks.run_one(mail_db)
    path = box.link().removeprefix(PUBLIC)
    fresh = "a heron on the other bank"
    sent = web.send(owner, "/account", "/account/password", present=factories.PASSWORD, password=fresh, again=fresh)
    assert sent.status_code == 302
    assert intruder.get(path).status_code == 410


def test_no_link_by_mail_to_one_of_the_separated_administrators(
    mailing_app: Academy, mail_db: Database, box: Kept
) -> None:
    with mail_db.writing() as session:
        factories.person(session, "guard9", "卫九", "sec_admin", "academy").email = "guard@example.cn"
    visitor = web.browser(mailing_app)
    assert web.send(visitor, "/forgotten", "/forgotten", login="guard9").status_code == 200
    while tasks.run_one(mail_db):
        pass
    assert box.recipients == []
