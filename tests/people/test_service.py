"""Accounts, roles, sign-ins: who gets in, who does not, and what is written down about it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base import events
from app.base.audit import AuditEntry
from app.base.db import Database
from app.base.errors import BadInput, Forbidden, NotFound, Refused, TooMany
from app.people import passwords, queries, service, throttle
from app.people.models import Credential, LoginSession, Person, UnitMembership
from tests import factories
from tests.factories import PASSWORD

HERE, THERE = "10.0.0.1", "10.0.0.2"


@pytest.fixture
def learner(session: Session, request: pytest.FixtureRequest) -> Person:
    """A learner whose login no other test uses: tries are counted in this process."""
    login = f"t{abs(hash(request.node.nodeid)):x}"[:20]
    return factories.person(session, login, "林晓岚", "learner", "own")


def entries(session: Session, action: str) -> list[AuditEntry]:
    session.flush()
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def test_a_person_is_made_with_pinyin_and_an_opaque_key(session: Session) -> None:
    made = service.create_person(session, "  Ｌ００9 ", "林晓岚", password=PASSWORD)
    assert (made.login, made.name_pinyin, len(made.key)) == ("l009", "lin xiao lan", 26)
    assert PASSWORD not in (session.get(Credential, made.id) or made).__dict__.values()
    with pytest.raises(BadInput, match="l009") as taken:
        service.create_person(session, "L009", "别人")
    assert taken.value.field == "login"


def test_of_two_with_one_login_at_the_same_moment_the_second_is_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.create_person(session, "l009", "林晓岚")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(session, "scalar", lambda *_given, **_more: None)  # it looked before the first was there
        with pytest.raises(BadInput, match="l009"):
            service.create_person(session, "l009", "别人")
    assert service.create_person(session, "l010", "别人").id


@pytest.mark.parametrize("login", ["x", "a b", "11010519491231002X", "<script>", "a" * 61])
def test_logins_that_cannot_be_used(session: Session, login: str) -> None:
    with pytest.raises(BadInput):
        service.create_person(session, login, "某人")


@pytest.mark.parametrize("weak", ["short7!", "aaaaaaaa", "12345678", "password1", "Qwerty123", "x" * 257, "learner77"])
def test_passwords_that_are_refused(weak: str) -> None:
    with pytest.raises(BadInput) as refused:
        passwords.check(weak, "learner77")
    assert refused.value.field == "password"


@pytest.mark.usefixtures("costly_passwords")
def test_long_passwords_are_whole_and_one_form_fits_every_keyboard() -> None:
    long = "云" * 64 + "汀上有鹤"
    passwords.check(long, "x")
    made = passwords.make(long)
    assert passwords.matches(made, long)
    assert not passwords.matches(made, long[:-1])
    assert passwords.matches(passwords.make("ａｂｃ汀上有鹤飞过"), "abc汀上有鹤飞过")
    assert not passwords.matches(None, long)


def test_signing_in_gives_a_token_of_which_only_a_hash_is_kept(session: Session, learner: Person) -> None:
    person, token = service.sign_in(session, learner.login.upper(), PASSWORD, "Chrome", HERE)
    row = session.scalars(select(LoginSession)).one()
    assert person.id == learner.id
    assert token not in (row.token_hash, row.device)
    bearer = queries.bearer(session, service.hash_of(token), date(2026, 3, 2))
    assert bearer is not None
    assert (bearer.person_id, bearer.session_id, bearer.grants[0].role) == (learner.id, row.id, "learner")
    assert queries.bearer(session, service.hash_of(token + "x"), date(2026, 3, 2)) is None
    assert [e.outcome for e in entries(session, "sign_in")] == ["done"]
    again = service.sign_in(session, learner.login, PASSWORD, "Chrome", HERE)[1]
    assert again != token


def test_five_failures_close_the_door_for_this_address_only(session: Session, learner: Person) -> None:
    left = []
    for _try in range(5):
        with pytest.raises(service.WrongPassword) as wrong:
            service.sign_in(session, learner.login, "wrong password", "", HERE)
        left.append(wrong.value.text)
    assert "4" in left[0]
    assert len(set(left)) == 5
    with pytest.raises(TooMany):
        service.sign_in(session, learner.login, PASSWORD, "", HERE)
    assert service.sign_in(session, learner.login, PASSWORD, "", THERE)[0].id == learner.id
    refused = entries(session, "sign_in")
    assert [e.outcome for e in refused] == ["refused"] * 6 + ["done"]
    assert json.loads(refused[0].detail)["address"] == HERE


def test_a_right_password_gives_the_tries_back(session: Session, learner: Person) -> None:
    for _round in range(3):
        for _try in range(4):
            with pytest.raises(service.WrongPassword):
                service.sign_in(session, learner.login, "wrong password", "", HERE)
        service.sign_in(session, learner.login, PASSWORD, "", HERE)


def test_parallel_guesses_are_judged_five_times_at_most(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    monkeypatch.setattr(passwords, "matches", lambda stored, given: judged.append(given))
    tried = service.guess(queries.NOBODY, "parallel-login", HERE)

    def guess(number: int) -> str:
        try:
            with db.writing() as session:
                left = throttle.take(session, tried)
            service.judge(queries.NOBODY, f"guess {number}", left)
        except Refused as refused:
            return type(refused).__name__
        return "in"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(guess, range(60)))
    assert (len(judged), said.count("TooMany")) == (throttle.TRIES, 55)


@pytest.mark.usefixtures("costly_passwords")
def test_unknown_and_known_logins_are_told_the_same(
    session: Session, learner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked = []
    whole = passwords._hasher.verify

    class Counting:
        def verify(self, stored: str, given: str) -> bool:
            worked.append(stored[:30])
            return whole(stored, given)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    said = []
    for login in (learner.login, learner.login + "-nobody"):
        with pytest.raises(service.WrongPassword) as wrong:
            service.sign_in(session, login, "wrong password", "", HERE)
        said.append(wrong.value.text)
    assert said[0] == said[1]
    assert worked[0] == worked[1]  # the same parameters of argon2id, once each
    assert len(worked) == 2
    subjects = [e.subject for e in entries(session, "sign_in")]
    assert learner.login in subjects[0]
    assert "nobody" not in subjects[1]  # what was typed there may be a password


def test_a_disabled_person_is_out_at_once_and_said_so(session: Session, learner: Person) -> None:
    _person, token = service.sign_in(session, learner.login, PASSWORD, "", HERE)
    told: list[int] = []

    def listener(_session: Session, person_id: int) -> None:
        told.append(person_id)

    events.listen(events.PERSON_DISABLED, listener)
    try:
        service.disable(session, learner.id, None)
        service.disable(session, learner.id, None)
    finally:
        events._listeners[events.PERSON_DISABLED].remove(listener)
    assert told == [learner.id]
    assert queries.bearer(session, service.hash_of(token), date(2026, 3, 2)) is None
    with pytest.raises(service.WrongPassword):
        service.sign_in(session, learner.login, PASSWORD, "", HERE)
    with pytest.raises(Forbidden):
        service.begin(session, learner.id, "", HERE)
    assert len(entries(session, "person.disable")) == 1


def test_only_ones_own_sign_ins_can_be_ended(session: Session, learner: Person) -> None:
    _person, token = service.sign_in(session, learner.login, PASSWORD, "", HERE)
    other = factories.person(session, "somebody", "别人", "learner", "own")
    row = session.scalars(select(LoginSession)).one()
    with pytest.raises(NotFound):
        service.revoke(session, row.id, other.id)
    assert queries.bearer(session, service.hash_of(token), date(2026, 3, 2)) is not None
    service.sign_out(session, row.id, learner.id)
    assert queries.bearer(session, service.hash_of(token), date(2026, 3, 2)) is None
    assert len(entries(session, "sign_out")) == 1


def test_changing_the_password_asks_for_the_old_one_and_ends_other_devices(session: Session, learner: Person) -> None:
    tokens = [service.sign_in(session, learner.login, PASSWORD, name, HERE)[1] for name in ("one", "two")]
    first, second = [row.id for row in session.scalars(select(LoginSession).order_by(LoginSession.id))]
    assert first != second
    fresh = "herons fly at dusk"
    known = queries.known_by_id(session, learner.id)
    tried = service.guess(known, learner.login, HERE)
    with pytest.raises(service.WrongPassword):
        service.change_password(session, known, "not it at all", fresh, second, tried)
    service.change_password(session, known, PASSWORD, fresh, second, tried)
    session.flush()
    alive = [queries.bearer(session, service.hash_of(token), date(2026, 3, 2)) is not None for token in tokens]
    assert alive == [False, True]
    with pytest.raises(service.WrongPassword):
        service.sign_in(session, learner.login, PASSWORD, "", THERE)
    assert service.sign_in(session, learner.login, fresh, "", THERE)[0].id == learner.id


def test_units_carry_dates(session: Session, learner: Person) -> None:
    city = service.create_unit(session, "city", "市政府", "City", "party_government")
    water = service.create_unit(session, "water", "水务局", "Water", "party_government", city.id)
    service.join_unit(session, learner.id, city.id, "staff", date(2026, 1, 1))
    service.join_unit(session, learner.id, water.id, "section", date(2026, 3, 1))
    found = [
        queries.unit_of(session, learner.id, day) for day in (date(2025, 12, 31), date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert [unit and (unit.code, unit.band) for unit in found] == [None, ("city", "staff"), ("water", "section")]
    with pytest.raises(BadInput):
        service.join_unit(session, learner.id, city.id, "staff", date(2026, 2, 1))
    present = service.join_unit(session, learner.id, water.id, "section", date(2026, 3, 1))
    present.until = date(2026, 3, 9)  # leaves on a day ahead, and is elsewhere before
    service.join_unit(session, learner.id, city.id, "staff", date(2026, 3, 5))
    assert (present.until, queries.unit_of(session, learner.id, date(2026, 3, 6))) == (
        date(2026, 3, 5), queries.UnitRow(city.id, "city", "市政府", "City", "staff"),
    )  # fmt: skip


def test_roles_hold_from_their_day_and_three_administrators_stay_apart(
    session: Session, learner: Person, traveller: time_machine.Traveller
) -> None:
    service.grant_role(session, learner.id, "sys_admin", "academy")
    with pytest.raises(BadInput, match="sec_admin"):
        service.grant_role(session, learner.id, "sec_admin", "academy")
    for wrong in (("king", "academy", None), ("head_teacher", "class", None), ("head_teacher", "academy", 3)):
        with pytest.raises(BadInput):
            service.grant_role(session, learner.id, *wrong)
    service.grant_role(session, learner.id, "lecturer", "own", since=date(2026, 4, 1))
    _person, token = service.begin(session, learner.id, "", HERE)
    held = {}
    for day in (date(2026, 3, 2), date(2026, 4, 1)):
        bearer = queries.bearer(session, service.hash_of(token), day)
        assert bearer is not None
        held[day.month] = {grant.role for grant in bearer.grants}
    assert held == {3: {"learner", "sys_admin"}, 4: {"learner", "sys_admin", "lecturer"}}


def test_of_two_who_move_somebody_at_once_the_second_sees_the_first(db: Database) -> None:
    day = date(2026, 3, 2)
    with db.writing() as session:
        moved = factories.person(session, "l001", "林晓岚", "learner", "own").id
        units = [service.create_unit(session, code, code, code, "").id for code in ("city", "water", "roads")]
        service.join_unit(session, moved, units[0], "staff", date(2026, 1, 1))

    def later() -> None:
        with db.writing() as session:
            service.join_unit(session, moved, units[2], "staff", day)

    with ThreadPoolExecutor(1) as pool:
        with db.writing() as session:
            service.join_unit(session, moved, units[1], "staff", day)
            asked = pool.submit(later)
            time.sleep(0.5)
        asked.result(20)
    with db.reading() as session:
        rows = select(UnitMembership.unit_id, UnitMembership.since, UnitMembership.until).order_by(UnitMembership.id)
        assert [tuple(row) for row in session.execute(rows)] == [
            (units[0], date(2026, 1, 1), day), (units[2], day, None),
        ]  # fmt: skip
