"""The import desk as its user sees it: choose, columns, difference, apply, report, undo."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.base import runs
from app.base.audit import AuditEntry
from app.base.db import Database
from app.factory import Academy
from app.notices.models import Notice
from app.people.models import Person
from app.roster import staging
from tests import factories
from tests.factories import web
from tests.factories.fixtures import traveller
from tests.factories.web import academy_app, web_db
from tests.roster.books import HEAD, as_csv, as_xlsx, city, person

__all__ = ["academy_app", "traveller", "web_db"]


@dataclass
class Desk:
    """An academy, and its administrator at the desk."""

    app: Academy
    db: Database
    client: FlaskClient

    def post(self, url: str, **fields: object) -> TestResponse:
        token = web.token_in(self.client.get("/account"))
        return self.client.post(url, data={"csrf_token": token, **fields}, content_type="multipart/form-data")

    def take(self, raw: bytes, name: str = "名册.csv", source: str = "人事处", **more: object) -> TestResponse:
        """Send a file, and do what waits."""
        answer = self.post("/desk/import", file=(io.BytesIO(raw), name), source=source, **more)
        self.work()
        return answer

    def work(self) -> None:
        with self.db.reading() as session:
            waiting = session.scalars(select(runs.RunRow.id).where(runs.RunRow.state == runs.WAITING)).all()
        for run_id in waiting:
            runs.perform(self.db, self.app.extensions["duxue.settings"], run_id)

    def look(self, rows: Sequence[Sequence[str]], **more: object) -> str:
        """The address of the difference of a file of these rows."""
        answer = self.take(as_csv(rows), **more)  # type: ignore[arg-type]
        assert answer.status_code == 302, plain(answer.text)
        return answer.location

    def apply(self, url: str, **more: object) -> str:
        """Apply what is shown; the address of the report, or of why there is none."""
        answer = self.post(f"{url}/apply", **more)
        assert answer.status_code == 302, plain(answer.text)
        self.work()
        return self.client.get(answer.location).location or answer.location

    def page(self, url: str) -> str:
        answer = self.client.get(url)
        assert answer.status_code == 200, answer.status_code
        return plain(answer.text)


def plain(html: str) -> str:
    main = html[html.find("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


@pytest.fixture
def desk(academy_app: Academy, web_db: Database, traveller: time_machine.Traveller) -> Desk:
    with web_db.writing() as session:
        factories.academy(session)
    return Desk(academy_app, web_db, web.browser(academy_app, "academy", "en"))


def test_from_file_to_report_and_back(desk: Desk) -> None:
    url = desk.look(city(12))
    page = desk.page(url)
    assert "Nothing was changed yet." in page
    assert "Apply 12 changes" in page
    assert "学员零零甲" in page
    with desk.db.reading() as session:
        assert session.scalar(select(Person.id).where(Person.login == "xy0001")) is None
    report = desk.apply(url)
    assert "What it did New 12" in desk.page(report)
    listed = desk.page("/desk/import")
    assert "名册.csv" in listed
    assert "Known sources: 人事处" in listed
    rows = city(12)
    rows[1], rows[2] = person(2, 手机号码="13700000002"), person(3, 所在单位="第一中学", 单位性质="学校")
    second = desk.look([*rows, person(13, 手机号码="138")])
    page = desk.page(second + "?show=changed")
    assert "Phone: 139****0002 → now 137****0002" in page, "who looks needs no whole number"
    assert "Unit: 教育局 → now 第一中学" in desk.page(second + "?show=moved")
    wrong = desk.page(second + "?show=wrong")
    assert "14 手机号码 138 This is no phone number: 138." in wrong
    assert "1 row is wrong and is left out" in wrong
    report = desk.apply(second)
    assert "New 0 Differs 1 Moved 1 Leaving 0 Wrong 1" in desk.page(report)
    answer = desk.post(f"{report}/undo")
    desk.work()
    assert desk.client.get(answer.location).location == report
    assert "2 changes were put back. Nothing stood in the way." in desk.page(report)
    assert "2 changes were put back." in desk.page(f"{report}?page=99999999999999999999")
    with desk.db.reading() as session:
        assert session.scalars(select(Person.phone).where(Person.login == "xy0002")).one() == "13900000002"
        told = [each.kind for each in session.scalars(select(Notice).order_by(Notice.id))]
        assert told == ["roster.applied", "roster.applied", "roster.undone"]
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("roster.%"))).all()
        assert actions == ["roster.import", "roster.import", "roster.undo"]


def test_a_later_roster_that_closes_many_asks_twice(desk: Desk) -> None:
    desk.apply(desk.look(city(12)))
    url = desk.look(city(9))
    page = desk.page(url)
    assert "This would close 3 accounts of 12 of this source." in page
    answer = desk.post(f"{url}/apply")
    assert answer.status_code == 422
    assert "Confirm it, or correct the file." in plain(answer.text)
    report = desk.apply(url, many_may_leave="y")
    assert "Leaving 3" in desk.page(report)


def test_columns_that_nobody_knows_are_asked_and_remembered(desk: Desk) -> None:
    head = ("号码", "谁", *HEAD[2:])
    answer = desk.take(as_csv(city(3), head))
    page = desk.page(answer.location)
    assert "A column is missing: Staff number, Name" in page or "No row of headings was found" in page
    assert "XY0001 · XY0002 · XY0003" in page, "a few cells say what a column is"
    twice = desk.post(f"{answer.location}/columns", **{"column-0": "name", "column-1": "name", "column-4": "unit"})
    assert twice.status_code == 422
    assert "Two columns cannot be the same: Name." in plain(twice.text)
    said = desk.post(
        f"{answer.location}/columns", **{"column-0": "staff_number", "column-1": "name", "column-4": "unit"}
    )
    desk.work()
    assert "Apply 3 changes" in desk.page(said.location)
    desk.apply(said.location)
    again = desk.take(as_csv(city(3), head))
    assert "3 rows stay as they are." in desk.page(again.location)


def test_columns_can_be_changed_after_they_were_recognised(desk: Desk) -> None:
    url = desk.look(city(3))
    page = desk.client.get(f"{url}?step=columns").text
    assert '<option value="phone" selected>' in page
    said = desk.post(f"{url}/columns", **{"column-0": "staff_number", "column-1": "name", "column-4": "unit"})
    desk.work()
    shown = desk.page(said.location + "?show=new")
    assert "139****0001" not in shown


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (b"", "a.csv", "There is nothing in this file."),
        (b"%PDF-1.7", "a.xlsx", "This is not a spreadsheet."),
        (b"PK\x03\x04garbage", "a.xlsx", "This file is damaged."),
        (b"<html><table>", "a.xls", "This is a web page saved as a spreadsheet."),
    ],
)
def test_a_file_that_cannot_be_read_says_why_in_the_readers_language(
    desk: Desk, raw: bytes, name: str, words: str
) -> None:
    answer = desk.take(raw, name)
    page = plain(answer.text) if answer.status_code == 422 else desk.page(answer.location)
    assert words in page
    desk.client.post("/language?locale=zh_Hans_CN", data={"csrf_token": web.token_in(desk.client.get("/account"))})
    if answer.status_code == 302:
        assert words not in desk.page(answer.location)


def test_a_form_without_a_file_or_source_or_with_a_day_to_come_is_told(desk: Desk) -> None:
    assert desk.post("/desk/import", source="人事处").status_code == 422
    empty = desk.post("/desk/import", file=(io.BytesIO(as_csv(city(1))), "a.csv"))
    assert "Write who sends it." in plain(empty.text)
    future = desk.take(as_csv(city(1)), day="2027-01-01")
    assert "A roster cannot hold from a day that is still to come." in plain(future.text)


def test_people_who_changed_meanwhile_are_looked_at_again(desk: Desk) -> None:
    desk.apply(desk.look(city(3)))
    url = desk.look([*city(2), person(3, 手机号码="13700000003")])
    with desk.db.writing() as session:
        session.scalars(select(Person).where(Person.login == "xy0001")).one().phone = "13711111111"
    work = desk.apply(url)
    page = desk.page(work)
    assert "have changed since the difference was shown. Nothing was applied." in page
    again = desk.post(f"{url}/again")
    desk.work()
    assert "Apply 2 changes" in desk.page(again.location)


def test_what_is_wrong_can_be_taken_away_as_a_file_without_formulas(desk: Desk) -> None:
    """Security row 37."""
    url = desk.look([person(1, 姓名="=HYPERLINK(1)"), person(2, 手机号码="-1+2"), person(3)])
    answer = desk.client.get(f"{url}/wrong.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["Row no.", "Column", "Stands there", "Problem", "Suggestion"]
    assert [row[:3] for row in rows[1:]] == [["2", "姓名", "'=HYPERLINK(1)"], ["3", "手机号码", "'-1+2"]]


def test_html_in_a_roster_stays_text(desk: Desk) -> None:
    """Security class 7: a stored script from an imported table."""
    evil = "<img src=x onerror=alert(1)>"
    url = desk.look([person(1, 姓名=f"{evil}林"), person(2, 所在单位=f"{evil}局"), person(3, 手机号码=evil)])
    report = desk.apply(url)
    for address in (url, f"{url}?show=wrong", f"{url}?show=units", f"{url}?step=columns", report, "/desk/import"):
        html = desk.client.get(address).text
        assert "<img src=x" not in html, address


def test_staged_files_go_after_a_week_and_the_page_says_so(desk: Desk, traveller: time_machine.Traveller) -> None:
    url = desk.look(city(3))
    settings = desk.app.extensions["duxue.settings"]
    for path in staging.folder(settings).iterdir():
        path.unlink()
    assert "is not kept any more" in desk.page(url)
    assert desk.client.get(f"{url}/wrong.csv").status_code == 404
    with pytest.raises(staging.Gone):
        staging.load(settings, "../secret")


def test_everybody_is_exported_and_reads_back_unchanged(desk: Desk) -> None:
    desk.apply(desk.look(city(12)))
    for ending in ("xlsx", "csv"):
        raw = desk.client.get(f"/desk/import/export.{ending}").data
        answer = desk.take(raw, f"all.{ending}", source="export")
        found = desk.page(answer.location)
        assert "New 0" in found
        assert "Differs 0" in found
        assert "Moved 0" in found, ending
    assert desk.client.get("/desk/import/export.exe").status_code == 404


def test_a_workbook_with_titles_numbers_and_two_sheets(desk: Desk) -> None:
    people: list[list[object]] = [["花名册"], [], ["姓名", "工号", "单位"], ["林晓岚", 7001, "教育局"]]
    raw = as_xlsx({"封面": [["请看下一页"]], "人员": people})
    answer = desk.take(raw, "两页.xlsx")
    page = desk.page(answer.location)
    assert "林晓岚 7001" in page
    assert "Sheets not read: 封面." in page


@pytest.mark.parametrize("login", ["head1", "editor", "l001"])
def test_nobody_else_comes_to_the_desk_or_sees_its_runs(desk: Desk, login: str) -> None:
    url = desk.look(city(3))
    run_id = url.rpartition("/")[2]
    other = web.browser(desk.app, login, "en")
    for address in ("/desk/import", url, f"{url}/wrong.csv", "/desk/import/1", "/desk/import/export.csv"):
        assert other.get(address).status_code == 403, address
    assert other.get(f"/runs/{run_id}").status_code == 404


def test_an_administrator_of_a_part_imports_nothing(desk: Desk) -> None:
    with desk.db.writing() as session:
        unit = session.scalars(select(Person.id).where(Person.login == "academy")).one()
        factories.person(session, "part", "李理", "academy_admin", "unit", unit)
    client = web.browser(desk.app, "part", "en")
    assert client.get("/desk/import").status_code == 403


def test_pages_ask_the_same_for_three_and_for_six_hundred(desk: Desk) -> None:
    asked = []
    for count in (3, 600):
        url = desk.look(city(count), source=f"s{count}")
        with web.statements(desk.db) as seen:
            desk.page(url)
        asked.append(len(seen))
    assert asked[0] == asked[1]
    assert asked[0] <= 6


def test_a_run_that_was_begun_twice_is_one(desk: Desk) -> None:
    url = desk.look(city(3))
    first, second = desk.post(f"{url}/apply"), desk.post(f"{url}/apply")
    assert first.location == second.location
    desk.work()
    with desk.db.reading() as session:
        run = runs.one(session, int(first.location.rpartition("/")[2]))
    assert run is not None
    assert run.state == runs.DONE


def test_an_older_platforms_hours_from_file_to_statement_and_back(desk: Desk) -> None:
    rows = [["旧平台导出"], ("工号", "单位", "年度", "类别", "学时"), ("L001", "教育局", 2023, "公需科目", 30),
            ("L001", "教育局", 2031, "公需科目", 4)]  # fmt: skip
    totals = [("单位", "年度", "学时合计"), ("教育局", 2023, 31)]
    answer = desk.take(as_xlsx({"历年": rows, "合计": totals}), "old.xlsx", "旧平台", what="opening")
    page = desk.page(answer.location)
    assert "2023 General subjects: 30.0" in page
    assert "教育局 2023 31.0 30.0 30.0" in page, "the old platform's own total is another"
    assert "历年 4 年度 2031 This is still to come: 2031." in desk.page(answer.location + "?show=wrong")
    assert "历年" in desk.client.get(answer.location + "/wrong.csv").text
    assert "Minutes watched" in desk.page(answer.location + "?step=columns")
    report = desk.apply(answer.location)
    page = desk.page(report)
    assert "On the ledger 30.0 Of it counts 30.0" in page
    learner = web.browser(desk.app, "l001", "en")
    statement = learner.get("/statement?period=2023-01-01").text
    assert "Opening balance" in statement
    opened = re.findall(r'class="disclose" href="([^"]+)"', statement)[-1].replace("&amp;", "&")
    told = plain(learner.get(opened).text)
    for words in (
        "Taken over as the earlier platform had it",
        "Earlier platform 旧平台",
        "File old.xlsx",
        "历年, row 3",
    ):
        assert words in told
    desk.client.post(f"{report}/undo", data={"csrf_token": web.token_in(desk.client.get("/account"))})
    desk.work()
    assert "Nothing stood in the way." in desk.page(report)
    assert "Opening balances: 1 new" in desk.page("/desk/import")
