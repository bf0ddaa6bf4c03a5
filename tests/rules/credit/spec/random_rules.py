"""Dice that throw rule sets: what a TOML reader would give of a valid text, and the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from random import Random
from typing import Any, TypeVar

Data = dict[str, Any]
_T = TypeVar("_T")
CATEGORIES = ("a", "b", "c")
BUCKETS = ("g", "p")
BANDS = ("low", "high")
CREDITED = ("watched", "session", "exam", "taught", "recognised", "points")
WINDOW: Data = {"since": {"band": "high"}, "months": 12}
CLOCKS = ("06:00-08:30", "12:00-20:00")


class Dice(Random):
    """Random, with the throws that are needed here."""

    def one_in(self, times: int) -> bool:
        """True once in so many throws."""
        return self.randrange(times) == 0

    def some(self, options: Sequence[_T], low: int, high: int) -> list[_T]:
        """Different ones of these, from `low` to `high` as far as there are."""
        return self.sample(options, min(len(options), self.randint(low, high)))


def toml(value: object) -> str:
    """A value as TOML in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value.isoformat() if isinstance(value, date) else str(value)


def as_text(data: Data) -> str:
    """The whole document, tables as blocks."""
    parts = []
    for name, rows in data.items():
        for row in rows if isinstance(rows, list) else [rows]:
            head = f"[[{name}]]" if isinstance(rows, list) else f"[{name}]"
            parts.append("\n".join([head, *(f"{key} = {toml(each)}" for key, each in row.items())]) + "\n")
    return "\n".join(parts)


def selector(dice: Dice, *, bucket: bool = False, low: int = 0) -> Data:
    """`low` to two keys."""
    options: list[tuple[str, Any]] = [
        ("kind", dice.some(CREDITED, 2, 4)),
        ("category", dice.choice(["a", ["a", "b"], {"not": "a"}, {"not": ["b", "c"]}])),
        ("requirement_class", dice.choice(["elective", {"not": "elective"}])),
        ("clock", [dice.choice(CLOCKS)]),
    ]
    if bucket:
        options.append(("bucket", dice.choice(["g", "p", "hours", {"not": "g"}])))
    return dict(dice.some(options, low, 2))


AMOUNTS = {
    "watched": ("length / 45", "floor(length / 30, 0.5)", "when(length >= 40, 2, 1)", "min(length / 45, 1.5)", "1"),
    "session": ("hours", "days * 8 + minutes / 45", "hours * 1.5", "max(hours, days * 4)", "months * 40 + hours"),
    "exam": ("2", "when(score >= 80, 3, 1)", "score / 30", "credits"),
    "taught": ("credits * 3", "hours * 5", "ceil(minutes / 50, 0.5)"),
    "recognised": ("credits", "nearest_down(hours / 7, 0.25)", "credits + count / 8"),
    "points": ("count", "floor(minutes / 4, 1)", "count / 50", "nearest(words / 180 + minutes / 3, 0.001)"),
}
STEPS: tuple[Data, ...] = (
    {"of": "length", "rows": [{"at_least": 30, "gives": "1"}, {"more_than": 15, "gives": "0.5"}]},
    {"of": "hours", "rows": [{"more_than": 4, "gives": "hours - 1"}, {"at_least": 1, "gives": "1.25"}]},
    {"of": "score", "rows": [{"at_least": "60", "gives": 2}, {"at_least": "1/3", "gives": "0.125"}]},
)


def _conversions(dice: Dice) -> list[Data]:
    rows: list[Data] = []
    for kind in dice.some(CREDITED, 4, 6):
        for part in ("a", {"not": "a"}) if dice.one_in(2) else (None,):
            when: Data = {"kind": kind} | ({} if part is None else {"category": part})
            rows.append({"id": f"c{len(rows)}", "when": when, **_conversion(dice, kind)})
    if dice.one_in(3):
        rows.append({"id": "rest", "when": {"kind": ["report", "opening", "session"]}, "amount": "hours",
                     "otherwise": True})  # fmt: skip
    return rows


def _conversion(dice: Dice, kind: str) -> Data:
    row: Data = {}
    if dice.one_in(6):
        row["steps"] = STEPS[0] if kind == "watched" else dice.choice(STEPS[1:])
    else:
        row["amount"] = dice.choice(AMOUNTS[kind])
    where = dice.choice([None, "bucket", "bucket_field"])
    if where is not None:
        row[where] = dice.choice(BUCKETS) if where == "bucket" else "subject_bucket"
    if kind != "watched":
        row["pool"] = dice.choice(["piece", "piece", "item", "day", "run", "period"])
    elif dice.one_in(3):
        row["series"] = dice.choice(["first", "increase"])
        if row["series"] == "increase":
            row.pop("steps", None)
            row["amount"] = "seen / 45"
    return row


def _rounds(dice: Dice) -> list[Data]:
    """One for all pieces, or two that part them: so every conversion is covered."""
    kinds = dice.choice([None, ["watched", "points"], ["session"]])
    rows: list[Data] = []
    for when in [{}] if kinds is None else [{"kind": kinds}, {"kind": {"not": kinds}}]:
        row: Data = {"id": f"r{len(rows)}", "to": dice.choice(["0.001", "0.5", "0.25", "0.2", 1])}
        row["mode"] = dice.choice(["floor", "ceil", "nearest", "nearest_down"])
        if when:
            row["when"] = when
        if dice.one_in(4):
            row["minimum"] = dice.choice(["0.5", 1])
        rows.append(row)
    return rows


def _rows(dice: Dice, make: Callable[[Dice], Data], prefix: str, most: int) -> list[Data]:
    return [{"id": f"{prefix}{n}", **make(dice)} for n in range(dice.randint(0, most))]


def _duplicate(dice: Dice) -> Data:
    row: Data = {"when": selector(dice, bucket=True)}
    if dice.one_in(4):
        row["overlap"] = True
    else:
        row["key"] = dice.choice([["item"], ["item"], ["item", "edition"], ["run"], ["category", "provider"]])
        within = dice.choice([None, "day", "period", "cycle", "ever", {"years": 1}, {"years": 2}])
        if within is not None:
            row["within"] = within
    row["keep"] = dice.choice(["first", "largest"])
    return row


def _cap(dice: Dice) -> Data:
    when = {"kind": "carried"} if dice.one_in(5) else selector(dice, bucket=True)
    per = dice.choice(["item", "day", "run", "period", "period", "cycle", "ever"])
    return {"when": when, "limit": dice.choice([0, 1, "2.5", 4, 8, 20]), "per": per}


def _needs(dice: Dice) -> Data:
    companions = ({"kind": "exam", "passed": True}, {"kind": "class_close"}, {"kind": "exam"},
                  {"kind": ["taught", "class_close"]})  # fmt: skip
    row: Data = {"when": selector(dice, bucket=True, low=1), "evidence": dice.choice(companions)}
    row["same"] = dice.choice(["item", "run"])
    if dice.one_in(2):
        row["valid_years"] = dice.randint(1, 2)
    if dice.one_in(2):
        row["within_days"] = dice.choice([1, 57, 365, 400])
    return row


def _attendance(dice: Dice) -> Data:
    limit = dice.choice(["run_hours / 7", "hours / 4", 8])
    return {"when": selector(dice, low=1), "limit": limit, "boundary": dice.choice(["more", "at_least"])}


def _revoke(dice: Dice) -> Data:
    row: Data = {"cancels": dice.choice(["item", "run", "named", "period", "nothing"])}
    if dice.one_in(2):
        row["when"] = {"category": dice.choice(CATEGORIES)}
    if row["cancels"] == "nothing" or dice.one_in(2):
        row["ban_kinds"] = dice.choice([["exam"], ["session", "recognised"]])
        row["ban_years"] = dice.randint(1, 2)
    return row


def _quota(dice: Dice) -> Any:
    plain = dice.choice([0, 2, 5, "7.5", 12, 30])
    if not dice.one_in(4):
        return plain
    return {"by": "band", "value": {"low": plain, "high": 10}, "otherwise": dice.choice([0, 4])}


def _tests(dice: Dice) -> list[Data]:
    tests: list[Data] = []
    for n in range(dice.randint(1, 3)):
        test: Data = {"id": f"t{n}", "measure": "countable", "at_least": _quota(dice)}
        if dice.one_in(2):
            test["when"] = selector(dice, bucket=True)
        if n and dice.one_in(3):
            test["over"] = "cycle"
        tests.append(test)
    if dice.one_in(2):
        over: Any = dice.choice(["period", "cycle", WINDOW])
        bound = "at_least" if isinstance(over, dict) else dice.choice(["at_least", "at_least", "at_most"])
        measure = dice.choice(["earned", "days", "minutes", "count", "months"])
        tests.append({"id": "tm", "measure": measure, bound: _quota(dice), "over": over})
    if dice.one_in(3):
        tests.append({"id": "ts", "when": selector(dice, bucket=True), "measure": "countable", "share_of": "t0",
                      "at_least": dice.choice(["1/2", "2/3"]), "basis": dice.choice(["got", "quota"])})  # fmt: skip
    for test in tests:
        if dice.one_in(6):
            test["blocking"] = False
    return tests


def _requirement(dice: Dice, names: Sequence[str]) -> Data:
    parts: list[Any] = [*dice.some(names, 1, 3)]
    if dice.one_in(3):
        parts.append({dice.choice(["all", "any"]): [dice.choice(names)]})
    row: Data = {"meets": {dice.choice(["all", "any"]): parts}}
    if dice.one_in(3):
        row["who"] = {"band": dice.choice(BANDS)}
    return row


def _carry(dice: Dice, tests: Sequence[str], names: Sequence[str]) -> Data:
    targets: Sequence[Data] = ({}, {"bucket": "g"}, {"category": "a"}, {"requirement_class": "elective", "bucket": "p"})
    row: Data = {"surplus_of": dice.choice(tests), "measure": dice.choice(["countable", "countable", "earned"])}
    row["as"] = dice.choice(targets)
    if dice.one_in(2):
        row["max"] = dice.choice([1, "2.5", 20])
    if dice.one_in(4):
        row["again"] = True
    if dice.one_in(4):
        row["unless_short"] = dice.choice([dice.some(names, 1, 2), True])
    return row


def _share(dice: Dice, tests: Sequence[str]) -> Data:
    return {"when": selector(dice, bucket=True, low=1), "at_most": dice.choice(["1/2", "1/3", "0.7", 0, 1]),
            "of": dice.choice(tests), "basis": dice.choice(["got", "quota"])}  # fmt: skip


def _duties(dice: Dice) -> Data:
    """tests, requirements, shares, carry-over and make-up that name each other."""
    tests = _tests(dice)
    hours = [test["id"] for test in tests if test["id"] in ("t0", "t1", "t2")]
    yearly = [test["id"] for test in tests if test["id"] in hours and "over" not in test]
    names = [test["id"] for test in tests]
    of = hours + [t["id"] for t in tests if t["measure"] == "earned" and "at_least" in t and t["over"] != WINDOW]
    found: Data = {"test": tests}
    found["requirement"] = _rows(dice, lambda d: _requirement(d, names), "q", 2)
    found["share"] = _rows(dice, lambda d: _share(d, of), "s", 2) if dice.one_in(3) else []
    found["carry"] = _rows(dice, lambda d: _carry(d, yearly, names), "k", 2) if dice.one_in(2) else []
    if dice.one_in(2):
        months = (1, 6, 18)
        found["make_up"] = _rows(dice, lambda d: {"tests": d.some(hours, 1, 2), "months": d.choice(months)}, "mu", 2)
    return found


def _body(dice: Dice) -> Data:
    mark: Data = {"id": "m", "when": {"kind": "watched"}, "measure": "seen / length"}
    mark["at_least"] = dice.choice([1, "0.9", "1/2"])
    data: Data = {"convert": _conversions(dice), "round": _rounds(dice), "mark": [mark]}
    if dice.one_in(2):
        bound = dice.choice(["at_least", "more_than"])
        data["mark"].append({"id": "m2", "when": {"kind": "exam"}, "measure": "score", bound: 60})
    weights: Sequence[list[Data]] = (
        [],
        [{"id": "w", "when": {"requirement_class": "elective"}, "times": "0.5"}],
        [{"id": "w", "when": {"category": "a"}, "times": "2/3"},
         {"id": "w2", "when": {"clock": ["06:00-08:30"]}, "times": 2, "axis": "clock"}],
    )  # fmt: skip
    data["weight"] = dice.choice(weights)
    data["duplicate"] = _rows(dice, _duplicate, "d", 2)
    data["cap"] = _rows(dice, _cap, "l", 3)
    data["needs"] = _rows(dice, _needs, "n", 2) if dice.one_in(2) else []
    data["attendance"] = _rows(dice, _attendance, "a", 1)
    data["revoke"] = _rows(dice, _revoke, "v", 2)
    return data | _duties(dice)


def rule_data(dice: Dice, days: Sequence[date], most: int = 3) -> list[Data]:
    """The versions of one rule set; later ones begin on one of `days`."""
    period: Data = {"start": dice.choice(["01-01", "01-01", "12-01"]), "months": dice.choice([12, 12, 12, 6])}
    period["first"] = 2021
    if dice.one_in(2):
        period["cycle"] = dice.choice([2, 3])
    effective, found = date(2021, 1, 1), []
    for version in range(1, dice.randint(1, most) + 1):
        header: Data = {
            "id": "x", "version": version, "effective": effective, "timezone": "Asia/Shanghai", "unit": "hours",
            "title": {"zh": "例", "en": "example"},
        }  # fmt: skip
        if dice.one_in(4):
            header["grace_minutes"] = 30
        policy = {
            "standing": dice.choice(["last_day", "most", "pro_rata"]),
            "reduce": dice.choice(["none", "days", "months", "whole"]),
            "quota_round": {"to": "0.5", "mode": dice.choice(["ceil", "floor", "nearest"])},
            "late": dice.choice(["current", "sealed"]),
        }
        found.append({"ruleset": header, "period": period | policy, **_body(dice)})
        effective = dice.choice([day for day in days if day > max(effective, date(2024, 5, 1))][:12])
    return found
