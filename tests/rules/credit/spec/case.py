"""What `duxue rules evaluate` says about a few pieces, and whether it is what was expected of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.rules.credit.evaluate import evaluate

Facts = Sequence[Mapping[str, Any]]
# Of the words of `nothing` and of reasons.
CLOSING_KEYS = ("until", "as_known")


class Told:
    """A report, and short ways to ask it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.report: dict[str, Any] = json.loads(text)

    @property
    def postings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.report["postings"]
        return found

    def sums(self, key: str = "countable", period: str | None = None) -> dict[str, int]:
        """Thousandths by piece, over all its postings (of one period)."""
        sums: dict[str, int] = {}
        for posting in self.postings:
            if period in (None, posting["period"]):
                sums[posting["evidence"]] = sums.get(posting["evidence"], 0) + posting[key]
        return sums

    def got(self, *names: str, key: str = "countable", period: str | None = None) -> list[int]:
        """The sums of these pieces; 0 for one that gave nothing."""
        sums = self.sums(key, period)
        return [sums.get(name, 0) for name in names]

    @property
    def words(self) -> dict[str, str]:
        """What gave nothing, and the word why."""
        return {each["evidence"]: each["did"] for each in self.report["nothing"]}

    def why(self, name: str) -> list[tuple[str, str, list[int]]]:
        """Every reason of a piece's postings, in their order."""
        return [
            (why["clause"], why["did"], why["numbers"])
            for posting in self.postings
            if posting["evidence"] == name
            for why in posting["why"]
        ]

    def period(self, start: str) -> dict[str, Any]:
        """One period's result, by its first day or its year."""
        found: dict[str, Any] = self.report["periods"][start if "-" in start else f"{start}-01-01"]
        return found

    def test(self, name: str, year: str = "2026") -> tuple[int, int, int]:
        """got, quota, short"""
        found = self.period(year)["tests"][name]
        return found["got"], found["quota"], found["short"]

    def requirements(self, name: str) -> list[str]:
        """One requirement's word in every period."""
        return [self.report["periods"][start]["requirements"][name] for start in sorted(self.report["periods"])]


def tell(
    texts: str | Sequence[str],
    facts: Facts,
    *,
    seals: Mapping[str, str] | None = None,
    until: str | None = None,
    as_known: str | None = None,
) -> Told:
    """Evaluate as the command would."""
    data: dict[str, Any] = {"learner": "l", "evidence": list(facts)}
    if seals:
        data["seals"] = dict(seals)
    days = [None if each is None else date.fromisoformat(each) for each in (until, as_known)]
    texts = [texts] if isinstance(texts, str) else texts
    return Told(evaluate(texts, json.dumps(data), until=days[0], as_known=days[1]))


def misses(found: object, expected: object, path: str = "") -> list[str]:
    """Where `found` lacks what is expected: tables may hold more, anything else must be equal."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{path}: {found!r} instead of a table"]
        return [
            miss
            for key, each in expected.items()
            for miss in (
                misses(found[key], each, f"{path}/{key}") if key in found else [f"{path}/{key}: missing, not {each!r}"]
            )
        ]
    return [] if found == expected else [f"{path}: {found!r} instead of {expected!r}"]


def judge(told: Told, expected: Mapping[str, Any]) -> list[str]:
    """What an `*.expected.json` demands and the report does not say (see content/rules/examples/README.md)."""
    wrong: list[str] = []
    for key, wanted in expected.items():
        if key in ("countable", "earned"):
            sums = told.sums(key)
            wrong += misses({name: sums.get(name, 0) for name in wanted}, wanted, key)
        elif key == "posted":
            for start, each in wanted.items():
                sums = told.sums("countable", start)
                wrong += misses({name: sums.get(name, 0) for name in each}, each, f"posted/{start}")
        elif key == "nothing":
            wrong += misses(told.words, wanted, key)
        elif key == "why":
            for name, reasons in wanted.items():
                said = [list(why) for why in told.why(name)]
                wrong += [f"why/{name}: no {reason} among {said}" for reason in reasons if reason not in said]
        elif key == "periods":
            wrong += misses(told.report["periods"], wanted, key)
        elif key not in (*CLOSING_KEYS, "says"):
            wrong.append(f"{key}: not a key of an expectation")
    return wrong
