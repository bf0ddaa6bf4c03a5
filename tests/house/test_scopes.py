"""Nobody crosses from one place into another: every address that carries a thing of a class, a unit or a person is
asked for with a thing of somewhere else, by everybody who works in one place only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.base import access
from app.rules.access import APPOINTS, REACHES, ROLES, TABLE, WHOLE, Grant, may, scope_of
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.house import places_apart
from tests.house.places_apart import HEAD, LOGIN, STAFF_A, Apart, marks_in
from tests.house.test_access import ONE_ENGINE, Place, ask, place, token_of

if TYPE_CHECKING:
    from werkzeug.routing import Rule

__all__ = ["academy_app", "place", "traveller", "web_db"]

# What the arguments of an address are in the other place, by the names of `Apart.values`; or, in words, why it carries
# nothing of a class, a unit or a person. An address with arguments that is not here fails the build.
ACADEMY, PUBLIC = "the academy's: material, rules, periods, announcements", "anybody's"
KEY = "a secret that its owner was sent: tests/people/test_keys.py"
CLASS, PERSON = {"code": "class_code"}, {"person_key": "person_key"}
PAPER = {"person_key": "person_key", "code": "certificate"}
LESSON, NOTE, RUN = {"lesson_id": "lesson_id"}, {"note_id": "note_id"}, {"run_id": "run_id"}
TICKET, DESK_TICKET = {"ticket": "ticket"}, {"code": "class_code", "ticket": "ticket"}
TRANSFER = {"transfer_id": "transfer_id"}
APPOINTED = {"key": "key", "grant_id": "grant_id"}
OUTSIDE: dict[str, dict[str, str] | str] = {
    "accounts.close": PERSON, "accounts.one": PERSON, "accounts.reopen": PERSON, "accounts.reset_second_factor": PERSON,
    "announcements.delete": ACADEMY, "announcements.one": ACADEMY, "announcements.take_back": ACADEMY,
    "assets.css": PUBLIC,
    "audit.export": "the form of a file of the whole log",
    "books.heads_file": "the whole academy's",
    "certificate_desk.file": PAPER, "certificate_desk.find": {"code": "certificate"},
    "certificate_desk.listing": PERSON, "certificate_desk.new": PERSON, "certificate_desk.revoke": PAPER,
    "certificates.file": {"code": "certificate"},
    "check.answer": PUBLIC,
    "checks.answer": LESSON, "checks.waiting": LESSON,
    "corrections.accept": {"key": "correction"}, "corrections.decline": {"key": "correction"},
    "corrections.one": {"key": "correction"},
    "courses.cancel": "an upload of one's own: tests/courses/test_uploads.py",
    "courses.caption": {"caption_id": "caption_id"}, "courses.cover": {"media_version_id": "media_version_id"},
    "courses.receive": "an upload of one's own: tests/courses/test_uploads.py",
    "credits.clauses": ACADEMY,
    "credits.statement_file_for": PERSON, "credits.statement_for": PERSON,
    "front.announcement": PUBLIC, "front.help_page": PUBLIC, "front.picture": PUBLIC,
    "keys.confirm_email": KEY, "keys.follow": KEY,
    "liaison.correct": PERSON, "liaison.leave": PERSON, "liaison.one": PERSON, "liaison.transfer": PERSON,
    "myself.correct": "the name of a field, of what is one's own", "myself.withdraw": {"key": "correction"},
    "notes.add": LESSON, "notes.change": NOTE, "notes.listing": LESSON, "notes.note": NOTE, "notes.remove": NOTE,
    "notices.open_message": {"message_id": "message_id"},
    "people.end_sign_in": {"session_id": "session_id"},
    "periods.ask": ACADEMY, "periods.closing_record": ACADEMY, "periods.confirm": ACADEMY, "periods.decline": ACADEMY,
    "periods.period": ACADEMY, "periods.seal": ACADEMY, "periods.withdraw": ACADEMY,
    "proposals.decline": ACADEMY, "proposals.propose": ACADEMY, "proposals.publish": ACADEMY,
    "proposals.take_back": ACADEMY,
    "reading.pages": LESSON,
    "roles.end": APPOINTED, "roles.person": {"key": "key"}, "staff.end": APPOINTED, "staff.person": {"key": "key"},
    "rules.version": ACADEMY,
    "runs.state": RUN, "runs.stop": RUN,
    "simulations.export": ACADEMY, "simulations.simulate": ACADEMY,
    "static": PUBLIC,
    "study.course": {"code": "course_code"},
    "supervision.export": CLASS, "supervision.learner": {"code": "class_code", "key": "key"},
    "supervision.marks": CLASS, "supervision.my_class": CLASS,
    "ticket_desk.answer": DESK_TICKET, "ticket_desk.find": TICKET, "ticket_desk.grant": DESK_TICKET,
    "ticket_desk.ticket": DESK_TICKET, "ticket_desk.tickets": CLASS,
    "tickets.again": TICKET, "tickets.new": LESSON, "tickets.one": TICKET, "tickets.withdraw": TICKET,
    "traces.learner": {"person_key": "person_key", "media_version_id": "media_version_id"},
    "traces.own": {"media_version_id": "media_version_id"},
    "transfers.accept": TRANSFER, "transfers.decline": TRANSFER, "transfers.one": TRANSFER,
    "transfers.withdraw": TRANSFER,
    "units.act": {"code": "unit_code", "act": "act"}, "units.one": {"code": "unit_code"},
    "viewing.credit": LESSON, "viewing.lesson": LESSON,
    "workshop.describe": ACADEMY, "workshop.draft": ACADEMY, "workshop.save": ACADEMY,
    "workshop.undo": ACADEMY,
}  # fmt: skip
# Editing courses is the academy's altogether: who holds it for a part does not come in (`WHOLE`).
OUTSIDE_ROOMS = {
    "editor": ACADEMY, "roster": "the whole academy's people", "arranging": "the whole academy's classes",
    "scim": "an identity system's, by its token: tests/doors/test_scim.py",
    "oidc": "one's own, and an operator's providers: tests/people/test_oidc.py",
}  # fmt: skip


def outside(rule: Rule) -> dict[str, str] | str:
    room = rule.endpoint.partition(".")[0]
    return OUTSIDE_ROOMS[room] if room in OUTSIDE_ROOMS else OUTSIDE[rule.endpoint]


def url_in(place: Place, rule: Rule, apart: Apart, mapped: dict[str, str]) -> str:
    with place.app.test_request_context():
        built = rule.build({name: apart.values[mapped[name]] for name in rule.arguments}, append_unknown=False)
    assert built is not None, rule
    return built[1]


@pytest.fixture
def apart(place: Place) -> Apart:
    return places_apart.build(place)


@ONE_ENGINE
def test_every_address_with_arguments_says_what_lies_outside(place: Place) -> None:
    with_arguments = {rule.endpoint for rule, _method, _need in place.rules() if rule.arguments}
    listed = {each for each in with_arguments if each.partition(".")[0] in OUTSIDE_ROOMS}
    assert with_arguments - listed == set(OUTSIDE)
    for rule, _method, _need in place.rules():
        mapped = outside(rule) if rule.arguments else ""
        assert isinstance(mapped, str) or set(mapped) == rule.arguments, rule


@ONE_ENGINE
@pytest.mark.parametrize("login", STAFF_A)
def test_what_is_somewhere_else_does_not_exist(place: Place, apart: Apart, login: str) -> None:
    """Security rows 1 and 2: pages, exports, runs and forms alike; nothing is told apart from nothing."""
    client = web.browser(place.app, login)
    token, before, asked = token_of(client), apart.rows(), 0
    for rule, method, need in place.rules():
        mapped = outside(rule) if rule.arguments else ""
        if isinstance(mapped, str) or need == access.PUBLIC:
            continue
        answer = ask(client, method, url_in(place, rule, apart, mapped), token)
        assert answer.status_code in (403, 404), (method, rule.rule, answer.status_code)
        assert not marks_in(answer), (method, rule.rule)
        asked += 1
    assert asked > 40
    assert apart.rows() == before


@ONE_ENGINE
@pytest.mark.parametrize("login", [LOGIN, HEAD, "as-academy_admin", "as-sec_admin"])
def test_for_those_to_whom_it_belongs_it_does(place: Place, apart: Apart, login: str) -> None:
    """The same addresses: otherwise the test above would prove nothing."""
    client = web.browser(place.app, "academy" if login == "as-academy_admin" else login)
    opened: set[str] = set()
    for rule, method, need in place.rules():
        mapped = outside(rule) if rule.arguments else ""
        if isinstance(mapped, str) or method != "GET":
            continue
        if need in TABLE or need == access.SIGNED_IN:
            status = ask(client, method, url_in(place, rule, apart, mapped)).status_code
            opened |= {rule.endpoint} if status in (200, 302) else set()
    expected = {
        LOGIN: {
            "certificates.file", "checks.waiting", "courses.caption", "notes.listing", "notes.note",
            "reading.pages", "runs.state", "study.course", "tickets.new", "tickets.one", "traces.own", "viewing.credit",
            "viewing.lesson",
        },
        HEAD: {
            "certificate_desk.file", "certificate_desk.listing", "certificate_desk.new", "credits.statement_file_for",
            "credits.statement_for", "supervision.export", "supervision.learner", "supervision.marks",
            "supervision.my_class", "ticket_desk.find", "ticket_desk.ticket", "ticket_desk.tickets", "traces.learner",
        },
        "as-academy_admin": {
            "certificate_desk.find", "certificate_desk.revoke", "corrections.one", "staff.person",
            "supervision.my_class", "runs.state",
        },
        "as-sec_admin": {"roles.person"},
    }  # fmt: skip
    assert expected[login] <= opened, expected[login] - opened


@ONE_ENGINE
@pytest.mark.parametrize("login", [login for login, (role, _kind) in STAFF_A.items() if role != "learner"])
def test_lists_searches_and_exports_of_one_place_hold_nothing_of_another(
    place: Place, apart: Apart, login: str
) -> None:
    """By page, search, export or run: whatever opens for who works in A names nobody of B."""
    assert apart.person_ids
    client, opened = web.browser(place.app, login), 0
    for rule, method, need in place.rules():
        if method != "GET" or need == access.PUBLIC:
            continue
        for query in ("", "?q=z&role=learner&class=class-9&unit=hydrology&period=2026-01-01", "?sort=name&as=xlsx"):
            answer = ask(client, method, place.url(rule) + query)
            assert answer.status_code < 500, (rule.rule, query)
            assert not marks_in(answer), (rule.rule, query)
            if answer.status_code != 200:
                break
            opened += 1
    assert opened > 5


@ONE_ENGINE
def test_the_auditor_changes_nothing(place: Place) -> None:
    """Security row 6: what the auditor may send begins a proof, which reads; and one's own account."""
    from tests.house.test_access import ASKS

    sent = {
        rule.endpoint
        for rule, method, need in place.rules()
        if method != "GET" and need in TABLE and "audit_admin" in TABLE[need]
    }
    assert sent == {"audit.prove", "books.prove"}
    assert {need for need in ASKS.values() if need in TABLE and "audit_admin" in TABLE[need]} == {
        "audit.see", "books.verify",
    }  # fmt: skip
    for role in ("sys_admin", "sec_admin", "audit_admin"):
        others = {"sys_admin", "sec_admin", "audit_admin"} - {role}
        for permission, holders in TABLE.items():
            assert role not in holders or not others & holders, permission


def test_what_is_the_whole_academys_is_not_opened_by_a_part() -> None:
    for permission in WHOLE:
        for role in TABLE[permission]:
            assert may([Grant(role, "academy")], permission)
            for kind, scope_id in (("own", None), ("class", 1), ("unit", 1)):
                assert not may([Grant(role, kind, scope_id)], permission)


def test_a_role_for_a_unit_reaches_its_branch() -> None:
    grants = [Grant("head_teacher", "class", 4), Grant("academy_admin", "unit", 2, frozenset({5, 6}))]
    found = scope_of(grants, "statement.see")
    assert (found.everything, sorted(found.class_ids), sorted(found.unit_ids)) == (False, [4], [2, 5, 6])


def test_the_table_is_whole() -> None:
    assert set(REACHES) == set(ROLES)
    assert set(APPOINTS) <= set(TABLE)
    assert all(set(roles) <= set(ROLES) for roles in (*TABLE.values(), *APPOINTS.values()))
    assert not {"sys_admin", "sec_admin", "audit_admin", "academy_admin", "archive_reader"} & set(
        APPOINTS["staff.appoint"]
    )
