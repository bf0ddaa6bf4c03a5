"""Signing in by staff number, telephone number or e-mail address, however they are written."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.people import queries, service
from app.people.identifiers import plain_email, plain_phone
from tests import factories


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13800000001", "13800000001"), ("138 0000 0001", "13800000001"), ("138-0000-0001", "13800000001"),
        ("+86 138 0000 0001", "13800000001"), ("0086-13800000001", "13800000001"), ("8613800000001", "13800000001"),
        ("１３８００００００01", "13800000001"), ("（0571）8765-4321", "057187654321"),
        ("+44 20 7946 0958", "+442079460958"),
        ("", ""), ("abc", ""), ("1380000000a", ""), ("12", ""), ("1" * 40, ""), ("+86", ""), ("++8613800000001", ""),
    ],
)  # fmt: skip
def test_a_number_has_one_form(typed: str, stored: str) -> None:
    assert plain_phone(typed) == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Lin.Xiaolan@Example.COM", "lin.xiaolan@example.com"), (" a@b.cn ", "a@b.cn"), ("ａ＠ｂ.ｃｎ", "a@b.cn"),
        ("a@b", ""), ("@b.cn", ""), ("a b@c.cn", ""), ("a@b.cn\nBcc: x@y.cn", ""), ("a,b@c.cn", ""), ("", ""),
        ("㎯" * 60 + "@b.cn", ""),
    ],
)  # fmt: skip
def test_an_address_has_one_form(typed: str, stored: str) -> None:
    assert plain_email(typed) == stored


def test_each_of_the_three_leads_to_the_account(session: Session) -> None:
    made = service.create_person(session, "G1001", "林晓岚", phone="+86 138 0000 0001", email="Lin@Example.cn")
    assert (made.phone, made.email) == ("13800000001", "lin@example.cn")
    for typed in ("g1001", " Ｇ１００１", "13800000001", "138-0000-0001", "+8613800000001", "LIN@example.cn"):
        assert queries.known(session, typed).person_id == made.id, typed
    for typed in ("", "g1002", "1380000000", "lin@example.com", "x" * 500, "13800000001 or 1=1", "%", "None"):
        assert queries.known(session, typed) == queries.NOBODY, typed


def test_what_fits_several_accounts_is_nobodys(session: Session) -> None:
    first = service.create_person(session, "g1", "甲", phone="13800000001", email="office@example.cn")
    second = service.create_person(session, "g2", "乙", phone="13800000001", email="office@example.cn")
    for typed in ("13800000001", "office@example.cn"):
        assert queries.known(session, typed) == queries.NOBODY
    assert queries.known(session, "g1").person_id == first.id
    service.disable(session, first.id, None)
    assert queries.known(session, "13800000001").person_id == second.id
    closed = queries.known(session, "g1")
    assert (closed.person_id, closed.disabled) == (first.id, True)


def test_a_staff_number_is_its_owners_whoever_has_it_for_a_telephone_number(session: Session) -> None:
    owner = service.create_person(session, "13900000009", "甲")
    service.create_person(session, "g2", "乙", phone="13900000009")
    assert queries.known(session, "13900000009").person_id == owner.id


def test_no_one_is_found_by_an_empty_telephone_number(session: Session) -> None:
    factories.person(session, "g1", "甲", "learner", "own")
    assert queries.known(session, "") == queries.NOBODY
    assert queries.known(session, "@") == queries.NOBODY
