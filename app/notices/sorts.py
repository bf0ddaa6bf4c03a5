"""Sorts of messages, and how each may reach somebody: in the application, by mail too, or not at all.

A mail says only that something is there: what it is stands in the academy, behind the sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.base.db import insert_into
from app.base.errors import BadInput
from app.notices.models import NoticeChoice
from app.people.models import Person
from app.rules.access import STAFF

OFF, APP, MAIL = "off", "app", "mail"
WAYS = (OFF, APP, MAIL)


@dataclass(frozen=True, slots=True)
class Sort:
    """Messages of one sort: those whose kind begins so. `must`: they cannot be switched off. `roles`: who gets any;
    none named: everybody."""

    name: str
    kinds: tuple[str, ...]
    must: bool = False
    roles: frozenset[str] = frozenset()


_STAFF = frozenset(STAFF)
SORTS: Final = (
    Sort(
        "data", ("correction.accepted", "correction.confirm", "correction.handed_on", "correction.declined"), must=True
    ),
    Sort("certificates", ("certificate.",), must=True),
    Sort("tickets", ("ticket.",), roles=frozenset({"learner"})),
    Sort("copies", ("copy.",)),
    Sort(
        "to_decide",
        ("correction.waits", "rules.proposed", "period.reopen_asked", "transfer.asked"),
        must=True,
        roles=_STAFF,
    ),
    Sort("work", ("rules.", "period.", "books.", "roster.", "rendition.", "transfer."), roles=_STAFF),
)
OTHER: Final = Sort("other", (), must=True)
_BY_PERSON = select(NoticeChoice.sort, NoticeChoice.way).where(NoticeChoice.person_id == bindparam("person"))


def sort_of(kind: str) -> Sort:
    """The sort of a kind; one that none knows belongs to what always arrives."""
    return next((each for each in SORTS if kind.startswith(each.kinds)), OTHER)


def words(sort: Sort) -> tuple[str, str]:
    """What a sort is called, and why it cannot be switched off ("" where it can)."""
    told = {
        "data": (_("Corrections of my data"), _("What is decided about your data is always told to you.")),
        "certificates": (_("Certificates"), _("Whether a certificate of yours holds is always told to you.")),
        "tickets": (_("Answers to my tickets"), ""),
        "copies": (_("Copies of my data"), ""),
        "to_decide": (_("What waits for my decision"), _("Somebody waits for you, so it always arrives.")),
        "work": (_("What became of my work at the desk"), ""),
    }  # fmt: skip
    name, why = told[sort.name]
    return str(name), str(why)


def offered(roles: frozenset[str]) -> list[Sort]:
    """The sorts of which somebody with these roles gets any."""
    return [each for each in SORTS if not each.roles or each.roles & roles]


def chosen(session: Session, person_id: int) -> dict[str, str]:
    """By sort what somebody has chosen; what is usual is not there."""
    return {row.sort: row.way for row in session.execute(_BY_PERSON, {"person": person_id})}


def choose(session: Session, person_id: int, sorts: list[Sort], ways: Mapping[str, str]) -> None:
    """Keep what somebody has chosen for these sorts. `BadInput` for what cannot be."""
    rows = []
    for sort in sorts:
        way = ways.get(sort.name, APP)
        if way not in WAYS or (sort.must and way == OFF):
            raise BadInput(_("This cannot be chosen. Nothing was changed."), sort.name)
        if way != APP:
            rows.append({"person_id": person_id, "sort": sort.name, "way": way})
    names = [sort.name for sort in sorts]
    session.execute(delete(NoticeChoice).where(NoticeChoice.person_id == person_id, NoticeChoice.sort.in_(names)))
    if rows:
        new = insert_into(session, NoticeChoice)
        session.execute(
            new.on_conflict_do_update(index_elements=["person_id", "sort"], set_={"way": new.excluded.way}), rows
        )


def wishes(session: Session, person_ids: list[int], sort: Sort) -> tuple[set[int], set[int]]:
    """Of these people: who wants no message of a sort, and who wants a mail too and has an address."""
    off: set[int] = set()
    mailed: set[int] = set()
    for at in range(0, len(person_ids), 500):
        rows = (
            select(NoticeChoice.person_id, NoticeChoice.way, Person.email)
            .join(Person, Person.id == NoticeChoice.person_id)
            .where(NoticeChoice.sort == sort.name, NoticeChoice.person_id.in_(person_ids[at : at + 500]))
        )
        for person_id, way, email in session.execute(rows):
            if way == OFF and not sort.must:
                off.add(person_id)
            elif way == MAIL and email:
                mailed.add(person_id)
    return off, mailed
