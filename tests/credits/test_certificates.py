"""Certificates of hours: who makes them, what the public check tells, how they are revoked."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import Refused
from app.credits import service as credits
from app.credits.certificates import checking, content, queries, service, throttle
from app.credits.certificates.models import HoursCertificate, HoursCertificateRevocation
from app.people.queries import person_by_login
from app.rules import check_code
from tests.credits.browsing import main_of, page, plain, signed_in
from tests.credits.samples import NOON, watch, withdraw

TODAY = NOON.date()
DAYS = {"since": "2026-01-01", "until": "2026-03-02"}


@pytest.fixture(autouse=True)
def _looks() -> None:
    """The tries of other tests of this process are not these tests'."""
    throttle.forget("127.0.0.1")


def made(client: FlaskClient, to: str = "/certificates/new", **more: str) -> TestResponse:
    """Send the form."""
    return client.post(to, data={**DAYS, "language": "zh", **more})


def newest(db: Database, login: str) -> queries.CertificateRow:
    """The newest certificate of somebody."""
    with db.reading() as session:
        person = person_by_login(session, login)
        assert person is not None
        return queries.of_learner(session, person.id)[0]


def actions(db: Database) -> list[tuple[str, str, dict[str, object]]]:
    with db.reading() as session:
        rows = session.execute(
            select(AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
            .where(AuditEntry.action.like("certificate.%"))
            .order_by(AuditEntry.id)
        )
        return [(action, subject, json.loads(detail)) for action, subject, detail in rows]


def test_a_learner_sees_the_sums_and_makes_one(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["learner"])
    assert "Certificate of hours" in page(client, "/statement")
    assert "No certificates yet." in page(client, "/certificates")
    html = main_of(page(client, "/certificates/new?since=2026-01-01&until=2026-03-02"))
    assert re.search(r'certified-hours num">6.0<', html)
    assert "2 items" in plain(html)
    answer = made(client)
    assert (answer.status_code, answer.location) == (302, "/certificates")
    row = newest(db, people_of["learner"])
    said = content.read(row.content)
    assert (said.hours, said.sums, said.count, said.versions) == (6000, {"general": 6000}, 2, (1,))
    assert (said.learner, said.name, said.items) == (people_of["key"], "学员1", ())
    assert (row.since, row.until, row.language) == (date(2026, 1, 1), TODAY, "zh")
    assert said.head[0] == 6
    assert check_code.read(row.code) == row.code
    listed = page(client, "/certificates")
    assert check_code.shown(row.code)[:14] in listed
    assert "holds" in plain(listed)
    [(action, subject, detail)] = actions(db)
    assert (action, subject, detail["code"]) == ("certificate.issue", f"person:{people_of['key']}", row.code)


def test_presets_are_links(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    html = page(signed_in(app, db, people_of["learner"]), "/certificates/new")
    found = re.findall(r'class="chip" href="[^"?]*\?since=([\d-]+)&amp;until=([\d-]+)"', html)
    assert found == [("2026-01-01", "2026-03-02"), ("2025-01-01", "2025-12-31"), ("2025-03-03", "2026-03-02")]
    assert html.count('aria-current="true"') == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until": "2026-03-03"}, "This day is still to come"),
        ({"since": "2023-12-31"}, "The academy keeps account from 1 January 2024 on"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "The last day lies before the first"),
        ({"since": "", "until": "2026-03-01"}, "Choose the first day"),
        ({"since": "2026-02-30"}, "Not a valid date value"),
        ({"since": "2025-01-01", "until": "2025-12-31"}, "Nothing was counted between these days"),
        ({"language": "fr"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_certified(
    app: Flask, db: Database, people_of: dict[str, str], change: dict[str, str], said: str
) -> None:
    client = signed_in(app, db, people_of["learner"])
    answer = made(client, **change)
    assert answer.status_code == 422
    assert said in plain(answer.text)
    assert "No certificates yet." in page(client, "/certificates")


def test_thirty_a_day_and_no_more(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    client = signed_in(app, db, people_of["learner"])
    assert [made(client).status_code for _n in range(31)] == [302] * 30 + [422]
    with time_machine.travel(NOON + timedelta(days=1, minutes=1), tick=False):
        again = signed_in(app, db, people_of["learner"])
        assert made(again).status_code == 302


def test_staff_make_one_for_whom_they_supervise(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    url, teacher = f"/certificates/of/{people_of['key']}", signed_in(app, db, people_of["teacher"])
    assert f'href="{url}"' in page(teacher, f"/statement/{people_of['key']}")
    assert made(teacher, f"{url}/new", language="en").status_code == 302
    row = newest(db, people_of["learner"])
    assert (row.issued_by, row.language) == ("沈静宜", "en")
    assert check_code.shown(row.code)[:14] in page(teacher, url)
    assert check_code.shown(row.code)[:14] in page(signed_in(app, db, people_of["learner"]), "/certificates")
    assert [action for action, _subject, _detail in actions(db)] == ["certificate.issue", "certificate.see"]
    assert "Revoke" not in page(teacher, url)


def test_nobody_else_sees_makes_takes_or_revokes_them(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]))
    code = check_code.shown(newest(db, people_of["learner"]).code)
    url = f"/certificates/of/{people_of['key']}"
    for login, status in (("other_teacher", 404), ("learner", 403), ("editor", 403)):
        client = signed_in(app, db, people_of[login])
        for path in ("", "/new", f"/{code}.pdf"):
            page(client, url + path, status)
        assert made(client, f"{url}/new").status_code == status
    for login in ("teacher", "other_teacher", "learner", "editor"):
        client = signed_in(app, db, people_of[login])
        page(client, f"{url}/{code}/revoke", 403)
        assert client.post(f"{url}/{code}/revoke", data={"reason": "because I can"}).status_code == 403
    # The right person, somebody else's certificate; a code that is none; nobody signed in.
    page(signed_in(app, db, "l002"), f"/certificates/{code}.pdf", 404)
    page(signed_in(app, db, people_of["learner"]), "/certificates/7K3D.pdf", 404)
    page(app.test_client(), f"/certificates/{code}.pdf", 302)
    assert [action for action, _subject, _detail in actions(db)] == ["certificate.issue"]


def test_the_check_tells_no_more_than_is_needed(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]), annex="y")
    row = newest(db, people_of["learner"])
    assert len(content.read(row.content).items) == 2
    visitor = app.test_client()
    visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = visitor.get(f"/check/{check_code.shown(row.code)}")
    words = plain(answer.text)
    for said in ("Valid.", "学**", "1 January 2026", "2 March 2026", "6.0", "General subjects", "these days: no"):
        assert said in words, said
    for kept in ("学员1", people_of["key"], people_of["learner"], "云汀市", "Yunting City", "Lesson", "课1"):
        assert kept not in answer.text, kept
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert '<meta name="robots" content="noindex, nofollow">' in answer.text
    assert "有效" in visitor.get(f"/check/{row.code.lower()}", headers={"Accept-Language": "zh"}).text


def test_typing_a_code(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]))
    code = newest(db, people_of["learner"]).code
    visitor = app.test_client()
    visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    page(visitor, "/check")
    typed = visitor.get("/check", query_string={"code": f" {code[:12].lower()} {code[12:]} "})
    assert (typed.status_code, typed.location) == (302, f"/check/{check_code.shown(code)}")
    wrong = ("7" if code[5] != "7" else "8").join((code[:5], code[6:]))
    for slip in (wrong, code[:-1], "<script>alert(1)</script>"):
        answer = visitor.get("/check", query_string={"code": slip})
        assert answer.status_code == 422
        assert "a sign is missing or wrong" in plain(answer.text)
        assert "<script>alert" not in answer.text


def test_unknown_codes_all_get_the_same_answer(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    visitor = app.test_client()
    pages = []
    for chance in (1, 2**114, 12345):
        code = check_code.shown(check_code.make(chance))
        answer = visitor.get(f"/check/{code}")
        assert answer.status_code == 404
        pages.append(re.sub(r'(?<=name="csrf_token" value=")[^"]*', "", answer.text).replace(code, "CODE"))
    assert len({text.replace("%s", "") for text in pages}) == 1


def test_guessing_ends_soon_and_only_here(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    visitor = app.test_client()
    found = [visitor.get(f"/check/{check_code.make(chance)}").status_code for chance in range(throttle.CODES + 1)]
    assert found == [404] * throttle.CODES + [429]
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert elsewhere.get(f"/check/{check_code.make(7)}").status_code == 404
    throttle.forget("192.0.2.9")


def test_a_name_is_compared_and_not_told(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]))
    url = f"/check/{newest(db, people_of['learner']).code}"
    visitor = app.test_client()
    visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    found = {}
    for name in ("学员1", " 学 员１ ", "学员2", "学", "", "%", "学员1 OR 1=1"):
        answer = visitor.post(url, data={"name": name})
        words = plain(answer.text)
        found[name] = "name matches." in words, "does not match." in words, answer.status_code
    yes, no = (True, False, 200), (False, True, 200)
    assert found == {
        "学员1": yes, " 学 员１ ": yes, "学员2": no, "学": no, "": (False, False, 422), "%": no, "学员1 OR 1=1": no,
    }  # fmt: skip
    tries = [visitor.post(url, data={"name": f"学{n}"}).status_code for n in range(throttle.NAMES)]
    assert tries[-1] == 422, "the name is no riddle with many tries"
    assert visitor.get(url).status_code == 200


@pytest.mark.parametrize(
    ("name", "mask"), [("王小明", "王**"), ("欧阳修", "欧**"), ("𠮷田", "𠮷**"), ("John Smith", "J**"), ("王", "王**")]
)
def test_masks(name: str, mask: str) -> None:
    assert checking.masked(name) == mask


def test_names_are_the_same_however_they_are_spaced() -> None:
    assert checking.same_name("买买提·艾合买提", "买买提艾合买提")
    assert checking.same_name("John Smith", "john  SMITH")
    assert not checking.same_name("王小明", "王小")
    assert not checking.same_name("", "")


def test_later_corrections_show(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]))
    row = newest(db, people_of["learner"])
    visitor = app.test_client()
    visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    with db.writing() as session:  # another day: the account moves, the span does not
        watch(session, row.learner_id, 9, at=NOON + timedelta(days=1), key="later")
        credits.settle(session, row.learner_id)
    assert "these days: no" in page(visitor, f"/check/{row.code}")
    with db.writing() as session:
        withdraw(session, row.learner_id, "watched:1", NOON + timedelta(days=2))
        credits.settle(session, row.learner_id)
    html = page(visitor, f"/check/{row.code}")
    assert "these days: yes" in html
    assert "6.0" in html


def test_revoked_by_the_academy_and_seen_at_once(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    learner = signed_in(app, db, people_of["learner"])
    made(learner)
    code = check_code.shown(newest(db, people_of["learner"]).code)
    admin, listing = signed_in(app, db, people_of["admin"]), f"/certificates/of/{people_of['key']}"
    url = f"{listing}/{code}/revoke"
    assert url in page(admin, listing)
    assert admin.get(f"/certificates/of/code/{code}").location == url
    assert f"/certificates/of/code/{code}" in page(admin, f"/check/{code}")
    assert "/certificates/of" not in page(app.test_client(), f"/check/{code}")
    assert admin.post(url, data={"reason": "no"}).status_code == 422
    assert admin.post(url, data={"reason": "Made for the wrong year"}).location == listing
    visitor = app.test_client()
    visitor.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    words = plain(page(visitor, f"/check/{code}"))
    assert "Revoked on 2 March 2026. This certificate no longer holds." in words
    for kept in ("Valid.", "6.0", "wrong year", "General subjects"):
        assert kept not in words, kept
    assert "Made for the wrong year" in page(learner, "/certificates")
    told = "Your certificate of hours from 1 January 2026 to 2 March 2026 was revoked: Made for the wrong year"
    assert told in plain(page(learner, "/messages"))
    assert "was revoked" not in page(admin, "/messages")
    page(learner, f"/certificates/{code}.pdf", 404)
    assert admin.post(url, data={"reason": "Once more, with feeling"}).status_code == 422
    assert [action for action, _s, _d in actions(db)].count("certificate.revoke") == 1


def test_a_row_or_a_ledger_that_was_changed_is_not_confirmed(
    app: Flask, db: Database, people_of: dict[str, str]
) -> None:
    """Behind the database's back: other hours in the row, or another chain under it."""
    made(signed_in(app, db, people_of["learner"]))
    row = newest(db, people_of["learner"])
    changes = {
        "content": row.content.replace('"hours":6000', '"hours":9000'),
        "content_hash": "0" * 64,
        "since": date(2025, 1, 1),
        "issued_at": row.issued_at - timedelta(days=9),
    }
    with app.test_request_context(), db.reading() as session:
        assert checking.check(session, row).state == "valid"
        for name, value in changes.items():
            values = {field: getattr(row, field) for field in queries.CertificateRow.__dataclass_fields__}
            found = checking.check(session, queries.CertificateRow(**{**values, name: value}))
            assert (found.state, found.name, found.hours) == ("doubtful", "", 0), name
        values = {field: getattr(row, field) for field in queries.CertificateRow.__dataclass_fields__}
        forged = row.content.replace(content.read(row.content).head[1], "f" * 64)
        values |= {"content": forged, "content_hash": content.hash_of(forged)}
        assert checking.check(session, queries.CertificateRow(**values)).state == "doubtful"


def test_the_database_changes_no_certificate(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]))
    for change in ("UPDATE hours_certificate SET content = ''", "DELETE FROM hours_certificate"):
        with pytest.raises(DBAPIError), db.writing() as session:
            session.execute(text(change))
    with db.reading() as session:
        assert session.scalars(select(HoursCertificate.content_hash)).one() == newest(db, "l001").content_hash


def test_revocations_at_once_leave_one(app: Flask, db: Database, people_of: dict[str, str]) -> None:
    made(signed_in(app, db, people_of["learner"]))
    code = newest(db, people_of["learner"]).code
    with db.reading() as session:
        person, admin = (person_by_login(session, people_of[who]) for who in ("learner", "admin"))
    assert person is not None
    assert admin is not None

    def revoke(number: int) -> str:
        with app.test_request_context(headers={"Accept-Language": "en"}):
            try:
                with db.writing() as writing:
                    service.revoke(writing, person, code, admin.id, f"Made for the wrong year ({number})")
            except Refused as refused:
                return refused.text
        return "revoked"

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(revoke, range(6)))
    assert said == ["This certificate was revoked before. Nothing has changed."] * 5 + ["revoked"]
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(HoursCertificateRevocation)) == 1
