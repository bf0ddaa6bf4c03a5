"""What holds for every page at once: headers, redirects, hostile text, hostile heads. The list: docs/security.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from markupsafe import escape
from sqlalchemy import select

from app.base import pages
from app.base.db import Database
from app.courses.models import Course, Lesson
from app.factory import Academy
from app.people import service as people
from app.people.models import Person, RoleGrant
from app.viewing.models import Coverage, Viewing
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db

__all__ = ["academy_app", "traveller", "web_db"]
ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "/sign-in", "/", "/courses", "/courses/course-1", "/courses/nothing", "/statement", "/statement.csv", "/account",
    "/classes", "/edit", "/rules", "/no/such/page", "/healthz", "/lessons/1", "/lessons/99",
)  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "{% raw %}", "${7*7}",
    "javascript:alert(1)", "' OR '1'='1", "%(x)s", "&lt;b&gt;",
)  # fmt: skip


@pytest.fixture
def made(academy_app: Academy, web_db: Database) -> factories.Academy:
    """A learner who has watched a lesson of the one course."""
    with web_db.writing() as session:
        found = factories.academy(session)
        course = factories.course(session, "course-1")
        factories.offer(session, course, found.group)
        factories.watched(session, found.learner.id, course)
    return found


@pytest.mark.parametrize("login", ["", "l001", "head1", "editor", "academy"])
def test_every_answer_carries_the_heads_that_browsers_obey(
    academy_app: Academy, made: factories.Academy, login: str
) -> None:
    client = web.browser(academy_app, login)
    for url in PAGES:
        answer = client.get(url)
        heads = answer.headers
        policy = heads["Content-Security-Policy"]
        for part in ("default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'",
                     "base-uri 'none'", "form-action 'self'", "frame-ancestors 'self'"):  # fmt: skip
            assert part in policy.split("; "), (url, policy)
        assert "unsafe" not in policy
        assert heads["X-Content-Type-Options"] == "nosniff", url
        assert heads["Referrer-Policy"] == "same-origin", url
        assert heads["Cache-Control"] == "no-store", (url, answer.status_code)
        assert "Server" not in heads
        assert "Access-Control-Allow-Origin" not in heads


def test_the_cookie_is_for_this_site_and_not_for_scripts(academy_app: Academy, made: factories.Academy) -> None:
    client = web.browser(academy_app)
    head = web.sign_in(client, "l001").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(head.split("; "))
    assert "l001" not in head
    academy_app.config["SESSION_COOKIE_SECURE"] = True
    assert "Secure" in web.browser(academy_app).get("/sign-in").headers["Set-Cookie"].split("; ")


def test_a_beat_is_answered_with_the_same_care(academy_app: Academy) -> None:
    client = academy_app.test_client()
    for answer in (client.get("/beats"), client.post("/beats", data=b"{}"), client.post("/beats", data=b"x" * 70_000)):
        assert answer.status_code in (400, 405, 413)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.mimetype == "application/json"


@pytest.mark.parametrize("head", ["Host", "X-Forwarded-Host", "X-Original-URL", "Forwarded"])
def test_links_are_never_built_from_what_the_request_says_of_its_host(
    academy_app: Academy, made: factories.Academy, head: str
) -> None:
    client = web.browser(academy_app, "l001")
    for url in ("/", "/account", "/no/such/page", "/statement"):
        assert "evil.example" not in client.get(url, headers={head: "evil.example"}).text
    visitor = web.browser(academy_app)
    answer = visitor.get("/account", headers={head: "evil.example"})
    assert answer.headers["Location"] == "/sign-in?next=/account"
    assert "evil.example" not in visitor.get("/sign-in", headers={head: "evil.example"}).text


def test_a_visitors_word_about_its_address_is_not_believed(academy_app: Academy, made: factories.Academy) -> None:
    forged = web.browser(academy_app, address="10.9.0.1")
    codes = []
    for number in range(6):
        forged.environ_base["HTTP_X_FORWARDED_FOR"] = f"10.8.0.{number}"
        forged.environ_base["HTTP_X_REAL_IP"] = f"10.8.0.{number}"
        codes.append(web.sign_in(forged, "l001", "wrong password").status_code)
    assert codes == [422] * 5 + [429]


def _targets() -> list[str]:
    """Ways that filters have been fooled by: separators, encodings, control characters, schemes."""
    hosts = (
        "evil.example",
        "evil.example%2f",
        "localhost@evil.example",
        "127.0.0.1.evil.example",
        "[::1]@evil.example",
    )
    starts = ("//", "///", "////", "/\\", "\\\\", "\\/", "/\t/", "/\r\n/", "/\x00/", "/ /", "https://", "http:", "//\\",
              "javascript://", "data:text/html,", "/%09/", "\u3000//", "/\u2028/", "／／", "ftp://", "https:/", "/;@",
              "//;@", "?//", "#//", " //", "\x0b//", "/.//", "/..//", "/%5c")  # fmt: skip
    return [start + host for start in starts for host in hosts]


def test_no_way_in_leads_off_the_site(academy_app: Academy, made: factories.Academy) -> None:
    client = web.browser(academy_app, "l001")
    token = web.token_in(client.get("/account"))
    for target in _targets():
        inside = client.get("/sign-in", query_string={"next": target})
        outside = client.post("/language", data={"csrf_token": token, "locale": "zh_Hans_CN", "back": target})
        for answer in (inside, outside):
            if "\0" in target:
                assert answer.status_code == 400
                continue
            assert answer.status_code == 302, target
            where = answer.headers["Location"]
            # A browser drops tabs and line feeds, and reads a backslash as a slash.
            plain = re.sub(r"[\t\r\n]", "", where).replace("\\", "/")
            assert plain.startswith("/"), (target, where)
            assert not plain.startswith("//"), (target, where)


def test_hostile_text_is_shown_as_it_was_written(
    academy_app: Academy, web_db: Database, made: factories.Academy
) -> None:
    for text in HOSTILE:
        with web_db.writing() as session:
            course = session.scalars(select(Course)).one()
            lesson = session.scalars(select(Lesson)).one()
            person = session.get(Person, made.learner.id)
            assert person is not None
            course.title = course.title_en = course.summary = course.lecturer = lesson.title = person.name = text
        for login, urls in {
            "l001": ("/", "/courses", "/courses/course-1", f"/lessons/{lesson.id}", "/account", "/courses?q=" + text),
            "head1": ("/classes/class-1", f"/classes/class-1/learners/{made.learner.key}",
                      f"/statement/{made.learner.key}"),
            "editor": ("/edit", f"/edit?q={text}", f"/edit/course-1/lessons/{lesson.id}"),
        }.items():  # fmt: skip
            client = web.browser(academy_app, login)
            for url in urls:
                answer = client.get(url)
                assert answer.status_code == 200, (url, text, answer.text[-400:])
                # Escaped, and nothing in it was carried out: it stands there letter for letter.
                assert str(escape(text)) in answer.text, (url, text)
                assert "<" not in text or text not in answer.text, (url, text)


def test_more_fields_than_asked_for_change_nothing(
    academy_app: Academy, web_db: Database, made: factories.Academy
) -> None:
    client = web.browser(academy_app, "l001")
    token = web.token_in(client.get("/account"))
    more = {"role": "academy_admin", "person_id": str(made.admin.id), "login": "boss", "scope_kind": "academy"}
    data = {"csrf_token": token, "present": factories.PASSWORD, "password": "herons fly at dusk",
            "again": "herons fly at dusk", **more}  # fmt: skip
    assert client.post("/account/password", data=data).status_code == 302
    with web_db.reading() as session:
        held = session.scalars(select(RoleGrant.role).where(RoleGrant.person_id == made.learner.id)).all()
        assert held == ["learner"]
        assert session.scalars(select(Person.login).where(Person.id == made.learner.id)).one() == "l001"
    assert web.sign_in(web.browser(academy_app), "academy").status_code == 302


def test_an_opening_believes_nothing_but_the_lesson(
    academy_app: Academy, web_db: Database, made: factories.Academy
) -> None:
    client = web.browser(academy_app, "l001")
    token = web.token_in(client.get("/account"))
    with web_db.reading() as session:
        lesson = session.scalars(select(Lesson.id)).one()
    body = {"lesson": lesson, "learner": made.admin.id, "length_ms": 1, "max_rate": 99, "coverage": [[0, 1]]}
    opened = client.post("/viewings", json=body, headers={"X-CSRFToken": token}).get_json()
    assert (opened["length_ms"], opened["max_rate"]) == (factories.HOUR_MS, 2.0)
    with web_db.reading() as session:
        assert set(session.scalars(select(Viewing.learner_id))) == {made.learner.id}
    bodies: tuple[object, ...] = ({"lesson": "1"}, {"lesson": True}, {"lesson": 2**70}, {"lesson": -1}, [], "x", None)
    for wrong in bodies:
        assert client.post("/viewings", json=wrong, headers={"X-CSRFToken": token}).status_code == 422


def test_a_disabled_learner_is_out_everywhere_at_once(
    academy_app: Academy, web_db: Database, made: factories.Academy
) -> None:
    """Security rows 16 and 17: page, opening and beat, each at its next request."""
    client = web.browser(academy_app, "l001")
    token = web.token_in(client.get("/account"))
    with web_db.writing() as session:
        course = factories.course(session, "course-2")
        factories.offer(session, course, made.group)
        lesson = factories.versions(session, course)[0].lesson_id
    opened = client.post("/viewings", json={"lesson": lesson}, headers={"X-CSRFToken": token}).get_json()
    with web_db.writing() as session:
        people.disable(session, made.learner.id, made.admin.id)
    beat = {"lease": opened["lease"], "seq": 1, "ranges": [[0, 1000]]}
    answer = academy_app.test_client().post("/beats", json=beat)
    assert (answer.status_code, answer.get_json()) == (409, {"reason": "disabled", "acknowledged": False})
    assert client.get("/").status_code == 302
    assert client.post("/viewings", json={"lesson": lesson}, headers={"X-CSRFToken": token}).status_code in (
        302,
        400,
        401,
    )
    assert web.sign_in(web.browser(academy_app, address="10.7.0.1"), "l001").status_code in (403, 422)
    with web_db.reading() as session:
        row = session.get(Coverage, (made.learner.id, opened["media_version"]))
        assert row is not None
        assert row.counted_ms == 0


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("/.git/config", 404), ("/.env", 404), ("/static/../app/factory.py", 404), ("/static/%2e%2e/factory.py", 404),
        ("/static/css/", 404), ("/static/", 404), ("/static//etc/passwd", 404), ("/metrics", 404), ("/console", 404),
        ("/courses/%00", 404), ("/courses/..%2f..%2fetc", 404), ("/lessons/99999999999999999999", 404),
    ],
)  # fmt: skip
def test_nothing_lies_about(academy_app: Academy, made: factories.Academy, url: str, code: int) -> None:
    answer = web.browser(academy_app, "l001").get(url)
    assert answer.status_code in (code, 308)
    if answer.status_code == 308:
        assert web.browser(academy_app, "l001").get(answer.headers["Location"]).status_code == code
    assert "Traceback" not in answer.text


def test_a_nul_is_refused_on_either_database(academy_app: Academy, made: factories.Academy) -> None:
    client = web.browser(academy_app)
    answer = web.send(client, "/sign-in", "/sign-in", login="l001\0", password="a\0 b")
    assert answer.status_code == 400
    editor = web.browser(academy_app, "editor")
    assert editor.get("/edit", query_string={"q": "a\0"}).status_code == 400
    assert web.send(editor, "/edit/new", "/edit/new", title="x\0").status_code == 400
    for url in ("/edit/%00", "/classes/a%00", "/statement/%00"):
        assert web.browser(academy_app, "academy").get(url).status_code == 404, url


def test_no_other_method_is_taken(academy_app: Academy, made: factories.Academy) -> None:
    client = web.browser(academy_app, "l001")
    for method in ("TRACE", "CONNECT", "PROPFIND"):
        assert client.open("/account", method=method).status_code == 405


def test_a_body_beyond_the_limit_is_refused(academy_app: Academy, made: factories.Academy) -> None:
    client = web.browser(academy_app, "l001")
    big = {"CONTENT_LENGTH": "99999999999"}
    for url in ("/sign-in", "/language", "/viewings"):
        assert client.post(url, data={"x": "y"}, environ_overrides=big).status_code in (400, 413), url


def test_the_sources_evaluate_nothing() -> None:
    """Security rows 18, 27 and 28: no eval, no pickle, no shell, no markup that is trusted unseen."""
    wrong = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.names[0].name] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                names += [called] if called in ("eval", "exec", "compile", "__import__") else []
                names += ["shell=True" for word in node.keywords if word.arg == "shell"]
                names += ["render_template_string"] if "render_template_string" in ast.dump(node.func) else []
            bad = {"pickle", "marshal", "shelve", "yaml", "dill", "eval", "exec", "compile", "__import__", "shell=True",
                   "render_template_string"}  # fmt: skip
            wrong += [f"{path.relative_to(ROOT)}: {name}" for name in names if name.split(".")[0] in bad]
    assert wrong == []


def test_templates_trust_no_text() -> None:
    """Autoescaping is on for every template, and none switches it off."""
    wrong = []
    for path in sorted((ROOT / "app").rglob("templates/**/*.html")):
        text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        wrong += [
            f"{path.relative_to(ROOT)}: {found}"
            for found in re.findall(r"\|\s*safe\b|autoescape false|<style|\son[a-z]+=\"", text)
        ]
    assert wrong == []


def test_a_line_break_in_an_address_writes_no_second_line_of_the_log(
    academy_app: Academy, caplog: pytest.LogCaptureFixture
) -> None:
    """Security row 50: who asks for an address with a line break in it cannot forge an entry of the process's log."""
    with academy_app.test_request_context("/a%0d%0a2026-01-01 ERROR forged%E2%80%A8"):
        pages._broken(RuntimeError("x"))
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "unexpected error on GET /a\\u000d\\u000a2026-01-01 ERROR forged\\u2028"
