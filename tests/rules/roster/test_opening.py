"""Files of an older platform: what a row says, every fault with its row and what to do, what a file would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.roster import balances, headings, opening
from app.rules.roster.balances import Balances, Now, Standing, told_of
from app.rules.roster.opening import WORDS, OpeningReading

HEAD = ("工号", "姓名", "单位", "年度", "类别", "学时", "证书编号")
HALVES = ("工号", "课程名称", "已学分钟", "总分钟", "最后学习日期")
GOOD = ("XY0001", "张三", "教育局", 2025, "公需科目", 12.5, "")
NOW = Now({"xy0001": (1, "张三"), "xy0002": (2, "李四")}, (), frozenset({"online"}), 2026, frozenset({2024}))


def read(
    rows: Sequence[Sequence[Any]], head: Sequence[str] = HEAD, **sheets: Sequence[Sequence[Any]]
) -> OpeningReading:
    """What a file of these rows says, below a title; `sheets` by name, each with its headings."""
    tables = {"学时": [["旧平台导出"], list(head), *rows], **sheets}
    found = []
    for name, table in tables.items():
        told = headings.find(table, None, WORDS)
        assert told is not None, name
        found.append((name, table, told))
    return opening.read(found)


def changes(*rows: Sequence[Any], now: Now = NOW, **sheets: Sequence[Sequence[Any]]) -> Balances:
    return balances.compare(read(rows, HEAD, **sheets), now)


def good(**other: Any) -> list[Any]:
    """A row that is right, but for these cells."""
    return list((dict(zip(HEAD, GOOD, strict=True)) | other).values())


def test_a_row_is_hours_of_a_year_and_category() -> None:
    [line] = changes(good(证书编号="JX 2025-01")).lines
    assert line.told is not None
    told = line.told
    assert (told.row, told.year, told.category, told.hours_m, told.certificate) == (
        3,
        2025,
        "general",
        12500,
        "JX2025-01",
    )
    assert (line.kind, line.person_id, told.key) == ("new", 1, "2025:general")


@pytest.mark.parametrize(
    ("cell", "thousandths"),
    [
        (3, 3000),
        (0, 0),
        (0.001, 1),
        ("１２．５", 12500),
        ("1,200.5", 1_200_500),
        ("+7", 7000),
        (0.1, 100),
        (0.1 + 0.2, 300),
        (19.0, 19000),
    ],
)
def test_hours_are_exact_thousandths(cell: Any, thousandths: int) -> None:
    [line] = changes(good(学时=cell)).lines
    assert line.told is not None
    assert line.told.hours_m == thousandths


FAULTS: list[tuple[str, Any, str, str]] = [
    ("学时", None, "missing", ""), ("学时", "", "missing", ""), ("学时", "无", "missing", ""),
    ("学时", -3, "negative", ""), ("学时", "-0.5", "negative", ""), ("学时", "（3）", "negative", ""),
    ("学时", "十二", "number_form", ""), ("学时", "19.5学时", "number_form", "19.5"),
    ("学时", "1,5", "number_form", ""),
    ("学时", "3/4", "number_form", ""), ("学时", "50%", "number_form", ""), ("学时", float("nan"), "number_form", ""),
    ("学时", float("inf"), "number_form", ""), ("学时", 9000, "hours_many", ""), ("学时", 1e300, "hours_many", ""),
    ("学时", "0." + "9" * 40, "number_form", ""), ("学时", "1." + "0" * 35 + "1", "number_form", ""),
    ("学时", 1.23456, "hours_inexact", "1.235"), ("学时", 0.3004, "hours_inexact", "0.3"),
    ("学时", True, "cell_flag", ""), ("学时", date(2025, 1, 2), "cell_date", ""), ("学时", "=A1*2", "formula", ""),
    ("学时", "#DIV/0!", "cell_error", ""), ("学时", "1\x00", "control", "1"),
    ("年度", None, "missing", ""), ("年度", "去年", "year_form", ""), ("年度", "2023-2024", "year_form", ""),
    ("年度", date(2025, 12, 31), "year_form", "2025"), ("年度", datetime(2025, 1, 1, 3), "year_form", "2025"),
    ("年度", 2025.5, "year_form", ""), ("年度", "25", "year_form", ""), ("年度", 1066, "year_early", ""),
    ("年度", 2031, "year_ahead", ""), ("年度", 2024, "year_sealed", ""), ("年度", False, "cell_flag", ""),
    ("类别", None, "missing", ""), ("类别", "公需科日", "category_unknown", "公需科目"),
    ("类别", "舞蹈", "category_unknown", ""),
    ("类别", "类" * 50, "too_long", ""), ("类别", 3.5, "cell_fraction", ""),
    ("工号", None, "missing", ""), ("工号", "430302199001011234", "identity_number", ""),
    ("工号", "XY 0001，", "staff_form", "xy0001"), ("工号", "XY9999", "nobody", ""),
    ("工号", 1.2e30, "digits_lost", ""),
    ("姓名", "王五", "other_name", "张三"), ("姓名", "张三1", "other_name", "张三"),
    ("姓名", "---", "name_form", ""),
    ("姓名", "三" * 80, "too_long", ""),
    ("证书编号", 4.1e17, "digits_lost", ""), ("证书编号", "甲、乙", "certificate_form", ""),
    ("证书编号", "9" * 61, "too_long", ""),
    ("单位", "单" * 130, "too_long", ""), ("单位", "--3--", "unit_form", ""),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "problem", "wanted"), FAULTS)
def test_every_fault_has_its_row_and_what_is_wanted(column: str, cell: Any, problem: str, wanted: str) -> None:
    found = changes(good(工号="XY0002", 姓名="李四"), good(**{column: cell}))
    assert [(f.row, f.sheet, f.problem, f.wanted) for f in found.faults] == [(4, "学时", problem, wanted)]
    assert [line.staff_number for line in found.lines] == ["xy0002"], "the others are not held up"


def test_there_are_at_least_25_kinds_of_faults() -> None:
    assert len({problem for _column, _cell, problem, _wanted in FAULTS}) >= 25


def test_what_stands_twice() -> None:
    assert [(f.row, f.problem) for f in changes(good(), good()).faults] == [(4, "twice_same")]
    found = changes(good(), good(学时=3))
    assert [(f.row, f.problem, f.other) for f in found.faults] == [(3, "twice_other", "4"), (4, "twice_other", "3")]
    assert found.lines == []
    found = changes(good(), good(类别="公需课", 学时=3))  # two words for one category
    assert [(f.row, f.problem, f.other) for f in found.faults] == [(3, "twice_other", "4"), (4, "twice_other", "3")]
    assert found.lines == []


def test_half_watched_courses_and_certificates_have_sheets_of_their_own() -> None:
    halves = [HALVES, ["XY0001", "公文写作", "25:30", 90, "2025年11月30日"], ["XY0002", "急救", 100, 90, ""]]
    papers = [("工号", "证书编号", "发证日期"), ["XY0001", "JX-1", date(2025, 5, 4)]]
    found = changes(good(), 课程=halves, 证书=papers)
    kinds = {line.told.kind: line.told for line in found.lines if line.told}
    assert sorted(kinds) == ["balance", "certificate", "course"]
    assert (kinds["course"].seen_ms, kinds["course"].length_ms) == (1_530_000, 5_400_000)
    assert kinds["course"].day == date(2025, 11, 30)
    assert kinds["certificate"].hours_m == 0
    assert [(f.sheet, f.row, f.problem) for f in found.faults] == [("课程", 3, "seen_beyond")]


def test_days_before_all_years_and_sealed_years_of_half_watched_courses() -> None:
    days = [HALVES, ["XY0001", "公文写作", 20, 90, "1899-12-31"], ["XY0002", "急救", 10, 90, date(1800, 1, 1)]]
    assert [(f.row, f.problem) for f in changes(good(), 课程=days).faults] == [(2, "year_early"), (3, "year_early")]
    years = [(*HALVES, "年度"), ["XY0001", "公文写作", 20, 90, "", 2024]]
    assert [(f.row, f.problem) for f in changes(good(), 课程=years).faults] == [(2, "year_sealed")]


def test_a_long_title_is_known_again() -> None:
    titles = [HALVES, ["XY0001", "㍿" * 60, 20, 90, ""], ["XY0001", "㍿" * 59 + "甲", 20, 90, ""]]
    told = [line.told for line in changes(good(), 课程=titles).lines if line.told]
    keys = {each.key for each in told}
    assert len(keys) == 3
    assert max(map(len, keys)) <= 200


def test_the_old_platforms_totals_are_compared() -> None:
    totals = [("单位", "年度", "学时合计"), ["教育局", 2025, 15408.5], ["档案馆", "2025年", 3]]
    found = changes(good(), good(工号="XY9999", 姓名="", 学时=4), 合计=totals)
    assert [(s.unit, s.year, s.said, s.file, s.taken) for s in found.sums] == [
        ("教育局", 2025, 15_408_500, 16_500, 12_500), ("档案馆", 2025, 3000, 0, 0),
    ]  # fmt: skip
    assert all(each.apart for each in found.sums)


def stood(found: Balances) -> list[Standing]:
    return [
        Standing(at, line.person_id, line.staff_number, line.name, line.told.key, f"e{at}", told_of(line.told))
        for at, line in enumerate(found.lines)
        if line.told
    ]


def test_only_differences_are_posted_and_whose_row_is_wrong_keeps_what_stood() -> None:
    first = changes(good(), good(年度=2023), good(工号="XY0002", 姓名="李四"))
    now = replace(NOW, standing=stood(first))
    assert changes(good(年度=2023), good(), good(工号="XY0002", 姓名="李四", 单位="别处"), now=now).counts() == {
        "new": 0, "changed": 0, "moved": 0, "leaving": 0, "unchanged": 3,
    }  # fmt: skip
    found = changes(good(学时=13), good(工号="XY0002", 姓名="李四", 学时=-1), now=now)
    assert [(line.kind, line.staff_number, line.stood and line.stood.key) for line in found.lines] == [
        ("changed", "xy0001", "2025:general"), ("leaving", "xy0001", "2023:general"),
    ]  # fmt: skip
    assert found.held == ["xy0002"]


_cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.dates(), st.datetimes(),
    st.sampled_from([*GOOD, *HEAD, *HALVES, *(cell for _c, cell, _p, _w in FAULTS), "合计", "2025年度",
                     "1:02:03", "公需"]),
)  # fmt: skip


@given(
    st.lists(st.lists(_cells, max_size=9), max_size=12),
    st.permutations([*HEAD, "课程", "已学分钟", "总时长", "日期"]).flatmap(
        lambda names: st.integers(2, len(names)).map(lambda most: names[:most])
    ),
)
def test_no_table_ends_in_an_exception(rows: list[list[Any]], head: list[str]) -> None:
    table = [head, *rows]
    told = headings.find(table, None, WORDS)
    if told is None:
        return
    if opening.shape(told) is None:
        assert opening.missing(told) or "hours" in told.columns
        return
    found = balances.compare(opening.read([("", table, told)]), NOW)
    assert all(0 < fault.row <= len(table) and fault.problem for fault in found.faults)
    assert all(line.told is None or line.told.hours_m >= 0 for line in found.lines)
    found.print()
