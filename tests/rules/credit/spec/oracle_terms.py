"""The words of the language for the second evaluator: selectors, formulas, days. Slow, exact, nothing compiled."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from math import ceil, floor
from typing import Any

Data = dict[str, Any]
ZONE = timezone(timedelta(hours=8))
RANKS = (
    "correction", "revocation", "exemption", "standing", "opening", "leave", "class_close", "exam", "session",
    "watched", "watched_elsewhere", "report", "recognised", "taught", "points",
)  # fmt: skip
SILENT = ("correction", "revocation", "exemption", "standing", "leave", "class_close")
FIELDS = {
    "seen": ("seen_ms", 60_000), "length": ("length_ms", 60_000), "minutes": ("duration_ms", 60_000),
    "days": ("half_days", 2), "hours": ("hours_m", 1000), "credits": ("credits_m", 1000), "score": ("score_m", 1000),
    "leave": ("leave_m", 1000), "run_hours": ("run_hours_m", 1000), "months": ("months_m", 1000), "words": ("words", 1),
    "questions": ("questions", 1), "count": ("count", 1), "responses": ("responses", 1), "missed": ("missed", 1),
    "reviewers": ("reviewers", 1),
}  # fmt: skip


def number(raw: Any) -> Fraction:
    """`3`, `"0.5"`, `"2/3"`"""
    return Fraction(raw) if not isinstance(raw, str) or "/" not in raw else Fraction(*map(Fraction, raw.split("/")))


def to_step(exact: Fraction, step: Fraction, mode: str) -> Fraction:
    """Rounded to a whole number of steps."""
    times = exact / step
    if mode == "floor":
        return floor(times) * step
    if mode == "ceil":
        return ceil(times) * step
    half = Fraction(1, 2)
    return (floor(times + half) if mode == "nearest" else ceil(times - half)) * step


def thousandths(exact: Fraction, mode: str = "floor") -> int:
    return int(to_step(exact * 1000, Fraction(1), mode))


def formula(text: Any, facts: Mapping[str, int]) -> Fraction:
    """What a formula gives for these integers."""
    return _node(ast.parse(str(text), mode="eval").body, facts)


def _node(node: ast.AST, facts: Mapping[str, int]) -> Fraction:
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.Name):
        name, worth = FIELDS[node.id]
        return Fraction(facts.get(name, 0), worth)
    if isinstance(node, ast.BinOp):
        left, right = _node(node.left, facts), _node(node.right, facts)
        if isinstance(node.op, ast.Div):
            return left / right if right else Fraction(0)
        sums = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
        return sums[type(node.op)]
    assert isinstance(node, ast.Call), ast.dump(node)
    assert isinstance(node.func, ast.Name)
    name, arguments = node.func.id, node.args
    if name == "when":
        assert isinstance(arguments[0], ast.Compare)
        left, right = _node(arguments[0].left, facts), _node(arguments[0].comparators[0], facts)
        holds = {ast.GtE: left >= right, ast.Gt: left > right, ast.Lt: left < right, ast.LtE: left <= right}
        return _node(arguments[1] if holds[type(arguments[0].ops[0])] else arguments[2], facts)
    first, second = _node(arguments[0], facts), _node(arguments[1], facts)
    if name in ("min", "max"):
        return min(first, second) if name == "min" else max(first, second)
    return to_step(first, second, name)


def fits(selector: Mapping[str, Any] | None, seen: Mapping[str, Any]) -> bool:
    """Does everything that the selector says hold?"""
    return all(_fits(field, wanted, seen.get(field)) for field, wanted in (selector or {}).items())


def _fits(field: str, wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        return not _fits(field, wanted["not"], value)
    options = wanted if isinstance(wanted, list) else [wanted]
    if field != "clock":
        return value in options and value is not None
    spans = (span.split("-") for span in options)
    return value is not None and any(_minute(begin) <= value < _minute(end) for begin, end in spans)


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def moment(text: str) -> datetime:
    """Academy-local unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=ZONE)).astimezone(ZONE)


def plus_months(day: date, months: int) -> date:
    """The same day so many months later."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:  # no such day in that month: the first of the next
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)


class Calendar:
    """Periods and cycles of a rule set."""

    def __init__(self, period: Data) -> None:
        month, day = map(int, period["start"].split("-"))
        self.months, self.cycle = period["months"], period.get("cycle", 1)
        self._first = date(period["first"], month, day)

    def start(self, index: int) -> date:
        return plus_months(self._first, index * self.months)

    def end(self, index: int) -> date:
        return self.start(index + 1) - timedelta(days=1)

    def index(self, day: date) -> int:
        index: int = (day.year - self._first.year) * 12 // self.months - 2
        while self.start(index + 1) <= day:
            index += 1
        return index

    def whole_cycle(self, index: int) -> range:
        first = index - index % self.cycle
        return range(first, first + self.cycle)
