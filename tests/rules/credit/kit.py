"""Short forms for the tests of the rule language: rule sets and evidence in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.rules.credit import document
from app.rules.credit.book import RuleBook
from app.rules.credit.evidence import Piece, parse
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Settlement

MIN = 60_000
HEADER = """
[ruleset]
id = "x"
version = {version}
effective = {effective}
timezone = "Asia/Shanghai"
unit = "hours"
title = {{zh = "例", en = "example"}}
{ruleset}
[period]
start = "{start}"
months = 12
first = 2015
{period}
"""
NINETY = 'mark = [{id = "ninety", when = {kind = "watched"}, measure = "seen / length", at_least = "0.9"}]\n'
WHOLE = 'mark = [{id = "whole", when = {kind = "watched"}, measure = "seen / length", at_least = "1"}]\n'
THOUSANDTH = 'round = [{id = "r", to = "0.001", mode = "nearest"}]\n'


def rules(
    body: str,
    *,
    period: str = "",
    ruleset: str = "",
    start: str = "01-01",
    version: int = 1,
    effective: str = "2020-01-01",
) -> str:
    """A whole rule set: lists in one-line form, then the header."""
    return body + HEADER.format(version=version, effective=effective, ruleset=ruleset, start=start, period=period)


def book(*texts: str) -> RuleBook:
    """The book of these texts."""
    return RuleBook([document.load(text) for text in texts])


def piece(name: str, kind: str, happened: str = "2026-05-04T10:00", **facts: Any) -> dict[str, Any]:
    """One piece as JSON would carry it."""
    return {"id": name, "kind": kind, "happened": happened, **facts}


def watched(name: str, seen: int, length: int, **facts: Any) -> dict[str, Any]:
    """A watched lesson of its own, in milliseconds."""
    return piece(name, "watched", **{"item": name, "seen_ms": seen, "length_ms": length, **facts})


def pieces(book: RuleBook, facts: Sequence[Mapping[str, Any]]) -> list[Piece]:
    """Parsed in the academy's time zone."""
    return [parse(each, book.zone) for each in facts]


def run(texts: str | Sequence[str], facts: Sequence[Mapping[str, Any]], until: date | None = None) -> Settlement:
    """Settle with reasons."""
    found = book(*([texts] if isinstance(texts, str) else texts))
    return settle(found, pieces(found, facts), explain=True, until=until)


def amounts(settlement: Settlement, facts: Sequence[Mapping[str, Any]]) -> list[int]:
    """Countable thousandths of each piece, in the order in which the evidence was given."""
    found = {p.evidence: p.countable for p in settlement.postings}
    return [found.get(str(each["id"]), 0) for each in facts]


def did(settlement: Settlement) -> dict[str, str]:
    """What gave nothing, and the word why."""
    return {n.evidence: n.did for n in settlement.nothing}
