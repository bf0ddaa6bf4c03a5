"""What the file of an older platform says: hours by year and category, half-watched courses, certificates, totals."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from app.rules.roster import amounts, cells, headings
from app.rules.roster.cells import Wrong
from app.rules.roster.headings import KNOWN, Vocabulary
from app.rules.roster.model import NAME, STAFF, UNIT, Cell, Fault, Head, Reading, Row
from app.rules.roster.rows import ASIDE, zero_width, zeros

YEAR, CATEGORY, HOURS, CERTIFICATE, COURSE, SEEN, LENGTH, DAY = (
    "year", "category", "hours", "certificate", "course", "seen", "length", "day",
)  # fmt: skip
FIELDS = (STAFF, NAME, UNIT, YEAR, CATEGORY, HOURS, CERTIFICATE, COURSE, SEEN, LENGTH, DAY)
BALANCE, HALF, PAPER, TOTAL = "balance", "course", "certificate", "total"
# What a sheet must have to be one of these; the first that fits. A certificate may also stand beside hours.
NEEDED = {
    BALANCE: (STAFF, YEAR, CATEGORY, HOURS), HALF: (STAFF, COURSE, SEEN), PAPER: (STAFF, CERTIFICATE),
    TOTAL: (UNIT, YEAR, HOURS),
}  # fmt: skip
WORDS = Vocabulary(
    {
        STAFF: KNOWN[STAFF], NAME: KNOWN[NAME], UNIT: KNOWN[UNIT],
        YEAR: "年度 年份 学年 年 培训年度 考核年度 year training-year",
        CATEGORY: "类别 科目 学时类别 科目类别 课程类别 学时类型 学分类别 分类 "
        "category type subject subject-type bucket",
        HOURS: "学时 学时数 获得学时 总学时 学时合计 合计学时 合计 累计学时 hours credit-hours learning-hours total "
        "total-hours",
        CERTIFICATE: "证书编号 证书号 证书号码 结业证书编号 certificate certificate-number certificate-no",
        COURSE: "课程 课程名称 课程标题 未学完课程 证书名称 course course-title course-name title",
        SEEN: "已学分钟 已学时长 已学时间 已看分钟 学习时长 已学分钟数 watched watched-minutes minutes-watched seen",
        LENGTH: "总分钟 课程时长 总时长 时长 课程总时长 length course-length total-minutes duration",
        DAY: "日期 最后学习日期 最近学习日期 最近学习时间 发证日期 取得日期 "
        "date last-day last-watched issued issued-on",
    },
    (STAFF, UNIT, YEAR, CATEGORY, HOURS, CERTIFICATE, COURSE, SEEN),
    NEEDED[BALANCE],
)  # fmt: skip


def _name(cell: Cell) -> str:
    """A name as it stands, to be compared with the account's; "" where nothing stands."""
    if cells.is_empty(cell):
        return ""
    try:
        return cells.name(cell)
    except Wrong as wrong:
        if wrong.problem != "name_digits":
            raise
        return cells.text(cell)


_READ: Mapping[str, Callable[[Cell], Any]] = {
    STAFF: cells.staff_number, NAME: _name, UNIT: cells.unit,
    YEAR: amounts.year, CATEGORY: amounts.category, HOURS: amounts.hours, CERTIFICATE: amounts.certificate,
    COURSE: amounts.title, SEEN: amounts.minutes, LENGTH: amounts.minutes, DAY: amounts.day,
}  # fmt: skip
_SHARED = frozenset({NAME, UNIT, YEAR, CATEGORY, STAFF})  # these stand in many rows, and are read once
# What may be left empty, by the kind of row.
_MAY_LACK = {
    BALANCE: frozenset({COURSE, SEEN, LENGTH}), HALF: frozenset({YEAR, CATEGORY, HOURS, LENGTH}),
    PAPER: frozenset({YEAR, CATEGORY, HOURS, SEEN, LENGTH}), TOTAL: frozenset({CATEGORY}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the old platform. `kind`: BALANCE, HALF or PAPER; `hours_m` thousandths, `seen_ms` and `length_ms`
    milliseconds. `category` is the file's word until `compare` has put the academy's code in its place."""

    sheet: str
    row: int
    kind: str
    staff_number: str
    name: str
    unit: str
    year: int | None = None
    category: str = ""
    hours_m: int = 0
    certificate: str = ""
    course: str = ""
    seen_ms: int = 0
    length_ms: int = 0
    day: date | None = None

    @property
    def key(self) -> str:
        """What it is about: of one learner and source there is one at a time."""
        if self.kind == BALANCE:
            return f"{self.year}:{self.category}"
        name = cells.same(self.course if self.kind == HALF else self.certificate)
        if len(name) > 120:  # some signs become many in their plain form
            name = f"{name[:80]}…{hashlib.sha256(name.encode()).hexdigest()[:32]}"
        return f"{self.kind}:{name}"


@dataclass(slots=True)
class OpeningReading(Reading):
    """All sheets of a file. `told`: rows that can be used; `file`: hours by (unit, year) of every row whose hours can
    be read, wrong or not; `totals`: what the old platform itself says of (unit, year), empty without such a sheet."""

    told: list[Told] = field(default_factory=list)
    file: dict[tuple[str, int], int] = field(default_factory=dict)
    totals: dict[tuple[str, int], int] = field(default_factory=dict)


def shape(head: Head) -> str | None:
    """What a sheet with these columns is; None where a column is missing for anything."""
    if STAFF not in head.columns:
        return TOTAL if all(each in head.columns for each in NEEDED[TOTAL]) else None
    kinds = (BALANCE, HALF, PAPER) if HOURS in head.columns or YEAR not in head.columns else (HALF, PAPER, BALANCE)
    found = next((kind for kind in kinds if all(each in head.columns for each in NEEDED[kind])), None)
    return None if found == PAPER and HOURS in head.columns else found


def missing(head: Head) -> tuple[str, ...]:
    """The columns that are still needed, by what the others look like."""
    kind = BALANCE
    if SEEN in head.columns or (COURSE in head.columns and HOURS not in head.columns):
        kind = HALF
    if STAFF not in head.columns and CATEGORY not in head.columns and NAME not in head.columns and UNIT in head.columns:
        kind = TOTAL
    return tuple(each for each in NEEDED[kind] if each not in head.columns)


def read(sheets: Sequence[tuple[str, Sequence[Row], Head]]) -> OpeningReading:
    """All rows below the headings of every sheet that has a shape."""
    found = OpeningReading()
    for sheet, rows, head in sheets:
        kind = shape(head)
        if kind is not None:
            _Sheet(found, sheet, kind, rows, head).read()
    found.told, twice = _once(found.told)
    found.faults += twice
    found.faults.sort(key=lambda fault: (fault.sheet, fault.row))
    return found


class _Sheet:
    """One sheet being read. What stands in many rows is read once."""

    def __init__(self, found: OpeningReading, sheet: str, kind: str, rows: Sequence[Row], head: Head) -> None:
        self._found, self._sheet, self._kind, self._rows, self._head = found, sheet, kind, rows, head
        self._known: dict[tuple[str, Cell], Any] = {}
        self._width = zero_width(rows, head) if STAFF in head.columns else 0

    def read(self) -> None:
        for number in range(self._head.row + 1, len(self._rows)):
            row = self._rows[number]
            if all(cells.is_empty(cell) for cell in row):
                continue
            if self._aside(row):
                self._found.skipped.append(number + 1)
                continue
            values, faults = self._values(row, number + 1)
            self._count(values)
            if self._kind == TOTAL:
                self._total(values, number + 1, faults)
            elif faults:
                if STAFF in values:
                    self._found.held.add(values[STAFF])
            else:
                self._found.told.append(self._told(values, number + 1))
            self._found.faults += faults

    def _aside(self, row: Row) -> bool:
        """A line of totals, a note, a heading that a page break repeats."""
        place = self._head.columns[STAFF if self._kind != TOTAL else UNIT]
        first = row[place] if place < len(row) else None
        again = headings.field_of(first, WORDS) is not None
        if again and len(headings.recognised(row, words=WORDS)) >= min(3, len(self._head.columns)):
            return True
        text = next((cell for cell in row if isinstance(cell, str) and cell.strip()), "")
        if ASIDE.match(text) is None or sum(not cells.is_empty(cell) for cell in row) > 4:
            return False
        return cells.is_empty(first) or first is text

    def _values(self, row: Row, number: int) -> tuple[dict[str, Any], list[Fault]]:
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, place in self._head.columns.items():
            cell = row[place] if place < len(row) else None
            if cells.is_empty(cell) and name in _MAY_LACK[self._kind]:
                continue
            try:
                values[name] = self._value(name, cell)
                if name == STAFF:
                    zeros(cell, values[name], self._width)
            except Wrong as wrong:
                faults.append(self._fault(number, name, wrong, cell))
        needed = {HALF: COURSE, PAPER: CERTIFICATE, TOTAL: UNIT}.get(self._kind)
        if needed is not None and values.get(needed) == "":
            faults.append(Fault(number, needed, "missing", sheet=self._sheet))
        if self._kind == HALF and 0 < values.get(LENGTH, 0) < values.get(SEEN, 0):
            shown = cells.shown(row[self._head.columns[SEEN]])
            faults.append(Fault(number, SEEN, "seen_beyond", shown, sheet=self._sheet))
        return values, faults

    def _fault(self, number: int, name: str, wrong: Wrong, cell: Cell) -> Fault:
        return Fault(number, name, wrong.problem, cells.shown(cell), wrong.wanted, sheet=self._sheet)

    def _value(self, name: str, cell: Cell) -> Any:
        if name not in _SHARED or isinstance(cell, bool):
            return amounts.total(cell) if name == HOURS and self._kind == TOTAL else _READ[name](cell)
        key = name, cell
        if key not in self._known:
            self._known[key] = _READ[name](cell)
        return self._known[key]

    def _count(self, values: Mapping[str, Any]) -> None:
        if self._kind == BALANCE and HOURS in values and YEAR in values:
            key = values.get(UNIT, ""), values[YEAR]
            self._found.file[key] = self._found.file.get(key, 0) + values[HOURS]

    def _total(self, values: Mapping[str, Any], number: int, faults: list[Fault]) -> None:
        if faults:
            return
        key = values[UNIT], values[YEAR]
        if key in self._found.totals and CATEGORY not in self._head.columns:
            faults.append(Fault(number, UNIT, "total_twice", values[UNIT], sheet=self._sheet))
            return
        self._found.totals[key] = self._found.totals.get(key, 0) + values[HOURS]

    def _told(self, values: Mapping[str, Any], number: int) -> Told:
        return Told(
            self._sheet, number, self._kind, values[STAFF], values.get(NAME, ""), values.get(UNIT, ""),
            values.get(YEAR), values.get(CATEGORY, ""), values.get(HOURS, 0) if self._kind == BALANCE else 0,
            values.get(CERTIFICATE, ""), values.get(COURSE, ""),
            values.get(SEEN, 0) if self._kind == HALF else 0, values.get(LENGTH, 0), values.get(DAY),
        )  # fmt: skip


def _once(told: Sequence[Told]) -> tuple[list[Told], list[Fault]]:
    """Of one learner one row about one thing. Repeated word for word, the first counts; else nobody can tell which."""
    given: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for each in told:
        given[each.staff_number, each.key].append(each)
    kept: list[Told] = []
    faults: list[Fault] = []
    for rows in given.values():
        first = rows[0]
        if all(replace(each, row=first.row, sheet=first.sheet) == first for each in rows[1:]):
            kept.append(first)
            faults += [_twice(each, "twice_same", [first]) for each in rows[1:]]
        else:
            faults += [_twice(each, "twice_other", [other for other in rows if other is not each]) for each in rows]
    return kept, faults


def _twice(each: Told, problem: str, others: Sequence[Told]) -> Fault:
    shown = {BALANCE: f"{each.year} {each.category}", HALF: each.course, PAPER: each.certificate}[each.kind]
    about = {BALANCE: YEAR, HALF: COURSE, PAPER: CERTIFICATE}[each.kind]
    rows = ", ".join(str(other.row) for other in others[:5])
    return Fault(each.row, about, problem, shown, other=rows, sheet=each.sheet)
