"""What the table can be made to show: columns, several statuses, who is behind a mark; and the Excel file."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from datetime import datetime, timedelta

import pytest
import time_machine

from app.base import dots
from app.base.db import Database
from app.factory import Academy
from app.people.models import Person
from tests.factories import Academy as Made
from tests.factories import web
from tests.supervision.place import plain, rows, three_learners

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def made(web_db: Database, traveller: time_machine.Traveller) -> Made:
    """As `three_learners` says."""
    return three_learners(web_db, traveller)


def heads(html: str) -> list[str]:
    """The heads of the table's columns."""
    table = html.split('class="table to-cards class-table"')[-1]
    return [plain(each).strip(" ↑↓") for each in re.findall(r"<th [^>]*>(.*?)</th>", table.split("</thead>")[0])]


def test_columns_are_chosen_and_remembered(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")
    assert heads(web.strict(client.get("/classes/class-1"))) == [
        "Learner", "Status", "Hours of 50", "Missing", "Required courses", "Expected finish", "Last activity",
    ]  # fmt: skip
    answer = client.get("/classes/class-1?choose=1&col=hours&col=unit&col=password_hash&sort=name&q=学员")
    assert answer.status_code == 302
    html = web.strict(client.get(answer.location))
    assert heads(html) == ["Learner", "Unit", "Hours of 50"]
    assert "sort=name" in answer.location
    assert len(rows(html)) == 3
    assert re.search(r'name="col" value="unit" checked', html)
    assert not re.search(r'name="col" value="status" checked', html)
    assert heads(web.strict(client.get("/classes/class-1"))) == ["Learner", "Unit", "Hours of 50"], "remembered"
    client.get("/classes/class-1?choose=1")
    assert heads(web.strict(client.get("/classes/class-1"))) == ["Learner"]
    client.set_cookie("class_columns", "=1+1.<script>.last", path="/classes")
    assert heads(web.strict(client.get("/classes/class-1"))) == ["Learner", "Last activity"]


def test_several_statuses_may_be_shown(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "head1")
    assert len(rows(web.strict(client.get("/classes/class-1?status=late.done")))) == 3
    html = web.strict(client.get("/classes/class-1?status=at-risk.done"))
    assert rows(html) == {}
    legend = html.split('class="filter-status"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)"( aria-current="true")?', legend) == [
        ("/classes/class-1?status=late.at-risk.done", ""),
        ("/classes/class-1?status=done", ' aria-current="true"'),
        ("/classes/class-1?status=at-risk.on-course.done", ""),
        ("/classes/class-1?status=at-risk", ' aria-current="true"'),
    ]
    assert '<g class="away">' in html, "whom the filter leaves out is pale"


def test_a_mark_tells_whose_it_is(academy_app: Academy, made: Made) -> None:
    client = web.browser(academy_app, "head1", language="en")
    found = client.get("/classes/class-1/marks").json
    assert found is not None
    said = {name: (text, key) for *_at, name, text, key in found["marks"]}
    assert said["学员1"] == ("2.0 hours · Will not make it · last activity 1 Mar", made.learners[0].key)
    assert said["学员3"] == ("0.0 hours · Will not make it · never", made.learners[2].key)
    html = web.strict(client.get("/classes/class-1"))
    wide = html.split('class="dots-svg wide-only"')[1].split("</svg>")[0]
    drawn = re.findall(r"M([\d.]+) ([\d.]+)l", re.search(r'class="s-late" d="([^"]+)"', wide).group(1))  # type: ignore[union-attr]
    radius = dots.layout([dots.Dot(0, "late")] * 3, 50_000, dots.WIDE).radius
    there = sorted((float(x), round(float(y) + radius)) for x, y in drawn)
    assert there == sorted((mark[0], round(mark[1])) for mark in found["marks"])
    assert 'data-learners="/classes/class-1/learners/"' in html
    assert client.get(f"/classes/class-1/learners/{said['学员1'][1]}").status_code == 200


def _cells(data: bytes) -> tuple[list[list[str | float]], str]:
    """The cells of the first sheet (texts and numbers) and its XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        xml = book.read("xl/worksheets/sheet1.xml").decode()
        strings: list[str] = []
        if "xl/sharedStrings.xml" in book.namelist():
            shared = ET.fromstring(book.read("xl/sharedStrings.xml"))
            strings = ["".join(t.text or "" for t in each.iter(f"{SHEET}t")) for each in shared.iter(f"{SHEET}si")]
    lines: list[list[str | float]] = []
    for row in ET.fromstring(xml).iter(f"{SHEET}row"):
        line: list[str | float] = []
        for cell in row.iter(f"{SHEET}c"):
            value = cell.find(f"{SHEET}v")
            if cell.get("t") == "inlineStr":
                line.append("".join(t.text or "" for t in cell.iter(f"{SHEET}t")))
            elif value is not None and value.text is not None:
                line.append(strings[int(value.text)] if cell.get("t") == "s" else float(value.text))
        lines.append(line)
    return lines, xml


def test_the_excel_file_has_numbers_days_and_no_formula(academy_app: Academy, web_db: Database, made: Made) -> None:
    evil = '=HYPERLINK("http://evil.example";"x")'
    with web_db.writing() as session:
        for learner, name in zip(made.learners, (evil, "http://evil.example/", "00123"), strict=True):
            found = session.get(Person, learner.id)
            assert found is not None
            found.name = name
    client = web.browser(academy_app, "head1", language="en")
    answer = client.get("/classes/class-1/export?as=xlsx&sort=hours&order=down")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="class-1-2026-03-02.xlsx"'
    assert answer.content_type.endswith("spreadsheetml.sheet")
    lines, xml = _cells(answer.data)
    assert lines[0][:5] == ["Login", "Name", "Unit", "Rank band", "Hours counted"]
    assert [line[1] for line in lines[1:]] == [evil, "http://evil.example/", "00123"]
    assert [line[4] for line in lines[1:]] == [2.0, 1.0, 0.0]
    moment = datetime(1899, 12, 30) + timedelta(days=float(lines[1][-1]))
    assert abs(moment - datetime(2026, 3, 1, 12)) < timedelta(seconds=1)
    for forbidden in ("<f>", "<f ", "hyperlink"):
        assert forbidden not in xml
    lines, _xml = _cells(client.get("/classes/class-1/export?as=xlsx&q=l002").data)
    assert len(lines) == 2
