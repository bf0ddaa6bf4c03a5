"""The head teacher's pages: everybody in view, nobody else's, the same number of queries for 10 and for 200."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.base.audit import AuditEntry
from app.base.cells import safe_cell
from app.base.db import Database
from app.classes.models import ClassMembership, VirtualClass
from app.credits import service as credits
from app.factory import Academy
from app.people import service as people
from app.people.models import Person, RoleGrant, Unit
from app.supervision.table import Wanted
from tests import factories
from tests.factories import NOON, web
from tests.factories import Academy as Made
from tests.supervision.place import plain, rows, three_learners


@pytest.fixture
def made(web_db: Database, traveller: time_machine.Traveller) -> Made:
    """As `three_learners` says."""
    return three_learners(web_db, traveller)


def test_the_class_shows_everybody_and_what_was_posted_lately(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")
    assert client.get("/classes").location == "/classes/class-1"
    html = web.strict(client.get("/classes/class-1"))
    text = plain(html)
    assert "At the present pace 3 do not finish by 31 December" in text
    found = rows(html)
    assert list(found) == ["学员3", "学员2", "学员1"]  # the most urgent first
    assert "Hours of 50" in text
    missing = "48.0 G General subjects 13.0 P Professional subjects 25.0 A Any subject 10.0"
    assert f"Will not make it 2.0 {missing}" in found["学员1"]
    assert "1 / 1" in found["学员1"]
    assert "0 / 1" in found["学员2"]
    assert "1 Mar 1 day ago" in found["学员1"]
    assert "学员1: Lesson 2" in text
    assert "never" in found["学员3"]
    assert "Yunting City Government" in found["学员3"]
    assert "3 learners by hours counted; the duty is 50." in html
    assert "Will not make it: 3, from 0.0 to 2.0 hours." in html
    assert "Fri 27 Feb 1, Sat 28 Feb 0, Sun 1 Mar 1, Mon 2 Mar 0" in html
    lately = html.split('id="lately"', 1)[1].split("</section>")[0]
    assert len(re.findall(rf"/statement/{made.learner.key}\?open=\d+#entry-", lately)) == 2
    assert lately.index("学员1") < lately.index("学员2")
    assert "+1.0" in lately


def test_a_learners_page_has_the_new_hour_among_the_postings(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")
    html = web.strict(client.get(f"/classes/class-1/learners/{made.learners[1].key}"))
    text = plain(html)
    assert "学员2" in text
    assert html.count("?open=") == 1
    assert "Lesson 1" in text
    assert "+1.0" in text
    assert "Counted 45:00 of 1:30:00" in text
    assert f'href="/statement/{made.learners[1].key}"' in html
    assert made.learner.key not in html


@pytest.mark.parametrize("path", ["/classes/class-1", "/classes/class-1/export", "/classes/class-1/learners/{key}"])
def test_other_peoples_classes_are_not_there(academy_app: Academy, web_db: Database, made: Made, path: str) -> None:
    address = path.format(key=made.learner.key)
    assert web.browser(academy_app, "head1").get(address).status_code == 200
    assert web.browser(academy_app, "academy").get(address).status_code == 200
    assert web.browser(academy_app, "head2").get(address).status_code == 404
    for login in ("l001", "editor"):
        assert web.browser(academy_app, login).get(address).status_code == 403
    assert web.browser(academy_app).get(address).status_code == 302
    crossed = f"/classes/class-2/learners/{made.learner.key}"
    assert web.browser(academy_app, "head2").get(crossed).status_code == 404
    assert web.browser(academy_app, "academy").get("/classes/nothing").status_code == 404


def test_a_role_that_ended_opens_nothing(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "head1")
    with web_db.writing() as session:
        grants = select(RoleGrant).where(RoleGrant.person_id == made.teacher.id)
        for grant in session.scalars(grants):
            grant.until = date(2026, 3, 2)
    assert client.get("/classes/class-1").status_code == 403


def test_the_list_shows_sizes(academy_app: Academy, made: Made) -> None:
    html = web.strict(web.browser(academy_app, "academy", language="en").get("/classes"))
    found = rows(html)
    assert found["Online"]  # both begin so; the link tells them apart
    assert html.count('href="/classes/class-') == 2
    assert "You look after 2 classes." in plain(html)


def test_search_filter_and_sort_come_from_closed_lists(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        water = people.create_unit(session, "water", "水务局", "Water Bureau", "party_government")
        people.join_unit(session, made.learners[2].id, water.id, "staff", date(2026, 2, 1))
        third = session.get(Person, made.learners[2].id)
        assert third is not None
        third.name, third.name_pinyin = "沈星河", "shen xing he"
    client = web.browser(academy_app, "head1")

    def names(query: str) -> list[str]:
        return list(rows(web.strict(client.get(f"/classes/class-1?{query}"))))

    assert names("sort=hours") == ["沈星河", "学员2", "学员1"]
    assert names("sort=hours&order=down") == ["学员1", "学员2", "沈星河"]
    assert names("sort=last&order=down") == ["学员1", "学员2", "沈星河"]
    assert names("sort=name") == ["沈星河", "学员1", "学员2"]
    assert names("sort=password_hash;DROP") == names("")
    for query in ("q=沈", "q=xinghe", "q=sxh", "q=水务", "q=water", "unit=water", "q=l003"):
        assert names(query) == ["沈星河"], query
    assert names("status=done") == []
    assert len(names("status=late")) == 3
    assert len(names("status=%27%20OR%201%3D1&page=9999999")) == 3
    assert names("q=%3Cscript%3E") == []


def grow(db: Database, made: Made, size: int) -> None:
    """Fill the first class up to a size."""
    with db.writing() as session:
        unit, group = session.get(Unit, made.unit.id), session.get(VirtualClass, made.group.id)
        assert unit is not None
        assert group is not None
        have = session.scalars(select(ClassMembership.id).where(ClassMembership.class_id == group.id)).all()
        factories.crowd(session, unit, group, range(len(have) + 1, size + 1))


def test_a_class_of_600_costs_as_many_queries_as_one_of_10(academy_app: Academy, web_db: Database, made: Made) -> None:
    client = web.browser(academy_app, "head1")
    costs: dict[str, list[int]] = {}
    for size in (10, 600):
        grow(web_db, made, size)
        for path in (
            "/classes/class-1", "/classes/class-1?sort=last&q=x", "/classes/class-1?lacks=minutes", "/classes",
            "/classes/class-1/marks",
        ):  # fmt: skip
            client.get(path)
            with web.statements(web_db) as seen:
                client.get(path)
            costs.setdefault(path, []).append(len(seen))
            assert len(seen) <= 12, seen
    assert all(few == many for few, many in costs.values()), costs
    page = client.get("/classes/class-1")
    assert "600" in plain(web.strict(page))
    assert len(gzip.compress(page.data)) < 20_000


def test_the_table_is_paged(academy_app: Academy, web_db: Database, made: Made) -> None:
    grow(web_db, made, 55)
    client = web.browser(academy_app, "head1")
    first, second = (rows(web.strict(client.get(f"/classes/class-1?sort=hours&page={n}"))) for n in (1, 2))
    assert (len(first), len(second)) == (50, 5)
    assert not set(first) & set(second)
    assert list(second)[-1] == "学员1"


def test_the_export_is_csv_without_formulas_and_is_written_down(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    evil = '=HYPERLINK("http://evil.example";"x")'
    with web_db.writing() as session:
        for learner, name in zip(made.learners, (evil, "+1", "@x"), strict=True):
            found = session.get(Person, learner.id)
            assert found is not None
            found.name = name
    client = web.browser(academy_app, "head1", language="en")
    answer = client.get("/classes/class-1/export?sort=hours&order=down")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="class-1-2026-03-02.csv"'
    table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert table[0][:3] == ["Login", "Name", "Unit"]
    assert [row[1] for row in table[1:]] == ["'" + evil, "'+1", "'@x"]
    assert [row[4] for row in table[1:]] == ["2.000", "1.000", "0.000"]
    assert table[0][6:10] == [
        "Hours missing", "Missing: General subjects", "Missing: Professional subjects", "Missing: Any subject",
    ]  # fmt: skip
    assert table[1][6:12] == ["48.000", "13.000", "25.000", "10.000", "1", "1"]
    assert [row[13] for row in table[1:]] == ["not this year"] * 3
    with web_db.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "class.export")).one()
    assert (entry.actor_id, entry.subject, json.loads(entry.detail)) == (made.teacher.id, "class:class-1", {"rows": 3})
    assert len(list(csv.reader(io.StringIO(client.get("/classes/class-1/export?q=l002").text)))) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1"])
def test_cells_that_would_run_are_quoted(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_ordinary_cells_stay() -> None:
    assert [safe_cell(text) for text in ("林晓岚", "1.5", "", "a=b")] == ["林晓岚", "1.5", "", "a=b"]


def test_addresses_turn_round_and_back() -> None:
    wanted = Wanted.read({"sort": "hours", "status": "late", "page": "4"})
    assert wanted.sorted_by("hours") == {"sort": "hours", "status": "late", "order": "down"}
    assert wanted.sorted_by("name") == {"sort": "name", "status": "late"}
    assert wanted.direction("hours") == "ascending"
    assert wanted.direction("name") is None
    assert wanted.address(page=4) == {"sort": "hours", "status": "late", "page": 4}
    assert wanted.toggled("at-risk") == {"sort": "hours", "status": "late.at-risk"}
    assert Wanted.read(wanted.toggled("late")).statuses == ()
    turned = Wanted.read({"sort": "-last"})
    assert (turned.address(), turned.direction("last")) == ({"sort": "last", "order": "down"}, "descending")


def test_without_rules_the_class_stands_there(academy_app: Academy, web_db: Database) -> None:
    with web_db.writing() as session:
        factories.academy(session, learners=1, rules=False)
    client = web.browser(academy_app, "head1", language="en")
    assert "No duty is set yet." in plain(web.strict(client.get("/classes/class-1")))
    assert client.get("/classes/class-1/export").status_code == 200
    other = web.browser(academy_app, "head2", language="en")
    assert "The class is empty." in plain(web.strict(other.get("/classes/class-2")))


def test_an_empty_class_is_not_told_that_rules_are_lacking(academy_app: Academy, made: Made) -> None:
    text = plain(web.strict(web.browser(academy_app, "head2", language="en").get("/classes/class-2")))
    assert "Nobody is in this class yet." in text
    assert "No duty is set yet" not in text


def test_search_and_unit_are_one_form_and_keep_status_and_order(
    academy_app: Academy, web_db: Database, made: Made
) -> None:
    with web_db.writing() as session:
        water = people.create_unit(session, "water", "水务局", "Water Bureau", "party_government")
        people.join_unit(session, made.learners[2].id, water.id, "staff", date(2026, 2, 1))
    html = web.strict(web.browser(academy_app, "head1").get("/classes/class-1?q=学员&status=late&sort=name&page=1"))
    [form] = re.findall(r'<form[^>]* role="search".*?</form>', html, re.S)
    assert 'name="q" value="学员"' in form
    assert '<select class="input" id="unit" name="unit">' in form
    assert dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', form)) == {"status": "late"}
    assert '<option value="name" selected>' in form
    assert html.count('name="unit"') == 1


def test_the_expected_finish_reads_alike_on_page_and_file(academy_app: Academy, web_db: Database, made: Made) -> None:
    with web_db.writing() as session:
        for learner, hours, day in ((made.learners[0], 50, 40), (made.learners[1], 30, 50)):
            for subject, share in (("professional", hours * 2 // 3), ("general", hours - hours * 2 // 3)):
                credits.record(
                    session, learner.id, key=f"opening:{subject}", kind="opening",
                    happened_at=NOON - timedelta(days=day), known_at=NOON, recorded_by="takeover",
                    facts={"hours_m": share * 1000, "subject_bucket": subject},
                )  # fmt: skip
            credits.settle(session, learner.id)
    client = web.browser(academy_app, "head1", language="en")
    table = list(csv.reader(io.StringIO(client.get("/classes/class-1/export?sort=name").text.removeprefix("\ufeff"))))
    finish = table[0].index("Expected finish")
    said = {row[1]: row[finish] for row in table[1:]}
    found = rows(web.strict(client.get("/classes/class-1?sort=name")))
    assert (said["学员1"], said["学员3"]) == ("Done", "not this year")
    finish_day = date.fromisoformat(said["学员2"])
    assert f" {finish_day.day} {finish_day:%b} " in found["学员2"]
    assert "not this year" in found["学员3"]


def test_in_chinese_everything_is_chinese(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "academy")
    for path in ("/classes", "/classes/class-1?status=late&quiet=1", f"/classes/class-1/learners/{made.learner.key}"):
        text = plain(web.strict(client.get(path)).split("<main", 1)[1].split(">", 1)[1].split("</main>")[0])
        assert not re.findall(r"[A-Za-z]{3,}", re.sub("CSV|Excel", "", text)), path
