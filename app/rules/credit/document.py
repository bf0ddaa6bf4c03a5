"""Text → rule set: everything that is wrong with it is found before anything is judged by it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.rules.credit import checks, rows, syntax
from app.rules.credit.clauses import RuleSet
from app.rules.credit.errors import SINGLE, RuleError, RuleErrors, Said, say
from app.rules.credit.formula import MODES
from app.rules.credit.lines import Lines, scan
from app.rules.credit.names import Names
from app.rules.credit.periods import PeriodRule, QuotaRound
from app.rules.credit.reading import Row

_RULESET: Final = ("id", "version", "effective", "timezone", "unit", "title", "grace_minutes", "verify_by")
_PERIOD: Final = (
    "start",
    "months",
    "first",
    "cycle",
    "standing",
    "reduce",
    "quota_round",
    "late",
    "seal_after_months",
)
_TABLES = (*SINGLE, *rows.READERS)
LARGEST = 100_000
# A dotted key costs the square of its depth.
MOST_POINTS = 100
# Far above what anybody writes: what is compared in pairs must stay quick.
_MOST_ROWS = 200
_MOST_AXES = 6
_SHORT = ("04", "06", "09", "11")


def load(text: str) -> RuleSet:
    """A rule set from its TOML text. Raises RuleErrors with every mistake, each with its line."""
    text = text.removeprefix("\ufeff")  # as some editors begin a file
    if len(text) > LARGEST:
        raise RuleErrors([RuleError(1, "", "", say("longer than %(most)s characters", most=LARGEST))])
    for place, row in enumerate(text.split("\n"), 1):
        if row.count(".") > MOST_POINTS:
            raise RuleErrors([RuleError(place, "", "", say("more than %(most)s points in one line", most=MOST_POINTS))])
    try:
        data = tomllib.loads(text)
        _printable(data)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        line, said = syntax.mistake(error, text)
        raise RuleErrors([RuleError(line, "", "", said)]) from error
    return _Loader(data, scan(text)).ruleset()


def _printable(data: Mapping[str, Any]) -> None:
    """ValueError for a number of thousands of digits: `tomllib` itself refuses only those that are not hexadecimal."""
    left: list[Any] = [data]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif type(value) is int:
            str(value)


class _Loader:
    """One document being loaded."""

    def __init__(self, data: Mapping[str, Any], lines: Lines) -> None:
        self.data, self.lines = data, lines
        self.errors: list[RuleError] = []
        self.where: dict[str, int] = {}
        self.texts: dict[str, Mapping[str, str]] = {}

    def ruleset(self) -> RuleSet:
        """Read everything, then judge it together; raise all that was found."""
        for name in self.data:
            if name not in _TABLES:
                self._wrong_table(name, say("unknown table; allowed: %(allowed)s", allowed=", ".join(_TABLES)))
        header, period = self._header(), self._period()
        found = {name: tuple(self._rows(name)) for name in rows.READERS}
        self._together(found)
        if self.errors or header is None or period is None:
            raise RuleErrors(self.errors)
        return RuleSet(
            **header,
            period=period,
            converts=found["convert"],
            weights=found["weight"],
            marks=found["mark"],
            needs=found["needs"],
            rounds=found["round"],
            duplicates=found["duplicate"],
            caps=found["cap"],
            shares=found["share"],
            attendances=found["attendance"],
            revokes=found["revoke"],
            tests=found["test"],
            requirements=found["requirement"],
            carries=found["carry"],
            make_ups=found["make_up"],
            texts=self.texts,
            lines=self.where,
        )

    def _wrong_table(self, name: str, message: Said) -> None:
        data = self.data[name]
        count = len(data) if isinstance(data, list) else 1
        known = [self.lines.rows.get((name, row)) or self.lines.keys.get(("", 0, name)) for row in range(count)]
        for line in sorted({line or 1 for line in known}):
            self.errors.append(RuleError(line, name, "", message))

    def _single(self, name: str, allowed: Sequence[str]) -> Row | None:
        data = self.data.get(name)
        if not isinstance(data, dict):
            missing = say("the table [%(table)s] is missing", table=name)
            self.errors.append(RuleError(self.lines.of(name, 0), name, "", missing))
            return None
        return Row(name, 0, data, self.lines, self.errors, allowed)

    def _header(self) -> dict[str, Any] | None:
        row = self._single("ruleset", _RULESET)
        if row is None:
            return None
        for key in ("id", "version", "effective", "timezone", "unit", "title"):
            row.need(key)
        zone = row.text("timezone", "UTC")
        try:
            timezone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            row.wrong(
                say("'timezone': there is no time zone %(zone)r; write one such as \"Asia/Shanghai\"", zone=zone),
                "timezone",
            )
            timezone = ZoneInfo("UTC")
        verify_by = row.data.get("verify_by")
        if verify_by is not None and type(verify_by) is not date and not _month_day(verify_by):
            row.wrong(
                say("'verify_by' must be a date or look like \"01-31\", not %(found)r", found=verify_by), "verify_by"
            )
        return {
            "id": row.text("id", longest=80),
            "version": row.whole("version", 1, 1, 1_000_000),
            "effective": row.day("effective") if "effective" in row.data else None,
            "timezone": timezone,
            "unit": row.text("unit", "hours", longest=40),
            "title": row.both_languages("title"),
            "grace_minutes": row.whole("grace_minutes", 0, 0, 720),
            "verify_by": verify_by,
        }

    def _period(self) -> PeriodRule | None:
        row = self._single("period", _PERIOD)
        if row is None:
            return None
        for key in ("start", "months", "first"):
            row.need(key)
        start = _month_day(row.data.get("start", "01-01"))
        if start is None or start[1] > 28:
            start = None
            row.wrong(
                say(
                    "'start' must look like \"12-01\" with a day from 01 to 28, not %(found)r",
                    found=row.data.get("start"),
                ),
                "start",
            )
        month, day = start or (1, 1)
        standing = row.choice("standing", ("last_day", "most", "pro_rata"), "last_day")
        reduce = row.choice("reduce", ("none", "days", "months", "whole"), "none")
        rounded = self._quota_round(row)
        if rounded is None and (standing == "pro_rata" or reduce in ("days", "months")):
            row.wrong(say("quotas by days may not be whole thousandths: 'quota_round' = {to, mode} is needed"))
        return PeriodRule(
            month,
            day,
            row.whole("months", 12, 1, 240),
            row.whole("first", 2000, 1900, 9000),
            row.whole("cycle", 1, 1, 100),
            standing,
            reduce,
            rounded,
            row.choice("late", ("current", "sealed"), "current"),
            row.whole("seal_after_months", 0, 0, 120),
        )

    def _quota_round(self, row: Row) -> QuotaRound | None:
        raw = row.data.get("quota_round")
        if raw is None:
            return None
        if not isinstance(raw, dict) or set(raw) != {"to", "mode"} or raw["mode"] not in MODES:
            row.wrong(
                say('\'quota_round\' must look like {to = "0.5", mode = "ceil"}, not %(found)r', found=raw),
                "quota_round",
            )
            return None
        to_m = row.thousandths(raw["to"], "quota_round")
        if to_m == 0:
            row.wrong(say("'quota_round': 'to' must be above 0"), "quota_round")
        return QuotaRound(to_m, raw["mode"])

    def _rows(self, name: str) -> list[Any]:
        data = self.data.get(name, [])
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            written = say("must be written as [[%(table)s]] rows", table=name)
            self.errors.append(RuleError(self.lines.of(name, 0), name, "", written))
            return []
        if len(data) > _MOST_ROWS:
            line = self.lines.of(name, _MOST_ROWS)
            self.errors.append(RuleError(line, name, "", say("more than %(most)s rows", most=_MOST_ROWS)))
            return []
        sound = []
        for index, each in enumerate(data):
            row = Row(
                name,
                index,
                each,
                self.lines,
                self.errors,
                (*rows.KEYS[name], *rows.NOTED),
            )
            clause = rows.READERS[name](row)
            if row.id and row.id in self.where:
                row.wrong(say("the id is used twice (line %(line)s)", line=self.where[row.id]), "id")
            self.where.setdefault(row.id, row.line)
            self.texts[row.id] = row.both_languages("text")
            if row.sound:
                sound.append(clause)
        return sound

    def _together(self, found: Mapping[str, tuple[Any, ...]]) -> None:
        converts, weights = found["convert"], found["weight"]
        for otherwise in (False, True):
            checks.overlaps("convert", [c for c in converts if c.otherwise is otherwise], self.where, self._wrong)
        axes = sorted({w.axis for w in weights})
        if len(axes) > _MOST_AXES:
            self._wrong("weight", weights[-1].id, say("more than %(most)s axes", most=_MOST_AXES))
            return
        for axis in axes:
            checks.overlaps("weight", [w for w in weights if w.axis == axis], self.where, self._wrong)
        checks.overlaps("mark", found["mark"], self.where, self._wrong)
        checks.overlaps("round", found["round"], self.where, self._wrong)
        checks.repeats(found["duplicate"], self._wrong)
        # Whether these hold is only known once every row that may cover a piece could be read.
        if len(found["round"]) == self._count("round") and len(weights) == self._count("weight"):
            checks.rounding(converts, weights, found["round"], self._wrong)
        if len(found["mark"]) == self._count("mark"):
            checks.watching(converts, found["mark"], self._wrong)
        if len(found["test"]) == self._count("test"):
            names = Names(found["test"], self._wrong)
            names.tests()
            names.requirements(found["requirement"])
            names.shares(found["share"])
            names.make_ups(found["make_up"])
            names.carries(found["carry"])

    def _count(self, name: str) -> int:
        data = self.data.get(name, [])
        return len(data) if isinstance(data, list) else -1

    def _wrong(self, table: str, name: str, message: Said) -> None:
        self.errors.append(RuleError(self.where.get(name, 1), table, name, message))


def _month_day(raw: object) -> tuple[int, int] | None:
    """ "12-01" → (12, 1); a day that every month has."""
    found = re.fullmatch(r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8]|29|3[01])", raw) if isinstance(raw, str) else None
    if found is None or (found[1] == "02" and found[2] > "29") or (found[1] in _SHORT and found[2] == "31"):
        return None
    return int(found[1]), int(found[2])
