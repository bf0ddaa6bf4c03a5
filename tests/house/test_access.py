"""Who may open what: every address × every role and the visitor, against the running application."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base import access, runs
from app.base.db import Database
from app.base.settings import Settings
from app.courses.models import Caption, Lesson
from app.credits import heads
from app.credits.books import daily
from app.credits.certificates import service as certificates
from app.credits.certificates.service import Wanted
from app.factory import Academy
from app.myself.corrections import service as corrections
from app.notices import queries as notices_queries
from app.notices import service as notices
from app.people import roles_queries
from app.people.queries import person_by_key
from app.questions import service as questions
from app.roster import service as rosters
from app.roster.looking import File
from app.rules.access import ROLES, TABLE
from app.rules.questions.draft import true_or_false
from app.tables import METADATA
from app.tickets import service as tickets
from app.viewing import notebook
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.roster.books import as_csv, city

if TYPE_CHECKING:
    from werkzeug.routing import Rule

__all__ = ["academy_app", "traveller", "web_db"]

# What each address asks for. An address that is not here, or asks for less than before, fails the build.
ASKS = {
    "accounts.close": "person.disable",
    "accounts.issue": "account.issue",
    "accounts.listing": "account.see",
    "accounts.one": "account.see",
    "accounts.reopen": "person.disable",
    "accounts.reset_second_factor": "account.second_factor",
    "accounts.send_links": "account.issue",
    "announcements.delete": "announcement.write",
    "announcements.listing": "announcement.write",
    "announcements.new": "announcement.write",
    "announcements.one": "announcement.write",
    "announcements.take_back": "announcement.write",
    "arranging.apply": "class.arrange",
    "arranging.begin": "class.arrange",
    "arranging.new_rule": "class.arrange",
    "arranging.page": "class.arrange",
    "arranging.pin": "class.arrange",
    "arranging.pins": "class.arrange",
    "arranging.preview": "class.arrange",
    "arranging.release": "class.arrange",
    "arranging.remove": "class.arrange",
    "arranging.rule": "class.arrange",
    "arranging.shift": "class.arrange",
    "assets.css": "public",
    "audit.export": "audit.see",
    "audit.head_file": "audit.see",
    "audit.page": "audit.see",
    "audit.prove": "audit.see",
    "base.healthz": "public",
    "books.balance": "books.verify",
    "books.heads_file": "books.verify",
    "books.page": "books.verify",
    "books.prove": "books.verify",
    "certificate_desk.file": "statement.see",
    "certificate_desk.find": "certificate.revoke",
    "certificate_desk.listing": "statement.see",
    "certificate_desk.new": "statement.see",
    "certificate_desk.revoke": "certificate.revoke",
    "certificates.file": "signed_in",
    "certificates.mine": "signed_in",
    "certificates.new": "signed_in",
    "check.answer": "public",
    "check.ask": "public",
    "checks.answer": "study",
    "checks.waiting": "study",
    "corrections.accept": "correction.decide",
    "corrections.decline": "correction.decide",
    "corrections.listing": "correction.decide",
    "corrections.one": "correction.decide",
    "courses.abilities": "course.edit",
    "courses.cancel": "course.edit",
    "courses.caption": "signed_in",
    "courses.cover": "signed_in",
    "courses.create": "course.edit",
    "courses.receive": "course.edit",
    "courses.where": "course.edit",
    "credits.clauses": "signed_in",
    "credits.statement": "signed_in",
    "credits.statement_file": "signed_in",
    "credits.statement_file_for": "statement.see",
    "credits.statement_for": "statement.see",
    "editor.add_article": "course.edit",
    "editor.add_document": "course.edit",
    "editor.add_file": "course.edit",
    "editor.article": "course.edit",
    "editor.cancel_rendition": "course.edit",
    "editor.captions": "course.edit",
    "editor.course": "course.edit",
    "editor.courses": "course.edit",
    "editor.document": "course.edit",
    "editor.import_questions": "course.edit",
    "editor.lesson": "course.edit",
    "editor.make_renditions": "course.edit",
    "editor.move": "course.edit",
    "editor.new": "course.edit",
    "editor.new_question": "course.edit",
    "editor.offer": "course.edit",
    "editor.question": "course.edit",
    "editor.questions": "course.edit",
    "editor.questions_file": "course.edit",
    "editor.renditions": "course.edit",
    "editor.replace_file": "course.edit",
    "editor.retry_rendition": "course.edit",
    "editor.take_questions": "course.edit",
    "editor.withdraw": "course.edit",
    "editor.withdraw_lesson": "course.edit",
    "editor.withdraw_offer": "course.edit",
    "editor.withdraw_question": "course.edit",
    "front.announcement": "public",
    "front.announcements": "public",
    "front.catalogue": "public",
    "front.glossary": "public",
    "front.help_list": "public",
    "front.help_page": "public",
    "front.picture": "public",
    "keys.activate": "public",
    "keys.change_email": "signed_in",
    "keys.choose": "public",
    "keys.confirm_email": "public",
    "keys.follow": "public",
    "keys.forgotten": "public",
    "liaison.correct": "unit.staff",
    "liaison.leave": "unit.staff",
    "liaison.listing": "unit.staff",
    "liaison.new": "unit.staff",
    "liaison.one": "unit.staff",
    "liaison.transfer": "unit.staff",
    "myself.correct": "signed_in",
    "myself.profile": "signed_in",
    "myself.withdraw": "signed_in",
    "notes.add": "study",
    "notes.change": "study",
    "notes.listing": "study",
    "notes.note": "study",
    "notes.remove": "study",
    "notices.choices": "signed_in",
    "notices.choose": "signed_in",
    "notices.messages": "signed_in",
    "notices.open_message": "signed_in",
    "notices.read_all": "signed_in",
    "oidc.back": "public",
    "oidc.begin": "public",
    "oidc.link": "signed_in",
    "oidc.own": "signed_in",
    "oidc.unlink": "signed_in",
    "people.account": "signed_in",
    "people.change_password": "signed_in",
    "people.end_others": "signed_in",
    "people.end_sign_in": "signed_in",
    "people.language": "public",
    "people.sign_in": "public",
    "people.sign_out": "signed_in",
    "periods.ask": "period.close",
    "periods.closing_record": "period.see",
    "periods.confirm": "period.close",
    "periods.decline": "period.close",
    "periods.period": "period.see",
    "periods.periods": "period.see",
    "periods.seal": "period.close",
    "periods.withdraw": "period.close",
    "proposals.decline": "rules.publish",
    "proposals.propose": "rules.draft",
    "proposals.publish": "rules.publish",
    "proposals.take_back": "rules.draft",
    "reading.pages": "study",
    "roles.end": "role.grant",
    "roles.listing": "role.grant",
    "roles.person": "role.grant",
    "roster.again": "roster.import",
    "roster.apply": "roster.import",
    "roster.columns": "roster.import",
    "roster.desk": "roster.import",
    "roster.everybody": "roster.import",
    "roster.look": "roster.import",
    "roster.one": "roster.import",
    "roster.take": "roster.import",
    "roster.undo": "roster.import",
    "roster.work": "roster.import",
    "roster.wrong_file": "roster.import",
    "rules.compare": "rules.see",
    "rules.version": "rules.see",
    "rules.versions": "rules.see",
    "runs.state": "signed_in",
    "runs.stop": "signed_in",
    "scim.config": "public",
    "scim.create_group": "public",
    "scim.create_user": "public",
    "scim.group": "public",
    "scim.groups": "public",
    "scim.nothing": "public",
    "scim.patch_group": "public",
    "scim.patch_user": "public",
    "scim.remove_group": "public",
    "scim.remove_user": "public",
    "scim.replace_group": "public",
    "scim.replace_user": "public",
    "scim.resource_types": "public",
    "scim.schemas": "public",
    "scim.search": "public",
    "scim.search_groups": "public",
    "scim.search_users": "public",
    "scim.user": "public",
    "scim.users": "public",
    "second.begin": "signed_in",
    "second.codes": "signed_in",
    "second.confirm": "signed_in",
    "second.remove": "signed_in",
    "second.setting": "signed_in",
    "second.step": "public",
    "simulations.export": "rules.draft",
    "simulations.simulate": "rules.draft",
    "staff.end": "staff.appoint",
    "staff.listing": "staff.appoint",
    "staff.person": "staff.appoint",
    "static": "public",
    "study.catalogue": "study",
    "study.course": "study",
    "study.gap": "study",
    "study.my_year": "public",
    "supervision.classes": "class.see",
    "supervision.export": "class.see",
    "supervision.learner": "class.see",
    "supervision.marks": "class.see",
    "supervision.my_class": "class.see",
    "taking.ask": "signed_in",
    "taking.data": "signed_in",
    "taking.take": "signed_in",
    "ticket_desk.answer": "ticket.answer",
    "ticket_desk.find": "ticket.answer",
    "ticket_desk.grant": "ticket.answer",
    "ticket_desk.ticket": "ticket.answer",
    "ticket_desk.tickets": "ticket.answer",
    "tickets.again": "study",
    "tickets.mine": "study",
    "tickets.new": "study",
    "tickets.one": "study",
    "tickets.withdraw": "study",
    "traces.learner": "statement.see",
    "traces.own": "signed_in",
    "transfers.accept": "unit.staff",
    "transfers.decline": "unit.staff",
    "transfers.listing": "unit.staff",
    "transfers.one": "unit.staff",
    "transfers.withdraw": "unit.staff",
    "units.act": "unit.change",
    "units.counts": "unit.see",
    "units.new": "unit.change",
    "units.one": "unit.see",
    "units.tree": "unit.see",
    "viewing.credit": "study",
    "viewing.lesson": "study",
    "viewing.open_viewing": "study",
    "workshop.begin": "rules.draft",
    "workshop.describe": "rules.draft",
    "workshop.draft": "rules.see",
    "workshop.new": "rules.draft",
    "workshop.save": "rules.draft",
    "workshop.undo": "rules.draft",
}
SAFE = ("GET", "HEAD", "OPTIONS")
# Who may open what is decided above the database; what is asked of it, each room tries on both engines, and so does
# `test_reading_changes_nothing` for every address.
ONE_ENGINE = pytest.mark.parametrize("any_database", ["sqlite"], indirect=True)
# Looking at somebody's record, or taking a copy, is noted; sign-ins note when they were last seen.
NOTED = {"audit_entry", "audit_link", "login_session"}


@dataclass
class Place:
    """An academy with a course that one class may study, and what stands in addresses."""

    app: Academy
    db: Database
    values: dict[str, str | int]
    learner_key: str

    def url(self, rule: Rule) -> str:
        """An address that exists, for this rule."""
        known = dict(self.values)
        if rule.endpoint.startswith(("supervision.", "ticket_desk.", "roles.", "staff.")):
            known["code"], known["key"] = "class-1", self.learner_key
        if rule.endpoint.startswith(("certificate", "check.")):
            known["code"] = self.values["certificate"]
        if rule.endpoint.startswith("units."):
            known["code"] = "city"
        if rule.endpoint.startswith(("corrections.", "myself.")):
            known["key"] = self.values["correction"]
        if rule.endpoint.startswith("roster."):
            known["run_id"] = self.values["applied" if rule.endpoint == "roster.work" else "looked"]
        with self.app.test_request_context():
            built = rule.build({name: known[name] for name in rule.arguments}, append_unknown=False)
        assert built is not None, rule
        return built[1]

    def rules(self) -> Iterator[tuple[Rule, str, str]]:
        """(rule, method, what it asks for) of everything that can be requested."""
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, access.access_of(self.app, rule.endpoint)


@pytest.fixture
def place(academy_app: Academy, web_db: Database) -> Place:
    with web_db.writing() as session:
        made = factories.academy(session, learners=1)
        course = factories.course(session, "course-1")
        offer = factories.offer(session, course, made.group)
        factories.watched(session, made.learner.id, course)
        lesson = session.scalars(select(Lesson.id)).one()
        version = factories.versions(session, course)[0]
        caption = Caption(media_version_id=version.id, language="zh", vtt="WEBVTT\n")
        session.add(caption)
        session.flush()
        values: dict[str, str | int] = {
            "code": course.code, "lesson_id": lesson, "offer_id": offer, "caption_id": caption.id, "session_id": 1,
            "person_key": made.learner.key, "number": 1, "key": "01HZZZZZZZZZZZZZZZZZZZZZZZ",
            "question_id": questions.add(session, course.id, true_or_false("真", True), actor_id=None).id,
            "filename": "favicon.svg", "version": "0", "day": "2026-01-01", "media_version_id": version.id,
            "rendition_id": factories.rendition(session, version.id),
            "run_id": factories.run(session, made.admin.id),
            "draft_id": factories.draft(session, made.admin.id),
            "grant_id": roles_queries.of_person(session, made.learner.id)[0].id, "form": "csv",
            "rule_id": factories.class_rule(session), "way": "up", "act": "change",
            "transfer_id": factories.transfer(session, made.learner.id, made.unit, made.admin.id),
            "identity_id": 1, "path": "none",
        }  # fmt: skip
        place = Place(academy_app, web_db, values, made.learner.key)
        chosen: Settings = academy_app.extensions["duxue.settings"]
        daily.keep(chosen.heads_dir, heads.export(session), factories.SINCE)
        learner = person_by_key(session, made.learner.key)
        assert learner is not None
        days = Wanted(factories.SINCE, date(2026, 3, 2), "zh")
        values["certificate"] = certificates.issue(session, chosen, learner, days, made.learner.id)
        with academy_app.test_request_context():
            values["correction"] = corrections.ask(session, made.learner.id, "name", "学员一", "", date(2026, 3, 2))
        values["field"] = "phone"
        values["announcement_id"] = factories.announcement(session)
        values["slug"], values["token"] = "faq", "x" * 43
        values["name"] = "my-year-1280-zh.png"
        values["note_id"] = notebook.add(session, made.learner.id, lesson, 0, "记一条").id
        values["ticket"], _fresh = tickets.open_ticket(session, chosen, made.learner.id, lesson, "看了没有计", None)
        notices.tell(session, made.learner.id, "ticket.answered", "/tickets", lesson="一", lesson_en="One", by="沈静宜")
        values["message_id"] = notices_queries.counts(session, made.learner.id).newest
        for role in ROLES:
            if role not in ("learner", "head_teacher"):
                factories.person(session, f"as-{role}", role, role, *_scope(role, made))
    values |= _roster(academy_app, web_db, made.admin.id)
    return place


def _roster(app: Academy, db: Database, actor_id: int) -> dict[str, int | str]:
    """A roster that was looked at and applied: what stands in addresses of the import desk."""
    chosen: Settings = app.extensions["duxue.settings"]
    file = File(as_csv(city(1)), "a.csv")
    with db.writing() as session:
        looked = rosters.begin_look(session, chosen, file, "人事处", date(2026, 3, 2), actor_id)
    runs.perform(db, chosen, looked)
    with db.writing() as session:
        run = runs.one(session, looked)
        assert run is not None
        applied = rosters.begin_apply(session, run, actor_id, many_may_leave=False)
    runs.perform(db, chosen, applied)
    return {"looked": looked, "applied": applied, "import_id": 1, "ending": "csv"}


def _scope(role: str, made: factories.Academy) -> tuple[str, int | None]:
    if role == "study_supervisor":
        return "class", made.group.id
    return ("unit", made.unit.id) if role.startswith("unit_") else ("academy", None)


LOGINS = {role: {"learner": "l001", "head_teacher": "head1"}.get(role, f"as-{role}") for role in ROLES}


def ask(client: FlaskClient, method: str, url: str, token: str = "", **headers: str) -> TestResponse:
    """A request as a browser would send it; with a token, as a form of ours would."""
    given = {**({"X-CSRFToken": token} if token else {}), **headers}
    answer = client.open(url, method=method, headers=given)
    answer.get_data()
    answer.close()  # a static file stays open otherwise
    return answer


def token_of(client: FlaskClient, at: str = "/account") -> str:
    return web.token_in(client.get(at))


def contents(db: Database) -> dict[str, str]:
    """Every table's rows as one hash, but for what may be noted."""
    found = {}
    with db.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            if table.name not in NOTED:
                rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
                found[table.name] = f"{len(rows)} {hashlib.sha256(repr(rows).encode()).hexdigest()}"
    return found


@ONE_ENGINE
def test_every_address_says_who_may_open_it(academy_app: Academy) -> None:
    declared = {
        rule.endpoint: access.access_of(academy_app, rule.endpoint) for rule in academy_app.url_map.iter_rules()
    }
    assert declared == ASKS
    assert set(declared.values()) <= {*TABLE, access.PUBLIC, access.SIGNED_IN}


def test_an_application_with_an_undeclared_view_does_not_start() -> None:
    bare = Flask("bare")
    bare.add_url_rule("/open", "open", lambda: "anybody")
    with pytest.raises(KeyError, match="does not say who may open it"):
        access.seal(bare)
    with pytest.raises(ValueError, match="not in the access table"):
        access.guard("no.such.permission")


@ONE_ENGINE
def test_a_visitor_is_sent_to_the_door(place: Place) -> None:
    client = web.browser(place.app)
    token, before = token_of(client, "/sign-in"), contents(place.db)
    for rule, method, need in place.rules():
        if need == access.PUBLIC:
            continue
        url = place.url(rule)
        page = ask(client, method, url, token)
        assert (page.status_code, page.location.partition("?")[0]) == (302, "/sign-in"), (method, url)
        assert ask(client, method, url, token, Accept="application/json").status_code == 401, (method, url)
    assert contents(place.db) == before


@ONE_ENGINE
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_gives_it_and_nothing_else(place: Place, role: str) -> None:
    client = web.browser(place.app, LOGINS[role])
    token, before = token_of(client), contents(place.db)
    opened = refused = 0
    for rule, method, need in place.rules():
        if need in (access.PUBLIC, access.SIGNED_IN):
            continue
        if role in TABLE[need]:
            if method == "GET":
                answer = ask(client, method, place.url(rule))
                assert answer.status_code in (200, 302), (place.url(rule), answer.status_code, answer.text[-300:])
                opened += 1
            continue
        assert ask(client, method, place.url(rule), token).status_code == 403, (method, place.url(rule))
        refused += 1
    assert contents(place.db) == before
    assert refused > 0
    assert bool(opened) == any(role in TABLE[need] for need in ASKS.values() if need in TABLE)


def test_reading_changes_nothing(place: Place) -> None:
    """Security row 11: no state changes on GET, whoever asks."""
    everybody = [web.browser(place.app, login) for login in LOGINS.values()]
    before = contents(place.db)
    for client in everybody:
        for rule, method, _need in place.rules():
            if method == "GET" and rule.endpoint != "base.healthz":
                for query in ("", "?page=2&q=a&open=1&period=2026-01-01&sort=name&status=late"):
                    assert ask(client, "GET", place.url(rule) + query).status_code < 500, place.url(rule)
    assert contents(place.db) == before


@ONE_ENGINE
def test_without_a_token_nothing_is_changed(place: Place) -> None:
    before, asked = contents(place.db), 0
    for login in ("l001", "editor", "academy", ""):
        client = web.browser(place.app, login)
        for rule, method, _need in place.rules():
            if method not in SAFE:
                for token in ("", "a.wrong.token"):
                    answer = ask(client, method, place.url(rule), token)
                    refused = 401 if rule.endpoint.startswith("scim.") else 400  # which takes tokens of its own only
                    assert answer.status_code == refused, (method, place.url(rule), answer.status_code)
                    asked += 1
    assert contents(place.db) == before
    assert asked > 100


@ONE_ENGINE
def test_a_token_of_another_session_is_refused(place: Place) -> None:
    mine, theirs = web.browser(place.app, "l001"), web.browser(place.app, "head1")
    assert ask(mine, "POST", "/sign-out", token_of(theirs)).status_code == 400
    assert mine.get("/account").status_code == 200


@ONE_ENGINE
def test_beats_stand_outside_the_map_and_take_no_cookie(place: Place) -> None:
    """The one address without a token: its authority is the lease in the body (ADR 2)."""
    client = web.browser(place.app, "l001")
    assert "/beats" not in {str(rule) for rule in place.app.url_map.iter_rules()}
    assert client.get("/beats").status_code == 405
    assert client.post("/beats", data="no beat").status_code == 400
    lease = "1.1.1.360000.2000.9999999999999." + "A" * 22
    answer = client.post("/beats", json={"lease": lease, "seq": 1, "ranges": [[0, 360000]]})
    assert (answer.status_code, answer.json) == (
        401,
        {"error": "not_ours", "text": "The lease is not one of this academy."},
    )


def test_colleagues_and_strangers_do_not_exist_for_each_other(place: Place) -> None:
    """Security row 2: swap an id for that of a sibling class; nothing is told apart from nothing."""
    with place.db.writing() as session:
        people_key = factories.person(session, "stranger", "外人", "learner", "own").key
    other = web.browser(place.app, "head2")  # looks after class-2
    key = place.learner_key
    for url in (
        "/classes/class-1", "/classes/class-1/export", "/classes/class-1/marks", f"/classes/class-1/learners/{key}",
        f"/classes/class-2/learners/{key}", f"/statement/{key}", f"/statement/{key}/statement.csv",
        f"/statement/{people_key}", "/classes/nothing", "/statement/nobody",
    ):  # fmt: skip
        assert other.get(url).status_code == 404, url
    outside = web.browser(place.app, "stranger")  # studies, but in no class
    lesson = place.values["lesson_id"]
    assert outside.get("/courses/course-1").status_code == 404
    assert outside.get(f"/lessons/{lesson}").status_code in (403, 404)
    assert outside.get(f"/lessons/{lesson}/credit").status_code in (403, 404)
    answer = outside.post("/viewings", json={"lesson": lesson}, headers={"X-CSRFToken": token_of(outside)})
    assert answer.status_code in (403, 404)
