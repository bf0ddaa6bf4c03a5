"""Rosters are read strictly, whatever stands in them: a value, or what is wrong and what would be right."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.roster import cells, headings, rows
from app.rules.roster.cells import Wrong
from app.rules.roster.model import FIELDS, Cell, Fault, Reading, Row

HEAD: Row = ["工号", "姓名", "手机号码", "电子邮箱", "所在单位", "主管单位", "单位性质", "职级", "重点培训学员"]
GOOD: tuple[Cell, ...] = (
    "XY001", "林晓岚", "13912345678", "lin@example.org", "月山市教育局", "月山市", "党政机关", "科级", "否",
)  # fmt: skip
PLACES = dict(
    zip(("staff", "name", "phone", "email", "unit", "parent", "nature", "band", "key"), range(9), strict=True)
)


def row(**cells_: Cell) -> list[Cell]:
    made: list[Cell] = list(GOOD)
    for name, cell in cells_.items():
        made[PLACES[name]] = cell
    return made


def read(*lines: Row, head: Row = HEAD) -> Reading:
    table = [head, *lines]
    found = headings.find(table)
    assert found is not None
    return rows.read(table, found)


# (what stands there, the code of the problem, what it would be)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"staff": None}, "missing", ""),
    ({"staff": "  \u3000 "}, "missing", ""),
    ({"staff": "\u200b"}, "missing", ""),
    ({"staff": "X"}, "staff_form", ""),
    ({"staff": "XY 001/2"}, "staff_form", "xy0012"),
    ({"staff": "工号：12"}, "staff_form", "工号12"),
    ({"staff": "x" * 61}, "too_long", ""),
    ({"staff": "11010519491231002X"}, "identity_number", ""),
    ({"staff": "110105491231002"}, "identity_number", ""),
    ({"staff": "1.10105E+17"}, "digits_lost", ""),
    ({"staff": 1.10105194912310e17}, "digits_lost", ""),
    ({"staff": 1.5}, "cell_fraction", ""),
    ({"staff": True}, "cell_flag", ""),
    ({"staff": date(2026, 1, 2)}, "cell_date", ""),
    ({"staff": datetime(2026, 1, 2)}, "cell_date", ""),
    ({"staff": "#N/A"}, "cell_error", ""),
    ({"staff": "=A1+1"}, "formula", ""),
    ({"staff": "XY\x07001"}, "control", "XY001"),
    ({"staff": float("nan")}, "cell_fraction", ""),
    ({"staff": float("inf")}, "digits_lost", ""),
    ({"name": None}, "missing", ""),
    ({"name": "12345"}, "name_form", ""),
    ({"name": "——"}, "name_form", ""),
    ({"name": "林晓岚2"}, "name_digits", "林晓岚"),
    ({"name": "林" * 61}, "too_long", ""),
    ({"name": "林\u202e晓岚"}, "control", "林晓岚"),
    ({"name": "#REF!"}, "cell_error", ""),
    ({"name": date(2026, 1, 2)}, "cell_date", ""),
    ({"phone": "1391234567"}, "phone_form", ""),
    ({"phone": "139123456789"}, "phone_form", ""),
    ({"phone": "12012345678"}, "phone_form", ""),
    ({"phone": "暂未提供"}, "phone_form", ""),
    ({"phone": "1.39E+10"}, "digits_lost", ""),
    ({"phone": "13912345678/13912345679"}, "phone_several", "13912345678"),
    ({"phone": "13912345678、0731-58221234"}, "phone_several", "13912345678"),
    ({"phone": "#VALUE!"}, "cell_error", ""),
    ({"email": "lin.example.org"}, "email_form", ""),
    ({"email": "lin@"}, "email_form", ""),
    ({"email": "lin@example。org"}, "email_form", "lin@example.org"),
    ({"email": "lin#example.org"}, "email_form", "lin@example.org"),
    ({"email": "lin@example.org;b@example.org"}, "email_several", "lin@example.org"),
    ({"email": "a" * 120 + "@example.org"}, "too_long", ""),
    ({"unit": None}, "missing", ""),
    ({"unit": "123"}, "unit_form", ""),
    ({"unit": "局" * 121}, "too_long", ""),
    ({"unit": "月山市"}, "own_parent", ""),
    ({"unit": "#DIV/0!"}, "cell_error", ""),
    ({"parent": "市" * 121}, "too_long", ""),
    ({"nature": "党政机构"}, "nature_unknown", "党政机关"),
    ({"nature": "事业单" * 20}, "too_long", ""),
    ({"band": "专业技术人园"}, "band_unknown", "专业技术人员"),
    ({"band": date(2026, 1, 2)}, "cell_date", ""),
    ({"key": "也许"}, "yes_no", ""),
    ({"key": 2}, "yes_no", ""),
]


@pytest.mark.parametrize(("given_", "problem", "wanted"), WRONG)
def test_each_fault_is_told_with_its_row_and_what_would_be_right(
    given_: dict[str, Any], problem: str, wanted: str
) -> None:
    found = read(row(staff="XY000"), row(**given_), row(staff="XY999"))
    assert [(fault.row, fault.problem, fault.wanted) for fault in found.faults] == [(3, problem, wanted)]
    assert [entry.staff_number for entry in found.entries] == ["xy000", "xy999"], "good rows are not lost"


def test_there_are_at_least_forty_kinds_of_faults() -> None:
    assert len(WRONG) >= 40
    assert len({problem for _given, problem, _wanted in WRONG}) >= 20


GOOD_CELLS: list[tuple[str, Cell, object]] = [
    ("staff", "ＸＹ００１", "xy001"), ("staff", " xy 001 ", "xy001"), ("staff", "'000123", "000123"),
    ("staff", "1001.0", "1001"), ("staff", 123456.0, "123456"), ("staff", 123456, "123456"),
    ("name", "林　晓　岚", "林晓岚"), ("name", "阿依古丽•买买提", "阿依古丽·买买提"),
    ("name", " Mary  Lin ", "Mary Lin"),
    ("name", "林\u200b晓岚", "林晓岚"), ("name", "林晓岚\u200e", "林晓岚"), ("name", "林\u3164晓岚\ufe0f", "林晓岚"),
    ("unit", "市\u200f财政局", "市财政局"), ("unit", "'-办公室", "-办公室"), ("unit", "'五一'小学", "'五一'小学"),
    ("email", "'+foo@bar.com", "+foo@bar.com"),
    ("phone", 13912345678.0, "13912345678"), ("phone", "139 1234 5678", "13912345678"),
    ("phone", "+86-13912345678", "13912345678"), ("phone", "8613912345678", "13912345678"),
    ("phone", "１３９１２３４５６７８", "13912345678"), ("phone", "(0731)58221234", "073158221234"),
    ("phone", "0731-58221234-802", "073158221234802"), ("phone", "58221234", "58221234"),
    ("phone", "+852 2123 4567", "+85221234567"), ("phone", "", None), ("phone", None, None),
    ("phone", "无", None), ("email", "/", None), ("parent", "无", None),
    ("email", "Lin＠Example.ORG", "lin@example.org"), ("email", "mailto:lin@example.org", "lin@example.org"),
    ("email", " ", None),
    ("unit", "月山市 教育局", "月山市教育局"), ("unit", "新材料公司（二）", "新材料公司（二）"),
    ("parent", None, None), ("nature", "学校", "school"), ("nature", "社区", "社区"), ("nature", None, None),
    ("nature", "乡镇（街道）", "township"), ("band", "科级", "section"), ("band", "二级主任科员", "二级主任科员"),
    ("key", "是", True), ("key", "√", True), ("key", 1.0, True), ("key", 0, False), ("key", False, False),
    ("key", "N", False), ("key", "", None),
]  # fmt: skip
ATTRIBUTES = {"staff": "staff_number", "key": "key_trainee"}


@pytest.mark.parametrize(("field", "cell", "value"), GOOD_CELLS)
def test_what_a_person_means_is_understood(field: str, cell: Cell, value: object) -> None:
    found = read(row(**{field: cell}))
    assert found.faults == []
    assert getattr(found.entries[0], ATTRIBUTES.get(field, field)) == value


def test_headings_in_any_order_below_titles_and_in_english() -> None:
    found = read(
        ["湘云市学员花名册"], [], [None, "制表日期：2026年3月"],
        ["Unit", "＊Full Name", "Staff No. (required)", "备注"],
        ["教育局", "林晓岚", 7001.0, "x"], head=[],
    )  # fmt: skip
    assert [(e.row, e.staff_number, e.name, e.unit, e.phone) for e in found.entries] == [
        (6, "7001", "林晓岚", "教育局", None)
    ]


def test_totals_notes_and_repeated_headings_are_no_people() -> None:
    found = read(
        row(), HEAD, [], ["合计", None, None, "2人"], ["说明：手机号必填"], row(staff="XY002"), ["", "制表人：某某"],
    )  # fmt: skip
    assert [entry.row for entry in found.entries] == [2, 7]
    assert (found.faults, found.skipped) == ([], [3, 5, 6, 8])


@pytest.mark.parametrize("staff", ["PAGE001", "note12", "total9"])
def test_people_whose_numbers_look_like_notes_are_people(staff: str) -> None:
    found = read([staff, "张三", None, None, "卫生局"])
    assert [entry.name for entry in found.entries] == ["张三"]


def test_of_two_columns_with_one_meaning_the_plainer_heading_counts() -> None:
    found = read(
        ["XY1", "林晓岚", "办公室", "教育局", "0731-58221234", "13912345678"],
        head=["工号", "姓名", "部门", "单位名称", "联系电话", "手机号码"],
    )
    assert [(entry.unit, entry.phone) for entry in found.entries] == [("教育局", "13912345678")]


def test_a_staff_number_stands_once() -> None:
    same = read(row(), row())
    assert [(f.row, f.problem, f.other) for f in same.faults] == [(3, "twice_same", "2")]
    assert [entry.row for entry in same.entries] == [2]
    other = read(row(), row(name="赵青"), row(staff="XY002"))
    assert [(f.row, f.problem, f.other) for f in other.faults] == [(2, "twice", "3"), (3, "twice", "2")]
    assert [entry.staff_number for entry in other.entries] == ["xy002"]
    assert other.held == {"xy001"}, "nobody is taken for gone because two rows quarrel"


def test_zeros_that_a_number_has_lost_are_missed() -> None:
    found = read(row(staff="000123"), row(staff=124.0), row(staff="000125"))
    assert [(f.row, f.problem, f.wanted) for f in found.faults] == [(3, "zeros_lost", "000124")]


def test_rows_of_one_unit_agree_about_its_nature() -> None:
    found = read(row(), row(staff="XY002"), row(staff="XY003", nature="学校"))
    assert found.faults == [Fault(4, "nature", "nature_differs", "school", "party_government", "月山市教育局")]
    assert found.held == {"xy003"}
    apart = read(row(), row(staff="XY002", parent="东山县", nature="学校"))
    assert apart.faults == [], "two units may have one name under two superiors"


def test_whom_a_wrong_row_names_is_known() -> None:
    found = read(row(phone="1"), row(staff="?"))
    assert found.held == {"xy001"}
    assert found.unreadable == [("林晓岚", "13912345678")]


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.datetimes(), st.text(max_size=30),
    st.text(alphabet="０1２3aＸ＝=+-@ 　\u200b\u202e\t\n张·•。#/", max_size=12), st.sampled_from(GOOD),
)  # fmt: skip


@given(st.lists(st.lists(CELLS, max_size=9), max_size=6))
def test_nothing_in_a_table_ends_in_an_exception(table: list[list[Cell]]) -> None:
    found = read(*table)
    assert {entry.row for entry in found.entries}.isdisjoint({fault.row for fault in found.faults} - _repeated(found))
    for fault in found.faults:
        assert 2 <= fault.row <= len(table) + 1
        assert fault.field in FIELDS
    told = {entry.row for entry in found.entries} | {fault.row for fault in found.faults} | set(found.skipped)
    empty = {n + 2 for n, line in enumerate(table) if all(cells.is_empty(cell) for cell in line)}
    assert told | empty == set(range(2, len(table) + 2)), "every row is read, wrong, left out by name, or empty"


def _repeated(found: Reading) -> set[int]:
    return {fault.row for fault in found.faults if fault.problem == "twice_same"}


@given(st.lists(st.lists(CELLS, max_size=5), max_size=6), st.dictionaries(st.text(max_size=4), st.sampled_from(FIELDS)))
def test_headings_are_found_or_not_found(table: list[list[Cell]], remembered: dict[str, str]) -> None:
    head = headings.find(table, remembered)
    assert head is None or set(head.columns) <= set(FIELDS)
    if table:
        assert 0 <= headings.likely(table) < len(table)


@given(st.sampled_from([cells.staff_number, cells.name, cells.phone, cells.email, cells.unit, cells.nature]), CELLS)
def test_what_was_read_reads_the_same_again(reader: Any, cell: Cell) -> None:
    try:
        value = reader(cell)
    except Wrong:
        return
    assert value is None or reader(value) == value
