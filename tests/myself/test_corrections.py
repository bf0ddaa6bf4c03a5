"""Corrections: asked for on the own page, decided by the unit's liaison officer or the academy."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import delete, func, select
from werkzeug.test import TestResponse

from app.base.audit import AuditEntry
from app.base.errors import Forbidden, Refused
from app.classes import service as classes
from app.credits.models import Evidence
from app.myself.corrections import queries, service
from app.myself.corrections.models import Correction
from app.notices import queries as notices
from app.people import queries as people
from app.people.models import Credential, Person, UnitMembership
from app.people.service import disable, join_unit
from app.rules.access import Scope
from tests import factories
from tests.factories import web
from tests.myself.conftest import City, browser

DAY = date(2026, 3, 2)
DESK, PROFILE = "/desk/corrections", "/account/profile"


def ask(city: City, login: str, field: str, wanted: str = "", reason: str = "写错了，请更正") -> TestResponse:
    at = f"{PROFILE}/correct/{field}"
    given = {"wanted": wanted, "reason": reason, "present": factories.PASSWORD}
    return web.send(browser(city, login), at, at, **given)


def key_of(city: City, login: str, field: str) -> str:
    with city.db.reading() as session:
        mine = (Correction.person_id == city.ids[login], Correction.field == field)
        return session.scalars(select(Correction.key).where(*mine).order_by(Correction.id.desc())).first() or ""


def decide(city: City, login: str, key: str, how: str, answer: str = "") -> TestResponse:
    client = browser(city, login)
    page = client.get("/account")
    data = {"csrf_token": web.token_in(page), "answer": answer}
    return client.post(f"{DESK}/{key}/{how}", data=data)


def told(city: City, login: str) -> list[str]:
    with city.app.test_request_context(), city.db.reading() as session:
        return [each.said.text for each in notices.latest(session, city.ids[login], 10)]


def entries(city: City, action: str) -> list[dict[str, object]]:
    with city.db.reading() as session:
        rows = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == action).order_by(AuditEntry.id))
        return [json.loads(each) for each in rows]


def test_the_own_page_says_who_one_is_with_dates(city: City) -> None:
    with city.db.writing() as session:
        join_unit(session, city.ids["a1"], city.units["roads"], "section", date(2026, 2, 1))
    html = web.strict(browser(city, "a1").get(PROFILE))
    plain = re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", html))
    assert "鲍知夏" in plain
    assert "139****0001" in plain
    assert "13900000001" not in html
    assert "交通局·科级" in plain
    assert "2026年2月1日–今天" in plain
    assert "2026年1月1日–2026年1月31日" in plain
    assert "学员当前" in plain or "学员现在" in plain


def test_a_name_is_corrected_by_the_liaison_officer_and_the_person_is_told(city: City) -> None:
    assert ask(city, "a1", "name", "鲍芝夏").status_code == 302
    assert "有人申请更正：姓名。" in told(city, "la")
    assert told(city, "lb") == []
    page = browser(city, "la").get(DESK).text
    assert "鲍芝夏" in page
    assert decide(city, "la", key_of(city, "a1", "name"), "accept", "已核对").status_code == 302
    with city.db.reading() as session:
        row = session.get_one(Person, city.ids["a1"])
        assert (row.name, row.name_pinyin) == ("鲍芝夏", "bao zhi xia")
    assert told(city, "a1") == ["已按你的申请更正：姓名。 已核对"]
    assert entries(city, "correction.accept") == [{"was": {"name": "鲍知夏"}, "now": {"name": "鲍芝夏"}}]
    with city.db.reading() as session:
        assert notices.counts(session, city.ids["la"]).unread == 0
    assert "已更正" in browser(city, "a1").get(PROFILE).text
    assert "鲍芝夏" in browser(city, "la").get(f"{DESK}?show=decided").text


def test_a_liaison_officer_sees_nothing_of_another_unit(city: City) -> None:
    ask(city, "b1", "name", "阚秋树")
    key = key_of(city, "b1", "name")
    client = browser(city, "la")
    assert "阚秋" not in client.get(DESK).text
    assert client.get(f"{DESK}/{key}").status_code == 404
    for how in ("accept", "decline"):
        assert decide(city, "la", key, how, "不是我的").status_code == 404
    with city.db.reading() as session:
        assert queries.listing(Scope(), session, DAY, waiting=True, page=1).waiting == 0
        assert session.get_one(Person, city.ids["b1"]).name == "阚秋澍"
    assert decide(city, "lb", key, "decline", "身份证上是澍").status_code == 302
    assert told(city, "b1") == ["未予更正：姓名。 身份证上是澍"]


def test_nobody_takes_back_or_reads_what_is_somebody_elses(city: City) -> None:
    ask(city, "b1", "name", "阚秋树")
    key = key_of(city, "b1", "name")
    client = browser(city, "a1")
    assert web.send(client, "/account", f"/account/corrections/{key}/withdraw").status_code == 404
    assert client.get(f"{DESK}/{key}").status_code == 403
    assert web.send(browser(city, "b1"), "/account", f"/account/corrections/{key}/withdraw").status_code == 302
    assert browser(city, "lb").get(f"{DESK}/{key}").status_code == 404
    assert told(city, "b1") == []


def test_nobody_decides_their_own_and_staff_are_decided_by_the_academy(city: City) -> None:
    ask(city, "la", "name", "蔺水声")
    key = key_of(city, "la", "name")
    assert browser(city, "la").get(f"{DESK}/{key}").status_code == 404
    assert "有人申请更正：姓名。" in told(city, "academy")
    ask(city, "academy", "name", "蒋禾")
    own = key_of(city, "academy", "name")
    assert "须由他人审核" in browser(city, "academy").get(f"{DESK}/{own}").text
    assert decide(city, "academy", own, "accept").status_code == 403
    assert decide(city, "academy", key, "accept").status_code == 302
    with city.db.writing() as session:
        row = queries.one(Scope(everything=True), session, own, DAY)
        assert row is not None
        with city.app.test_request_context(), pytest.raises(Forbidden):
            service.accept(session, city.ids["academy"], row, "", DAY, mail=False)


def test_what_one_signs_in_with_asks_for_the_password(city: City) -> None:
    client, at = browser(city, "a1"), f"{PROFILE}/correct/phone"
    wrong = web.send(client, at, at, wanted="138 0000 1111", reason="", present="not this one")
    assert wrong.status_code == 422
    assert key_of(city, "a1", "phone") == ""
    assert entries(city, "person.confirm_password")
    assert ask(city, "a1", "phone", "+86 138-0000-1111").status_code == 302
    assert decide(city, "la", key_of(city, "a1", "phone"), "accept").status_code == 302
    with city.db.reading() as session:
        assert session.get_one(Person, city.ids["a1"]).phone == "13800001111"
        assert people.known(session, "13800001111").person_id == city.ids["a1"]


def test_a_number_that_another_account_has_is_pointed_out(city: City) -> None:
    ask(city, "a1", "phone", "13900000002")
    assert "已有其他账号使用" in browser(city, "la").get(f"{DESK}/{key_of(city, 'a1', 'phone')}").text


def test_an_address_is_taken_at_once_only_where_no_mail_goes_out(city: City) -> None:
    ask(city, "a1", "email", "Bao@Example.cn")
    with city.db.writing() as session, city.app.test_request_context():
        row = queries.one(Scope(everything=True), session, key_of(city, "a1", "email"), DAY)
        assert row is not None
        service.accept(session, city.ids["la"], row, "", DAY, mail=True)
        assert session.get_one(Person, city.ids["a1"]).email is None
    assert "bao@example.cn" in told(city, "a1")[0]
    ask(city, "a1", "email", "bao@example.cn")
    assert decide(city, "la", key_of(city, "a1", "email"), "accept").status_code == 302
    with city.db.reading() as session:
        assert session.get_one(Person, city.ids["a1"]).email == "bao@example.cn"


def test_a_unit_is_handed_on_and_not_changed(city: City) -> None:
    ask(city, "a1", "unit", "交通局")
    assert decide(city, "la", key_of(city, "a1", "unit"), "accept", "请交通局接收").status_code == 302
    with city.db.reading() as session:
        unit = people.unit_of(session, city.ids["a1"], DAY)
        assert unit is not None
        assert unit.code == "water"
    assert "已转交" in told(city, "a1")[0]
    assert entries(city, "correction.hand_on") == [{"field": "unit", "place": "交通局"}]


def test_another_band_holds_from_the_day_of_the_decision(city: City) -> None:
    assert ask(city, "a1", "band", "no-such-band").status_code == 422
    ask(city, "a1", "band", "section")
    assert decide(city, "la", key_of(city, "a1", "band"), "accept").status_code == 302
    with city.db.reading() as session:
        mine = select(UnitMembership.band, UnitMembership.since, UnitMembership.until)
        rows = session.execute(
            mine.where(UnitMembership.person_id == city.ids["a1"]).order_by(UnitMembership.since)
        ).all()
        assert [tuple(row) for row in rows] == [("staff", factories.SINCE, DAY), ("section", DAY, None)]


def test_another_band_of_who_is_in_a_class_is_evidence(city: City) -> None:
    with city.db.writing() as session:
        group = classes.open_class(session, "class-1", "网络一班", "Online class 1")
        classes.enrol(session, city.ids["a1"], group.id, factories.SINCE, None)
    ask(city, "a1", "band", "section")
    assert decide(city, "la", key_of(city, "a1", "band"), "accept").status_code == 302
    with city.db.reading() as session:
        stood = select(Evidence.facts).where(Evidence.learner_id == city.ids["a1"], Evidence.kind == "standing")
        facts = [json.loads(each) for each in session.scalars(stood.order_by(Evidence.id))]
    assert (facts[0]["band"], facts[-1]["band"], facts[-1]["change"]) == ("staff", "section", "changed")


def test_nothing_of_a_closed_account_is_corrected(city: City) -> None:
    ask(city, "a1", "band", "section")
    with city.db.writing() as session:
        disable(session, city.ids["a1"], None)
    assert decide(city, "la", key_of(city, "a1", "band"), "accept").status_code == 409
    with city.db.reading() as session:
        mine = UnitMembership.person_id == city.ids["a1"]
        assert session.scalars(select(UnitMembership.band).where(mine)).all() == ["staff"]


@pytest.mark.parametrize(
    ("field", "wanted", "reason"),
    [
        ("name", "", ""), ("name", "字" * 61, ""), ("name", "鲍\u202e夏", ""), ("phone", "no number", ""),
        ("email", "no address", ""), ("name", "鲍知夏", ""), ("unit", "", ""), ("other", "", ""), ("other", "", "错"),
        ("name", "鲍", "长" * 501),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_at_its_field(city: City, field: str, wanted: str, reason: str) -> None:
    answer = ask(city, "a1", field, wanted, reason)
    assert answer.status_code == 422
    assert 'class="error"' in answer.text
    assert key_of(city, "a1", field) == ""


def test_one_open_for_a_field_four_in_all_ten_a_day(city: City) -> None:
    assert ask(city, "a1", "name", "鲍一").status_code == 302
    assert ask(city, "a1", "name", "鲍二").status_code == 409
    for field, wanted in (("phone", "13811110000"), ("unit", "交通局"), ("band", "section")):
        assert ask(city, "a1", field, wanted).status_code == 302
    assert ask(city, "a1", "other", "", "出生年月不对").status_code == 409
    with city.db.writing() as session, city.app.test_request_context():
        for number in range(6):
            row = queries.own(session, city.ids["a1"], key_of(city, "a1", "name"), DAY)
            assert row is not None
            service.withdraw(session, row)
            service.ask(session, city.ids["a1"], "name", f"鲍{number}", "", DAY)
            session.commit()
    client = browser(city, "a1")
    web.send(client, "/account", f"/account/corrections/{key_of(city, 'a1', 'name')}/withdraw")
    assert ask(city, "a1", "name", "鲍再").status_code == 429


def test_the_same_form_twice_makes_one_and_of_two_decisions_the_first_holds(city: City) -> None:
    ask(city, "a1", "name", "鲍芝夏")
    with city.app.test_request_context(), city.db.writing() as session:
        with pytest.raises(Refused):
            service._keep(session, city.ids["a1"], "name", "", "鲍芝夏", "", DAY)
        assert session.scalar(select(func.count()).select_from(Correction)) == 1
        row = queries.own(session, city.ids["a1"], key_of(city, "a1", "name"), DAY)
        assert row is not None
        service.decline(session, city.ids["la"], row, "身份证上不是")
        with pytest.raises(Refused):
            service.accept(session, city.ids["academy"], row, "", DAY, mail=False)
        assert session.get_one(Person, city.ids["a1"]).name == "鲍知夏"


def test_declining_needs_a_reason(city: City) -> None:
    ask(city, "a1", "name", "鲍芝夏")
    assert decide(city, "la", key_of(city, "a1", "name"), "decline", "").status_code == 422
    assert told(city, "a1") == []


def test_an_unknown_field_is_nowhere(city: City) -> None:
    assert browser(city, "a1").get(f"{PROFILE}/correct/salary").status_code == 404


def test_without_a_password_a_fresh_sign_in_is_the_proof(city: City, traveller: time_machine.Traveller) -> None:
    client, at = browser(city, "a1"), f"{PROFILE}/correct/phone"
    with city.db.writing() as session:
        session.execute(delete(Credential).where(Credential.person_id == city.ids["a1"]))
    assert web.send(client, at, at, wanted="13800001111", reason="").status_code == 302
    web.send(client, "/account", f"/account/corrections/{key_of(city, 'a1', 'phone')}/withdraw")
    traveller.shift(timedelta(minutes=11))
    refused = web.send(client, at, at, wanted="13800001112", reason="")
    assert refused.status_code == 409
    assert "请退出后重新登录" in refused.text
