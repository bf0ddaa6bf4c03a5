"""Opening balances under the rules: a clause that names them decides; where none does, they stand as they were told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from app.rules.credit.book import RuleBook
from app.rules.credit.document import load
from app.rules.credit.evidence import Piece, parse
from app.rules.credit.fold import settle
from app.rules.credit.settlement import Settlement

HEADER = """
[ruleset]
id = "a"
version = 1
effective = 2025-01-01
timezone = "Asia/Shanghai"
unit = "hours"
title = {zh = "甲", en = "A"}
[period]
start = "01-01"
months = 12
first = 2024
[[test]]
id = "total"
measure = "countable"
at_least = 50
[[requirement]]
id = "yearly"
meets = {all = ["total"]}
[[cap]]
id = "most"
when = {bucket = "g"}
limit = 8
per = "period"
"""
CLAUSE = (
    '[[convert]]\nid = "opening"\nwhen = {kind = "opening"}\namount = "hours / 2"\nbucket_field = "subject_bucket"\n'
)
CLAUSE += '[[round]]\nid = "r"\nto = "0.001"\nmode = "nearest"\n'
WATCHED = '[[convert]]\nid = "watched"\nwhen = {kind = "session"}\namount = "hours"\n'


def piece(year: int, **more: Any) -> Piece:
    happened = datetime(year, 12, 31, 4, tzinfo=UTC)
    return parse({"id": f"o{year}", "kind": "opening", "happened": happened, "hours_m": 30_000, **more})


def folded(text: str, *pieces: Piece) -> Settlement:
    return settle(RuleBook([load(HEADER + text)]), pieces, explain=True, until=date(2026, 3, 1))


def test_before_there_were_rules_hours_stand_as_they_were() -> None:
    found = folded(CLAUSE, piece(2021, subject_bucket="g"), piece(2024, subject_bucket="g"))
    assert [(p.period, p.bucket, p.earned, p.countable) for p in found.postings] == [
        (date(2021, 1, 1), "g", 30_000, 30_000), (date(2024, 1, 1), "g", 30_000, 30_000),
    ]  # fmt: skip
    assert found.nothing == ()


def test_periods_before_the_first_are_told_and_ask_nothing() -> None:
    found = folded(CLAUSE, piece(2021, subject_bucket="g"))
    assert list(found.periods) == [date(2021, 1, 1), *(date(year, 1, 1) for year in (2026,))]
    early = found.periods[date(2021, 1, 1)]
    assert (early.countable, early.duty, early.requirements) == (30_000, "none", {"yearly": "does not apply"})
    assert [(test.quota, test.short, test.met) for test in early.tests.values()] == [(0, 0, True)]


def test_a_version_that_names_them_decides() -> None:
    [posting] = folded(CLAUSE, piece(2025, subject_bucket="g")).postings
    assert (posting.earned, posting.countable) == (15_000, 8000)


def test_a_version_without_a_clause_takes_them_as_they_are_and_no_cap_cuts_them() -> None:
    [posting] = folded(WATCHED, piece(2025, subject_bucket="g")).postings
    assert (posting.bucket, posting.earned, posting.countable) == ("g", 30_000, 30_000)
    assert [(why.clause, why.did) for why in posting.why] == [("", "gives")]
    [posting] = folded(WATCHED, piece(2025)).postings
    assert posting.bucket == "hours", "without a category they go where the rules' own unit goes"


def test_nothing_else_counts_before_the_first_version() -> None:
    found = folded(
        WATCHED, parse({"id": "s", "kind": "session", "happened": datetime(2024, 5, 1, tzinfo=UTC), "hours_m": 1000})
    )
    assert found.postings == ()
    assert [each.did for each in found.nothing] == ["no clause"]


def test_withdrawn_they_leave_nothing() -> None:
    gone = parse({"id": "c", "kind": "correction", "happened": datetime(2026, 1, 5, tzinfo=UTC), "names": ["o2021"]})
    assert folded(CLAUSE, piece(2021), gone).postings == ()
