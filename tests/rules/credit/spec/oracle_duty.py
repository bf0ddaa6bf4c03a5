"""The second evaluator's duty: standings, exemptions, quotas, tests and requirements at the close of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

from tests.rules.credit.spec.oracle_terms import Calendar, Data, fits, number, plus_months, to_step

STANDING = ("unit", "class", "band", "group", "role")


@dataclass
class Entry:
    """What is posted, and what tests see of it. Amounts in thousandths."""

    name: str
    index: int
    day: date
    bucket: str
    earned: int
    countable: int
    version: int
    seen: Mapping[str, Any]
    facts: Mapping[str, Any]
    whole: bool = True  # carries the piece's days, minutes and itself; a part that pays a debt does not
    carried: bool = False
    over: Mapping[str, Any] | None = None  # the facts of the piece that it only adds to


def measured(test: Data, entries: Iterable[Entry]) -> Fraction:
    """The sum of a test's measure over what it counts."""
    total = Fraction(0)
    for entry in entries:
        if not fits(test.get("when"), entry.seen):
            continue
        total += {
            "countable": Fraction(entry.countable),
            "earned": Fraction(entry.earned),
            "days": Fraction(_added(entry, "half_days") * 500),
            "minutes": Fraction(_added(entry, "duration_ms"), 60),
            "months": Fraction(_added(entry, "months_m")),
            "count": Fraction(1000 if entry.whole and not entry.carried and entry.over is None else 0),
        }[test["measure"]]
    return total


def _added(entry: Entry, field: str) -> int:
    """What an entry says of a field, as far as it exceeds the piece it adds to."""
    said: int = entry.facts.get(field, 0) - (entry.over or {}).get(field, 0)
    return max(0, said) if entry.whole else 0


class Duties:
    """One learner's standings and exemptions."""

    def __init__(self, calendar: Calendar, standings: Sequence[tuple[date, Data]], free: Sequence[tuple[date, date]]):
        self.calendar, self._free = calendar, free
        self._known = [
            (day, None if f["change"] == "left" else {k: f.get(k) for k in STANDING}) for day, f in standings
        ]

    def on(self, day: date) -> Mapping[str, Any] | None:
        """The standing of a day; None while not a member. Without any standing the duty holds throughout."""
        if not self._known:
            return {}
        found = None
        for since, facts in self._known:
            if since <= day:
                found = facts
        return found

    def days(self, first: date, last: date) -> list[tuple[date, Mapping[str, Any] | None, bool]]:
        """Every day, who one is on it, and whether one is exempt."""
        count = (last - first).days + 1
        days = [first + timedelta(days=n) for n in range(count)]
        return [(day, self.on(day), any(a <= day <= b for a, b in self._free)) for day in days]

    def word(self, span: Sequence[int], policy: Data) -> tuple[str, Mapping[str, Any]]:
        """full, exempt or none over these periods; and the standing that decides."""
        here = self.days(self.calendar.start(span[0]), self.calendar.end(span[-1]))
        members = [(day, facts, free) for day, facts, free in here if facts is not None]
        if not members:
            return "none", {}
        bound = any(not free for _, _, free in members)
        exempt = not bound or (policy.get("reduce") == "whole" and any(free for _, _, free in here))
        facts = members[-1][1]
        if policy.get("standing") == "most":
            kinds: list[Any] = [tuple((each or {}).items()) for _, each, _ in members]
            facts = dict(max(dict.fromkeys(kinds), key=kinds.count))
        return "exempt" if exempt else "full", facts or {}

    def quota(self, raw: Any, facts: Mapping[str, Any], span: Sequence[int], policy: Data) -> Fraction:
        """In thousandths, lowered and weighed over these periods, rounded once."""
        days = [each for index in span for each in self.days(self.calendar.start(index), self.calendar.end(index))]
        bound = [(day, f) for day, f, free in days if f is not None and not free]
        whole = exact = plain(raw, facts)
        if all(f is None for _, f, _ in days):
            return whole
        if policy.get("standing") == "pro_rata" and bound:
            exact = sum((plain(raw, f) for _, f in bound), Fraction(0)) / len(bound)
        if policy.get("reduce") == "days":
            exact *= Fraction(len(bound), len(days))
        if policy.get("reduce") == "months":
            months = [
                (plus_months(self.calendar.start(i), n), plus_months(self.calendar.start(i), n + 1))
                for i in span
                for n in range(self.calendar.months)
            ]
            held = sum(any(a <= day < b for day, _ in bound) for a, b in months)
            exact *= Fraction(held, len(months))
        rule = policy.get("quota_round")
        if exact == whole or rule is None:
            return exact
        return to_step(exact, number(rule["to"]) * 1000, rule["mode"])

    def window(self, over: Data, index: int) -> tuple[date, date] | None:
        """First day and the day after the last of the window of one's own that a period asks for: the latest."""
        before: Mapping[str, Any] | None = None
        found = None
        for day, facts in self._known:
            if facts is not None and fits(over["since"], facts) and not (before and fits(over["since"], before)):
                after = plus_months(day, over["months"])
                if day <= self.calendar.end(index) and after > self.calendar.start(index):
                    found = day, after
            before = facts
        return found


def plain(raw: Any, facts: Mapping[str, Any]) -> Fraction:
    """A quota as it is written, in thousandths."""
    if isinstance(raw, dict):
        raw = raw["value"].get(facts.get(raw["by"]), raw.get("otherwise", 0))
    return number(raw) * 1000


def judged(version: Data, index: int, entries: Sequence[Entry], duties: Duties) -> Data:
    """tests and requirements of one period, as a report would say them."""
    calendar, policy = duties.calendar, version["period"]
    word, facts = duties.word([index], policy)
    cycle = calendar.whole_cycle(index)
    _, over_all = duties.word(cycle, policy)
    got: dict[str, Fraction] = {}
    quotas: dict[str, Fraction] = {}
    due: dict[str, bool] = {}
    for test in version["test"]:
        over, raw = test.get("over", "period"), test.get("at_least", test.get("at_most"))
        name, due[test["id"]] = test["id"], over != "cycle" or index == cycle[-1]
        if isinstance(over, dict):
            window, end = duties.window(over, index), calendar.end(index)
            # Before the event and after the period in which the window ends it asks nothing.
            inside = [e for e in entries if window and window[0] <= e.day < window[1] and e.day <= end]
            got[name], quotas[name] = measured(test, inside), plain(raw, facts) if window else Fraction(0)
            due[name] = window is None or window[1] - timedelta(days=1) <= end
            continue
        span = [i for i in cycle if i <= index] if over == "cycle" else [index]
        got[name] = measured(test, [e for e in entries if e.index in span])
        if "share_of" in test:
            basis = got if test["basis"] == "got" else quotas
            quotas[name] = plain(raw, facts) / 1000 * basis[test["share_of"]]
        elif "at_most" in test:
            quotas[name] = plain(raw, over_all if over == "cycle" else facts)
        elif over == "cycle":
            quotas[name] = duties.quota(raw, over_all, cycle, policy)
        else:
            quotas[name] = duties.quota(raw, facts, [index], policy)
    met = {t["id"]: got[t["id"]] <= quotas[t["id"]] if "at_most" in t else got[t["id"]] >= quotas[t["id"]]
           for t in version["test"]}  # fmt: skip
    flags = {t["id"]: met[t["id"]] or not t.get("blocking", True) for t in version["test"]}
    hoped = {name: flags[name] or not due[name] for name in flags}
    words = {}
    for row in version["requirement"]:
        if word == "none" or not fits(row.get("who"), facts):
            words[row["id"]] = "does not apply"
        elif word == "exempt":
            words[row["id"]] = "exempt"
        elif holds(row["meets"], flags):
            words[row["id"]] = "met"
        else:
            words[row["id"]] = "not due" if holds(row["meets"], hoped) else "not met"
    tests = {
        name: {"got": floor(got[name]), "quota": ceil(quotas[name]), "met": met[name],
               "short": 0 if met[name] else ceil(abs(quotas[name] - got[name]))}
        for name in got
    }  # fmt: skip
    return {"duty": word, "tests": tests, "requirements": words}


def holds(meets: Data, flags: Mapping[str, bool]) -> bool:
    """`{all = […]}` or `{any = […]}`"""
    [(word, parts)] = meets.items()
    found = [flags[part] if isinstance(part, str) else holds(part, flags) for part in parts]
    return all(found) if word == "all" else any(found)


def names(meets: Data) -> set[str]:
    """All tests that a requirement names."""
    [parts] = meets.values()
    return {name for part in parts for name in ({part} if isinstance(part, str) else names(part))}
