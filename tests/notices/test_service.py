"""What is told reaches whom it is for and nobody else, in the teller's transaction; what is read is read."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.base.db import Database
from app.base.errors import NotFound
from app.factory import Academy
from app.notices import kinds, queries, service
from app.notices.models import Notice
from app.people import queries as people_queries
from app.people import service as people
from app.people.models import Person, RoleGrant
from tests import factories
from tests.factories.web import statements

KIND = "tests.said"


@pytest.fixture
def two(session: Session) -> tuple[int, int]:
    """Two people."""
    return people.create_person(session, "aa", "甲").id, people.create_person(session, "bb", "乙").id


def texts(session: Session, person_id: int, **more: bool) -> list[str]:
    return [row.said.text for row in queries.latest(session, person_id, 50, **more)]


def test_a_message_reaches_one_person(session: Session, two: tuple[int, int]) -> None:
    one, other = two
    service.tell(session, one, KIND, "/plan", what="第一件", by="沈静宜")
    (row,) = queries.latest(session, one, 5)
    assert (row.kind, row.url, row.unread, row.said) == (
        KIND, "/plan", True, kinds.Said("第一件有了结果", "沈静宜", person=True),
    )  # fmt: skip
    assert (queries.counts(session, one).unread, queries.counts(session, other).unread) == (1, 0)
    assert queries.latest(session, other, 5) == []
    with pytest.raises(NotFound):
        service.open_one(session, other, row.id)
    assert service.open_one(session, one, row.id) == "/plan"
    assert queries.counts(session, one).unread == 0
    assert queries.latest(session, one, 5)[0].unread is False


def test_opening_twice_keeps_the_first_time(
    session: Session, two: tuple[int, int], traveller: time_machine.Traveller
) -> None:
    service.tell(session, two[0], KIND, "/plan", what="一", by="甲")
    found = session.scalars(select(Notice.id)).one()
    service.open_one(session, two[0], found)
    first = session.scalars(select(Notice.read_at)).one()
    traveller.shift(timedelta(hours=1))
    assert service.open_one(session, two[0], found) == "/plan"
    assert session.scalars(select(Notice.read_at)).one() == first


def test_it_is_told_with_the_deed_or_not_at_all(db: Database) -> None:
    with db.writing() as session:
        who = people.create_person(session, "aa", "甲").id

    def deed_that_fails(session: Session) -> None:
        service.tell(session, who, KIND, "/plan", what="一", by="甲")
        assert queries.counts(session, who).unread == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), db.writing() as session:
        deed_that_fails(session)
    with db.reading() as session:
        assert queries.counts(session, who).unread == 0


def test_what_cannot_be_told(session: Session, two: tuple[int, int]) -> None:
    with pytest.raises(KeyError, match="is registered"):
        service.tell(session, two[0], "tests.nothing", "/plan")
    for elsewhere in ("https://example.org/", "//example.org/", "/\\example.org", "plan", ""):
        with pytest.raises(ValueError, match="is no path"):
            service.tell(session, two[0], KIND, elsewhere, what="一", by="甲")
    assert queries.counts(session, two[0]) == queries.Counts(0, 0, 0)


def test_the_newest_come_first_and_pages_do_not_overlap(
    session: Session, two: tuple[int, int], traveller: time_machine.Traveller
) -> None:
    for number in range(7):
        service.tell(session, two[number % 2], KIND, "/plan", what=str(number), by="甲")
        traveller.shift(timedelta(minutes=1))
    assert texts(session, two[0]) == [f"{number}有了结果" for number in (6, 4, 2, 0)]
    pages = [queries.latest(session, two[0], 2, skip=skip) for skip in (0, 2, 4)]
    assert [[row.said.text[0] for row in page] for page in pages] == [["6", "4"], ["2", "0"], []]
    service.open_one(session, two[0], pages[0][1].id)
    assert texts(session, two[0], only_unread=True) == [f"{number}有了结果" for number in (6, 2, 0)]
    assert queries.counts(session, two[0]) == queries.Counts(4, 3, pages[0][0].id)


def test_reading_all_leaves_what_came_since(session: Session, two: tuple[int, int]) -> None:
    for word in ("一", "二"):
        service.tell_all(session, two, KIND, "/plan", what=word, by="甲")
    seen = queries.counts(session, two[0])
    service.tell_all(session, two, KIND, "/plan", what="三", by="甲")
    assert service.read_all(session, two[0], seen.newest) == 2
    assert service.read_all(session, two[0], seen.newest) == 0
    assert texts(session, two[0], only_unread=True) == ["三有了结果"]
    assert queries.counts(session, two[1]).unread == 3


def test_a_matter_that_is_over_waits_for_nobody(session: Session, two: tuple[int, int]) -> None:
    service.tell_all(session, [*two, two[0]], KIND, "/rules/drafts/1", what="一", by="甲")
    service.tell_all(session, two, KIND, "/rules/drafts/2", what="二", by="甲")
    service.tell_all(session, two, "tests.desk", "/rules/drafts/1", what="试算")
    assert [queries.counts(session, each).unread for each in two] == [3, 3]
    service.over(session, KIND, "/rules/drafts/1")
    assert [queries.counts(session, each).unread for each in two] == [2, 2]
    assert texts(session, two[0], only_unread=True) == ["试算做完了", "二有了结果"]


def test_the_same_is_told_again_only_to_who_has_read_it(session: Session, two: tuple[int, int]) -> None:
    for _each in range(2):
        service.tell_once(session, two, KIND, "/edit/a", what="一", by="甲")
    assert [queries.counts(session, each).every for each in two] == [1, 1]
    service.read_all(session, two[0], queries.counts(session, two[0]).newest)
    service.tell_once(session, two, KIND, "/edit/a", what="一", by="甲")
    service.tell_once(session, two, KIND, "/edit/b", what="一", by="甲")
    assert [queries.counts(session, each).every for each in two] == [3, 2]


def test_a_kind_of_another_release_still_opens(session: Session, two: tuple[int, int]) -> None:
    service.tell(session, two[0], KIND, "/plan", other="facts")
    session.execute(select(Notice)).scalar_one().kind = "later.kind"
    service.tell(session, two[0], KIND, "/plan", what="一")  # without who said it
    said = [row.said.text for row in queries.latest(session, two[0], 5)]
    assert said == ["Something has changed. The page says what."] * 2


def test_when_it_came(academy_app: Academy, web_db: Database, traveller: time_machine.Traveller) -> None:
    with web_db.writing() as session:
        who = people.create_person(session, "aa", "甲").id
        for _each in range(4):
            service.tell(session, who, KIND, "/plan", what="一", by="甲")
            traveller.shift(timedelta(hours=13))
        traveller.shift(timedelta(days=6))
        service.tell(session, who, KIND, "/plan", what="一", by="甲")
    for locale, wanted in (
        ("zh_Hans_CN", ["16:00", "周三", "3月3日", "3月3日", "3月2日"]),
        ("en", ["16:00", "Wed", "3 Mar", "3 Mar", "2 Mar"]),
    ):
        with academy_app.test_request_context(), force_locale(locale), web_db.reading() as session:
            found = [row.when for row in queries.latest(session, who, 9)]
        assert found == wanted
    traveller.move_to("2026-03-04T12:00:00Z")
    with academy_app.test_request_context(), force_locale("zh_Hans_CN"), web_db.reading() as session:
        found = [row.when for row in queries.latest(session, who, 9, skip=1)]
    assert found == ["03:00", "昨天", "昨天", "周一"]


def test_a_long_reason_is_cut_on_one_line() -> None:
    assert kinds.brief(" 一\n\n二  三 ") == "一 二 三"
    cut = kinds.brief("长" * 500)
    assert (len(cut), cut[-1]) == (kinds.BRIEF, "…")


def test_holders_are_those_who_hold_it_for_all_today(session: Session) -> None:
    made = factories.academy(session, rules=False)
    second = factories.person(session, "second", "顾清和", "academy_admin", "academy")
    part = factories.person(session, "part", "分院", "academy_admin", "unit", made.unit.id)
    gone = factories.person(session, "gone", "去职", "academy_admin", "academy")
    off = factories.person(session, "off", "停用", "academy_admin", "academy")
    session.get_one(Person, off.id).disabled_at = factories.NOON
    session.scalars(select(RoleGrant).where(RoleGrant.person_id == gone.id)).one().until = factories.NOON.date()
    session.flush()
    found = people_queries.holders(session, "rules.publish", factories.NOON.date())
    assert found == {made.admin.id, second.id}
    assert part.id not in found
    assert people_queries.names_of(session, [made.admin.id, second.id, made.admin.id]) == {
        made.admin.id: "蒋和", second.id: "顾清和",
    }  # fmt: skip


def test_the_count_costs_one_query_however_many_there_are(db: Database) -> None:
    costs = []
    for number in (3, 300):
        with db.writing() as session:
            who = people.create_person(session, f"p{number}", "甲").id
            for each in range(number):
                service.tell(session, who, KIND, "/plan", what=str(each), by="甲")
        with statements(db) as seen, db.reading() as session:
            assert queries.counts(session, who).unread == number
            assert len(queries.latest(session, who, 30)) == min(number, 30)
        costs.append(len(seen))
    assert costs == [2, 2]
