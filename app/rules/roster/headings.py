"""Which column is what: headings in Chinese or English, in any order, below any title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.rules.roster.model import (
    BAND,
    EMAIL,
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


@dataclass(frozen=True)
class Vocabulary:
    """What the headings of one sort of file may be called, by field. `telling`: fields of which a row of headings has
    at least two; `required`: without these nothing can be told; `weak`: names that count where no other does."""

    known: Mapping[str, str]
    telling: tuple[str, ...]
    required: tuple[str, ...]
    weak: str = ""
    by_name: Mapping[str, str] = field(init=False)
    weak_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        by_name = {plain(name): each for each, names in self.known.items() for name in names.split()}
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "weak_names", frozenset(plain(name) for name in self.weak.split()))


ROSTER = Vocabulary(KNOWN, REQUIRED, REQUIRED, _WEAK_NAMES)


def field_of(heading: Cell, words: Vocabulary = ROSTER) -> str | None:
    """The field that a heading stands for; None for one that is not known."""
    return words.by_name.get(plain(heading)) if isinstance(heading, str) else None


def find(rows: Sequence[Row], remembered: Mapping[str, str] | None = None, words: Vocabulary = ROSTER) -> Head | None:
    """The row of headings: of the first 30 the one in which most fields are recognised, at least two of those that
    tell it. None where there is none.

    `remembered`: what headings (as `plain` writes them) stood for the last time; "" is a column that is not read.
    """
    best: Head | None = None
    for number, row in enumerate(rows[:MOST_ABOVE]):
        head = Head(number, recognised(row, remembered, words))
        needed = sum(field in head.columns for field in words.telling)
        if needed >= 2 and (best is None or len(head.columns) > len(best.columns)):
            best = head
    return best


def recognised(row: Row, remembered: Mapping[str, str] | None = None, words: Vocabulary = ROSTER) -> dict[str, int]:
    """By field: the column. Of two columns with the same meaning the first counts."""
    found: dict[str, int] = {}
    weak: dict[str, int] = {}
    for place, cell in enumerate(row):
        if not isinstance(cell, str) or not cell.strip():
            continue
        name = plain(cell)
        told = remembered is not None and name in remembered
        field = remembered[name] if remembered is not None and told else words.by_name.get(name)
        if field is not None and field in words.known:
            (weak if name in words.weak_names and not told else found).setdefault(field, place)
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


def missing(head: Head, words: Vocabulary = ROSTER) -> tuple[str, ...]:
    """The fields without which nobody can be told."""
    return tuple(field for field in words.required if field not in head.columns)
