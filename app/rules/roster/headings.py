"""Which column is what: headings in Chinese or English, in any order, below any title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from app.rules.roster.model import (
    BAND,
    EMAIL,
    FIELDS,
    KEY,
    NAME,
    NATURE,
    PARENT,
    PHONE,
    REQUIRED,
    STAFF,
    UNIT,
    Cell,
    Head,
    Row,
)  # fmt: skip

# Titles, notes and the date of a file stand above its headings; nobody writes more than this.
MOST_ABOVE = 30
KNOWN = {
    STAFF: "工号 职工号 员工号 人员编号 学号 学员编号 职工编号 员工编号 教工号 人员工号 职员编号 员工工号 "
    "职工工号 账号 登录名 "
    "staff-number staff-no staff-id employee-number employee-no employee-id personnel-number login number",
    NAME: "姓名 学员姓名 职工姓名 员工姓名 人员姓名 名字 name full-name staff-name",
    PHONE: "手机号码 手机号 手机 移动电话 联系电话 电话 电话号码 联系方式 "
    "phone mobile mobile-phone phone-number mobile-number cell-phone telephone tel",
    EMAIL: "电子邮箱 邮箱 电子邮件 邮箱地址 邮件 电子邮箱地址 email e-mail mail email-address",
    UNIT: "所在单位 单位 工作单位 单位名称 部门 所属单位 所在部门 所在单位名称 任职单位 "
    "unit unit-name organisation organization department employer workplace",
    PARENT: "主管单位 上级单位 主管部门 所属区县 区县 地区 所属地区 上级主管单位 "
    "superior-unit parent-unit superior parent district",
    NATURE: "单位性质 性质 单位类别 单位类型 nature nature-of-unit unit-nature unit-type",
    BAND: "职级 级别 职务级别 职级类别 人员类别 职务层次 rank rank-band band grade level job-level",
    KEY: "重点培训学员 重点学员 重点培训 是否重点培训学员 是否重点学员 key-trainee key-trainees",
}
# A heading may say more in brackets, or mark that it must be filled in: 手机号码（必填）, *姓名.
_EXTRA = re.compile(r"[(（\[【].*?[)）\]】]|[*＊:：#]")
_SPACE = re.compile(r"[\s_\-/、.]+")


def plain(text: str) -> str:
    """A heading without what nobody means: width, case, spaces, brackets, stars."""
    low = unicodedata.normalize("NFKC", text).casefold()
    return _SPACE.sub("", _EXTRA.sub("", low))


# These say less than others of their field: they count where no other does.
_WEAK_NAMES = "部门 所在部门 department 联系电话 电话 电话号码 联系方式 telephone tel"
_WEAK = frozenset(plain(name) for name in _WEAK_NAMES.split())
_BY_NAME = {plain(name): field for field, names in KNOWN.items() for name in names.split()}


def field_of(heading: Cell) -> str | None:
    """The field that a heading stands for; None for one that is not known."""
    return _BY_NAME.get(plain(heading)) if isinstance(heading, str) else None


def find(rows: Sequence[Row], remembered: Mapping[str, str] | None = None) -> Head | None:
    """The row of headings: of the first 30 the one in which most fields are recognised, at least two of those that a
    roster must have. None where there is none.

    `remembered`: what headings (as `plain` writes them) stood for the last time; "" is a column that is not read.
    """
    best: Head | None = None
    for number, row in enumerate(rows[:MOST_ABOVE]):
        head = Head(number, recognised(row, remembered))
        needed = sum(field in head.columns for field in REQUIRED)
        if needed >= 2 and (best is None or len(head.columns) > len(best.columns)):
            best = head
    return best


def recognised(row: Row, remembered: Mapping[str, str] | None = None) -> dict[str, int]:
    """By field: the column. Of two columns with the same meaning the first counts."""
    found: dict[str, int] = {}
    weak: dict[str, int] = {}
    for place, cell in enumerate(row):
        if not isinstance(cell, str) or not cell.strip():
            continue
        name = plain(cell)
        told = remembered is not None and name in remembered
        field = remembered[name] if remembered is not None and told else _BY_NAME.get(name)
        if field in FIELDS:
            (weak if name in _WEAK and not told else found).setdefault(field, place)
    return {**weak, **found}


def doubles(row: Row) -> dict[str, list[int]]:
    """By field: the columns, where several headings mean the same."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(row):
        field = field_of(cell)
        if field is not None:
            found.setdefault(field, []).append(place)
    return {field: places for field, places in found.items() if len(places) > 1}


def likely(rows: Sequence[Row]) -> int:
    """Where headings most likely stand when none were recognised: the first row with most texts in it."""
    counts = [sum(isinstance(cell, str) and bool(cell.strip()) for cell in row) for row in rows[:MOST_ABOVE]]
    return counts.index(max(counts)) if counts else 0


def missing(head: Head) -> tuple[str, ...]:
    """The fields without which nobody can be told."""
    return tuple(field for field in REQUIRED if field not in head.columns)
